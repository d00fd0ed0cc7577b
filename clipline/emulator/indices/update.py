"""``_update``: a partial document, a script, or an upsert.

The document is read, merged and written under the condition that nobody wrote it meanwhile, as in Elasticsearch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.documents import written_reply
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.optimistic import UNCONDITIONAL, Condition
from clipline.emulator.indices.pipelined import Ingested, Request, auto_created, perform
from clipline.emulator.indices.source import chosen_source, rehydrated, source_choice
from clipline.emulator.indices.stored import Stored
from clipline.emulator.indices.update_request import Update
from clipline.emulator.indices.update_script import scripted, scripted_upsert
from clipline.emulator.indices.write import Step, Write, Written, conflict, routing_missing, shard_meta, store
from clipline.emulator.indices.write_params import WRITE, check_copies, condition, refresh_wanted

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def update_document(node: Node, call: Call) -> Reply:
    """``POST /{index}/_update/{id}``; what comes of it goes through the index's pipelines, as any document."""
    refresh_wanted(call)
    check_copies(node, call, [call.args["index"]])
    if "version" in call.params or "version_type" in call.params:
        raise validation_failed(
            "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and "
            "`if_primary_term` instead"
        )
    update = Update.read(call.body, _shown(call))
    write = Write(
        op="index",
        index=call.args["index"],
        id=call.args["id"],
        require_alias=call.flag("require_alias"),
        routing=call.params.get("routing") or None,
        condition=update.condition(condition(call)),
    )
    retries = call.integer("retry_on_conflict", default=0)
    if retries < 0:
        raise illegal_argument("retry_on_conflict must be non negative.")
    if errors := update.errors(write.condition, retries):
        raise validation_failed(*errors)
    return written_reply(node, call, _carried_out(node, write, update, retries))


def bulk_update(node: Node, update: Update) -> Any:
    """How ``_bulk`` carries an update out: what is given for a new document goes through pipelines before the merge."""

    def prepare(request: Request, write: Write) -> tuple[Ingested, Step]:
        ready, done = update, Ingested(replace(write, source={}, pipeline=None))
        if update.new is not None:
            pipeline = None if update.doc_as_upsert else write.pipeline
            done = request.ingested(replace(write, source=update.new, pipeline=pipeline))
            new = done.write.source
            if done.pipelines and new is not None:
                ready = replace(update, doc=new) if update.doc_as_upsert else replace(update, upsert=new)

        def step(index: Index) -> Written:
            stored = index.shard.get(index.key(write.id or "", write.routing))
            planned = plan(index, write, ready, stored)
            return (
                planned
                if isinstance(planned, Written)
                else _with_source(store(node, index, planned), ready, planned.source)
            )

        return done, step

    return prepare


def plan(index: Index, write: Write, update: Update, stored: Stored | None) -> Write | Written:
    """The write that an update comes to, or what is answered when there is nothing to write.

    Raises:
        ApiError: 404 ``document_missing_exception``, 409 for another version than the one wanted, 400 without the routing
            that the mapping requires.
    """
    key = index.key(write.id or "", write.routing)
    if write.routing is None and index.routing_required:
        raise routing_missing(index, key[1])
    if stored is None:
        if update.new is None:
            meta = shard_meta(index, key)
            raise ApiError(404, "document_missing_exception", f"[{write.id}]: document missing", meta=meta)
        source = update.new
        if update.scripted_upsert and update.script:
            op, source = scripted_upsert(update.script, source)
            if op != "create":
                return Written(index=index.name, id=key[1], version=-1, seq_no=None, result="noop", status=200)
        return replace(write, op="create", source=source, condition=UNCONDITIONAL)
    if refusal := write.condition.sequence_refusal((stored.seq_no, stored.term)):
        raise conflict(index, key, refusal)
    op = "index"
    if update.script:
        op, source = scripted(update.script, index.name, stored)
    else:
        old = rehydrated(stored.document(), index) if index.excludes_vectors else stored.document()
        source, changed = merged(old, update.doc or {})
        op = "index" if changed or not update.detect_noop else "none"
    if op == "none":
        return _with_source(_noop(index, stored), update, source)
    unchanged = Condition(if_seq_no=stored.seq_no, if_primary_term=stored.term)
    return replace(write, op=op, source=source, routing=stored.routing, condition=unchanged)


def merged(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A document with another over it, object by object, and whether that changed anything."""
    result, changed = dict(old), False
    for key, value in new.items():
        before = result.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            result[key], inner = merged(before, value)
            changed = changed or inner
        else:
            changed = changed or key not in result or not _same(before, value)
            result[key] = value
    return result, changed


def _same(left: Any, right: Any) -> bool:
    # As Java compares: true is not 1, and 1 is not 1.0.
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    return type(left) is type(right) and bool(left == right)


def _carried_out(node: Node, write: Write, update: Update, retries: int) -> Written:
    write = Request(node).routed(write)
    while True:
        index = Request(node).target(write) or auto_created(node, write.index, "indices:admin/create")
        with index.lock:
            stored = index.shard.get(index.key(write.id or "", write.routing))
        planned = plan(index, write, update, stored)
        if isinstance(planned, Written):
            return planned
        try:
            return _with_source(perform(node, replace(planned, require_alias=False)), update, planned.source)
        except ApiError as error:
            if error.type != "version_conflict_engine_exception" or retries <= 0:
                raise
            retries -= 1


def _noop(index: Index, stored: Stored) -> Written:
    index.counts.noops += 1
    return Written(
        index=index.name,
        id=stored.id,
        version=stored.version,
        seq_no=stored.seq_no,
        result="noop",
        status=200,
        term=stored.term,
        copies=0,
    )


def _with_source(written: Written, update: Update, source: dict[str, Any] | None) -> Written:
    if update.shown is False or written.seq_no is None:
        return written
    found: dict[str, Any] = {"_seq_no": written.seq_no, "_primary_term": written.term, "found": True}
    return replace(written, found={**found, "_source": chosen_source(source or {}, update.shown)})


def _shown(call: Call) -> Any:
    choice = source_choice(call)
    # Without a word about it an update does not answer with the source.
    return choice if choice is not None else False


_PARAMS = WRITE | {
    "require_alias", "retry_on_conflict", "include_source_on_error", "_source", "_source_includes", "_source_excludes",
    "_source_exclude_vectors",
}  # fmt: skip

ROUTES = [
    Route("POST", "/{index}/_update/{id}", "indices:data/write/update", update_document, _PARAMS, frozenset({"lang"}))
]
