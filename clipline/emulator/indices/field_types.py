"""The field types of a mapping, and their parameters in the order in which GET shows them.

Source: the ``*FieldMapper`` classes. dense_vector has a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.date_formats import check_format
from clipline.emulator.indices.dates import DEFAULT_FORMAT
from clipline.emulator.indices.mappings.numbers import FLOATS, INTEGERS
from clipline.emulator.indices.mappings.parameters import (
    ALWAYS,
    TURN_OFF,
    Parameter,
    boolean,
    copy_to,
    integer,
    malformed,
    meta,
    one_of,
    positive,
    string,
)
from clipline.emulator.indices.mappings.refused import Unfit

__all__ = ["FLOATS", "INTEGERS", "KNOWN_TYPES", "PARAMETERS", "REFUSED_PARAMETERS"]

ANALYZERS = ("default", "standard", "simple", "stop", "whitespace", "keyword")
"""The analyzers that ``search`` has."""
LACKING_ANALYZERS = {
    "pattern", "fingerprint", "snowball", "arabic", "armenian", "basque", "bengali",
    "brazilian", "bulgarian", "catalan", "cjk", "czech", "danish", "dutch", "english", "estonian", "finnish", "french",
    "galician", "german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "latvian", "lithuanian",
    "norwegian", "persian", "portuguese", "romanian", "russian", "serbian", "sorani", "spanish", "swedish", "thai", "turkish",
}  # fmt: skip


def _analyzer(field: str, value: Any) -> str:
    name = string(field, value)
    if name in LACKING_ANALYZERS:
        raise unsupported(f"the analyzer [{name}]")
    if name not in ANALYZERS:
        raise Unfit(f"analyzer [{name}] has not been configured in mappings")
    return name


def _normalizer(field: str, value: Any) -> str:
    name = string(field, value)
    if name not in ("lowercase", "default"):
        raise malformed(f"normalizer [{name}] not found for field [{field}]")
    return name


def _similarity(field: str, value: Any) -> str:
    # Which names there are, the settings of the index say (``mapping.check_limits``).
    return string(field, value)


def _format(field: str, value: Any) -> str:
    try:
        return check_format(string(field, value))
    except Unfit as error:
        raise Unfit(f"Error parsing [format] on field [{field}]: {error}") from error


def _as_given(field: str, value: Any) -> Any:
    return value


_META = Parameter(meta, {}, ALWAYS)
_COPY = Parameter(copy_to, [], ALWAYS)
_INDEX, _DOC_VALUES = Parameter(boolean, True), Parameter(boolean, True)
_STORE, _OFF = Parameter(boolean, False), Parameter(boolean, False, ALWAYS)
_MALFORMED = Parameter(boolean, False, ALWAYS, always=True)
_NULL = Parameter(_as_given)
_ONLY_NO = Parameter(boolean, False, only=(False,))
_COMMON = {"meta": _META, "copy_to": _COPY}
_NUMBER = {
    "index": _INDEX, "doc_values": _DOC_VALUES, "store": _STORE, "ignore_malformed": _MALFORMED,
    "coerce": Parameter(boolean, True, ALWAYS, always=True), "null_value": _NULL, **_COMMON,
}  # fmt: skip
_DOCS = Parameter(one_of("index_options", "docs", "freqs"), "docs", only=("docs",))
_ABOVE = Parameter(positive("ignore_above"), 2**31 - 1, ALWAYS)

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "keyword": {
        "index": _INDEX, "doc_values": _DOC_VALUES, "store": _STORE, "null_value": Parameter(string),
        "eager_global_ordinals": _OFF, "ignore_above": _ABOVE, "index_options": _DOCS,
        "norms": Parameter(boolean, False, TURN_OFF), "similarity": Parameter(_similarity),
        "normalizer": Parameter(_normalizer, "default"), "split_queries_on_whitespace": _ONLY_NO, **_COMMON,
    },
    "text": {
        "index": _INDEX, "store": _STORE, "similarity": Parameter(_similarity),
        "index_options": Parameter(one_of("index_options", "positions", "docs", "freqs", "offsets"), "positions",
                                   only=("positions", "offsets")),
        "norms": Parameter(boolean, True, TURN_OFF),
        "term_vector": Parameter(string, "no", only=("no",)), "analyzer": Parameter(_analyzer, "default"),
        "search_analyzer": Parameter(_analyzer, "default", ALWAYS),
        "search_quote_analyzer": Parameter(_analyzer, "default", ALWAYS),
        "position_increment_gap": Parameter(integer, -1), "fielddata": Parameter(boolean, False, ALWAYS, only=(False,)),
        "eager_global_ordinals": _OFF, "index_phrases": _ONLY_NO, **_COMMON,
    },
    "boolean": {
        "doc_values": _DOC_VALUES, "index": _INDEX, "store": _STORE, "ignore_malformed": _MALFORMED, "null_value": _NULL,
        **_COMMON,
    },
    "date": {
        "index": _INDEX, "doc_values": _DOC_VALUES, "store": _STORE, "format": Parameter(_format, DEFAULT_FORMAT),
        "locale": Parameter(string, "en", only=("en", "ENGLISH", "en_US", "ROOT")), "null_value": _NULL,
        "ignore_malformed": _MALFORMED, **_COMMON,
    },
    "geo_point": {
        "doc_values": _DOC_VALUES, "index": _INDEX, "store": _STORE, "ignore_malformed": _MALFORMED,
        "ignore_z_value": Parameter(boolean, True, ALWAYS, always=True), "null_value": _NULL, **_COMMON,
    },
    "flattened": {
        "index": _INDEX, "doc_values": _DOC_VALUES, "depth_limit": Parameter(positive("depth_limit"), 20, ALWAYS),
        "null_value": Parameter(string, only=()), "eager_global_ordinals": _OFF, "ignore_above": _ABOVE,
        "index_options": _DOCS, "similarity": Parameter(_similarity), "split_queries_on_whitespace": _ONLY_NO,
        **_COMMON,
    },
    **dict.fromkeys((*INTEGERS, *FLOATS), _NUMBER),
}  # fmt: skip

REFUSED_PARAMETERS: Mapping[str, frozenset[str]] = {
    kind: frozenset({"script", "on_script_error", "time_series_dimension"})
    | ({"time_series_metric"} if kind in (*INTEGERS, *FLOATS, "geo_point") else frozenset())
    | ({"synthetic_source_keep"})
    for kind in PARAMETERS
    if kind not in ("text", "flattened")
} | {
    "text": frozenset({"index_prefixes", "fielddata_frequency_filter", "synthetic_source_keep"}),
    "flattened": frozenset({"time_series_dimensions", "synthetic_source_keep"}),
}
"""Elasticsearch has them; here they would silently change nothing."""

KNOWN_TYPES = frozenset(
    {
        "alias", "binary", "completion", "constant_keyword", "date_nanos", "date_range", "double_range",
        "float_range", "geo_shape", "histogram", "integer_range", "ip", "ip_range", "join", "long_range",
        "match_only_text", "nested", "percolator", "rank_feature", "rank_features", "rank_vectors", "scaled_float",
        "search_as_you_type", "semantic_text", "shape", "sparse_vector", "token_count", "unsigned_long", "version",
        "wildcard", "aggregate_metric_double", "annotated_text", "counted_keyword", "murmur3", "passthrough", "point"
    }
)  # fmt: skip
"""Types that Elasticsearch has and the emulator does not."""
