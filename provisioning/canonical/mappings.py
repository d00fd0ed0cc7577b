"""Mappings: defaults that Elasticsearch fills in, spelled out; what it implies, left out.

``dense_vector`` comes back with ``index``, ``similarity`` and the whole of ``index_options`` (facts of
``DenseVectorFieldMapper``, always serialised); an object comes back without ``type: object``; ``dynamic`` as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import MARK

_MARKS = ("stack", "digest", "since")
_HNSW = {"m": 16, "ef_construction": 100}
_BBQ_RESCORE = {"oversample": 3.0}


def canonical_mappings(mappings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The canonical form of a whole mapping."""
    value = dict(mappings or {})
    if "dynamic" in value:
        value["dynamic"] = str(value["dynamic"]).lower()
    if "properties" in value:
        value["properties"] = canonical_properties(value["properties"])
    meta = dict(value.pop("_meta", None) or {})
    ours = {key: child for key, child in (meta.pop(MARK, None) or {}).items() if key not in _MARKS}
    if ours:
        meta[MARK] = ours
    if meta:
        value["_meta"] = meta
    return {key: child for key, child in value.items() if child is not None and child != {}}


def canonical_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of each field, by name."""
    return {name: _field(properties[name]) for name in sorted(properties)}


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    value = {key: child for key, child in field.items() if child is not None}
    if value.get("type") == "object" or "type" not in value:
        value.pop("type", None)
        value["properties"] = canonical_properties(value.get("properties", {}))
        if "dynamic" in value:
            value["dynamic"] = str(value["dynamic"]).lower()
    if "fields" in value:
        value["fields"] = canonical_properties(value["fields"])
    if value.get("type") == "dense_vector":
        return _dense_vector(value)
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
