"""Single documents: index, create, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.document_body import read_document
from clipline.emulator.indices.pipelined import checked, perform
from clipline.emulator.indices.write import Write, Written
from clipline.emulator.indices.write_params import WRITE, check_copies, condition, refresh_wanted, refreshed

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def index_document(node: Node, call: Call) -> Reply:
    """``PUT|POST /{index}/_doc[/{id}]``; without an id it is a creation, unless ``op_type`` says otherwise."""
    op = call.params.get("op_type", "index" if "id" in call.args else "create").lower()
    if op not in ("create", "index"):
        raise illegal_argument(f"opType must be 'create' or 'index', found: [{call.params['op_type']}]")
    return _written(node, call, op)


def create_document(node: Node, call: Call) -> Reply:
    """``PUT|POST /{index}/_create/{id}``."""
    op = call.params.get("op_type", "create")
    if op.lower() != "create":
        raise illegal_argument(f"opType must be 'create', found: [{op}]")
    return _written(node, call, "create")


def delete_document(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_doc/{id}``."""
    refresh_wanted(call)
    write = Write(
        op="delete",
        index=call.args["index"],
        id=call.args["id"],
        routing=call.params.get("routing") or None,
        condition=condition(call),
    )
    check_copies(node, call, [write.index])
    return written_reply(node, call, perform(node, checked(write)))


def written_reply(node: Node, call: Call, written: Written) -> Reply:
    """The answer to one write, once it is as searchable as the call asks for."""
    forced = refreshed(node, refresh_wanted(call), [written])
    headers = {}
    if written.status == 201:
        routing = call.params.get("routing")
        query = f"?routing={_encoded(routing)}" if routing else ""
        headers["Location"] = f"/{_encoded(written.index)}/_doc/{_encoded(str(written.id))}{query}"
    return Reply(body=written.body(forced=written.index in forced), status=written.status, headers=headers)


def _encoded(text: str) -> str:
    """As java.net.URLEncoder has it, which the real one uses (DocWriteResponse.getLocation)."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _written(node: Node, call: Call, op: str) -> Reply:
    refresh_wanted(call)
    call.flag("include_source_on_error", default=True)
    write = Write(
        op=op,
        index=call.args["index"],
        id=call.args.get("id"),
        source=_source(call),
        raw=call.raw,
        pipeline=call.params.get("pipeline"),
        require_alias=call.flag("require_alias"),
        require_data_stream=call.flag("require_data_stream"),
        routing=call.params.get("routing") or None,
        condition=condition(call),
    )
    check_copies(node, call, [write.index])
    return written_reply(node, call, perform(node, checked(write)))


def _source(call: Call) -> dict[str, Any]:
    if not call.raw:
        raise ApiError(400, "parse_exception", "request body is required")
    return read_document(call.raw)


_INDEX = WRITE | {"pipeline", "require_alias", "require_data_stream", "op_type", "include_source_on_error"}

ROUTES = [
    Route("POST", "/{index}/_doc", "indices:data/write/index", index_document, _INDEX),
    Route("PUT", "/{index}/_doc/{id}", "indices:data/write/index", index_document, _INDEX),
    Route("POST", "/{index}/_doc/{id}", "indices:data/write/index", index_document, _INDEX),
    Route("PUT", "/{index}/_create/{id}", "indices:data/write/index", create_document, _INDEX),
    Route("POST", "/{index}/_create/{id}", "indices:data/write/index", create_document, _INDEX),
    Route("DELETE", "/{index}/_doc/{id}", "indices:data/write/delete", delete_document, WRITE),
]
