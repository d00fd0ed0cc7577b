"""Queries: JSON → a tree that can be run on an index. What is not here is refused by name.

Reading a query needs no index: what is wrong with it is wrong everywhere, and text models are asked once, before any
lock is taken. ``compound``, ``terms`` and ``vectors`` hold what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.search import terms
from clipline.emulator.search.compound import All, Bool, Constant, Match, Query, Scripted
from clipline.emulator.search.script_reader import read_script
from clipline.emulator.search.terms import malformed
from clipline.emulator.search.vectors import Embed, Knn, read_knn

_KNOWN = """boosting combined_fields dis_max distance_feature function_score fuzzy geo_bounding_box geo_distance geo_grid
    geo_polygon geo_shape has_child has_parent intervals match_bool_prefix match_phrase match_phrase_prefix
    more_like_this multi_match nested parent_id percolate pinned query_string rank_feature regexp rule script semantic
    shape simple_query_string span_containing span_field_masking span_first span_multi span_near span_not span_or
    span_term span_within sparse_vector terms_set text_expansion weighted_tokens wrapper"""
"""What Elasticsearch has besides."""


def read_query(body: Any, embed: Embed) -> Query:
    """A query of a request.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    if not isinstance(body, Mapping):
        raise ApiError(400, "parsing_exception", "[_na] query malformed, must start with start_object")
    if not body:
        raise illegal_argument("query malformed, empty clause found")
    kind, inner = next(iter(body.items()))
    if len(body) > 1:
        raise malformed(kind, "malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    reader = _READERS.get(kind)
    if reader is None:
        if kind in _KNOWN.split():
            raise unsupported(f"the query [{kind}]")
        cause = {"type": "named_object_not_found_exception", "reason": f"[1:1] unknown field [{kind}]"}
        raise ApiError(400, "parsing_exception", f"unknown query [{kind}]", meta={"line": 1, "col": 1}, caused_by=cause)
    if not isinstance(inner, Mapping):
        raise malformed(kind, f"query malformed, no start_object after query name [{kind}]")
    return reader(inner, embed)


def read_queries(value: Any, embed: Embed) -> tuple[Query, ...]:
    """One query or a list of them."""
    if value is None:
        return ()
    return tuple(read_query(item, embed) for item in (value if isinstance(value, list) else [value]))


def _options(kind: str, body: Mapping[str, Any], known: set[str], lacking: str = "") -> None:
    for key in body:
        if key == "_name" or key in lacking.split():
            raise unsupported(f"the option [{key}] of the query [{kind}]")
        if key not in known:
            raise malformed(kind, f"query does not support [{key}]")


def _boost(body: Mapping[str, Any]) -> float:
    return number(body.get("boost", 1.0), "boost")


def number(value: Any, name: str) -> float:
    """A number of a request; text that is one is one too.

    Raises:
        ApiError: 400.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] failed to parse field [{name}]") from None


def _single(kind: str, body: Mapping[str, Any], inner: str) -> tuple[str, Mapping[str, Any]]:
    """The one field of a query, its options with the short form opened up."""
    fields = {key: value for key, value in body.items() if key not in ("boost", "_name")}
    if len(body) > 1 and len(fields) == 1:
        # The short form has no room for a boost of its own.
        _options(kind, body, set(fields))
    if len(fields) != 1:
        names = list(fields)
        detail = f"found [{names[0]}] and [{names[1]}]" if names else "found none"
        raise malformed(kind, f"query doesn't support multiple fields, {detail}")
    ((name, options),) = fields.items()
    if isinstance(options, list):
        raise malformed(kind, "query does not support array of values")
    return name, options if isinstance(options, Mapping) else {inner: options}


def _match_all(body: Mapping[str, Any], embed: Embed) -> Query:
    _options("match_all", body, {"boost"})
    return All(_boost(body))


def _match_none(body: Mapping[str, Any], embed: Embed) -> Query:
    _options("match_none", body, {"boost"})
    return All(None)


def _term(body: Mapping[str, Any], embed: Embed) -> Query:
    name, options = _single("term", body, "value")
    _options("term", options, {"value", "boost", "case_insensitive"})
    if options.get("case_insensitive"):
        raise unsupported("the option [case_insensitive] of the query [term]")
    if options.get("value") is None:
        raise illegal_argument("value cannot be null")
    return terms.Term(name, options["value"], _boost(options))


def _terms(body: Mapping[str, Any], embed: Embed) -> Query:
    fields = [key for key in body if key not in ("boost", "_name")]
    if "_name" in body:
        _options("terms", body, set(body))
    if len(fields) != 1:
        raise malformed("terms", "query requires a field name, followed by array of terms or a document lookup")
    values = body[fields[0]]
    if isinstance(values, Mapping):
        raise unsupported("terms lookup")
    if not isinstance(values, list):
        raise malformed("terms", f"query does not support [{fields[0]}]")
    return terms.Terms(fields[0], tuple(values), _boost(body))


def _ids(body: Mapping[str, Any], embed: Embed) -> Query:
    _options("ids", body, {"values", "boost"})
    values = body.get("values")
    if values is None:
        raise malformed("ids", "requires providing a values element")
    return terms.Terms("_id", tuple(values if isinstance(values, list) else [values]), _boost(body))


def _exists(body: Mapping[str, Any], embed: Embed) -> Query:
    _options("exists", body, {"field", "boost"})
    if not body.get("field"):
        raise ApiError(400, "parsing_exception", "[exists] must be provided with a [field]")
    return terms.Exists(str(body["field"]), _boost(body))


def _range(body: Mapping[str, Any], embed: Embed) -> Query:
    name, options = _single("range", body, "gte")
    _options("range", options, {"gt", "gte", "lt", "lte", "boost", "format"}, "time_zone relation")
    bounds = {key: options[key] for key in ("gt", "gte", "lt", "lte") if options.get(key) is not None}
    shape = options.get("format")
    if isinstance(shape, list | dict):
        raise malformed("range", "query does not support [format]")
    return terms.Range(name, bounds, None if shape is None else str(shape), _boost(options))


def _pattern(kind: str) -> Callable[[Mapping[str, Any], Embed], Query]:
    def read(body: Mapping[str, Any], embed: Embed) -> Query:
        name, options = _single(kind, body, "value")
        _options(kind, options, {"value", "boost", "case_insensitive", "wildcard"}, "rewrite")
        value = options.get("value", options.get("wildcard"))
        if value is None:
            raise illegal_argument("value cannot be null")
        return terms.Pattern(kind, name, str(value), _boost(options), bool(options.get("case_insensitive")))

    return read


def _match(body: Mapping[str, Any], embed: Embed) -> Query:
    name, options = _single("match", body, "query")
    lacking = """analyzer fuzziness prefix_length max_expansions fuzzy_transpositions fuzzy_rewrite lenient
    zero_terms_query auto_generate_synonyms_phrase_query"""
    _options("match", options, {"query", "operator", "minimum_should_match", "boost"}, lacking)
    if options.get("query") is None:
        raise malformed("match", "requires query value" if "query" not in options else "unknown token [VALUE_NULL]")
    operator = str(options.get("operator", "or")).lower()
    if operator not in ("or", "and"):
        raise illegal_argument(f"operator needs to be either OR or AND, but not [{operator}]")
    return Match(name, options["query"], operator == "and", options.get("minimum_should_match"), _boost(options))


def _bool(body: Mapping[str, Any], embed: Embed) -> Query:
    known = {"must", "filter", "should", "must_not", "minimum_should_match", "boost"}
    if unknown := next((key for key in body if key not in known | {"_name"}), None):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [bool] unknown field [{unknown}]")
    _options("bool", body, known)
    must, chosen, should, must_not = (
        read_queries(body.get(key), embed) for key in ("must", "filter", "should", "must_not")
    )
    return Bool(must, chosen, should, must_not, body.get("minimum_should_match"), _boost(body))


def _constant_score(body: Mapping[str, Any], embed: Embed) -> Query:
    _options("constant_score", body, {"filter", "boost"})
    if "filter" not in body:
        raise ApiError(400, "parsing_exception", "[constant_score] requires a 'filter' element")
    return Constant(read_query(body["filter"], embed), _boost(body))


def _script_score(body: Mapping[str, Any], embed: Embed) -> Query:
    if unknown := next((key for key in body if key not in ("query", "script", "min_score", "boost", "_name")), None):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [script_score] unknown field [{unknown}]")
    _options("script_score", body, set(body) - {"_name"})
    for key in ("query", "script"):
        if key not in body:
            raise illegal_argument(f"Required [{key}]")
    least = None if body.get("min_score") is None else number(body["min_score"], "min_score")
    return Scripted(read_query(body["query"], embed), read_script(body["script"]), least, _boost(body))


def _knn(body: Mapping[str, Any], embed: Embed) -> Query:
    knn: Knn = read_knn(body, embed, filters=read_queries(body.get("filter"), embed))
    return knn


_READERS: Mapping[str, Callable[[Mapping[str, Any], Embed], Query]] = {
    "match_all": _match_all,
    "match_none": _match_none,
    "term": _term,
    "terms": _terms,
    "ids": _ids,
    "exists": _exists,
    "range": _range,
    "prefix": _pattern("prefix"),
    "wildcard": _pattern("wildcard"),
    "match": _match,
    "bool": _bool,
    "constant_score": _constant_score,
    "script_score": _script_score,
    "knn": _knn,
}
