"""Points in time: ``POST /{index}/_pit``, ``DELETE /_pit``, and the shards that a search finds by their id.

They are in memory: after a restart, and when their time is over, a search answers 404 as for any id that is gone.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.setting_values import seconds
from clipline.emulator.search.context import ShardError, all_failed
from clipline.emulator.search.targets import Share, held, released, retained, targets

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MOST_SECONDS = 24 * 3600.0
_PREFIX = b"clipline"


@dataclass(slots=True)
class _Point:
    """The shards as they were, the names that led to them, and when they are forgotten (monotonic seconds)."""

    shares: list[Share]
    names: str
    until: float


@dataclass(slots=True)
class Points:
    """The points in time of a node; those that are over are forgotten whenever another one is asked for."""

    _points: dict[str, _Point] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, shares: list[Share], names: str, keep: float) -> str:
        """Keep shards for so many seconds; returns the id."""
        self._expire()
        name = base64.urlsafe_b64encode(_PREFIX + uuid.uuid4().bytes).decode()
        with self._lock:
            self._points[name] = _Point(shares, names, time.monotonic() + keep)
        return name

    def take(self, name: str) -> bool:
        """Forget one; whether it was there."""
        self._expire()
        with self._lock:
            point = self._points.pop(name, None)
        if point is not None:
            released(point.shares)
        return point is not None

    @contextmanager
    def reading(self, name: str, keep: float | None) -> Iterator[tuple[list[Share], str] | None]:
        """The shards of a point and their names; it stays at least ``keep`` seconds longer. ``None`` when it is gone.

        What is read inside stays, even if the point is closed or over meanwhile.
        """
        self._expire()
        with self._lock:
            point = self._points.get(name)
            if point is not None:
                if keep is not None:
                    point.until = max(point.until, time.monotonic() + keep)
                held(point.shares)
        if point is None:
            yield None
            return
        try:
            yield point.shares, point.names
        finally:
            released(point.shares)

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [name for name, point in self._points.items() if point.until < now]
            gone = [self._points.pop(name) for name in over]
        for point in gone:
            released(point.shares)


def open_point(node: Node, call: Call) -> Reply:
    """``POST /{index}/_pit``."""
    keep = call.params.get("keep_alive")
    errors = [] if call.args.get("index") else ["[index] is not specified"]
    errors += [] if keep else ["[keep_alive] is not specified"]
    if errors:
        raise validation_failed(*errors)
    for key in call.body:
        if key in ("index_filter", "project_routing"):
            raise unsupported(f"the option [{key}] of a point in time")
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [open_point_in_time_request] unknown field [{key}]")
    until = keep_alive(str(keep))
    reached = targets(node, call)
    shares = retained(reached)
    # What a pattern stood for is what a search is asked about, whoever makes it; names stay as they were spelled.
    parts = call.args["index"].split(",")
    wild = any("*" in part or part == "_all" for part in parts)
    names = ",".join(target.index.name for target in reached) if wild else call.args["index"]
    answer: dict[str, Any] = {"id": node.points.add(shares, names, until)}
    answer["_shards"] = {"total": len(shares), "successful": len(shares), "skipped": 0, "failed": 0}
    return Reply(body=answer)


def close_point(node: Node, call: Call) -> Reply:
    """``DELETE /_pit``; 404 without an error when it was gone already."""
    body = call.required_body()
    for key in body:
        if key != "id":
            raise illegal_argument(f"Unknown parameter [{key}] in request body or parameter is of the wrong type")
    if not isinstance(body.get("id"), str) or not body["id"]:
        raise illegal_argument("[id] is required")
    _check_id(body["id"])
    freed = node.points.take(body["id"])
    return Reply(body={"succeeded": freed, "num_freed": int(freed)}, status=200 if freed else 404)


@contextmanager
def found(node: Node, call: Call, pit: tuple[str, str | None], *, size: int) -> Iterator[list[Share]]:
    """The shards that a search with a point in time reaches; the sources of their documents stay until the block ends.

    Raises:
        ApiError: 400 for what does not go with it, 404 when it is gone.
    """
    check_alone(call)
    name, keep = pit
    _check_id(name)
    with node.points.reading(name, None if keep is None else keep_alive(keep)) as point:
        if point is None:
            raise all_failed("query", [{"shard": 0, "node": node.node_id, "reason": ShardError.missing().entry}])
        shares, names = point
        node.security.require_spelled("indices:data/read/search", names)
        now = int(time.time() * 1000)
        yield [
            Share(
                replace(share.target, gone=_deleted(node, share.target.index)),
                replace(share.context, size=size, now=now),
            )
            for share in shares
        ]


def check_alone(call: Call) -> None:
    """Refuse what does not go with a point in time.

    Raises:
        ApiError: 400.
    """
    refused = [
        ("[indices] cannot be used with point in time. Do not specify any index with point in time.", "index"),
        ("[routing] cannot be used with point in time", "routing"),
        ("[preference] cannot be used with point in time", "preference"),
    ]
    errors = [text for text, name in refused if name in call.params or name in call.args]
    if call.params.keys() & {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled"}:
        errors.insert(1 if errors else 0, "[indicesOptions] cannot be used with point in time")
    if errors:
        raise validation_failed(*errors)


def _deleted(node: Node, index: Index) -> bool:
    try:
        # Closing an index takes away what was opened on it.
        return node.indices.get(index.name) is not index or index.closed
    except ApiError:
        return True


def keep_alive(text: str) -> float:
    """Seconds that a point in time stays.

    Raises:
        ApiError: 400 for what is no time, or too long.
    """
    try:
        value = seconds("keep_alive", text)
    except ApiError as error:
        raise illegal_argument(error.reason.replace("[index.keep_alive]", "[keep_alive]")) from error
    if value > _MOST_SECONDS:
        raise illegal_argument(
            f"Keep alive for request ({text}) is too large. It must be less than (1d). This limit can be set by changing "
            "the [search.max_keep_alive] cluster level setting."
        )
    return value


def _check_id(name: str) -> None:
    try:
        right = base64.b64decode(name.encode(), altchars=b"-_", validate=True).startswith(_PREFIX)
    except (binascii.Error, ValueError):
        right = False
    if not right:
        raise illegal_argument(f"invalid id: [{name}]")


_OPTIONS = {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "keep_alive", "preference",
            "allow_partial_search_results", "max_concurrent_shard_requests", "ignore_throttled"}  # fmt: skip
_OPEN = "indices:data/read/open_point_in_time"

ROUTES = [
    Route("POST", "/{index}/_pit", _OPEN, open_point, _OPTIONS, {"routing", "project_routing"}),
    Route("POST", "/_pit", _OPEN, open_point, _OPTIONS, {"routing", "project_routing"}),
    Route("DELETE", "/_pit", "indices:data/read/close_point_in_time", close_point),
]
