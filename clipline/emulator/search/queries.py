"""Queries: JSON → scores by document id. What is not here is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.parse import convert
from clipline.emulator.search.context import Context, analyse, bm25
from clipline.emulator.search.script_score import score_script
from clipline.emulator.search.vectors import knn_query

Scores = dict[str, float]
_KNOWN = frozenset(
    [
        "boosting",
        "combined_fields",
        "dis_max",
        "distance_feature",
        "function_score",
        "fuzzy",
        "geo_bounding_box",
        "geo_distance",
        "geo_shape",
        "has_child",
        "has_parent",
        "intervals",
        "match_bool_prefix",
        "match_phrase",
        "match_phrase_prefix",
        "more_like_this",
        "multi_match",
        "nested",
        "parent_id",
        "percolate",
        "pinned",
        "prefix",
        "query_string",
        "rank_feature",
        "regexp",
        "rule",
        "script",
        "semantic",
        "shape",
        "simple_query_string",
        "span_term",
        "sparse_vector",
        "terms_set",
        "text_expansion",
        "wildcard",
        "wrapper",
    ]
)


def evaluate(context: Context, query: Mapping[str, Any]) -> Scores:
    """The documents that a query matches, with their scores.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    if not isinstance(query, Mapping) or len(query) != 1:
        if isinstance(query, Mapping) and not query:
            raise illegal_argument("query malformed, empty clause found")
        raise ApiError(400, "parsing_exception", "[1:1] query malformed, expected [END_OBJECT] but found [FIELD_NAME]")
    ((kind, body),) = query.items()
    handler = _QUERIES.get(kind)
    if handler is None:
        if kind in _KNOWN:
            raise unsupported(f"the query [{kind}]")
        raise ApiError(400, "parsing_exception", f"unknown query [{kind}]")
    return handler(context, body)


def matching(context: Context, filters: Any) -> set[str] | None:
    """The ids that all filters match; ``None`` without filters."""
    if not filters:
        return None
    clauses = filters if isinstance(filters, list) else [filters]
    found: set[str] | None = None
    for clause in clauses:
        ids = set(evaluate(context, clause))
        found = ids if found is None else found & ids
    return found


def _match_all(context: Context, body: Mapping[str, Any]) -> Scores:
    return dict.fromkeys(context.documents, float(body.get("boost", 1.0)))


def _match_none(context: Context, body: Mapping[str, Any]) -> Scores:
    return {}


def _term(context: Context, body: Mapping[str, Any]) -> Scores:
    name, options = _field(body, "term")
    value = options.get("value") if isinstance(options, Mapping) else options
    boost = float(options.get("boost", 1.0)) if isinstance(options, Mapping) else 1.0
    if isinstance(options, Mapping) and options.get("case_insensitive"):
        raise unsupported("the option [case_insensitive] of [term]")
    return _equal(context, name, [value], boost, constant=False)


def _terms(context: Context, body: Mapping[str, Any]) -> Scores:
    options = {key: value for key, value in body.items() if key not in ("boost", "_name")}
    ((name, values),) = options.items()
    if not isinstance(values, list):
        raise (
            unsupported("terms lookup")
            if isinstance(values, Mapping)
            else ApiError(400, "parsing_exception", "[terms] query does not support a single value")
        )
    return _equal(context, name, values, float(body.get("boost", 1.0)), constant=True)


def _equal(context: Context, name: str, values: list[Any], boost: float, *, constant: bool) -> Scores:
    definition = {"type": "keyword"} if name == "_id" else context.definition(name)
    if definition is None:
        return {}
    if definition["type"] == "text":
        # A term query does not analyse its value: it is compared with the tokens.
        tokens = {str(value) for value in values}
        return {i: boost for i, held in context.tokens(name).items() if any(tokens & set(words) for words in held)}
    wanted = [_converted(context, name, definition, value) for value in values]
    found = [doc for doc in context.documents.values() if any(v in wanted for v in context.values(doc, name))]
    if constant or definition["type"] != "keyword":
        return {doc.id: boost for doc in found}
    import math

    # A keyword term scores by BM25 with a length norm of one.
    total = sum(bool(context.values(doc, name)) for doc in context.documents.values())
    idf = math.log(1 + (total - len(found) + 0.5) / (len(found) + 0.5)) if found else 0.0
    return {doc.id: boost * idf / 2.2 * 1.0 for doc in found}


def _ids(context: Context, body: Mapping[str, Any]) -> Scores:
    wanted = {str(value) for value in body.get("values", [])}
    return {doc_id: float(body.get("boost", 1.0)) for doc_id in context.documents if doc_id in wanted}


def _exists(context: Context, body: Mapping[str, Any]) -> Scores:
    name = body.get("field")
    if not name:
        raise ApiError(400, "parsing_exception", "[exists] must be provided with a [field]")
    inside = f"{name}."
    return {
        doc.id: float(body.get("boost", 1.0))
        for doc in context.documents.values()
        if name in doc.parsed.values
        or name in doc.parsed.vectors
        or any(key.startswith(inside) for key in (*doc.parsed.values, *doc.parsed.vectors))
    }


def _range(context: Context, body: Mapping[str, Any]) -> Scores:
    name, options = _field(body, "range")
    known = {"gt", "gte", "lt", "lte", "boost", "format"}
    for key in options:
        if key not in known:
            raise unsupported(f"the option [{key}] of [range]")
    definition = context.definition(name)
    if definition is None:
        return {}
    bounds = {
        key: _converted(context, name, definition, options[key])
        for key in ("gt", "gte", "lt", "lte")
        if options.get(key) is not None
    }
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return {
        doc.id: float(options.get("boost", 1.0))
        for doc in context.documents.values()
        if any(all(tests[key](value, bound) for key, bound in bounds.items()) for value in context.values(doc, name))
    }


def _match(context: Context, body: Mapping[str, Any]) -> Scores:
    name, options = _field(body, "match")
    options = options if isinstance(options, Mapping) else {"query": options}
    for key in options:
        if key not in ("query", "operator", "boost"):
            raise unsupported(f"the option [{key}] of [match]")
    definition = context.definition(name)
    if definition is None:
        return {}
    boost = float(options.get("boost", 1.0))
    if definition["type"] != "text":
        return _equal(context, name, [options["query"]], boost, constant=False)
    every = str(options.get("operator", "or")).lower() == "and"
    scores = bm25(context, name, analyse(str(options["query"])), every=every)
    return {doc_id: score * boost for doc_id, score in scores.items()}


def _bool(context: Context, body: Mapping[str, Any]) -> Scores:
    for key in body:
        if key not in ("must", "filter", "should", "must_not", "minimum_should_match", "boost"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [bool] unknown field [{key}]")
    clauses = {key: _clauses(body.get(key)) for key in ("must", "filter", "should", "must_not")}
    result: Scores | None = None
    for clause in clauses["must"]:
        scores = evaluate(context, clause)
        result = scores if result is None else {i: result[i] + scores[i] for i in result if i in scores}
    for clause in clauses["filter"]:
        ids = evaluate(context, clause)
        result = dict.fromkeys(ids, 0.0) if result is None else {i: s for i, s in result.items() if i in ids}
    shoulds = [evaluate(context, clause) for clause in clauses["should"]]
    least = body.get("minimum_should_match", 1 if result is None and shoulds else 0)
    if not isinstance(least, int):
        raise unsupported(f"minimum_should_match [{least}]")
    if result is None:
        result = dict.fromkeys(context.documents, 0.0 if shoulds else 1.0)
        if clauses["must_not"] and not shoulds:
            result = dict.fromkeys(context.documents, 0.0)
    found = {}
    for doc_id, score in result.items():
        hits = [scores[doc_id] for scores in shoulds if doc_id in scores]
        if len(hits) >= least:
            found[doc_id] = score + sum(hits)
    for clause in clauses["must_not"]:
        for doc_id in evaluate(context, clause):
            found.pop(doc_id, None)
    boost = float(body.get("boost", 1.0))
    return {doc_id: score * boost for doc_id, score in found.items()}


def _constant_score(context: Context, body: Mapping[str, Any]) -> Scores:
    return dict.fromkeys(evaluate(context, body["filter"]), float(body.get("boost", 1.0)))


def _script_score(context: Context, body: Mapping[str, Any]) -> Scores:
    for key in body:
        if key not in ("query", "script", "min_score", "boost"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [script_score] unknown field [{key}]")
    inner = evaluate(context, body["query"])
    scores = score_script(context, inner, body["script"])
    boost, least = float(body.get("boost", 1.0)), body.get("min_score")
    return {i: score * boost for i, score in scores.items() if least is None or score >= least}


def _knn(context: Context, body: Mapping[str, Any]) -> Scores:
    return knn_query(context, body, allowed=matching(context, body.get("filter")))


def _clauses(value: Any) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _field(body: Mapping[str, Any], kind: str) -> tuple[str, Any]:
    if len(body) != 1:
        raise ApiError(400, "parsing_exception", f"[{kind}] query doesn't support multiple fields")
    ((name, options),) = body.items()
    return name, options


def _converted(context: Context, name: str, definition: Mapping[str, Any], value: Any) -> Any:
    try:
        return convert(name, {**definition, "ignore_above": None}, value)
    except (ValueError, TypeError) as error:
        raise context.shard_error(str(error)) from error


_QUERIES: Mapping[str, Callable[[Context, Mapping[str, Any]], Scores]] = {
    "match_all": _match_all,
    "match_none": _match_none,
    "term": _term,
    "terms": _terms,
    "ids": _ids,
    "exists": _exists,
    "range": _range,
    "match": _match,
    "bool": _bool,
    "constant_score": _constant_score,
    "script_score": _script_score,
    "knn": _knn,
}
