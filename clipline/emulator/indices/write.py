"""One write: alias and index, ingest pipelines, mapping, version checks, the document."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.composition import composed
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.index_names import index_not_found
from clipline.emulator.indices.parse import Parsed, ValueRefused, parse
from clipline.emulator.indices.positions import position
from clipline.emulator.ingest.document import IngestDocument

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MAX_ID_BYTES = 512
NONE = "_none"
"""The name that stands for no pipeline."""

_BLOCKS = {"blocks.write": "8/index write (api)", "blocks.read_only": "5/index read-only (api)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One wanted write; ``op`` is index, create or delete, ``raw`` the source as it was sent."""

    op: str
    index: str
    id: str | None
    source: dict[str, Any] | None = None
    raw: bytes = b""
    pipeline: str | None = None
    require_alias: bool = False
    if_seq_no: int | None = None
    if_primary_term: int | None = None

    def condition_errors(self) -> list[str]:
        """What is wrong with ``if_seq_no`` and ``if_primary_term``, as the validation of a request says it."""
        seq_no, term = self.if_seq_no, self.if_primary_term or None
        if self.op == "create" and seq_no is not None:
            return ["create operations do not support compare and set. use index instead"]
        if seq_no is not None and term is None:
            return ["ifSeqNo is set, but primary term is [0]"]
        return [f"ifSeqNo is unassigned, but primary term is [{term}]"] if seq_no is None and term else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it: the fields of a write response; ``copies`` is 0 when there was nothing to store."""

    index: str
    id: str | None
    version: int
    seq_no: int | None
    result: str
    status: int
    copies: int = 1
    pipelines: tuple[str, ...] = ()
    ingest_seconds: float = 0.0

    def body(self) -> dict[str, Any]:
        """As Elasticsearch shows it; a document that a pipeline dropped has no number and touched no shard."""
        done = self.seq_no is not None
        stored = done and self.copies > 0
        shown: dict[str, Any] = {
            "_index": self.index,
            "_id": self.id,
            "_version": self.version,
            "result": self.result,
            "_shards": {"total": self.copies if done else 0, "successful": int(stored), "failed": 0},
        }
        if done:
            shown |= {"_seq_no": self.seq_no, "_primary_term": 1}
        return shown


@dataclass(slots=True)
class _Ingested:
    """A write that went through its pipelines; without source when one of them dropped it."""

    write: Write
    pipelines: tuple[str, ...] = ()
    seconds: float = 0.0


def perform(node: Node, write: Write) -> Written:
    """Carry one write out; it is committed when this returns.

    Raises:
        ApiError: it was refused.
    """
    if write.op == "delete":
        index = node.indices.write_index(write.index, require_alias=write.require_alias)
        if index is None:
            raise index_not_found(write.index)
        _check_blocks(index)
        return _delete(index, write)
    if write.source is None:
        raise ApiError(400, "parse_exception", "request body is required")
    if write.id is not None:
        _check_id(write.id)
    node.indices.write_index(write.index, require_alias=write.require_alias)
    done = _ingested(node, write)
    if done.write.source is None:
        dropped = Written(index=done.write.index, id=write.id, version=-3, seq_no=None, result="noop", status=200)
        return replace(dropped, pipelines=done.pipelines, ingest_seconds=done.seconds)
    if done.write.index != write.index:
        node.security.require("indices:data/write/index", done.write.index)
    index = node.indices.write_index(done.write.index) or _auto_created(node, done.write.index)
    _check_blocks(index)
    return replace(_store(node, index, done.write), pipelines=done.pipelines, ingest_seconds=done.seconds)


def ingest(node: Node, write: Write) -> Write:
    """What the pipelines of a write make of it, without carrying it out; no source when it was dropped."""
    return _ingested(node, write).write


def conflict(index: Index, doc_id: str, text: str) -> ApiError:
    """409 with the shard it happened on."""
    return ApiError(
        409,
        "version_conflict_engine_exception",
        f"[{doc_id}]: version conflict, {text}",
        meta={"index_uuid": index.uuid, "shard": "0", "index": index.name},
    )


def _ingested(node: Node, write: Write) -> _Ingested:
    name, default, final = _pipelines(node, write.index)
    original = name
    asked = write.pipeline if write.pipeline is not None else default
    document = IngestDocument(index=name, id=write.id, source=write.source or {})
    ran: list[str] = []
    started = time.perf_counter()
    seen = {name}
    while asked != NONE:
        ran.append(asked)
        result = node.pipelines.run(asked, document)
        if result is None:
            return _Ingested(replace(write, index=name, source=None), tuple(ran), time.perf_counter() - started)
        document = result
        if document.index == name:
            break
        # Sent to another index: that one's pipelines take over.
        if document.index in seen:
            raise ApiError(500, "illegal_state_exception", f"index cycle detected while processing pipeline [{asked}]")
        name, asked, final = _pipelines(node, document.index)
        seen.add(name)
    if final != NONE:
        ran.append(final)
        result = node.pipelines.run(final, document)
        if result is None:
            return _Ingested(replace(write, index=name, source=None), tuple(ran), time.perf_counter() - started)
        document = result
        if document.index != name:
            raise ApiError(
                500,
                "illegal_state_exception",
                f"final pipeline [{final}] can't change the target index (from [{name}] to [{document.index}]) for "
                f"document [{write.id}]",
            )
    seconds = time.perf_counter() - started if ran else 0.0
    # The name as it was asked for stays, so that a write through an alias is resolved once more when it is stored.
    target = write.index if name == original else document.index
    # What a pipeline changed stands elsewhere than in the source as it was sent.
    raw = b"" if ran else write.raw
    stored = replace(write, index=target, id=document.id, source=document.source, raw=raw)
    return _Ingested(stored, tuple(ran), seconds)


def _pipelines(node: Node, name: str) -> tuple[str, str, str]:
    """The concrete name, the default and the final pipeline; of an index that is yet to be made, its template's."""
    index = node.indices.write_index(name)
    settings = index.settings if index else composed(node.indices, name).settings
    concrete = index.name if index else name
    return concrete, settings.get("default_pipeline") or NONE, settings.get("final_pipeline") or NONE


def _auto_created(node: Node, name: str) -> Index:
    node.security.require("indices:admin/auto_create", name)
    if composed(node.indices, name).auto_create is False:
        raise unsupported("[allow_auto_create: false] of the index template that an index would be made by")
    try:
        return node.indices.create(name)
    except ApiError as error:
        # Another request was first.
        if error.type != "resource_already_exists_exception":
            raise
        return node.indices.get(name)


def _store(node: Node, index: Index, write: Write) -> Written:
    doc_id = write.id or secrets.token_urlsafe(15)
    _check_id(doc_id)
    source = write.source or {}
    with index.lock:
        before = index.shard.get(doc_id)
        if before is not None and write.op == "create":
            raise conflict(index, doc_id, f"document already exists (current version [{before.version}])")
        _check_sequence(index, doc_id, write, before.seq_no if before else None)
        parsed = _parsed(write, index, doc_id)
        with node.database.transaction():
            if parsed.added:
                node.indices.update_mapping(index, {"properties": parsed.added})
            version = index.shard.next_version(doc_id, before)
            seq_no = index.shard.put(doc_id, orjson.dumps(source), parsed, version, before)
    return Written(
        index=index.name,
        id=doc_id,
        version=version,
        seq_no=seq_no,
        result="updated" if before else "created",
        status=200 if before else 201,
        copies=index.copies,
    )


def _parsed(write: Write, index: Index, doc_id: str) -> Parsed:
    try:
        return parse(write.source or {}, index.mappings, doc_id)
    except ValueRefused as error:
        place = position(write.raw, error.field, error.value)
        raise (error.at(place) if place else error) from error


def _delete(index: Index, write: Write) -> Written:
    doc_id = write.id or ""
    with index.lock:
        before = index.shard.get(doc_id)
        _check_sequence(index, doc_id, write, before.seq_no if before else None)
        version = index.shard.next_version(doc_id, before)
        seq_no = index.shard.delete(doc_id, version, before)
    found = before is not None
    return Written(
        index=index.name,
        id=doc_id,
        version=version,
        seq_no=seq_no,
        result="deleted" if found else "not_found",
        status=200 if found else 404,
        copies=index.copies,
    )


def _check_id(doc_id: str) -> None:
    length = len(doc_id.encode())
    if length > _MAX_ID_BYTES:
        raise illegal_argument(f"id [{doc_id}] is too long, must be no longer than 512 bytes but was: {length}")


def _check_blocks(index: Index) -> None:
    blocks = [text for name, text in _BLOCKS.items() if index.settings.get(name) == "true"]
    if blocks:
        listed = "".join(f"[FORBIDDEN/{text}];" for text in blocks)
        meta = {"index_uuid": index.uuid, "index": index.name}
        raise ApiError(403, "cluster_block_exception", f"index [{index.name}] blocked by: {listed}", meta=meta)


def _check_sequence(index: Index, doc_id: str, write: Write, seq_no: int | None) -> None:
    if write.if_seq_no is None:
        return
    wanted = f"required seqNo [{write.if_seq_no}], primary term [{write.if_primary_term or 1}]"
    if seq_no is None:
        raise conflict(index, doc_id, f"{wanted}. but no document was found")
    if seq_no != write.if_seq_no or write.if_primary_term not in (None, 1):
        raise conflict(index, doc_id, f"{wanted}. current document has seqNo [{seq_no}] and primary term [1]")
