"""The ``properties`` of a mapping in their normal form: dots opened up, defaults left out, values in their own types.

An object is a definition without ``type``; a leaf field has one. Source: ObjectMapper.TypeParser, FieldMapper.TypeParser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.field_types import KNOWN_TYPES, PARAMETERS, REFUSED_PARAMETERS
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.dense_vector import dense_vector
from clipline.emulator.indices.mappings.merging import merge_field
from clipline.emulator.indices.mappings.parameters import boolean, malformed
from clipline.emulator.indices.mappings.refused import Unfit
from clipline.emulator.indices.mappings.traits import Traits
from clipline.emulator.indices.values import convert

Definition = dict[str, Any]


def properties(given: Any, prefix: str, traits: Traits) -> dict[str, Definition]:
    """Field name → definition.

    Raises:
        Unfit: something in them is refused.
        ApiError: 501.
    """
    if given == []:
        return {}
    if not isinstance(given, Mapping):
        raise Unfit("properties must be a map type", "parse_exception")
    result: dict[str, Definition] = {}
    for name, node in given.items():
        if node == []:
            continue
        if not isinstance(node, Mapping):
            raise malformed(f"Expected map for property [fields] on field [{name}] but got a class java.lang.String")
        parts = _split(name)
        definition = field(parts[-1], prefix + ".".join(parts), dict(node), traits)
        for part in reversed(parts[1:]):
            definition = {"properties": {part: definition}}
        head = parts[0]
        known = result.get(head)
        result[head] = definition if known is None else merge_field(known, definition, f"{prefix}{head}", traits)
    return result


def field(leaf: str, full: str, node: dict[str, Any], traits: Traits, *, inner: bool = False) -> Definition:
    """One definition; ``inner`` for a multi-field.

    Raises:
        Unfit: it is refused.
        ApiError: 501.
    """
    kind = node.get("type")
    if kind is None:
        if inner:
            raise malformed(f"no type specified for property [{leaf}]")
        if node.get("properties") is None and not (len(node) == 1 and node.get("enabled") is not None):
            raise malformed(f"No type specified for field [{leaf}]")
        kind = "object"
    kind = java.text(kind)
    if kind == "object":
        if inner:
            raise malformed(f"Type [{kind}] cannot be used in multi field")
        return _object(leaf, full, node, traits)
    if kind == "dense_vector":
        if inner:
            raise malformed(f"Field [{leaf}] of type [{kind}] can't be used in multifields")
        return dense_vector(leaf, node, traits)
    if kind in KNOWN_TYPES:
        raise unsupported(f"the field type [{kind}]")
    if kind not in PARAMETERS:
        raise malformed(
            f"No handler for type [{kind}] declared on field [{leaf}]"
            if inner
            else f"The mapper type [{kind}] declared on field [{leaf}] does not exist. It might have been created within a "
            "future version or requires a plugin to be installed. Check the documentation."
        )
    return _leaf(leaf, full, kind, node, traits, inner=inner)


def object_settings(node: Mapping[str, Any]) -> Definition:
    """``dynamic`` and ``enabled`` of an object or of the root; what it does not know is left to the caller.

    Raises:
        Unfit: a value is none.
        ApiError: 501.
    """
    result: Definition = {}
    if node.get("dynamic") is not None:
        result["dynamic"] = _dynamic(node["dynamic"])
    if node.get("enabled") is not None and not _flag("enabled", node["enabled"]):
        result["enabled"] = False
    if node.get("subobjects") not in (None, True, "true"):
        raise unsupported("the mapping parameter [subobjects]")
    return result


def _object(leaf: str, full: str, node: dict[str, Any], traits: Traits) -> Definition:
    rest = {
        key: value
        for key, value in node.items()
        if key not in ("type", "properties", "dynamic", "enabled", "subobjects")
    }
    result = object_settings(node)
    result["properties"] = properties(node.get("properties") or {}, f"{full}.", traits)
    if rest:
        if "synthetic_source_keep" in rest:
            raise unsupported("the mapping parameter [synthetic_source_keep]")
        listed = "".join(f" [{key} : {java.text(value)}]" for key, value in rest.items())
        raise malformed(f"Mapping definition for [{leaf}] has unsupported parameters: {listed}")
    return result


def _leaf(leaf: str, full: str, kind: str, node: dict[str, Any], traits: Traits, *, inner: bool) -> Definition:
    table = PARAMETERS[kind]
    found: Definition = {}
    subs: Definition = {}
    for key, given in node.items():
        if key == "type":
            continue
        if key == "fields":
            subs = _multi_fields(leaf, full, given, traits, inner=inner)
            continue
        if key in REFUSED_PARAMETERS[kind]:
            raise unsupported(f"the mapping parameter [{key}] of [{kind}]")
        if key not in table:
            raise malformed(f"unknown parameter [{key}] on mapper [{leaf}] of type [{kind}]")
        if key == "copy_to" and inner:
            raise malformed(
                f"copy_to in multi fields is not allowed. Found the copy_to in field [{leaf}] which is within a multi field."
            )
        if key == "null_value" and given is None:
            continue
        value = table[key].value(leaf, kind, key, given)
        if table[key].always or value != table[key].default:
            found[key] = value
    result = {"type": kind, **{key: found[key] for key in table if key in found}}
    _check_leaf(leaf, full, result)
    if subs:
        result["fields"] = subs
    return result


def _check_leaf(leaf: str, full: str, definition: Definition) -> None:
    if "null_value" in definition and definition["type"] != "flattened":
        try:
            convert(full, {**definition, "ignore_malformed": False}, definition["null_value"])
        except ValueError as error:
            reason = str(error)
            if definition["type"] == "date":
                raise malformed(f"Error parsing [null_value] on field [{leaf}]: {reason}") from error
            raise Unfit(reason, getattr(error, "type", "illegal_argument_exception")) from error
    if definition["type"] == "text" and "search_analyzer" in definition and "analyzer" not in definition:
        raise malformed(f"analyzer on field [{leaf}] must be set when search_analyzer is set")


def _multi_fields(leaf: str, full: str, given: Any, traits: Traits, *, inner: bool) -> Definition:
    if given == []:
        return {}
    if not isinstance(given, Mapping):
        shown = java.text(given)
        raise malformed(
            f"expected map for property [fields] on field [{shown}] or [{leaf}] but got a class {java.class_name(given)}"
        )
    if inner and given:
        raise Unfit(
            f"Encountered a multi-field [{leaf}] which itself contains a multi-field. Defining chained multi-fields is not "
            "supported."
        )
    result: Definition = {}
    for name, node in given.items():
        if "." in name:
            raise malformed(f"Field name [{name}] which is a multi field of [{leaf}] cannot contain '.'")
        if not isinstance(node, Mapping):
            raise malformed(f"illegal field [{name}], only fields can be specified inside fields")
        result[name] = field(name, f"{full}.{name}", dict(node), traits, inner=True)
    return result


def _split(name: str) -> list[str]:
    parts = name.split(".")
    while parts and not parts[-1]:
        parts.pop()
    if not parts or not all(parts):
        raise Unfit("name cannot be empty string")
    return parts


def _dynamic(value: Any) -> str:
    shown = java.text(value).lower()
    if shown == "runtime":
        raise unsupported("the mapping parameter [dynamic: runtime]")
    return "strict" if shown == "strict" else java.text(_flag("dynamic", value))


def _flag(key: str, value: Any) -> bool:
    try:
        return boolean("", value)
    except Unfit:
        raise Unfit(f"Could not convert [{key}.{key}] to boolean") from None
