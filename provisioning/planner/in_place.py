"""What Elasticsearch changes in a live mapping, and what only a new index can have. Pure.

Source: the parameters that each field mapper declares as updateable (``FieldMapper.Parameter``), ``ObjectMapper`` and
``RootObjectMapper``. Settings are in ``setting_scopes``, vectors in ``vector_options``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.observed import Version
from provisioning.plan import Field
from provisioning.planner.vector_options import options_in_place

_ANY_TYPE = frozenset({"meta", "copy_to"})
_OF_TYPE: Mapping[str, frozenset[str]] = {
    "keyword": frozenset({"ignore_above", "eager_global_ordinals", "split_queries_on_whitespace"}),
    "wildcard": frozenset({"ignore_above"}),
    "flattened": frozenset({"ignore_above", "eager_global_ordinals", "split_queries_on_whitespace", "depth_limit"}),
    "text": frozenset(
        {"search_analyzer", "search_quote_analyzer", "fielddata", "fielddata_frequency_filter", "eager_global_ordinals"}
    ),
    "search_as_you_type": frozenset({"search_analyzer", "search_quote_analyzer"}),
    "boolean": frozenset({"ignore_malformed"}),
    "date": frozenset({"ignore_malformed"}),
    "date_nanos": frozenset({"ignore_malformed"}),
    "ip": frozenset({"ignore_malformed"}),
    "geo_point": frozenset({"ignore_malformed", "ignore_z_value"}),
    "geo_shape": frozenset({"ignore_malformed", "ignore_z_value", "coerce", "orientation"}),
    **dict.fromkeys(
        ("long", "integer", "short", "byte", "unsigned_long", "double", "float", "half_float", "scaled_float"),
        frozenset({"ignore_malformed", "coerce"}),
    ),
}
"""The updateable parameters of each type; of a type that is not here, those of any type."""
_TURN_OFF = frozenset({"norms"})
"""Can be turned off and not on again (``TextParams.norms``)."""
_ROOT = frozenset(
    {"properties", "dynamic", "date_detection", "numeric_detection", "dynamic_date_formats", "dynamic_templates",
     "runtime"}
)  # fmt: skip


def root_update(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a mapping that ``PUT _mapping`` can bring to an index that is there, without its ``_meta``."""
    return {key: value for key, value in mappings.items() if key in _ROOT}


def field_in_place(
    field: Field, before: Mapping[str, Any], after: Mapping[str, Any], *, same_encoder: bool, version: Version
) -> bool:
    """Whether a difference of two canonical mappings can be made on an index with documents.

    Args:
        field: the difference.
        before: the live mapping, its defaults spelled out.
        after: the wanted one.
        same_encoder: the encoder's files are known to be those that filled the index.
        version: the server's.
    """
    path = field.path.split(".")
    if path[0] == "_meta":
        return _mark_in_place(field, path, same_encoder)
    if path[0] != "properties":
        return path[0].partition("[")[0] in _ROOT
    return _definition_in_place(field, path, before, after, version)


def _definition_in_place(
    field: Field, path: list[str], before: Mapping[str, Any], after: Mapping[str, Any], version: Version
) -> bool:
    """``path`` is from an object or field to the difference: ``properties``, a name, …, a parameter, …."""
    parameter = path[0].partition("[")[0]
    if parameter in ("properties", "fields"):
        if len(path) == 1:
            return field.before is None and ("type" in before) == ("type" in after)
        if path[1] not in before[parameter]:
            return True  # a field that is not there yet
        inner = before[parameter][path[1]], (after[parameter] or {}).get(path[1]) or {}
        return len(path) > 2 and _definition_in_place(field, path[2:], *inner, version)
    kind = before.get("type")
    if kind is None or "type" not in after:
        return parameter == "dynamic" and kind is None
    if kind == "dense_vector" and parameter == "index_options":
        return options_in_place(before, after, version=version)
    if kind == "dense_vector" and parameter == "dims":
        return before.get("dims") is None  # no document has set them yet
    if parameter in _TURN_OFF:
        return after.get(parameter) is False
    return parameter in _ANY_TYPE or parameter in _OF_TYPE.get(str(kind), ())


def _mark_in_place(field: Field, path: list[str], same_encoder: bool) -> bool:
    if len(path) < 3 or path[1] != MARK or path[2] not in ("encoder", "space"):
        return True
    if path[2] == "space":
        return False
    if path[3:] == ["digest"]:
        return field.before is None
    if len(path) < 4:
        return field.before is None
    # Another name for the same files (a folder that moved) is no other encoder.
    return same_encoder and path[3] in ("model", "revision")
