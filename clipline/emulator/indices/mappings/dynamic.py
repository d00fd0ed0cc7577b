"""Dynamic mapping: the definition that a value gives to a field that the mapping does not have.

Source: DynamicFieldsBuilder, DocumentParser.postProcessDynamicArrayMapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date
from clipline.emulator.indices.mappings.dense_vector import MAX_DIMS, MIN_DYNAMIC_DIMS, dense_vector
from clipline.emulator.indices.mappings.fields import field
from clipline.emulator.indices.mappings.refused import Refused, Unfit
from clipline.emulator.indices.mappings.templates import match
from clipline.emulator.indices.mappings.traits import Traits

Definition = dict[str, Any]

_SLASHES = "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis"
"""What dates are tried by after the default format; numbers never come so far."""


def strict(name: str, prefix: str) -> Refused:
    """The refusal of a strict object."""
    leaf, within = name.rpartition(".")[2], prefix.rstrip(".") or "_doc"
    reason = f"mapping set to strict, dynamic introduction of [{leaf}] within [{within}] is not allowed"
    return Refused(reason, kind="strict_dynamic_mapping_exception")


def of_array(
    name: str, value: Any, mappings: Mapping[str, Any], traits: Traits, chosen: str | None = None
) -> Definition | None:
    """The definition of a field that takes an array as one value; ``None`` where each item is looked at.

    A template for objects that gives a vector or a point is one; an array of floats of a fitting length is a vector, unless
    a template says what its floats are. ``chosen`` names the template to take.
    """
    if not isinstance(value, list):
        return None
    templates = mappings.get("dynamic_templates", [])
    template = match(templates, name, "object", chosen)
    if template is not None:
        return _made(name, dict(template), traits) if template["type"] in ("dense_vector", "geo_point") else None
    if not MIN_DYNAMIC_DIMS <= len(value) <= MAX_DIMS or set(map(type, value)) != {float}:
        return None
    if match(templates, name, "double"):
        return None
    return dense_vector(name.rpartition(".")[2], {"type": "dense_vector", "dims": len(value)}, traits)


def guess(name: str, value: Any, mappings: Mapping[str, Any], traits: Traits, chosen: str | None = None) -> Definition:
    """The definition that one value gives, by the ``chosen`` template, the first that matches, or by default.

    Raises:
        Refused: there is no template of that name.
        ApiError: 400, the template gives a mapping that is refused.
    """
    kind, default = _kind(value, mappings)
    template = match(mappings.get("dynamic_templates", []), name, kind, chosen)
    if template is None:
        return default
    node = dict(template)
    if kind == "object" and node["type"] == "object":
        node.setdefault("properties", {})
    if kind == "date" and node["type"] == "date" and "format" in default:
        node.setdefault("format", default["format"])
    return _made(name, node, traits)


def _made(name: str, node: Definition, traits: Traits) -> Definition:
    try:
        return field(name.rpartition(".")[2], name, node, traits)
    except Unfit as error:
        raise ApiError(400, error.type, str(error)) from error


def _kind(value: Any, mappings: Mapping[str, Any]) -> tuple[str, Definition]:
    """What a template knows the value as, and the definition without one."""
    if isinstance(value, Mapping):
        return "object", {"properties": {}}
    if isinstance(value, bool):
        return "boolean", {"type": "boolean"}
    if isinstance(value, int):
        return "long", {"type": "long"}
    if isinstance(value, float):
        return "double", {"type": "float"}
    whole, decimal = _readable(value)
    if whole or decimal:
        if mappings.get("numeric_detection"):
            return ("long", {"type": "long"}) if whole else ("double", {"type": "float"})
    elif mappings.get("date_detection", True):
        for formats in mappings.get("dynamic_date_formats", (DEFAULT_FORMAT, _SLASHES)):
            try:
                parse_date(value, formats.removesuffix("||epoch_millis"))
            except ValueError:
                continue
            return "date", {"type": "date", **({"format": formats} if formats != DEFAULT_FORMAT else {})}
    return "string", {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


def _readable(text: str) -> tuple[bool, bool]:
    """Whether a text is a whole number of 64 bits, and whether it is a number."""
    try:
        decimal = float(text) is not None and "_" not in text
    except ValueError:
        return False, False
    digits = text.removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdigit() and -(2**63) <= int(text) < 2**63, decimal
