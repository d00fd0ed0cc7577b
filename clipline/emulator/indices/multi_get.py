"""``_mget``: several documents, each found or not or with an error of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.get import READ, READ_REFUSED, Get, check_version, found, shown, stored_fields
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.optimistic import version_type
from clipline.emulator.indices.source import check_choice, source_choice

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_KEYS = {"_index", "_id", "routing", "stored_fields", "version", "version_type", "_source"}


def multi_get(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_mget``."""
    if not call.raw:
        raise ApiError(400, "parse_exception", "request body or source parameter is required")
    entries = _entries(call)
    if wrong := _errors(entries, call.args.get("index")):
        raise validation_failed(*wrong)
    refresh = call.flag("refresh")
    docs = []
    for entry in entries:
        name = str(entry.get("_index") or call.args.get("index"))
        try:
            node.security.require("indices:data/read/mget[shard]", resolve_name(name))
            wanted = _wanted(call, entry)
            wanted = replace(wanted, routing=node.indices.index_routing(name, wanted.routing))
            index = node.indices.single(name)
            if refresh:
                node.indices.refresh(index.name)
            docs.append(shown(index, wanted, found(index, wanted)))
        except ApiError as error:
            if error.status == 501:
                raise
            cause = error.cause()
            docs.append({"_index": name, "_id": entry["_id"], "error": {"root_cause": [cause], **cause}})
    return Reply(body={"docs": docs})


def _entries(call: Call) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for key, value in call.body.items():
        if not isinstance(value, list):
            reason = f"unexpected token [{json_token(value)}], expected [FIELD_NAME] or [START_ARRAY]"
            raise ApiError(400, "parsing_exception", reason)
        if key == "docs":
            entries += [_entry(item) for item in value]
        elif key == "ids":
            if any(item is None or isinstance(item, dict | list) for item in value):
                raise illegal_argument("ids array element should only contain ids")
            entries += [{"_id": java.text(item)} for item in value]
        else:
            reason = f"unknown key [{key}] for a START_ARRAY, expected [docs] or [ids]"
            raise ApiError(400, "parsing_exception", reason)
    return entries


def _entry(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise illegal_argument("docs array element should include an object")
    for key, value in item.items():
        if key == "fields":
            reason = "Unsupported field [fields] used, expected [stored_fields] instead"
            raise ApiError(400, "parsing_exception", reason)
        if key not in _KEYS or (isinstance(value, list | dict) and key not in ("_source", "stored_fields")):
            raise ApiError(400, "parse_exception", f"failed to parse multi get request. unknown field [{key}]")
        if key == "_source" and (value is None or (isinstance(value, int | float) and not isinstance(value, bool))):
            raise ApiError(400, "parse_exception", f"illegal type for _source: [{json_token(value)}]")
        if key == "_source":
            check_choice(value)
        if key == "version" and (isinstance(value, bool) or not isinstance(value, int)):
            raise ApiError(400, "number_format_exception", f'For input string: "{value}"')
    version_type(item.get("version_type"))
    return {**item, "_id": None if item.get("_id") is None else java.text(item["_id"])}


def _errors(entries: list[dict[str, Any]], default: str | None) -> list[str]:
    if not entries:
        return ["no documents to get"]
    wrong = []
    for number, entry in enumerate(entries):
        if entry.get("_index") is None and default is None:
            wrong.append(f"index is missing for doc {number}")
        if entry.get("_id") is None:
            wrong.append(f"id is missing for doc {number}")
    return wrong


def _wanted(call: Call, entry: dict[str, Any]) -> Get:
    kept = entry.get("stored_fields")
    names = stored_fields(call) if kept is None else tuple(map(str, kept if isinstance(kept, list) else [kept]))
    routing = entry.get("routing", call.params.get("routing"))
    version, kind = entry.get("version"), version_type(entry.get("version_type"))
    if wrong := check_version(version, kind):
        raise illegal_argument(wrong[0])
    return Get(
        id=entry["_id"],
        routing=None if routing in (None, "") else str(routing),
        realtime=call.flag("realtime", default=True),
        stored_fields=names,
        source=source_choice(call) if entry.get("_source") in (None, True) else entry["_source"],
        version=version,
    )


_REFUSED = READ_REFUSED | {"source", "source_content_type"}

ROUTES = [
    Route(method, path, "indices:data/read/mget", multi_get, READ, _REFUSED)
    for method in ("GET", "POST")
    for path in ("/_mget", "/{index}/_mget")
]
