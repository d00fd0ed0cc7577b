"""Reads knn clauses: the ``knn`` option of a search (``KnnSearchBuilder``) and the query (``KnnVectorQueryBuilder``).

Both check the same things, in an order and in words of their own. What is wrong with a query is wrapped, because it is
found while the object is built: ``Failed to build [knn] after last required field arrived``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.search.lookup import read_lookup
from clipline.emulator.search.query_vector import QueryVector, read_vector
from clipline.emulator.search.reading import Reading, boost_of, number, unread, whole
from clipline.emulator.search.vectors import Knn
from clipline.emulator.spelling import unknown_field

if TYPE_CHECKING:
    from clipline.emulator.search.compound import Query

MAX_CANDIDATES = 10_000
_OPTIONS = {"field", "query_vector", "query_vector_builder", "k", "num_candidates", "filter", "similarity", "boost",
            "rescore_vector", "inner_hits", "_name", "visit_percentage"}  # fmt: skip
_SINCE = {"lookup": (9, 4), "embedding": (9, 4)}
"""The builders of query vectors that younger versions have, and since when."""


def read_option(value: Any, reading: Reading, *, size: int) -> tuple[Knn, ...]:
    """The ``knn`` option of a search: one clause or a list; without ``k`` it is the size of the page.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    from clipline.emulator.search.queries import read_query

    if value == []:
        # Elasticsearch takes it for no knn at all and finds everything; whoever sends it wants nothing of that kind.
        raise unsupported("an empty list of [knn] clauses")
    found: list[Knn] = []
    for clause in value if isinstance(value, list) else [value]:
        if not isinstance(clause, Mapping):
            raise ApiError(
                400, "parsing_exception", "[knn] malformed, expected START_OBJECT", meta={"line": 1, "col": 1}
            )
        filters = _list(clause.get("filter"))
        knn = _option(clause, reading, tuple(read_query(one, reading) for one in filters), size)
        if clause.get("_name") is not None:
            reading.named[str(clause["_name"])] = knn
        found.append(knn)
    return tuple(found)


def read_clause(body: Mapping[str, Any], reading: Reading, *, filters: tuple[Query, ...]) -> Knn:
    """The knn query.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    k, wanted = _numbers(body, reading)
    field = _field(body)
    vector = None if body.get("query_vector") is None else read_vector(body["query_vector"], reading)
    builder = body.get("query_vector_builder")
    _check_builder(builder, reading)
    given = (vector is not None, builder is not None)
    if k is not None and k < 1:
        raise _unbuilt("[k] must be greater than 0")
    if wanted is not None and wanted > MAX_CANDIDATES:
        raise _unbuilt(f"[num_candidates] cannot exceed [{MAX_CANDIDATES}]")
    if wanted is not None and wanted < 1:
        raise _unbuilt("[num_candidates] must be greater than 0")
    if k is not None and (wanted if wanted is not None else candidates(k)) < k:
        raise _unbuilt("[num_candidates] cannot be less than [k]")
    if not any(given):
        raise _unbuilt("either [query_vector] or [query_vector_builder] must be provided")
    if all(given):
        raise _unbuilt("only one of [query_vector] and [query_vector_builder] must be provided")
    return _knn(body, reading, field, vector, k, wanted, filters)


def candidates(k: int) -> int:
    """``num_candidates`` where a request has none."""
    return min(math.floor(1.5 * k + 0.5), MAX_CANDIDATES)


def _option(body: Mapping[str, Any], reading: Reading, filters: tuple[Query, ...], size: int) -> Knn:
    given_k, given_candidates = _numbers(body, reading)
    field = _field(body)
    vector = None if body.get("query_vector") is None else read_vector(body["query_vector"], reading)
    _check_builder(body.get("query_vector_builder"), reading)
    k = size if given_k is None else given_k
    wanted = candidates(k) if given_candidates is None else given_candidates
    if k < 1:
        raise illegal_argument("[k] must be greater than 0")
    if wanted < k:
        raise illegal_argument("[num_candidates] cannot be less than [k]")
    if wanted > MAX_CANDIDATES:
        raise illegal_argument(f"[num_candidates] cannot exceed [{MAX_CANDIDATES}]")
    given = (vector is not None, body.get("query_vector_builder") is not None)
    if not any(given):
        raise illegal_argument("either [query_vector_builder] or [query_vector] must be provided")
    if all(given):
        raise illegal_argument("cannot provide both [query_vector_builder] and [query_vector]")
    return _knn(body, reading, field, vector, k, wanted, filters)


def _knn(
    body: Mapping[str, Any],
    reading: Reading,
    field: str,
    vector: QueryVector | None,
    k: int | None,
    wanted: int | None,
    filters: tuple[Query, ...],
) -> Knn:
    similarity = None if body.get("similarity") is None else number(body["similarity"], "similarity", "knn")
    boost = boost_of(body, "knn")
    return Knn(field, vector or _built(body["query_vector_builder"], reading), k, wanted, filters, similarity, boost)


def _numbers(body: Mapping[str, Any], reading: Reading) -> tuple[int | None, int | None]:
    known = _OPTIONS if reading.version >= (9, 2) else _OPTIONS - {"visit_percentage"}
    for key in body:
        if key not in known:
            raise unknown_field("knn", key, known)
    if body.get("inner_hits") is not None:
        raise unsupported("the knn option [inner_hits]")
    _check_rescore(body.get("rescore_vector"))
    if body.get("visit_percentage") is not None:
        visited = number(body["visit_percentage"], "visit_percentage", "knn")
        if not 0 <= visited <= 100:
            raise illegal_argument("[visit_percentage] must be between 0.0 and 100.0")
    k, wanted = (None if body.get(key) is None else whole(body[key], key, "knn") for key in ("k", "num_candidates"))
    return k, wanted


def _field(body: Mapping[str, Any]) -> str:
    if body.get("field") is None:
        raise illegal_argument("Required [field]")
    if not isinstance(body["field"], str):
        raise wrong_kind("knn", "field", body["field"])
    return str(body["field"])


def _check_rescore(rescore: Any) -> None:
    # Rescoring corrects quantisation; there is none here, so a valid one changes nothing.
    if rescore is None:
        return
    if not isinstance(rescore, Mapping):
        raise wrong_kind("knn", "rescore_vector", rescore)
    for key in rescore:
        if key != "oversample":
            raise unread("knn", "rescore_vector", cause=f"[1:1] [rescore_vector] unknown field [{key}]")
    if rescore.get("oversample") is None:
        raise unread("knn", "rescore_vector", cause="Required [oversample]")
    oversample = number(rescore["oversample"], "oversample", "rescore_vector")
    if oversample != 0 and not oversample >= 1.0:
        inner = {
            "type": "x_content_parse_exception",
            "reason": "Failed to build [rescore_vector] after last required field arrived",
            "caused_by": {"type": "illegal_argument_exception", "reason": "[oversample] must be >= 1.0 or 0"},
        }
        root = [{key: inner[key] for key in ("type", "reason")}]
        reason = "[1:1] [knn] failed to parse field [rescore_vector]"
        raise ApiError(400, "x_content_parse_exception", reason, caused_by=inner, root_cause=root)


def _check_builder(builder: Any, reading: Reading) -> None:
    if builder is None:
        return
    if not isinstance(builder, Mapping) or len(builder) != 1:
        raise unread("knn", "query_vector_builder")
    ((kind, options),) = builder.items()
    known = reading.version >= _SINCE.get(kind, (0, 0))
    if known and kind == "embedding":
        raise unsupported(f"the query_vector_builder [{kind}]")
    if kind not in ("text_embedding", "lookup") or not known:
        cause = {"type": "named_object_not_found_exception", "reason": f"[1:1] unknown field [{kind}]"}
        reason = "[1:1] [knn] failed to parse field [query_vector_builder]"
        raise ApiError(400, "x_content_parse_exception", reason, caused_by=cause)
    if not isinstance(options, Mapping):
        raise wrong_kind("query_vector_builder", kind, options)
    if kind == "lookup":
        try:
            read_lookup(kind, options)
        except ApiError as error:
            if error.type != "illegal_argument_exception":
                raise
            raise unread("knn", "query_vector_builder", cause=error.reason) from error
        return
    if unknown := next((key for key in options if key not in ("model_id", "model_text")), None):
        raise unknown_field("text_embedding", unknown, ("model_id", "model_text"))
    for key in ("model_id", "model_text"):
        if options.get(key) is not None and not isinstance(options[key], str):
            raise wrong_kind("text_embedding", key, options[key])
    if options.get("model_text") is None:
        raise unread("knn", "query_vector_builder", cause="Required [model_text]")
    if not options.get("model_id"):
        # Since 8.18 a field of the type semantic_text can stand in for it, which there is none of here.
        raise illegal_argument("[model_id] must not be null.")


def _built(builder: Mapping[str, Any], reading: Reading) -> QueryVector:
    if "lookup" in builder:
        return QueryVector(tuple(reading.vector(read_lookup("lookup", builder["lookup"]))))
    options = builder["text_embedding"]
    return QueryVector(tuple(reading.embed(options["model_id"], options["model_text"])))


def _unbuilt(reason: str) -> ApiError:
    cause = {"type": "illegal_argument_exception", "reason": reason}
    text = "Failed to build [knn] after last required field arrived"
    return ApiError(400, "x_content_parse_exception", text, caused_by=cause)


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
