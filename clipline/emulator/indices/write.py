"""One write: alias and index, ingest pipeline, mapping, version checks, the document."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.parse import parse
from clipline.emulator.indices.store import Index, index_not_found
from clipline.emulator.ingest.document import IngestDocument

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MAX_ID_BYTES = 512
NONE = "_none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One wanted write; ``op`` is index, create or delete."""

    op: str
    index: str
    id: str | None
    source: dict[str, Any] | None = None
    pipeline: str | None = None
    require_alias: bool = False
    if_seq_no: int | None = None
    if_primary_term: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it: the fields of a write response."""

    index: str
    id: str
    version: int
    seq_no: int | None
    result: str
    status: int
    pipelines: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """As Elasticsearch shows it."""
        shown: dict[str, Any] = {
            "_index": self.index,
            "_id": self.id,
            "_version": self.version,
            "result": self.result,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
        }
        if self.seq_no is not None:
            shown |= {"_seq_no": self.seq_no, "_primary_term": 1}
        return shown


def perform(node: Node, write: Write) -> Written:
    """Carry one write out; it is committed when this returns.

    Raises:
        ApiError: it was refused.
    """
    index = _target(node, write)
    if write.op == "delete":
        return _delete(index, write)
    if write.source is None:
        raise ApiError(400, "parse_exception", "request body is required")
    write, ran = _ingested(node, index, write)
    if write.source is None:
        return Written(
            index=index.name, id=write.id or "", version=-3, seq_no=None, result="noop", status=200, pipelines=ran
        )
    if write.index != index.name:
        index = _target(node, replace(write, require_alias=False))
    return replace(_store(node, index, write), pipelines=ran)


def check_id(doc_id: str) -> None:
    """Refuse ids that are too long.

    Raises:
        ApiError: 400.
    """
    length = len(doc_id.encode())
    if length > _MAX_ID_BYTES:
        raise illegal_argument(f"id [{doc_id}] is too long, must be no longer than 512 bytes but was: {length}")


def conflict(index: Index, doc_id: str, text: str) -> ApiError:
    """409 with the shard it happened on."""
    return ApiError(
        409,
        "version_conflict_engine_exception",
        f"[{doc_id}]: version conflict, {text}",
        meta={"index_uuid": index.uuid, "shard": "0", "index": index.name},
    )


def _target(node: Node, write: Write) -> Index:
    index = node.indices.write_index(write.index, require_alias=write.require_alias)
    if index is not None:
        return index
    if write.op == "delete":
        raise index_not_found(write.index)
    return node.indices.create(write.index)


def _ingested(node: Node, index: Index, write: Write) -> tuple[Write, tuple[str, ...]]:
    first = write.pipeline if write.pipeline is not None else index.settings.get("default_pipeline") or NONE
    names = [name for name in (first, index.settings.get("final_pipeline") or NONE) if name != NONE]
    document = IngestDocument(index=index.name, id=write.id, source=write.source or {})
    for name in names:
        result = node.pipelines.run(name, document)
        if result is None:
            return replace(write, source=None), tuple(names)
        document = result
    return replace(write, index=document.index, id=document.id, source=document.source), tuple(names)


def _store(node: Node, index: Index, write: Write) -> Written:
    doc_id = write.id or secrets.token_urlsafe(15)
    check_id(doc_id)
    source = write.source or {}
    with index.lock:
        before = index.shard.get(doc_id)
        if before is not None and write.op == "create":
            raise conflict(index, doc_id, f"document already exists (current version [{before.version}])")
        _check_sequence(index, doc_id, write, before.seq_no if before else None)
        parsed = parse(source, index.mappings, doc_id)
        with node.database.transaction():
            if parsed.added:
                node.indices.update_mapping(index, {"properties": parsed.added})
            version = index.shard.next_version(doc_id, before)
            seq_no = index.shard.put(doc_id, orjson.dumps(source), version, before)
    return Written(
        index=index.name,
        id=doc_id,
        version=version,
        seq_no=seq_no,
        result="updated" if before else "created",
        status=200 if before else 201,
    )


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
    )


def _check_sequence(index: Index, doc_id: str, write: Write, seq_no: int | None) -> None:
    if write.if_seq_no is None:
        return
    if seq_no is None:
        raise conflict(
            index,
            doc_id,
            f"required seqNo [{write.if_seq_no}], primary term [{write.if_primary_term}]. but no document was found",
        )
    if seq_no != write.if_seq_no or write.if_primary_term not in (None, 1):
        raise conflict(
            index,
            doc_id,
            f"required seqNo [{write.if_seq_no}], primary term [{write.if_primary_term}]. current document has seqNo "
            f"[{seq_no}] and primary term [1]",
        )
