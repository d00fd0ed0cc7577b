"""What Elasticsearch changes in a live index, and what only a new index can have. Pure.

Sources: the parameters that each field mapper declares as updateable, ``DenseVectorFieldMapper``'s graph of
``index_options``, and the settings with the property ``Dynamic``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.plan import Field

_DYNAMIC_SETTINGS = frozenset(
    {"number_of_replicas", "auto_expand_replicas", "refresh_interval", "default_pipeline", "final_pipeline", "priority",
     "hidden", "query.default_field", "gc_deletes", "flush_after_merge", "translog.durability",
     "translog.sync_interval", "translog.flush_threshold_size"}
)  # fmt: skip
_DYNAMIC_FAMILIES = (
    "blocks.", "routing.allocation.", "search.", "indexing.", "merge.", "max_", "highlight.", "unassigned.",
    "mapping.total_fields.", "mapping.depth.", "mapping.nested_", "mapping.field_name_length.",
    "mapping.dimension_fields.", "lifecycle.",
)  # fmt: skip
_PARAMETERS = frozenset(
    {"ignore_above", "ignore_malformed", "meta", "search_analyzer", "search_quote_analyzer", "boost", "coerce",
     "copy_to", "dynamic", "eager_global_ordinals", "fielddata"}
)  # fmt: skip
_ROOT = frozenset(
    {"properties", "dynamic", "date_detection", "numeric_detection", "dynamic_date_formats", "dynamic_templates",
     "runtime"}
)  # fmt: skip
_GRAPHS = ("flat", "int8_flat", "int4_flat", "bbq_flat", "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "bbq_disk")


def setting_in_place(name: str) -> bool:
    """Whether a setting of an open index can change; its name is without ``index.``."""
    return name in _DYNAMIC_SETTINGS or name.startswith(_DYNAMIC_FAMILIES)


def root_update(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a mapping that ``PUT _mapping`` can bring to an index that is there, without its ``_meta``."""
    return {key: value for key, value in mappings.items() if key in _ROOT}


def field_in_place(field: Field, before: Mapping[str, Any], after: Mapping[str, Any], *, same_encoder: bool) -> bool:
    """Whether a difference of two canonical mappings can be made on an index with documents.

    Args:
        field: the difference.
        before: the live mapping, its defaults spelled out.
        after: the wanted one.
        same_encoder: the encoder's files are known to be those that filled the index.
    """
    path = field.path.split(".")
    if path[0] == "_meta":
        return _mark_in_place(field, path, same_encoder)
    if path[0] != "properties":
        return path[0].partition("[")[0] in _ROOT
    if "index_options" in path:
        parent = path[: path.index("index_options")]
        return _options_in_place(_at(before, parent), _at(after, parent))
    if path[-2] in ("properties", "fields") or path[-1] in ("fields", "dims"):
        return field.before is None  # fields that are not there yet, dims that no document has set yet
    return bool(_PARAMETERS & {part.partition("[")[0] for part in path[2:]})


def _mark_in_place(field: Field, path: list[str], same_encoder: bool) -> bool:
    if path[1] != MARK or len(path) < 3 or path[2] not in ("encoder", "space"):
        return True
    if path[2] == "space":
        return False
    if path[3:] == ["digest"]:
        return field.before is None
    if len(path) < 4:
        return field.before is None
    # Another name for the same files (a folder that moved) is no other encoder.
    return same_encoder and path[3] in ("model", "revision")


def _options_in_place(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    left, right = before.get("index_options") or {}, after.get("index_options") or {}
    if not {left.get("type"), right.get("type")} <= set(_GRAPHS):
        return False
    if _GRAPHS.index(right["type"]) < _GRAPHS.index(left["type"]):
        return False
    interval = left.get("confidence_interval")
    if interval is not None and left["type"] == right["type"] and right.get("confidence_interval") != interval:
        return False
    return int(right.get("m", 16)) >= int(left.get("m", 0))


def _at(value: Mapping[str, Any], path: list[str]) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key) or {}
    return value
