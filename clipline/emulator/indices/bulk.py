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
from clipline.emulator.indices.documents import refresh_wanted, update
from clipline.emulator.indices.write import Write, perform
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_VERBS = ("create", "delete", "index", "update")
_META = {"_index", "_id", "routing", "if_seq_no", "if_primary_term", "pipeline", "require_alias", "retry_on_conflict",
         "list_executed_pipelines"}  # fmt: skip
_META_REFUSED = {"version", "version_type", "dynamic_templates"}


@dataclass(frozen=True, slots=True)
class _Action:
    verb: str
    meta: dict[str, Any]
    source: dict[str, Any] | None


def bulk(node: Node, call: Call) -> Reply:
    """``POST|PUT [/{index}]/_bulk``."""
    started = time.perf_counter()
    actions = list(_actions(call.raw))
    if not actions:
        raise validation_failed("no requests added")
    refresh = refresh_wanted(call)
    items: list[dict[str, Any]] = []
    touched: set[str] = set()
    ingested = False
    for action in actions:
        item = _item(node, call, action)
        ingested = ingested or bool(item.pop("executed_pipelines_internal", ()))
        if item["status"] < 300 and item.get("result") != "noop":
            touched.add(item["_index"])
            if refresh and call.params["refresh"] != "wait_for":
                item["forced_refresh"] = True
        items.append({action.verb: item})
    if refresh:
        for name in touched:
            node.indices.refresh(name)
    took = int((time.perf_counter() - started) * 1000)
    body: dict[str, Any] = {"errors": any("error" in next(iter(item.values())) for item in items), "took": took}
    if ingested:
        body["ingest_took"] = took
    body["items"] = items
    return Reply(body=body)


def _item(node: Node, call: Call, action: _Action) -> dict[str, Any]:
    meta = action.meta
    name = meta.get("_index") or call.args.get("index")
    doc_id = meta.get("_id")
    try:
        if name is None:
            raise validation_failed("index is missing")
        if doc_id == "":
            raise illegal_argument("if _id is specified it must not be empty")
        require_alias = bool(meta.get("require_alias", call.flag("require_alias")))
        if action.verb == "update":
            node.indices.write_index(name, require_alias=require_alias)
            return update(node, name, str(doc_id), action.source or {})
        written = perform(
            node,
            Write(
                op=action.verb,
                index=name,
                id=None if doc_id is None else str(doc_id),
                source=action.source,
                pipeline=meta.get("pipeline", call.params.get("pipeline")),
                require_alias=require_alias,
                if_seq_no=meta.get("if_seq_no"),
                if_primary_term=meta.get("if_primary_term"),
            ),
        )
    except ApiError as error:
        return {"_index": name, "_id": doc_id, "status": error.status, "error": error.cause()}
    body = {**written.body(), "status": written.status, "executed_pipelines_internal": written.pipelines}
    if call.flag("list_executed_pipelines"):
        body["executed_pipelines"] = list(written.pipelines)
    return body


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
        try:
            source = orjson.loads(following[1])
        except orjson.JSONDecodeError:
            source = None
        if not isinstance(source, dict):
            raise ApiError(400, "x_content_parse_exception", f"[{following[0]}:1] the document is not a JSON object")
        yield _Action(verb, meta, source)


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
    return verb, meta


_PARAMS = {"refresh", "pipeline", "routing", "timeout", "require_alias", "list_executed_pipelines",
           "wait_for_active_shards", "include_source_on_error"}  # fmt: skip
_REFUSED = {"_source", "_source_includes", "_source_excludes", "require_data_stream"}

ROUTES = [
    Route("POST", "/_bulk", bulk, _PARAMS, _REFUSED),
    Route("PUT", "/_bulk", bulk, _PARAMS, _REFUSED),
    Route("POST", "/{index}/_bulk", bulk, _PARAMS, _REFUSED),
    Route("PUT", "/{index}/_bulk", bulk, _PARAMS, _REFUSED),
]
