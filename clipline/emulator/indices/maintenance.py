"""What is done to whole indices: refresh, flush, force merge, caches, blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.blocks import block_named, check_metadata
from clipline.emulator.indices.expressions import FORBID_CLOSED, PARAMS, check_destructive, named
from clipline.emulator.indices.index import Index

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def refresh(node: Node, call: Call) -> Reply:
    """``POST [/{index}]/_refresh``."""
    indices = _resolved(node, call)
    for index in indices:
        index.refresh()
    return Reply(body={"_shards": shards_touched(indices)})


def flush(node: Node, call: Call) -> Reply:
    """``POST [/{index}]/_flush``: everything acknowledged is on disk already."""
    if call.flag("force") and not call.flag("wait_if_ongoing", default=True):
        raise validation_failed("wait_if_ongoing must be true for a force flush")
    indices = _resolved(node, call)
    for index in indices:
        # A flush of the real one ends with a refresh.
        index.refresh()
        index.counts.flushes += index.shards
    return Reply(body={"_shards": shards_touched(indices)})


def force_merge(node: Node, call: Call) -> Reply:
    """``POST [/{index}]/_forcemerge``: there are no segments to merge."""
    segments = call.integer("max_num_segments", default=-1)
    if call.flag("only_expunge_deletes") and segments != -1:
        raise validation_failed("cannot set only_expunge_deletes and max_num_segments at the same time, those two "
                                "parameters are mutually exclusive")  # fmt: skip
    if not call.flag("wait_for_completion", default=True):
        raise unsupported("[wait_for_completion=false]: there are no tasks")
    return Reply(body={"_shards": shards_touched(_resolved(node, call))})


def clear_cache(node: Node, call: Call) -> Reply:
    """``POST [/{index}]/_cache/clear``: there are no caches that could be seen."""
    for flag in ("query", "fielddata", "request"):
        call.flag(flag)
    indices = _resolved(node, call)
    return Reply(body={"_shards": shards_touched(indices)})


def add_block(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_block/{block}``."""
    setting = block_named(call.args["block"])
    check_destructive(node, call.args["index"])
    with node.indices.changing():
        indices = _resolved(node, call)
        for index in indices:
            check_metadata(index)
        for index in indices:
            node.indices.update_settings(index, {setting: "true"})
    listed = [{"name": index.name, "blocked": True} for index in indices]
    return Reply(body={"acknowledged": True, "shards_acknowledged": True, "indices": listed})


def remove_block(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_block/{block}`` (since 9.1)."""
    setting = block_named(call.args["block"])
    check_destructive(node, call.args["index"])
    if node.version < (9, 1):
        raise unsupported("removing a block by name before 9.1")
    with node.indices.changing():
        indices = _resolved(node, call)
        for index in indices:
            node.indices.update_settings(index, {setting: None})
    return Reply(body={"acknowledged": True, "indices": [{"name": index.name, "unblocked": True} for index in indices]})


def shards_touched(indices: list[Index]) -> dict[str, Any]:
    """``_shards`` of a broadcast: replicas count, though none is ever there."""
    primaries = sum(index.shards for index in indices)
    copies = sum(index.shards * index.copies for index in indices)
    return {"total": copies, "successful": primaries, "failed": 0}


def _resolved(node: Node, call: Call) -> list[Index]:
    return node.indices.present(named(node, call, base=FORBID_CLOSED))


def _everywhere(methods: tuple[str, ...], path: str, *parts: Any) -> list[Route]:
    return [Route(method, start + path, *parts) for method in methods for start in ("", "/{index}")]


_BOTH = ("GET", "POST")
_TIMES = {"timeout", "master_timeout"}
_MERGE = PARAMS | {"max_num_segments", "only_expunge_deletes", "flush", "wait_for_completion"}
_CLEAR = PARAMS | {"query", "fielddata", "request", "fields", "index"}

ROUTES = [
    *_everywhere(_BOTH, "/_refresh", "indices:admin/refresh", refresh, PARAMS),
    *_everywhere(_BOTH, "/_flush", "indices:admin/flush", flush, PARAMS | {"force", "wait_if_ongoing"}),
    *_everywhere(("POST",), "/_forcemerge", "indices:admin/forcemerge", force_merge, _MERGE),
    *_everywhere(("POST",), "/_cache/clear", "indices:admin/cache/clear", clear_cache, _CLEAR),
    Route("PUT", "/{index}/_block/{block}", "indices:admin/block/add", add_block, PARAMS | _TIMES),
    Route("DELETE", "/{index}/_block/{block}", "indices:admin/block/remove", remove_block, PARAMS | _TIMES),
]
