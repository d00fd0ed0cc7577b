"""The body and parameters of ``_search``, read and checked before any index is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.indices.source import check_choice, source_choice
from clipline.emulator.search.compound import Query
from clipline.emulator.search.queries import read_queries, read_query
from clipline.emulator.search.sort import Key, read_sort
from clipline.emulator.search.vectors import Embed, Knn, read_knn
from clipline.emulator.wire import Call

_KNOWN = {"query", "knn", "size", "from", "sort", "_source", "fields", "docvalue_fields", "stored_fields", "min_score",
          "track_total_hits", "version", "seq_no_primary_term", "timeout", "track_scores", "post_filter",
          "search_after"}  # fmt: skip
_LACKING = """aggs aggregations highlight collapse retriever suggest rescore pit script_fields runtime_mappings explain profile
    indices_boost slice stats terminate_after rank ext search_type"""
"""What Elasticsearch has besides."""
_TRACKED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One search."""

    query: Query | None
    knn: tuple[Knn, ...]
    size: int
    start: int
    sort: tuple[Key, ...]
    search_after: list[Any] | None
    source: Any
    fields: tuple[str, ...]
    docvalue_fields: tuple[str, ...]
    post_filter: Query | None
    min_score: float | None
    track_total: bool | int
    track_scores: bool
    version: bool
    seq_no: bool


def read_request(call: Call, embed: Embed) -> Request:
    """What a call asks for.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    body = call.body
    for key in body:
        if key in _LACKING.split():
            raise unsupported(f"the search option [{key}]")
        if key not in _KNOWN:
            raise ApiError(
                400, "parsing_exception", f"unknown key for a START_OBJECT in [{key}].", meta={"line": 1, "col": 1}
            )
    size = _whole(call.params.get("size", body.get("size")), "size", default=10)
    start = _whole(call.params.get("from", body.get("from")), "from", default=0)
    after = body.get("search_after")
    if after is not None and start > 0:
        raise validation_failed("`from` parameter must be set to 0 when `search_after` is used")
    if "search_type" in call.params and "knn" in body:
        raise illegal_argument(
            "cannot set [search_type] when using [knn] search, since the search type is determined automatically"
        )
    if body.get("stored_fields") not in (None, "_none_", [], "_none"):
        raise unsupported("stored_fields")
    shows_source = body.get("stored_fields") is None
    chosen = source_choice(call)
    check_choice(body.get("_source"))
    return Request(
        query=read_query(body["query"], embed) if body.get("query") is not None else None,
        knn=tuple(_knn(body.get("knn"), embed, size)),
        size=size,
        start=start,
        sort=read_sort(body.get("sort")),
        search_after=after if after is None or isinstance(after, list) else [after],
        source=chosen if chosen is not None else body.get("_source", None if shows_source else False),
        fields=tuple(_name(entry, "fields") for entry in _list(body.get("fields"))),
        docvalue_fields=tuple(_name(entry, "docvalue_fields") for entry in _list(body.get("docvalue_fields"))),
        post_filter=read_query(body["post_filter"], embed) if body.get("post_filter") is not None else None,
        min_score=None if body.get("min_score") is None else _number(body["min_score"], "min_score"),
        track_total=_tracked(call.params.get("track_total_hits", body.get("track_total_hits"))),
        track_scores=bool(body.get("track_scores")),
        version=bool(body.get("version")),
        seq_no=bool(body.get("seq_no_primary_term")),
    )


def _knn(value: Any, embed: Embed, size: int) -> list[Knn]:
    clauses = [] if value is None else value if isinstance(value, list) else [value]
    if value == []:
        # Elasticsearch takes it for no knn at all and finds everything; whoever sends it wants nothing of that kind.
        raise unsupported("an empty list of [knn] clauses")
    if any(not isinstance(clause, Mapping) for clause in clauses):
        raise ApiError(400, "parsing_exception", "[knn] malformed, expected START_OBJECT", meta={"line": 1, "col": 1})
    return [read_knn(clause, embed, filters=read_queries(clause.get("filter"), embed), size=size) for clause in clauses]


def _tracked(value: Any) -> bool | int:
    if value is None:
        return _TRACKED
    if value in (True, "true", ""):
        return True
    if value in (False, "false"):
        return False
    return _whole(value, "track_total_hits", default=_TRACKED)


def _whole(value: Any, name: str, *, default: int) -> int:
    if value is None:
        return default
    number = _number(value, name)
    if number != int(number):
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{value}]")
    if number < 0:
        raise illegal_argument(f"[{name}] parameter cannot be negative, found [{int(number)}]")
    return int(number)


def _number(value: Any, name: str) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{value}]") from None


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _name(entry: Any, option: str) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping) or not isinstance(entry.get("field"), str):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [{option}] failed to parse field [field]")
    if lacking := sorted(set(entry) - {"field"}):
        raise unsupported(f"the option [{lacking[0]}] of [{option}]")
    return str(entry["field"])
