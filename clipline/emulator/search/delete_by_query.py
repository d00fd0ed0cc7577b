"""``_delete_by_query``: what is searchable now and matches is deleted in batches, unless it was written since.

::

    {"took": 3, "timed_out": false, "total": 2, "deleted": 2, "batches": 1, "version_conflicts": 0, "noops": 0,
     "retries": {"bulk": 0, "search": 0}, "throttled_millis": 0, "requests_per_second": -1.0,
     "throttled_until_millis": 0, "failures": []}

A batch is carried out whole; what went wrong in it ends the request after it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.optimistic import Condition
from clipline.emulator.indices.pipelined import Request
from clipline.emulator.indices.write import Write
from clipline.emulator.indices.write_params import check_active_shards
from clipline.emulator.search.compound import Query
from clipline.emulator.search.execute import Shares, matcher
from clipline.emulator.search.queries import read_query
from clipline.emulator.search.reading import Reading
from clipline.emulator.search.request import check_keys
from clipline.emulator.search.targets import Target, opened, routed, targets
from clipline.emulator.search.url_query import PARAMS as URL_PARAMS
from clipline.emulator.search.url_query import REFUSED as URL_REFUSED
from clipline.emulator.search.url_query import url_query

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_UNLIMITED = -1.0


@dataclass(frozen=True, slots=True)
class _Options:
    """What a request asks for beside its query; ``pace`` is documents per second, negative without a limit."""

    proceed: bool
    most: int | None
    batch: int
    pace: float
    slices: int | None
    """``None`` for ``auto``: as many as the shards of the index that has fewest."""


@dataclass(slots=True)
class _Progress:
    total: int = 0
    deleted: int = 0
    batches: int = 0
    conflicts: int = 0
    throttled: float = 0.0
    failures: list[dict[str, Any]] = field(default_factory=list)


def delete_by_query(node: Node, call: Call) -> Reply:
    """``POST /{index}/_delete_by_query``."""
    started = time.perf_counter()
    options = _options(call)
    query = _query(node, call)
    # Both are looked at before anything is deleted.
    refresh = call.flag("refresh")
    check_active_shards(call)
    _check_remote(call)
    reached = targets(node, call)
    _check_readable(node, call, reached)
    if call.params.get("wait_for_active_shards") == "all":
        check_active_shards(call, max((target.index.copies - 1 for target in reached), default=0))
    _check_slices(reached, options)
    found = list(_matching(node, reached, query, call.params.get("routing")))[: options.most]
    progress = _Progress(total=len(found))
    for start in range(0, len(found), options.batch):
        batch = found[start : start + options.batch]
        begun = time.perf_counter()
        _delete(node, batch, options, progress)
        if progress.failures:
            break
        _wait(options, len(batch), time.perf_counter() - begun, progress)
    if refresh and progress.deleted:
        node.security.require("indices:admin/refresh", *(target.index.name for target in reached))
        for target in reached:
            node.indices.refresh(target.index.name)
    status = max((failure["status"] for failure in progress.failures), default=200)
    return Reply(body=_body(progress, options, time.perf_counter() - started), status=status)


def _check_readable(node: Node, call: Call, reached: list[Target]) -> None:
    """The search is a request of its own, for the names that the wildcards stood for (AbstractAsyncBulkByScrollAction)."""
    action, expression = "indices:data/read/search", call.args["index"]
    node.security.require_spelled(action, expression)
    if any("*" in part or part == "_all" for part in expression.split(",")):
        node.security.require(action, *(target.index.name for target in reached))


def _matching(node: Node, reached: list[Target], query: Query, routing: str | None) -> Iterator[Write]:
    """The deletions of what matches now, on the shards that routing values lead to."""
    with opened(reached) as every:
        shares = routed(every, routing)
        for context, result in Shares(node.node_id, shares, partial=False).each("query", matcher(query)):
            for place in np.flatnonzero(result.hits):
                document = context.snapshot.documents[place]
                unchanged = Condition(if_seq_no=document.seq_no, if_primary_term=document.term)
                name, own = context.index.name, document.routing
                yield Write(op="delete", index=name, id=document.id, routing=own, condition=unchanged)


def _delete(node: Node, batch: list[Write], options: _Options, progress: _Progress) -> None:
    progress.batches += 1
    for write, outcome in zip(batch, Request(node).run([(write, None) for write in batch]), strict=True):
        error = outcome.result
        if not isinstance(error, ApiError):
            progress.deleted += 1
            continue
        progress.conflicts += error.status == 409
        if error.status != 409 or not options.proceed:
            failure = {"index": write.index, "id": write.id, "cause": error.cause(), "status": error.status}
            progress.failures.append(failure)


def _wait(options: _Options, size: int, spent: float, progress: _Progress) -> None:
    """Hold the pace: a batch takes as long as its documents are allowed to."""
    if options.pace > 0 and (left := size / options.pace - spent) > 0:
        time.sleep(left)
        progress.throttled += left


def _body(progress: _Progress, options: _Options, seconds: float) -> dict[str, Any]:
    return {
        "took": int(seconds * 1000),
        "timed_out": False,
        "total": progress.total,
        "deleted": progress.deleted,
        "batches": progress.batches,
        "version_conflicts": progress.conflicts,
        "noops": 0,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": int(progress.throttled * 1000),
        "requests_per_second": options.pace,
        "throttled_until_millis": 0,
        "failures": progress.failures,
    }


def _query(node: Node, call: Call) -> Query:
    """The query of the parameters, or that of the body, which is a search body but for ``conflicts`` and ``max_docs``."""
    others = {key: value for key, value in call.body.items() if key not in ("conflicts", "max_docs")}
    check_keys(others)
    given = others.pop("query", None)
    query = url_query(call) or (read_query(given, Reading.of(node)) if given is not None else None)
    wrong = [f"{key} is not supported in this context" for key in ("from", "stored_fields") if key in others]
    if query is None:
        wrong.append("query is missing")
    if query is None or wrong:
        raise validation_failed(*wrong)
    for key in others:
        raise unsupported(f"the option [{key}] of _delete_by_query")
    return query


def _check_remote(call: Call) -> None:
    remote = [part for part in call.args["index"].split(",") if part.find(":") > 0 and not part.startswith("<")]
    if remote:
        raise validation_failed(
            "Cross-cluster calls are not supported in this context but remote indices were requested: "
            f"[{', '.join(remote)}]"
        )


def _options(call: Call) -> _Options:
    conflicts = call.params.get("conflicts", call.body.get("conflicts", "abort"))
    if conflicts not in ("abort", "proceed"):
        raise illegal_argument(f'conflicts may only be "proceed" or "abort" but was [{conflicts}]')
    if not call.flag("wait_for_completion", default=True):
        raise unsupported("[wait_for_completion=false] of _delete_by_query: there is no API of tasks")
    batch = call.integer("scroll_size", default=1000)
    if batch < 1:
        raise illegal_argument(f"[scroll_size] parameter must be greater than 0, found [{batch}]")
    options = _Options(conflicts == "proceed", _most(call), batch, _pace(call), _slices(call))
    if options.slices is not None:
        _check_most(options, options.slices)
    return options


def _most(call: Call) -> int | None:
    """``max_docs``, which body and parameters may both have if it is the same (setMaxDocsValidateIdentical)."""
    value: int | None = None
    if "max_docs" in call.body:
        given = call.body["max_docs"]
        if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) >= 2**31:
            raise unsupported(f"[max_docs: {given}] in the body of _delete_by_query")
        value = _not_negative(int(given))
    if "max_docs" in call.params:
        wanted = _not_negative(call.integer("max_docs", default=0))
        if value not in (None, wanted):
            raise illegal_argument(f"[max_docs] set to two different values [{value}] and [{wanted}]")
        value = wanted
    if value == 0:
        raise validation_failed(
            "maxDocs should be greater than 0 if the request is limited to some number of documents or -1 if it isn't "
            "but it was [0]"
        )
    return value


def _not_negative(most: int) -> int:
    if most < 0:
        raise illegal_argument(f"[max_docs] parameter cannot be negative, found [{most}]")
    return most


def _pace(call: Call) -> float:
    text = call.params.get("requests_per_second")
    if text is None:
        return _UNLIMITED
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value == _UNLIMITED:
        return value
    if not 0 < value < math.inf:
        raise illegal_argument("[requests_per_second] must be a float greater than 0. Use -1 to disable throttling.")
    return value


def _slices(call: Call) -> int | None:
    text = call.params.get("slices", "1")
    if text == "auto":
        return None
    slices = call.integer("slices", default=1) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else 0
    if slices < 1:
        raise illegal_argument('[slices] must be a positive integer or the string "auto"')
    return slices


def _check_most(options: _Options, slices: int) -> None:
    if options.most is not None and options.most < slices:
        raise illegal_argument("[max_docs] should be >= [slices]")


def _check_slices(reached: list[Target], options: _Options) -> None:
    shards = [int(target.index.settings.get("number_of_shards") or 1) for target in reached]
    slices = options.slices or min(shards, default=1)
    _check_most(options, slices)
    if slices > 1:
        raise unsupported("_delete_by_query in several slices")


_PARAMS = URL_PARAMS | frozenset({
    "ignore_unavailable", "allow_no_indices", "expand_wildcards", "preference", "refresh", "conflicts", "timeout",
    "wait_for_active_shards", "wait_for_completion", "scroll", "scroll_size", "search_timeout", "slices", "max_docs",
    "requests_per_second", "request_cache", "search_type", "stats", "routing",
})  # fmt: skip
_REFUSED = URL_REFUSED | {"terminate_after", "sort", "from", "version"}

ROUTES = [
    Route(
        "POST",
        "/{index}/_delete_by_query",
        "indices:data/write/delete/byquery",
        delete_by_query,
        _PARAMS,
        _REFUSED,
    )
]
