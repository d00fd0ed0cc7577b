"""The body and parameters of ``_search``, read and checked before any index is touched.

Source: ``SearchSourceBuilder.parseXContent``, which takes a key only with the kind of value that it expects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token, unsupported, validation_failed
from clipline.emulator.http.wire import Call
from clipline.emulator.indices.source import check_choice, source_choice
from clipline.emulator.search.compound import Query
from clipline.emulator.search.field_request import Wanted, read_wanted
from clipline.emulator.search.knn_reader import read_option
from clipline.emulator.search.queries import read_query
from clipline.emulator.search.reading import Reading
from clipline.emulator.search.sort import Key, by_score, read_sort
from clipline.emulator.search.url_query import url_query
from clipline.emulator.search.vectors import Knn
from clipline.emulator.units import parse_time

_VALUES = {"size", "from", "sort", "_source", "stored_fields", "min_score", "track_total_hits", "version",
           "seq_no_primary_term", "timeout", "track_scores", "terminate_after", "explain", "profile"}  # fmt: skip
_OBJECTS = {"query", "knn", "sort", "_source", "post_filter", "pit", "indices_boost", "runtime_mappings"}
_ARRAYS = {"knn", "sort", "_source", "fields", "docvalue_fields", "stored_fields", "search_after", "indices_boost"}
_LACKING = frozenset(
    {"aggs", "aggregations", "highlight", "collapse", "retriever", "suggest", "rescore", "script_fields", "slice",
     "stats", "rank", "ext", "sub_searches", "project_routing"}
)  # fmt: skip
"""What Elasticsearch has besides."""
TRACKED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One search; ``named`` are the queries that it gave a name."""

    query: Query | None
    knn: tuple[Knn, ...]
    size: int
    start: int
    sort: tuple[Key, ...]
    search_after: list[Any] | None
    source: Any
    fields: tuple[Wanted, ...]
    docvalue_fields: tuple[Wanted, ...]
    stored_fields: tuple[str, ...] | None
    post_filter: Query | None
    min_score: float | None
    track_total: bool | int
    track_scores: bool
    version: bool
    seq_no: bool
    terminate_after: int
    boosts: tuple[tuple[str, float], ...]
    pit: tuple[str, str | None] | None
    named: Mapping[str, Query]
    named_scores: bool

    def with_tiebreaker(self) -> Request:
        """The same for a point in time, whose sorts end with ``_shard_doc`` (``SearchRequest.rewrite``)."""
        given = self.search_after is None or len(self.search_after) == len(self.sort) + 1
        if not self.sort or self.sort[-1].name == "_shard_doc" or not given:
            return self
        return replace(self, sort=(*self.sort, Key("_shard_doc", False)))


def read_request(call: Call, reading: Reading) -> Request:
    """What a call asks for.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    body, params = call.body, call.params
    check_keys(body)
    size, start = _whole(call, "size", default=10), _whole(call, "from", default=0)
    chosen = source_choice(call)
    check_choice(body.get("_source"))
    sort = _sort(call)
    terminate_after = _whole(call, "terminate_after", default=0)
    for value in (params.get("timeout"), body.get("timeout")):
        if value is not None:
            parse_time(str(value), "timeout")
    query = body.get("query")
    request = Request(
        query=url_query(call) or (read_query(query, reading) if query is not None else None),
        knn=read_option(body["knn"], reading, size=size) if "knn" in body else (),
        size=size,
        start=start,
        sort=() if by_score(sort) else sort,
        search_after=_after(body.get("search_after")),
        source=chosen if chosen is not None else body.get("_source"),
        fields=read_wanted(body.get("fields"), "fields"),
        docvalue_fields=(
            *read_wanted(body.get("docvalue_fields"), "docvalue_fields"),
            *read_wanted(_split(params.get("docvalue_fields")), "docvalue_fields"),
        ),
        stored_fields=_stored(call),
        post_filter=read_query(body["post_filter"], reading) if "post_filter" in body else None,
        min_score=None if body.get("min_score") is None else _number(body["min_score"], "min_score"),
        track_total=_tracked(call),
        track_scores=_flag(call, "track_scores"),
        version=_flag(call, "version"),
        seq_no=_flag(call, "seq_no_primary_term"),
        terminate_after=terminate_after,
        boosts=_boosts(body.get("indices_boost")),
        pit=_pit(body.get("pit")),
        named=reading.named,
        named_scores=call.flag("include_named_queries_score"),
    )
    _check(call, request, sort)
    return request


def check_keys(body: Mapping[str, Any]) -> None:
    """Refuse the keys that no search body has, and those that none has here.

    Raises:
        ApiError: 400, 501.
    """
    for key, value in body.items():
        if key in ("explain", "profile") and value in (True, "true"):
            raise unsupported(f"the search option [{key}]")
        if key in _LACKING or (key == "runtime_mappings" and value):
            raise unsupported(f"the search option [{key}]")
        expected = _OBJECTS if isinstance(value, Mapping) else _ARRAYS if isinstance(value, list) else _VALUES
        if key not in expected:
            reason = f"Unknown key for a {json_token(value)} in [{key}]."
            raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})


def _check(call: Call, request: Request, sort: tuple[Key, ...]) -> None:
    """What ``SearchRequest.validate`` refuses."""
    errors: list[str] = []
    if request.search_after is not None and request.start > 0:
        errors.append("`from` parameter must be set to 0 when `search_after` is used")
    if request.stored_fields == ("_none_",):
        if request.source not in (None, False):
            errors.append("[stored_fields] cannot be disabled if [_source] is requested")
        if request.fields:
            errors.append("[stored_fields] cannot be disabled when using the [fields] option")
    if request.pit is None and any(key.name == "_shard_doc" for key in sort):
        errors.append("[_shard_doc] sort field cannot be used without [point in time]")
    if errors:
        raise validation_failed(*errors)
    kind = call.params.get("search_type")
    if kind is not None and request.knn:
        raise illegal_argument(
            "cannot set [search_type] when using [knn] search, since the search type is determined automatically"
        )
    if kind not in (None, "query_then_fetch", "dfs_query_then_fetch"):
        raise illegal_argument(f"No search type for [{kind}]")
    if call.flag("rest_total_hits_as_int") and not isinstance(request.track_total, bool) and _tracking_given(call):
        raise illegal_argument(
            "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not accurate, got "
            f"{request.track_total}"
        )


def _tracking_given(call: Call) -> bool:
    return call.params.get("track_total_hits", call.body.get("track_total_hits")) is not None


def _tracked(call: Call) -> bool | int:
    value = call.params.get("track_total_hits", call.body.get("track_total_hits"))
    if value is None:
        return True if call.flag("rest_total_hits_as_int") else TRACKED
    if value in ("true", "") or value is True:
        return True
    if value == "false" or value is False:
        return False
    number = int(_number(value, "track_total_hits"))
    if number < -1:
        raise illegal_argument(f"[track_total_hits] parameter must be positive or equals to -1, got {number}")
    return False if number == -1 else number


def _sort(call: Call) -> tuple[Key, ...]:
    if "sort" not in call.params:
        return read_sort(call.body.get("sort"))
    entries: list[Any] = []
    for part in _split(call.params["sort"]):
        name, colon, order = part.rpartition(":")
        if not colon:
            entries.append(part)
        elif order in ("asc", "desc"):
            entries.append({name: order})
    return read_sort(entries)


def _after(value: Any) -> list[Any] | None:
    if value is None:
        return None
    if not value:
        raise illegal_argument("Values must contains at least one value.")
    for item in value:
        if isinstance(item, dict | list):
            reason = (
                "Expected [VALUE_STRING] or [VALUE_NUMBER] or [VALUE_BOOLEAN] or [VALUE_NULL] but found "
                f"[{json_token(item)}] inside search_after."
            )
            raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})
    return list(value)


def _stored(call: Call) -> tuple[str, ...] | None:
    value = (
        _split(call.params.get("stored_fields")) if "stored_fields" in call.params else call.body.get("stored_fields")
    )
    if value is None:
        return None
    names = [str(item) for item in (value if isinstance(value, list) else [value])]
    if "_none_" in names and len(names) > 1:
        raise illegal_argument("cannot combine _none_ with other fields")
    return tuple(names)


def _boosts(value: Any) -> tuple[tuple[str, float], ...]:
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, Mapping) and (len(entry) == 1 or not isinstance(value, list)) for entry in entries):
        raise ApiError(
            400, "parsing_exception", "Expected [START_OBJECT] in [indices_boost]", meta={"line": 1, "col": 1}
        )
    boosts = tuple((name, _number(boost, name)) for entry in entries for name, boost in entry.items())
    if wrong := next((boost for _, boost in boosts if not 0 <= boost < math.inf), None):
        raise unsupported(f"the boost [{wrong}] in [indices_boost]")
    return boosts


def _pit(value: Any) -> tuple[str, str | None] | None:
    if value is None:
        return None
    for key in value:
        if key not in ("id", "keep_alive"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [pit] unknown field [{key}]")
    if not isinstance(value.get("id"), str):
        raise illegal_argument("point int time id is not provided" if value.get("id") is None else "Required [id]")
    keep = value.get("keep_alive")
    return value["id"], None if keep is None else str(keep)


def _flag(call: Call, name: str) -> bool:
    if name in call.params:
        return call.flag(name)
    value = call.body.get(name, False)
    if value not in (True, False, "true", "false"):
        raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
    return value in (True, "true")


def _whole(call: Call, name: str, *, default: int) -> int:
    """A number that is not negative, of the parameters or else of the body."""
    number = (
        call.integer(name, default=default) if name in call.params else _of_body(call.body.get(name), name, default)
    )
    if number < 0:
        texts = {
            "from": f"[from] parameter cannot be negative but was [{number}]",
            "terminate_after": "terminateAfter must be > 0",
        }
        raise illegal_argument(texts.get(name, f"[{name}] parameter cannot be negative, found [{number}]"))
    return number


def _of_body(value: Any, name: str, default: int) -> int:
    """A whole number as AbstractXContentParser.intValue reads it."""
    if value is None:
        return default
    number = _number(value, name)
    if number != number or abs(number) >= 2**31:
        raise illegal_argument(f"Value [{value}] is out of range for an integer")
    if number != int(number):
        raise illegal_argument(f"{value} cannot be converted to Integer without data loss")
    return int(number)


def _number(value: Any, name: str) -> float:
    try:
        if isinstance(value, bool):
            raise unsupported(f"a boolean where [{name}] wants a number")
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ApiError(400, "number_format_exception", f'For input string: "{value}"') from None


def _split(value: str | None) -> list[str]:
    return [part for part in (value or "").split(",") if part]
