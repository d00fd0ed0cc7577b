"""The field types of a mapping, their parameters, and what of them is emulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.indices.dates import DEFAULT_FORMAT

INTEGERS = {"long": 63, "integer": 31, "short": 15, "byte": 7}
FLOATS = ("double", "float", "half_float")
_COMMON = {"type", "meta", "store", "copy_to", "boost"}
_INDEXED = _COMMON | {"index", "doc_values", "null_value"}
_NUMBERS = _INDEXED | {"coerce", "ignore_malformed"}
PARAMETERS: Mapping[str, set[str]] = {
    "keyword": _INDEXED | {"ignore_above", "fields", "normalizer", "norms", "eager_global_ordinals"},
    "text": _COMMON | {"index", "fields", "analyzer", "search_analyzer", "norms", "fielddata", "index_options"},
    "boolean": _INDEXED | {"ignore_malformed"},
    "date": _INDEXED | {"format", "ignore_malformed", "locale"},
    "geo_point": _INDEXED | {"ignore_malformed", "ignore_z_value"},
    "flattened": _INDEXED | {"ignore_above", "depth_limit"},
    **dict.fromkeys((*INTEGERS, *FLOATS), _NUMBERS),
}
REFUSED_PARAMETERS = {"copy_to", "null_value", "normalizer", "analyzer", "search_analyzer", "index_options", "boost"}
"""Elasticsearch has them; here they would silently change nothing."""

DEFAULTS: Mapping[str, Any] = {
    "index": True, "doc_values": True, "store": False, "coerce": True, "ignore_malformed": False, "norms": True,
    "fielddata": False, "eager_global_ordinals": False, "ignore_z_value": True, "locale": "ENGLISH",
    "format": DEFAULT_FORMAT, "ignore_above": 2**31 - 1, "depth_limit": 20,
}  # fmt: skip
"""What GET does not show, as Elasticsearch does not; the norms of a keyword are the exception."""

ONLY_DEFAULT = {"coerce", "ignore_malformed", "norms", "fielddata", "ignore_z_value", "depth_limit", "locale"}
"""Parameters of which only the default is emulated."""

KNOWN_TYPES = frozenset(
    {
        "alias", "binary", "completion", "constant_keyword", "date_nanos", "date_range", "double_range",
        "float_range", "geo_shape", "histogram", "integer_range", "ip", "ip_range", "join", "long_range",
        "match_only_text", "nested", "percolator", "rank_feature", "rank_features", "rank_vectors", "scaled_float",
        "search_as_you_type", "semantic_text", "shape", "sparse_vector", "token_count", "unsigned_long", "version",
        "wildcard", "aggregate_metric_double", "annotated-text", "counted_keyword", "murmur3", "passthrough", "point"
    }
)  # fmt: skip
