"""One write: what is wanted, what became of it, and the step that carries it out on an index whose lock is held."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.database import disk_failure
from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.http.json_body import check_depth
from clipline.emulator.indices.blocks import check_block
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.index_names import index_not_found
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.indices.optimistic import UNCONDITIONAL, Condition
from clipline.emulator.indices.parse import parse
from clipline.emulator.indices.source import stored_source
from clipline.emulator.indices.stored import Key, Stored

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MAX_ID_BYTES = 512
UNNAMED = "auto-generated"
"""The id that is shown of a document without one that a pipeline dropped or failed on."""


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
    require_data_stream: bool = False
    routing: str | None = None
    named: bool = True
    """Whether the id is the request's; a made one cannot be there already."""

    condition: Condition = UNCONDITIONAL
    templates: Mapping[str, str] | None = None
    """Full name of a new field → the dynamic template that it is to follow."""

    def with_id(self) -> Write:
        """The same with an id: 15 random bytes as 20 characters, where the real one's begin with the time."""
        return self if self.id is not None else replace(self, id=secrets.token_urlsafe(15), named=False)

    def errors(self) -> list[str]:
        """What the validation of the request says is wrong with it."""
        found = self.condition.errors(create=self.op == "create", without_id=self.op == "index" and self.id is None)
        if self.op == "create" and found:
            return found
        if self.op != "delete" and self.id is not None and len(self.id) * 4 > _MAX_ID_BYTES:
            found += _id_errors(self.id)
        if self.pipeline == "":
            found.append("pipeline cannot be an empty string")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it: the fields of a write response; ``copies`` is 0 when there was nothing to store."""

    index: str
    id: str | None
    version: int
    seq_no: int | None
    result: str
    status: int
    term: int = 1
    shard: int = 0
    copies: int = 1
    found: dict[str, Any] | None = None
    """The ``get`` of an update that asked for the source."""

    def body(self, *, forced: bool = False) -> dict[str, Any]:
        """As Elasticsearch shows it; a document that a pipeline dropped has no number and touched no shard."""
        done = self.seq_no is not None
        shown: dict[str, Any] = {
            "_index": self.index,
            "_id": self.id,
            "_version": self.version,
            "result": self.result,
        }
        if forced:
            shown["forced_refresh"] = True
        shown["_shards"] = {
            "total": self.copies if done else 0,
            "successful": int(done and self.copies > 0),
            "failed": 0,
        }
        if done:
            shown |= {"_seq_no": self.seq_no, "_primary_term": self.term}
        if self.found is not None:
            shown["get"] = self.found
        return shown


Step = Callable[[Index], Written]
"""Part of a request; it runs with the index's lock held, and raises ``ApiError`` for itself only."""


def carry_out(index: Index, steps: Sequence[Step], ids: Collection[str]) -> list[Written | ApiError]:
    """Do the steps of a request on one index in order; what they wrote is committed together when this returns.

    ``ids`` are those of the documents that the steps will look for. If the disk does not take it, each has failed.
    """
    try:
        return _carried_out(index, steps, ids)
    except sqlite3.Error as error:
        if (failure := disk_failure(error)) is None:
            raise
        return [failure] * len(steps)


def _carried_out(index: Index, steps: Sequence[Step], ids: Collection[str]) -> list[Written | ApiError]:
    done: list[Written | ApiError] = []
    with index.lock, index.shard.saving(ids):
        for step in steps:
            try:
                if index.deleted:
                    raise index_not_found(index.name)
                done.append(step(index))
            except ApiError as error:
                done.append(error)
    return done


def store(node: Node, index: Index, write: Write) -> Written:
    """Carry one write out as a step.

    Raises:
        ApiError: it was refused, and nothing of it has happened.
    """
    check_block(index, "write")
    doc_id = write.id or ""
    if write.routing is None and index.routing_required:
        raise routing_missing(index, doc_id)
    key = index.key(doc_id, write.routing)
    before = index.shard.get(key) if write.named else None
    version = _checked_version(index, key, write, before)
    if write.op == "delete":
        term = index.shard.term(key[0])
        seq_no = index.shard.delete(key, version=version, before=before, remembered=index.deletions_remembered)
        index.counts.deleted += 1
        result, status = ("deleted", 200) if before else ("not_found", 404)
    else:
        term, seq_no = _indexed(node, index, key, write, version, before)
        index.counts.indexed += 1
        result, status = ("updated", 200) if before else ("created", 201)
    return Written(
        index=index.name,
        id=doc_id,
        version=version,
        seq_no=seq_no,
        result=result,
        status=status,
        term=term,
        shard=key[0],
        copies=index.copies,
    )


def conflict(index: Index, key: Key, text: str) -> ApiError:
    """409 with the shard it happened on."""
    return ApiError(
        409, "version_conflict_engine_exception", f"[{key[1]}]: version conflict, {text}", meta=shard_meta(index, key)
    )


def shard_meta(index: Index, key: Key) -> dict[str, Any]:
    """What the errors of a shard show of it."""
    return {"index_uuid": index.uuid, "shard": str(key[0]), "index": index.name}


def routing_missing(index: Index, doc_id: str) -> ApiError:
    """400 for a document without the routing that the mapping requires."""
    meta = {"index_uuid": "_na_", "index": index.name}
    reason = f"routing is required for [{index.name}]/[{doc_id}]"
    return ApiError(400, "routing_missing_exception", reason, meta=meta)


def _indexed(node: Node, index: Index, key: Key, write: Write, version: int, before: Stored | None) -> tuple[int, int]:
    if errors := _id_errors(key[1]) if len(key[1]) * 4 > _MAX_ID_BYTES else []:
        raise illegal_argument(errors[0])
    source = write.source or {}
    parsed = parse(source, index.mappings, key[1], traits_of(node, index), write.raw, templates=write.templates)
    # After the mapping, which allows objects that it looks into only 20 levels.
    check_depth(write.raw, source)
    if parsed.added:
        node.indices.update_mapping(index, {"properties": parsed.added})
    kept = stored_source(source, index.mappings)
    raw = (write.raw.strip() if kept is source else b"") or orjson.dumps(kept)
    seq_no = index.shard.put(key, raw, parsed, version=version, routing=write.routing, before=before)
    return index.shard.term(key[0]), seq_no


def _checked_version(index: Index, key: Key, write: Write, before: Stored | None) -> int:
    condition = write.condition
    current = before.version if before else index.deleted_version(key)
    refusal = condition.sequence_refusal((before.seq_no, before.term) if before else None) or condition.refusal(
        current, create=write.op == "create", found=before is not None
    )
    if refusal:
        raise conflict(index, key, refusal)
    return condition.next_version(current)


def _id_errors(doc_id: str) -> list[str]:
    length = len(doc_id.encode())
    if length <= _MAX_ID_BYTES:
        return []
    return [f"id [{doc_id}] is too long, must be no longer than 512 bytes but was: {length}"]
