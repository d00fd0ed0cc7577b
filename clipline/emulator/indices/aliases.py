"""Aliases: several changes in one atomic request, and the short forms."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, TextError, illegal_argument, unsupported, validation_failed
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_ADD = {"is_write_index", "filter", "is_hidden"}
_REFUSED = {"routing", "index_routing", "search_routing"}
_NAMES = {"index", "indices", "alias", "aliases", "must_exist"}


def update_aliases(node: Node, call: Call) -> Reply:
    """``POST /_aliases``: all actions or none."""
    actions = call.required_body().get("actions")
    if not actions:
        raise validation_failed("Must specify at least one alias action")
    with node.database.transaction():
        for action in actions:
            ((verb, body),) = action.items()
            if verb not in ("add", "remove", "remove_index"):
                raise ApiError(400, "x_content_parse_exception", f"[1:1] [alias_action] unknown field [{verb}]")
            _act(node, verb, dict(body))
        _check_write_indices(node)
    for action in actions:
        if "remove_index" in action:
            node.indices.delete(node.indices.resolve(_first(action["remove_index"], "index", "indices")))
    return Reply(body={"acknowledged": True, "errors": False})


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_alias/{name}``."""
    body = {**call.body, "index": call.args["index"], "alias": call.args["name"]}
    with node.database.transaction():
        _act(node, "add", body)
        _check_write_indices(node)
    return ACKNOWLEDGED


def delete_alias(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_alias/{name}``."""
    with node.database.transaction():
        _act(node, "remove", {"index": call.args["index"], "alias": call.args["name"]})
    return ACKNOWLEDGED


def get_alias(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_alias[/{name}]``."""
    wanted = call.args.get("name")
    names = node.indices.resolve(call.args.get("index", "_all"), ignore_unavailable=call.flag("ignore_unavailable"))
    result: dict[str, Any] = {}
    seen: set[str] = set()
    for name in names:
        found = {
            alias: body
            for alias, body in node.indices.aliases_of(name).items()
            if wanted is None or any(fnmatchcase(alias, part) for part in wanted.split(","))
        }
        seen |= set(found)
        if found or wanted is None:
            result[name] = {"aliases": found}
    missing = [part for part in (wanted or "").split(",") if part and "*" not in part and part not in seen]
    if missing:
        label = "alias" if len(missing) == 1 else "aliases"
        text = f"{label} [{','.join(missing)}] missing"
        if call.method == "HEAD" or not result:
            raise TextError(404, text)
        return Reply(body={"error": text, "status": 404, **result}, status=404)
    return Reply(body=result)


def _act(node: Node, verb: str, body: dict[str, Any]) -> None:
    for key in body:
        if key in _REFUSED:
            raise unsupported(f"the alias option [{key}]")
        if key not in _NAMES and not (verb == "add" and key in _ADD):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{verb}] unknown field [{key}]")
    names = node.indices.resolve(_first(body, "index", "indices"))
    if verb == "remove_index":
        return
    aliases = _list(_first(body, "alias", "aliases"))
    options = {key: value for key, value in body.items() if key in _ADD}
    for alias in aliases:
        if verb == "add":
            if node.indices.exists(alias):
                reason = f"Invalid alias name [{alias}]: an index or data stream exists with the same name as the alias"
                raise ApiError(400, "invalid_alias_name_exception", reason, meta={"index_uuid": "_na_", "index": alias})
            if alias != alias.lower() and not alias:
                raise illegal_argument(f"Invalid alias name [{alias}]")
            for name in names:
                node.database.execute(
                    "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (alias, name, orjson.dumps(options))
                )
            continue
        removed = 0
        for name in names:
            matching = [key for key in node.indices.aliases_of(name) if fnmatchcase(key, alias)]
            for key in matching:
                removed += node.database.execute("DELETE FROM aliases WHERE alias = ? AND name = ?", (key, name))
        if not removed and body.get("must_exist", True):
            meta = {"resource.type": "aliases", "resource.id": alias}
            raise ApiError(404, "aliases_not_found_exception", f"aliases [{alias}] missing", meta=meta)


def _check_write_indices(node: Node) -> None:
    for alias, bodies in node.indices.aliases().items():
        writable = [name for name, body in bodies.items() if body.get("is_write_index")]
        if len(writable) > 1:
            raise ApiError(
                500, "illegal_state_exception", f"alias [{alias}] has more than one write index [{','.join(writable)}]"
            )


def _first(body: dict[str, Any], *keys: str) -> str:
    for key in keys:
        if key in body:
            value = body[key]
            return ",".join(value) if isinstance(value, list) else str(value)
    raise validation_failed(f"One of [{keys[0]}] or [{keys[1]}] is required")


def _list(value: str) -> list[str]:
    return value.split(",")


_TIMES = {"timeout", "master_timeout"}
_READ = {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "local", "master_timeout"}

ROUTES = [
    Route("POST", "/_aliases", update_aliases, _TIMES),
    Route("PUT", "/{index}/_alias/{name}", put_alias, _TIMES),
    Route("POST", "/{index}/_alias/{name}", put_alias, _TIMES),
    Route("PUT", "/{index}/_aliases/{name}", put_alias, _TIMES),
    Route("DELETE", "/{index}/_alias/{name}", delete_alias, _TIMES),
    Route("GET", "/_alias", get_alias, _READ),
    Route("GET", "/_alias/{name}", get_alias, _READ),
    Route("GET", "/{index}/_alias", get_alias, _READ),
    Route("GET", "/{index}/_alias/{name}", get_alias, _READ),
]
