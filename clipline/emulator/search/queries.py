"""Queries: JSON → a tree that can be run on a shard. What is not here is refused by name.

Reading a query needs no index: what is wrong with it is wrong everywhere, and text models are asked once, before any
index is touched. ``compound``, ``terms``, ``ranges``, ``full_text`` and ``vectors`` hold what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.search import terms
from clipline.emulator.search.compound import All, Bool, Boosting, Constant, DisMax, Query, Scripted
from clipline.emulator.search.knn_reader import read_clause
from clipline.emulator.search.lookup import read_lookup
from clipline.emulator.search.minimum import check
from clipline.emulator.search.query_options import named_in, options_of, single
from clipline.emulator.search.query_text import TEXT_READERS
from clipline.emulator.search.reading import Reading, boost_of, flag, malformed, number
from clipline.emulator.search.script_reader import read_script
from clipline.emulator.spelling import did_you_mean, unknown_field

_LACKING = """
combined_fields distance_feature exact_knn function_score geo_bounding_box geo_distance geo_grid geo_polygon
geo_shape has_child has_parent intervals more_like_this nested parent_id percolate
pinned query_string rank_feature regexp rule script semantic shape simple_query_string span_containing
span_field_masking span_first span_gap span_multi span_near span_not span_or span_term span_within sparse_vector
terms_set text_expansion weighted_tokens wrapper
"""
LACKING = frozenset(_LACKING.split())
"""What Elasticsearch has besides."""
_MAX_DEPTH = 30
"""``indices.query.bool.max_nested_depth``."""


def read_query(body: Any, reading: Reading, depth: int = 0) -> Query:
    """A query of a request.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    if not isinstance(body, Mapping):
        raise ApiError(400, "parsing_exception", "[_na] query malformed, must start with start_object")
    if not body:
        raise illegal_argument("query malformed, empty clause found")
    kind, inner = next(iter(body.items()))
    reader = READERS.get(kind)
    if reader is None:
        if kind in LACKING:
            raise unsupported(f"the query [{kind}]")
        cause = {"type": "named_object_not_found_exception", "reason": f"[1:1] unknown field [{kind}]"}
        reason = f"unknown query [{kind}]{did_you_mean(kind, READERS.keys() | LACKING)}"
        raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1}, caused_by=cause)
    if not isinstance(inner, Mapping):
        reason = f"[{kind}] query malformed, no start_object after query name"
        raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})
    if len(body) > 1:
        raise malformed(kind, "malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    if depth > _MAX_DEPTH:
        reason = (
            "The nested depth of the query exceeds the maximum nested depth for queries set in "
            "[indices.query.bool.max_nested_depth]"
        )
        raise ApiError(400, "x_content_parse_exception", reason)
    query = reader(inner, _Deeper(reading, depth + 1))
    if (name := named_in(kind, inner)) is not None:
        reading.named[name] = query
    return query


class _Deeper:
    """Reads the queries inside a query."""

    def __init__(self, reading: Reading, depth: int) -> None:
        self.reading = reading
        self._depth = depth

    def one(self, body: Any) -> Query:
        """One query."""
        return read_query(body, self.reading, self._depth)

    def several(self, value: Any) -> tuple[Query, ...]:
        """One query or a list of them."""
        return tuple(self.one(item) for item in (value if isinstance(value, list) else [value]))


def _match_all(body: Mapping[str, Any], inside: _Deeper) -> Query:
    _parsed("match_all", body, {"boost"})
    return All(boost_of(body, "match_all"))


def _match_none(body: Mapping[str, Any], inside: _Deeper) -> Query:
    _parsed("match_none", body, {"boost"})
    return All(None)


def _term(body: Mapping[str, Any], inside: _Deeper) -> Query:
    name, options = single("term", body, "value")
    options_of("term", options, {"value", "term", "boost", "case_insensitive"})
    value = options.get("value", options.get("term"))
    if value is None:
        raise illegal_argument("value cannot be null")
    if isinstance(value, Mapping | list):
        raise malformed(
            "term",
            "query does not support array of values" if isinstance(value, list) else "query does not support [value]",
        )
    ignore_case = flag(options.get("case_insensitive", False), "case_insensitive", "term")
    return terms.Term(name, value, boost_of(options, "term"), ignore_case)


def _terms(body: Mapping[str, Any], inside: _Deeper) -> Query:
    names = [key for key in body if key not in ("boost", "_name")]
    if len(names) > 1:
        raise malformed("terms", "query does not support multiple fields")
    if not names:
        raise malformed(
            "terms", "query requires a field name, followed by array of terms or a document lookup specification"
        )
    values = body[names[0]]
    if isinstance(values, Mapping):
        values = inside.reading.lookup(read_lookup("terms_lookup", values))
    if not isinstance(values, list):
        raise malformed("terms", f"query does not support [{names[0]}]")
    if any(value is None for value in values):
        raise illegal_argument("No value specified for terms query")
    if any(isinstance(value, Mapping | list) for value in values):
        raise malformed("terms", "query does not support arrays or objects as values")
    return terms.Terms(names[0], tuple(values), boost_of(body, "terms"))


def _ids(body: Mapping[str, Any], inside: _Deeper) -> Query:
    _parsed("ids", body, {"values", "boost"})
    values = body.get("values", [])
    if isinstance(values, Mapping) or values is None:
        raise wrong_kind("ids", "values", values)
    ids = values if isinstance(values, list) else [values]
    if wrong := next((one for one in ids if one is None or isinstance(one, bool | Mapping | list)), None):
        raise wrong_kind("ids", "values", wrong)
    return terms.Ids(tuple(map(str, ids)), boost_of(body, "ids"))


def _exists(body: Mapping[str, Any], inside: _Deeper) -> Query:
    options_of("exists", body, {"field", "boost"})
    if not body.get("field"):
        raise malformed("exists", "must be provided with a [field]")
    return terms.Exists(str(body["field"]), boost_of(body, "exists"))


def _bool(body: Mapping[str, Any], inside: _Deeper) -> Query:
    _parsed(
        "bool", body, {"must", "filter", "should", "must_not", "minimum_should_match", "boost", "adjust_pure_negative"}
    )
    if "adjust_pure_negative" in body and not flag(body["adjust_pure_negative"], "adjust_pure_negative", "bool"):
        raise unsupported("the option [adjust_pure_negative: false] of the query [bool]")
    clauses = [
        inside.several(body[key]) if body.get(key) is not None else ()
        for key in ("must", "filter", "should", "must_not")
    ]
    least = body.get("minimum_should_match")
    check(least)
    return Bool(clauses[0], clauses[1], clauses[2], clauses[3], least, boost_of(body, "bool"))


def _constant_score(body: Mapping[str, Any], inside: _Deeper) -> Query:
    options_of("constant_score", body, {"filter", "boost"})
    if isinstance(body.get("filter"), list):
        raise malformed("constant_score", "unexpected token [START_ARRAY]")
    if "filter" not in body:
        raise malformed("constant_score", "requires a 'filter' element")
    return Constant(inside.one(body["filter"]), boost_of(body, "constant_score"))


def _dis_max(body: Mapping[str, Any], inside: _Deeper) -> Query:
    options_of("dis_max", body, {"queries", "tie_breaker", "boost"})
    if not body.get("queries"):
        raise malformed("dis_max", "requires 'queries' field with at least one clause")
    tie = number(body.get("tie_breaker", 0.0), "tie_breaker", "dis_max")
    return DisMax(inside.several(body["queries"]), tie, boost_of(body, "dis_max"))


def _boosting(body: Mapping[str, Any], inside: _Deeper) -> Query:
    options_of("boosting", body, {"positive", "negative", "negative_boost", "boost"})
    for key in ("positive", "negative"):
        if key not in body:
            raise malformed("boosting", f"query requires '{key}' query to be set'")
    factor = number(body.get("negative_boost", -1.0), "negative_boost", "boosting")
    if factor < 0:
        raise malformed("boosting", "query requires 'negative_boost' to be set to be a positive value'")
    return Boosting(inside.one(body["positive"]), inside.one(body["negative"]), factor, boost_of(body, "boosting"))


def _script_score(body: Mapping[str, Any], inside: _Deeper) -> Query:
    _parsed("script_score", body, {"query", "script", "min_score", "boost"})
    for key in ("query", "script"):
        if key not in body:
            raise illegal_argument(f"Required [{key}]")
    least = None if body.get("min_score") is None else number(body["min_score"], "min_score", "script_score")
    return Scripted(inside.one(body["query"]), read_script(body["script"]), least, boost_of(body, "script_score"))


def _knn(body: Mapping[str, Any], inside: _Deeper) -> Query:
    filters = inside.several(body["filter"]) if body.get("filter") is not None else ()
    return read_clause(body, inside.reading, filters=filters)


def _parsed(kind: str, body: Mapping[str, Any], known: set[str]) -> None:
    """Refuse what an ObjectParser of Elasticsearch does not know."""
    for key in body:
        if key not in known | {"_name"}:
            raise unknown_field(kind, key, known | {"_name"})


READERS: Mapping[str, Callable[[Mapping[str, Any], Any], Query]] = {
    "match_all": _match_all,
    "match_none": _match_none,
    "term": _term,
    "terms": _terms,
    "ids": _ids,
    "exists": _exists,
    "bool": _bool,
    "constant_score": _constant_score,
    "dis_max": _dis_max,
    "boosting": _boosting,
    "script_score": _script_score,
    "knn": _knn,
    **TEXT_READERS,
}
