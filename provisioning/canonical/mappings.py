"""Mappings: defaults that Elasticsearch fills in, spelled out; what it implies, left out.

``dense_vector`` comes back with ``index``, ``similarity`` and the whole of ``index_options`` (facts of
``DenseVectorFieldMapper``, always serialised). Of every other field a parameter that has its default value does not
come back at all (``FieldMapper.Parameter.isConfigured``). An object comes back without ``type: object``; ``dynamic``
as text; a field name with dots as objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import MARK

_MARKS = ("stack", "digest", "since")
_HNSW = {"m": 16, "ef_construction": 100}
_BBQ_RESCORE = {"oversample": 3.0}
_DEFAULTS: Mapping[str, Any] = {
    "index": True, "doc_values": True, "store": False, "ignore_malformed": False, "boost": 1.0, "norms": True,
    "fielddata": False, "eager_global_ordinals": False, "ignore_z_value": True, "depth_limit": 20,
    "ignore_above": 2**31 - 1, "format": "strict_date_optional_time||epoch_millis", "coerce": True,
}  # fmt: skip
_DEFAULTS_OF: Mapping[tuple[str, str], Any] = {
    ("keyword", "norms"): False,
    ("keyword", "index_options"): "docs",
    ("text", "index_options"): "positions",
    ("geo_shape", "coerce"): False,
    ("shape", "coerce"): False,
}
_ROOT_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"_source": {"enabled": True}, "_routing": {"required": False}}


def canonical_mappings(mappings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The canonical form of a whole mapping."""
    value = dict(mappings or {})
    if value.get("dynamic") is not None:
        value["dynamic"] = str(value["dynamic"]).lower()
    if "properties" in value:
        value["properties"] = canonical_properties(value["properties"] or {})
    for name, defaults in _ROOT_DEFAULTS.items():
        if isinstance(value.get(name), Mapping):
            value[name] = {key: child for key, child in value[name].items() if _typed(child, True) != defaults.get(key)}
    meta = dict(value.pop("_meta", None) or {})
    ours = {key: child for key, child in (meta.pop(MARK, None) or {}).items() if key not in _MARKS}
    if ours:
        meta[MARK] = ours
    if meta:
        value["_meta"] = meta
    return {key: child for key, child in value.items() if child is not None and child != {}}


def canonical_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of each field, by name."""
    opened: dict[str, Any] = {}
    for name, field in properties.items():
        _open(opened, name, field)
    return {name: _field(opened[name]) for name in sorted(opened)}


def aligned(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two canonical mappings, with the defaults that only one of them leaves out spelled out.

    A parameter that goes back to its default, or leaves it, then differs like any other.
    """
    left, right = dict(before), dict(after)
    for name in set(before) & set(after):
        if name in ("properties", "fields"):
            left[name], right[name] = dict(before[name]), dict(after[name])
            for field in set(before[name]) & set(after[name]):
                left[name][field], right[name][field] = aligned(before[name][field], after[name][field])
    kind = before.get("type")
    if kind is not None and kind == after.get("type") and kind != "dense_vector":
        for name in set(before) ^ set(after):
            default = default_of(str(kind), name)
            if default is not None:
                left.setdefault(name, default)
                right.setdefault(name, default)
    return left, right


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
        if _typed(value.get("enabled"), True) is True:
            del value["enabled"]
    elif "properties" in value:
        value["properties"] = canonical_properties(value["properties"])
    if "dynamic" in value:
        value["dynamic"] = str(value["dynamic"]).lower()
    if "fields" in value:
        value["fields"] = canonical_properties(value["fields"])
    if value.get("type") == "dense_vector":
        return _dense_vector(value)
    return _without_defaults(value) if "type" in value else value


def _without_defaults(field: Mapping[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, child in field.items():
        default = default_of(str(field["type"]), key)
        typed = _typed(child, default)
        if (default is None or typed != default) and not (key in ("fields", "meta") and not child):
            value[key] = typed
    return value


def _typed(value: Any, default: Any) -> Any:
    """A value in its default's type: mappings take booleans and numbers as text too."""
    if isinstance(default, bool) and value in ("true", "false"):
        return value == "true"
    if isinstance(default, int) and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _dense_vector(field: Mapping[str, Any]) -> dict[str, Any]:
    value = dict(field)
    value.setdefault("index", True)
    if value.get("element_type") == "float":
        del value["element_type"]
    if not value["index"]:
        return value
    value.setdefault("similarity", "l2_norm" if value.get("element_type") == "bit" else "cosine")
    options = dict(value.get("index_options") or {})
    kind = str(options.get("type", ""))
    if kind.endswith("hnsw"):
        options = {**_HNSW, **options}
    if kind.startswith("bbq"):
        options = {"rescore_vector": dict(_BBQ_RESCORE), **options}
    if options:
        value["index_options"] = options
    return value
