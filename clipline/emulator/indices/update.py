"""``_update``: a partial document, an upsert. Scripts are refused.

The document is read, merged and written under the condition that nobody wrote it meanwhile, as in Elasticsearch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, unsupported, validation_failed, wrong_kind
from clipline.emulator.indices.documents import (
    WRITE,
    WRITE_REFUSED,
    check_condition,
    condition,
    refresh_wanted,
    written_reply,
)
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.shard import Stored
from clipline.emulator.indices.write import NONE, Write, Written, ingest, perform
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_KEYS = {"doc", "upsert", "doc_as_upsert", "detect_noop"}
_LACKING = {"script", "scripted_upsert", "_source"}


def update_document(node: Node, call: Call) -> Reply:
    """``POST /{index}/_update/{id}``."""
    body = call.required_body()
    refresh_wanted(call)
    write = Write(
        op="index",
        index=call.args["index"],
        id=call.args["id"],
        require_alias=call.flag("require_alias"),
        if_seq_no=condition(call, "if_seq_no"),
        if_primary_term=condition(call, "if_primary_term"),
    )
    check_condition(write)
    return written_reply(node, call, update(node, write, body, retries=call.integer("retry_on_conflict", default=0)))


def update(node: Node, write: Write, body: dict[str, Any], *, retries: int, bulk: bool = False) -> Written:
    """Carry an update out.

    The API of its own sends the merged document through the index's pipelines; ``_bulk`` sends what was given for a new
    document through them, before it is merged.

    Raises:
        ApiError: 404 ``document_missing_exception``, 409 after the retries, or the write was refused.
    """
    _check(body)
    if write.if_seq_no is not None:
        _check_conditional(body, retries)
    index = node.indices.write_index(write.index, require_alias=write.require_alias)
    write = replace(write, require_alias=False)
    if bulk:
        body, write = _through_pipelines(node, write, body), replace(write, pipeline=NONE)
    while True:
        stored = _stored(index, write)
        if index is None or stored is None:
            wanted = _new(node, index, write, body)
        elif (changed := _changed(stored, write, body)) is None:
            return _noop(index, stored)
        else:
            wanted = changed
        try:
            return perform(node, wanted)
        except ApiError as error:
            if error.type != "version_conflict_engine_exception" or retries <= 0 or write.if_seq_no is not None:
                raise
            retries -= 1


def _check(body: dict[str, Any]) -> None:
    for key in body:
        if key in _LACKING:
            raise unsupported(f"the option [{key}] of updates")
        if key not in _KEYS:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [UpdateRequest] unknown field [{key}]")
    if "doc" not in body:
        missing = "doc must be specified if doc_as_upsert is enabled" if body.get("doc_as_upsert") else None
        raise validation_failed(*([missing] if missing else ["script or doc is missing"]))
    for key in ("doc", "upsert"):
        if key in body and not isinstance(body[key], dict):
            raise wrong_kind("UpdateRequest", key, body[key])
    for key in ("doc_as_upsert", "detect_noop"):
        if not isinstance(body.get(key, False), bool):
            raise wrong_kind("UpdateRequest", key, body[key])


def _check_conditional(body: dict[str, Any], retries: int) -> None:
    wrong = []
    if retries > 0:
        wrong.append("compare and write operations can not be retried")
    if body.get("doc_as_upsert"):
        wrong.append("compare and write operations can not be used with upsert")
    if "upsert" in body:
        wrong.append("upsert requests don't support `if_seq_no` and `if_primary_term`")
    if wrong:
        raise validation_failed(*wrong)


def _stored(index: Index | None, write: Write) -> Stored | None:
    if index is None:
        return None
    with index.lock:
        return index.shard.get(write.id or "")


def _through_pipelines(node: Node, write: Write, body: dict[str, Any]) -> dict[str, Any]:
    key = "doc" if body.get("doc_as_upsert") else "upsert"
    if key not in body:
        return body
    done = ingest(node, replace(write, source=body[key]))
    if done.source is None:
        raise unsupported("dropping a document of a bulk update in a pipeline")
    return {**body, key: done.source}


def _new(node: Node, index: Index | None, write: Write, body: dict[str, Any]) -> Write:
    source = body["doc"] if body.get("doc_as_upsert") else body.get("upsert")
    if source is None:
        if index is None:
            index = node.indices.create(write.index)
        meta = {"index_uuid": index.uuid, "shard": "0", "index": index.name}
        raise ApiError(404, "document_missing_exception", f"[{write.id}]: document missing", meta=meta)
    return replace(write, op="create", source=source, if_seq_no=None, if_primary_term=None)


def _changed(stored: Stored, write: Write, body: dict[str, Any]) -> Write | None:
    before = stored.document()
    source = _merged(before, body["doc"])
    if source == before and body.get("detect_noop", True) and write.if_seq_no in (None, stored.seq_no):
        return None
    seq_no = stored.seq_no if write.if_seq_no is None else write.if_seq_no
    return replace(write, source=source, if_seq_no=seq_no, if_primary_term=write.if_primary_term or 1)


def _noop(index: Index, stored: Stored) -> Written:
    return Written(
        index=index.name,
        id=stored.id,
        version=stored.version,
        seq_no=stored.seq_no,
        result="noop",
        status=200,
        copies=0,
    )


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


_PARAMS = WRITE | {"require_alias", "retry_on_conflict", "include_source_on_error"}
_SOURCE = {"_source", "_source_includes", "_source_excludes", "lang"}

ROUTES = [
    Route(
        "POST", "/{index}/_update/{id}", "indices:data/write/update", update_document, _PARAMS, WRITE_REFUSED | _SOURCE
    )
]
