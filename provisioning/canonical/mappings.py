"""Mappings: defaults that Elasticsearch fills in, spelled out; what it implies, left out.

Of a field a parameter that has its default value does not come back (``FieldMapper.Parameter.isConfigured``), except
``dense_vector``'s, which always do. An object comes back without ``type: object``; ``dynamic`` as text; a field name
with dots as objects; a single name where several may stand, as an array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.canonical.common import flag, listed, present, whole, without_marks
from provisioning.canonical.dense_vector import canonical_dense_vector
from provisioning.canonical.dynamic_templates import canonical_dynamic_templates

_DEFAULTS: Mapping[str, Any] = {
    "index": True, "doc_values": True, "store": False, "ignore_malformed": False, "boost": 1.0, "norms": True,
    "fielddata": False, "eager_global_ordinals": False, "ignore_z_value": True, "depth_limit": 20,
    "ignore_above": 2**31 - 1, "format": "strict_date_optional_time||epoch_millis", "coerce": True,
    "split_queries_on_whitespace": False, "index_phrases": False, "term_vector": "no", "copy_to": [], "meta": {},
    "time_series_dimension": False,
}  # fmt: skip
_DEFAULTS_OF: Mapping[tuple[str, str], Any] = {
    ("keyword", "norms"): False,
    ("keyword", "index_options"): "docs",
    ("flattened", "index_options"): "docs",
    ("text", "index_options"): "positions",
    ("search_as_you_type", "max_shingle_size"): 3,
    ("rank_feature", "positive_score_impact"): True,
    ("token_count", "enable_position_increments"): True,
    ("geo_shape", "orientation"): "right",
    ("geo_shape", "coerce"): False,
    ("shape", "coerce"): False,
}
_ROOT_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"_source": {"enabled": True}, "_routing": {"required": False}}
_OWN_TYPE = frozenset({"null_value", "scaling_factor", "index_prefixes"})
_PREFIXES: Mapping[str, Any] = {"min_chars": 2, "max_chars": 5}
_WHOLE = ("long", "integer", "short", "byte", "unsigned_long")
_FRACTION = ("double", "float", "half_float", "scaled_float")
_AS_DECLARED = frozenset({"keyword", "text", "boolean", "date", "geo_point", "flattened", *_WHOLE, *_FRACTION})
"""Types of which the server shows nothing that nobody asked for, so that whatever else it shows was asked for."""


def canonical_mappings(mappings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The canonical form of a whole mapping."""
    value = dict(mappings or {})
    if value.get("dynamic") is not None:
        value["dynamic"] = str(value["dynamic"]).lower()
    for key in ("date_detection", "numeric_detection"):
        value[key] = flag(value.get(key))
    if value.get("dynamic_date_formats") is not None:
        value["dynamic_date_formats"] = listed(value["dynamic_date_formats"])
    if "dynamic_templates" in value:
        value["dynamic_templates"] = canonical_dynamic_templates(value["dynamic_templates"])
    if "properties" in value:
        value["properties"] = canonical_properties(value["properties"] or {})
    for name, defaults in _ROOT_DEFAULTS.items():
        if isinstance(value.get(name), Mapping):
            typed = {key: flag(child) for key, child in value[name].items()}
            value[name] = {key: child for key, child in typed.items() if child != defaults.get(key)}
    if isinstance(value.get("_source"), Mapping):
        value["_source"] = {key: _names(key, child) for key, child in value["_source"].items() if child}
    value["_meta"] = without_marks(value.get("_meta"))
    return {key: child for key, child in value.items() if child is not None and child != {}}


def canonical_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of each field, by name."""
    opened: dict[str, Any] = {}
    for name, field in properties.items():
        _open(opened, name, field)
    return {name: _field(opened[name]) for name in sorted(opened)}


def aligned(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two canonical mappings, with the defaults that only one of them leaves out spelled out.

    A parameter that goes back to its default, or leaves it, then differs like any other. One whose default is not known
    and that only ``before`` has, is ``None`` in ``after``: the stack declares a field as a whole.
    """
    left, right = dict(before), dict(after)
    for name in set(before) & set(after):
        if name in ("properties", "fields"):
            left[name], right[name] = dict(before[name]), dict(after[name])
            for field in set(before[name]) & set(after[name]):
                left[name][field], right[name][field] = aligned(before[name][field], after[name][field])
    kind = before.get("type")
    if kind is None or kind != after.get("type"):
        return left, right
    for name in set(before) ^ set(after):
        default = None if kind == "dense_vector" else default_of(str(kind), name)
        if default is not None and default != {}:
            left.setdefault(name, default)
            right.setdefault(name, default)
        elif name == "meta" or (kind in _AS_DECLARED and name != "fields"):
            right.setdefault(name, None)
    if before.get("meta") and after.get("meta"):
        right["meta"] = {**dict.fromkeys(before["meta"]), **after["meta"]}
    return left, right


def undeclared(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The fields, multi-fields included, that only ``before`` has, by their full names; both canonical mappings."""
    for key in ("properties", "fields"):
        known = after.get(key) or {}
        for name, field in (before.get(key) or {}).items():
            if name in known:
                yield from undeclared(field, known[name], f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}"


def default_of(kind: str, parameter: str) -> Any:
    """The value that a parameter of a field type has when nobody sets it; ``None`` where that is not known."""
    return _DEFAULTS_OF.get((kind, parameter), _DEFAULTS.get(parameter))


def _open(opened: dict[str, Any], name: str, field: Mapping[str, Any]) -> None:
    head, dot, rest = name.partition(".")
    if dot:
        field = {"properties": {rest: field}}
    there = opened.get(head)
    if there is None:
        opened[head] = field
        return
    merged: dict[str, Any] = {}
    for key, child in {**(there.get("properties") or {})}.items():
        _open(merged, key, child)
    for key, child in (field.get("properties") or {}).items():
        _open(merged, key, child)
    opened[head] = {**there, **field, "properties": merged}


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    value = {key: child for key, child in field.items() if child is not None}
    if value.get("type") == "object" or "type" not in value:
        value.pop("type", None)
        value["properties"] = canonical_properties(value.get("properties", {}))
        for key in ("enabled", "subobjects"):
            if key in value and (typed := flag(value.pop(key))) is not True:
                value[key] = typed
    elif "properties" in value:
        value["properties"] = canonical_properties(value["properties"])
        for key in ("include_in_parent", "include_in_root"):
            if key in value:
                value[key] = flag(value[key])
    if "dynamic" in value:
        value["dynamic"] = str(value["dynamic"]).lower()
    if "fields" in value:
        value["fields"] = canonical_properties(value["fields"])
    if value.get("type") == "dense_vector":
        return canonical_dense_vector(value)
    return _without_defaults(value) if "type" in value else value


def _without_defaults(field: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(field["type"])
    value: dict[str, Any] = {}
    for key, child in field.items():
        default = default_of(kind, key)
        typed = _own(kind, key, child) if key in _OWN_TYPE else _typed(child, default)
        if (default is None or typed != default) and not (key == "fields" and not child):
            value[key] = typed
    return value


def _typed(value: Any, default: Any) -> Any:
    """A value in its default's type: mappings take booleans and numbers as text, and one name for several, too."""
    if isinstance(default, bool):
        return flag(value)
    if isinstance(default, int):
        return whole(value)
    return listed(value) if isinstance(default, list) else value


def _own(kind: str, key: str, value: Any) -> Any:
    """``null_value`` comes back in the field's own type, a factor as a fraction, prefixes with both their bounds."""
    if key == "scaling_factor":
        return _fraction(value)
    if key == "index_prefixes":
        return {**_PREFIXES, **{bound: whole(child) for bound, child in present(value).items()}}
    if kind == "boolean":
        return flag(value)
    if kind in _WHOLE:
        return whole(value)
    if kind in _FRACTION:
        return _fraction(value)
    return str(value) if kind == "keyword" and not isinstance(value, bool | str) else value


def _fraction(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _names(key: str, value: Any) -> Any:
    return listed(value) if key in ("includes", "excludes") else value
