"""``_bulk``: NDJSON lines in, one item out for each action, in order.

::

    {"index": {"_id": "1"}}
    {"image_name": "IMG_1.jpeg"}
    {"delete": {"_id": "2"}}
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.indices.documents import no_document, refresh_wanted
from clipline.emulator.indices.update import update
from clipline.emulator.indices.write import Write, perform
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_VERBS = ("create", "delete", "index", "update")
_ACTIONS = {
    "create": "indices:data/write/index:op_type/create",
    "delete": "indices:data/write/delete",
    "index": "indices:data/write/index",
    "update": "indices:data/write/update",
}
"""What each verb needs on its index where security is on."""

_META = {"_index", "_id", "if_seq_no", "if_primary_term", "pipeline", "require_alias", "retry_on_conflict"}
_NUMBERS = {"if_seq_no", "if_primary_term", "retry_on_conflict"}
_META_REFUSED = {"version", "version_type", "dynamic_templates", "routing", "_routing", "_source", "op_type",
                 "list_executed_pipelines", "require_data_stream"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Action:
    verb: str
    meta: dict[str, Any]
    source: dict[str, Any] | None
    line: bytes = b""

    def write(self, call: Call) -> Write:
        """The write that the line asks for; an update's document is not part of it."""
        meta = self.meta
        return Write(
            op="index" if self.verb == "update" else self.verb,
            index=str(meta.get("_index") or call.args.get("index")),
            id=None if meta.get("_id") is None else str(meta["_id"]),
            source=None if self.verb == "update" else self.source,
            raw=b"" if self.verb == "update" else self.line,
            pipeline=meta.get("pipeline", call.params.get("pipeline")),
            require_alias=bool(meta.get("require_alias", call.flag("require_alias"))),
            if_seq_no=meta.get("if_seq_no"),
            if_primary_term=meta.get("if_primary_term"),
        )


@dataclass(frozen=True, slots=True)
class _Item:
    body: dict[str, Any]
    ingest_seconds: float | None = None
    written: str | None = None


def bulk(node: Node, call: Call) -> Reply:
    """``POST|PUT [/{index}]/_bulk``."""
    started = time.perf_counter()
    actions = list(_actions(call.raw))
    if not actions:
        raise validation_failed("no requests added")
    _check(call, actions)
    refresh = refresh_wanted(call)
    items = [_item(node, call, action) for action in actions]
    for name in sorted({item.written for item in items if item.written}) if refresh else []:
        node.indices.refresh(name)
    if refresh and call.params["refresh"] != "wait_for":
        for item in items:
            if item.written:
                item.body["forced_refresh"] = True
    body: dict[str, Any] = {
        "errors": any("error" in item.body for item in items),
        "took": int((time.perf_counter() - started) * 1000),
    }
    if ingested := [item.ingest_seconds for item in items if item.ingest_seconds is not None]:
        body["ingest_took"] = int(sum(ingested) * 1000)
    body["items"] = [{action.verb: item.body} for action, item in zip(actions, items, strict=True)]
    return Reply(body=body)


def _check(call: Call, actions: list[_Action]) -> None:
    messages = []
    for action in actions:
        if action.meta.get("_index") is None and "index" not in call.args:
            messages.append("index is missing")
        if action.verb in ("delete", "update") and action.meta.get("_id") is None:
            messages.append("id is missing")
        messages += action.write(call).condition_errors()
        if action.verb in ("delete", "update") and action.meta.get("pipeline") is not None:
            raise illegal_argument(f"Malformed action/metadata line: [{action.verb}] does not take [pipeline]")
    if messages:
        raise validation_failed(*messages)


def _item(node: Node, call: Call, action: _Action) -> _Item:
    write = action.write(call)
    name, doc_id = write.index, write.id
    try:
        if action.source is None and action.verb != "delete":
            # The real one looks into a document only when it is indexed: the other lines are carried out.
            raise no_document(action.line)
        node.security.require(_ACTIONS[action.verb], name)
        if doc_id == "":
            raise illegal_argument("if _id is specified it must not be empty")
        if action.verb == "update":
            retries = int(action.meta.get("retry_on_conflict", 0))
            written = update(node, write, action.source or {}, retries=retries, bulk=True)
        else:
            written = perform(node, write)
    except ApiError as error:
        concrete = error.meta.get("index", name) if error.status == 409 else name
        return _Item({"_index": concrete, "_id": doc_id, "status": error.status, "error": error.cause()})
    body = {**written.body(), "status": written.status}
    if call.flag("list_executed_pipelines"):
        body["executed_pipelines"] = list(written.pipelines)
    seconds = written.ingest_seconds if written.pipelines else None
    return _Item(body, seconds, written.index if written.seq_no is not None and written.copies else None)


def _actions(raw: bytes) -> Iterator[_Action]:
    if not raw.strip():
        raise ApiError(400, "parse_exception", "request body is required")
    if not raw.endswith(b"\n"):
        raise illegal_argument("The bulk request must be terminated by a newline [\\n]")
    lines = enumerate(raw.split(b"\n")[:-1], 1)
    for number, line in lines:
        if not line.strip():
            continue
        verb, meta = _action_line(line, number)
        if verb == "delete":
            yield _Action(verb, meta, None)
            continue
        following = next(lines, None)
        if following is None:
            raise illegal_argument("The bulk request must be terminated by a newline [\\n]")
        source = _source(following[1])
        if source is None and verb == "update":
            raise ApiError(400, "x_content_parse_exception", f"[{following[0]}:1] the document is not a JSON object")
        yield _Action(verb, meta, source, following[1])


def _source(line: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _action_line(line: bytes, number: int) -> tuple[str, dict[str, Any]]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "x_content_parse_exception", f"[{number}:1] malformed JSON: {error}") from error
    if not isinstance(value, dict) or len(value) != 1:
        raise illegal_argument(
            f"Malformed action/metadata line [{number}], expected FIELD_NAME but found [END_OBJECT]"
            if value == {}
            else f"Malformed action/metadata line [{number}], expected START_OBJECT but found [VALUE_STRING]"
        )
    ((verb, meta),) = value.items()
    if verb not in _VERBS:
        raise illegal_argument(
            f"Malformed action/metadata line [{number}], expected field [create], [delete], [index] or [update] but "
            f"found [{verb}]"
        )
    if not isinstance(meta, dict):
        raise illegal_argument(f"Malformed action/metadata line [{number}], expected START_OBJECT but found [{meta}]")
    for key in meta:
        if key in _META_REFUSED:
            raise unsupported(f"the bulk option [{key}]")
        if key not in _META:
            raise illegal_argument(f"Action/metadata line [{number}] contains an unknown parameter [{key}]")
    for key in _NUMBERS & meta.keys():
        if not _whole(meta[key]):
            raise ApiError(400, "number_format_exception", f'For input string: "{meta[key]}"')
    return verb, meta


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PARAMS = {"refresh", "pipeline", "timeout", "require_alias", "list_executed_pipelines",
           "wait_for_active_shards", "include_source_on_error"}  # fmt: skip
_REFUSED = {"_source", "_source_includes", "_source_excludes", "require_data_stream", "routing"}

ROUTES = [
    Route("POST", "/_bulk", "indices:data/write/bulk", bulk, _PARAMS, _REFUSED),
    Route("PUT", "/_bulk", "indices:data/write/bulk", bulk, _PARAMS, _REFUSED),
    Route("POST", "/{index}/_bulk", "indices:data/write/bulk", bulk, _PARAMS, _REFUSED),
    Route("PUT", "/{index}/_bulk", "indices:data/write/bulk", bulk, _PARAMS, _REFUSED),
]
