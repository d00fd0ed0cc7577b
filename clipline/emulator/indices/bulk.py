"""``_bulk``: many writes in one request, each with an outcome of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, validation_failed
from clipline.emulator.http.json_body import read_object
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.bulk_lines import Action, Lines
from clipline.emulator.indices.document_body import read_document
from clipline.emulator.indices.pipelined import Outcome, Prepare, Request
from clipline.emulator.indices.source import source_choice
from clipline.emulator.indices.update import bulk_update
from clipline.emulator.indices.update_request import Update
from clipline.emulator.indices.write import Write
from clipline.emulator.indices.write_params import check_copies, refresh_wanted, refreshed

if TYPE_CHECKING:
    from clipline.emulator.node import Node

Item = tuple[Write, Prepare | None] | ApiError


def bulk(node: Node, call: Call) -> Reply:
    """``POST|PUT [/{index}]/_bulk``."""
    started = time.perf_counter()
    refresh = refresh_wanted(call)
    lines = Lines(lenient=node.version[0] < 9 or "compatible-with=8" in call.headers.get("content-type", ""))
    actions = lines.actions(call.raw)
    options = _Defaults(call)
    wanted = [options.write(action) for action in actions]
    updates = [_update(options, action) if action.verb == "update" else None for action in actions]
    _check(actions, wanted, updates)
    check_copies(node, call, (write.index for write in wanted))
    items: list[Item] = [
        _item(node, action, write, update) for action, write, update in zip(actions, wanted, updates, strict=True)
    ]
    outcomes = Request(node).run(items)
    forced = refreshed(node, refresh, [outcome.result for outcome in outcomes])
    bodies = [
        {action.op: _body(options, action, write, outcome, forced)}
        for action, write, outcome in zip(actions, wanted, outcomes, strict=True)
    ]
    body: dict[str, Any] = {
        "errors": any(isinstance(outcome.result, ApiError) for outcome in outcomes),
        "took": int((time.perf_counter() - started) * 1000),
    }
    if ingested := [outcome.ingest_seconds for outcome in outcomes if outcome.ingest_seconds is not None]:
        body["ingest_took"] = int(sum(ingested) * 1000)
    return Reply(body={**body, "items": bodies}, warnings=tuple(lines.warnings))


class _Defaults:
    """What the parameters of a request say for all its actions."""

    def __init__(self, call: Call) -> None:
        self.index = call.args.get("index")
        self.pipeline = call.params.get("pipeline")
        self.routing = call.params.get("routing") or None
        self.require_alias = call.flag("require_alias")
        self.require_data_stream = call.flag("require_data_stream")
        self.list_pipelines = call.flag("list_executed_pipelines")
        self.shown = choice if (choice := source_choice(call)) is not None else False
        call.flag("include_source_on_error", default=True)

    def write(self, action: Action) -> Write:
        """The write that an action asks for; the document is not part of it yet."""
        meta, op = action.meta, action.op
        return Write(
            op="index" if op == "update" else op,
            index=meta.get("_index", self.index) or "",
            id=meta.get("_id"),
            # What an update stores is not what was sent.
            raw=action.document if op != "update" else b"",
            pipeline=meta.get("pipeline", self.pipeline) if op != "delete" else None,
            require_alias=meta.get("require_alias", self.require_alias) if op != "delete" else False,
            require_data_stream=meta.get("require_data_stream", self.require_data_stream) if op != "delete" else False,
            routing=meta.get("routing", self.routing) or None,
            condition=action.condition,
            templates=meta.get("dynamic_templates"),
        )


def _check(actions: list[Action], wanted: list[Write], updates: list[Update | None]) -> None:
    if not actions:
        raise validation_failed("no requests added")
    messages = []
    for action, write, update in zip(actions, wanted, updates, strict=True):
        if not write.index:
            messages.append("index is missing")
        if action.verb in ("delete", "update") and not write.id:
            messages.append("id is missing")
        if update is None:
            messages += write.errors()
        else:
            messages += update.errors(update.condition(write.condition), action.meta.get("retry_on_conflict", 0))
    if messages:
        raise validation_failed(*messages)


def _update(options: _Defaults, action: Action) -> Update:
    """An update is read with the request: one that is wrong refuses all of it."""
    body = read_object(action.document)
    return Update.read(body, action.meta.get("_source", options.shown))


def _item(node: Node, action: Action, write: Write, update: Update | None) -> Item:
    if update is not None:
        return write, bulk_update(node, update)
    if write.id == "":
        return illegal_argument("if _id is specified it must not be empty")
    if action.verb == "delete":
        return write, None
    # The real one looks into a document only when it is indexed: one that is broken is the error of its item.
    try:
        return replace(write, source=read_document(action.document)), None
    except ApiError as error:
        return error


def _body(options: _Defaults, action: Action, write: Write, outcome: Outcome, forced: set[str]) -> dict[str, Any]:
    result = outcome.result
    if isinstance(result, ApiError):
        shown = write.id if outcome.id is None else outcome.id
        concrete = result.meta.get("index", write.index) if result.status == 409 else write.index
        return {"_index": concrete, "_id": shown, "status": result.status, "error": result.cause()}
    body = {**result.body(forced=result.index in forced), "status": result.status}
    listed = action.meta.get("list_executed_pipelines", options.list_pipelines)
    if listed and action.verb in ("index", "create"):
        body["executed_pipelines"] = list(outcome.pipelines)
    return body


_PARAMS = frozenset({
    "refresh", "pipeline", "timeout", "require_alias", "require_data_stream", "list_executed_pipelines", "routing",
    "wait_for_active_shards", "include_source_on_error", "_source", "_source_includes", "_source_excludes",
    "_source_exclude_vectors",
})  # fmt: skip

ROUTES = [
    Route(method, path, "indices:data/write/bulk", bulk, _PARAMS)
    for method in ("POST", "PUT")
    for path in ("/_bulk", "/{index}/_bulk")
]
