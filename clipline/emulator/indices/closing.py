"""Closing and opening indices: a closed one keeps everything, and is neither searched nor written.

That it is closed stands in its settings, as it does in the real one's: ``index.verified_before_close``. Source:
MetadataIndexStateService, TransportCloseIndexAction, TransportOpenIndexAction, IndicesOptions of each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import unsupported
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.blocks import check_metadata
from clipline.emulator.indices.expressions import PARAMS, check_destructive, named
from clipline.emulator.indices.index import CLOSED
from clipline.emulator.indices.resolution import Options

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def close(node: Node, call: Call) -> Reply:
    """``POST /{index}/_close``; of indices that are closed already nothing is said."""
    check_destructive(node, call.args["index"])
    _check_waiting(call)
    with node.indices.changing():
        # A closed index that is named is no error here.
        indices = node.indices.present(named(node, call))
        for index in indices:
            check_metadata(index)
        closing = [index for index in indices if not index.closed]
        for index in closing:
            node.indices.update_settings(index, {CLOSED: "true"})
    listed = {index.name: {"closed": True} for index in closing}
    return Reply(body={"acknowledged": True, "shards_acknowledged": bool(closing), "indices": listed})


def open_(node: Node, call: Call) -> Reply:
    """``POST /{index}/_open``: wildcards reach closed indices only."""
    check_destructive(node, call.args["index"])
    _check_waiting(call)
    with node.indices.changing():
        indices = node.indices.present(named(node, call, base=Options(open=False, closed=True)))
        for index in indices:
            check_metadata(index)
        for index in indices:
            node.indices.update_settings(index, {CLOSED: None})
    return Reply(body={"acknowledged": True, "shards_acknowledged": True})


def _check_waiting(call: Call) -> None:
    if call.params.get("wait_for_active_shards", "1") not in ("0", "1"):
        raise unsupported("[wait_for_active_shards] of closing and opening, but for one copy")


_CHANGE = PARAMS | {"timeout", "master_timeout", "wait_for_active_shards"}

ROUTES = [
    Route("POST", "/{index}/_close", "indices:admin/close", close, _CHANGE),
    Route("POST", "/{index}/_open", "indices:admin/open", open_, _CHANGE),
]
