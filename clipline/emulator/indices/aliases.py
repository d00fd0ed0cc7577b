"""Aliases: several changes in one atomic request, and the short forms."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, TextError, illegal_argument, unsupported, validation_failed, wrong_kind
from clipline.emulator.indices.alias_rules import check_alias, two_write_indices
from clipline.emulator.indices.expressions import named
from clipline.emulator.indices.index_names import index_not_found
from clipline.emulator.indices.resolution import Options
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_NAMES = {"index", "indices", "alias", "aliases", "must_exist"}


def update_aliases(node: Node, call: Call) -> Reply:
    """``POST /_aliases``: all actions or none."""
    actions = call.required_body().get("actions")
    if not isinstance(actions, list) or not actions:
        raise validation_failed("Must specify at least one alias action")
    _apply(node, [_action(action) for action in actions])
    return Reply(body={"acknowledged": True, "errors": False})


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_alias/{name}``."""
    _apply(node, [("add", {**call.body, "index": call.args["index"], "alias": call.args["name"]})])
    return ACKNOWLEDGED


def delete_alias(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_alias/{name}``."""
    _apply(node, [("remove", {"index": call.args["index"], "alias": call.args["name"]})])
    return ACKNOWLEDGED


def get_alias(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_alias[/{name}]``."""
    wanted = call.args.get("name")
    names = named(node, call, base=Options(hidden=True))
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


def _action(action: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(action, dict) or len(action) != 1:
        raise ApiError(400, "parsing_exception", "[aliases] expected one action in each object of [actions]")
    ((verb, body),) = action.items()
    if verb not in ("add", "remove", "remove_index"):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [alias_action] unknown field [{verb}]")
    if not isinstance(body, dict):
        raise wrong_kind("alias_action", verb, body)
    return verb, body


def _apply(node: Node, actions: list[tuple[str, dict[str, Any]]]) -> None:
    with node.indices.lock, node.database.transaction():
        gone: list[str] = []
        for verb, body in actions:
            options = {key: value for key, value in body.items() if key not in _NAMES}
            if verb != "add" and options:
                raise ApiError(
                    400, "x_content_parse_exception", f"[1:1] [{verb}] unknown field [{next(iter(options))}]"
                )
            expression = _first(body, "index", "indices")
            node.security.require("indices:admin/aliases", expression)
            names = _concrete(node, expression)
            if verb == "remove_index":
                gone += names
                continue
            for alias in _first(body, "alias", "aliases").split(","):
                node.security.require("indices:admin/aliases", alias)
                if verb == "add":
                    _add(node, alias, names, options)
                else:
                    _remove(node, alias, names, must_exist=body.get("must_exist", True))
        for alias, bodies in node.indices.aliases().items():
            writable = [name for name, body in bodies.items() if body.get("is_write_index") and name not in gone]
            if len(writable) > 1:
                raise two_write_indices(alias, writable)
        # Last, because the table of indices in memory cannot be rolled back.
        node.indices.delete(gone)


def _add(node: Node, alias: str, names: list[str], options: dict[str, Any]) -> None:
    check_alias(node.indices, alias, options)
    for name in names:
        node.indices.put_alias(alias, name, options)


def _remove(node: Node, alias: str, names: list[str], *, must_exist: bool) -> None:
    removed = 0
    pattern = "*" if alias == "_all" else alias
    for name in names:
        for key in [key for key in node.indices.aliases_of(name) if fnmatchcase(key, pattern)]:
            node.indices.remove_alias(key, name)
            removed += 1
    if not removed and must_exist:
        meta = {"resource.type": "aliases", "resource.id": alias}
        raise ApiError(404, "aliases_not_found_exception", f"aliases [{alias}] missing", meta=meta)


def _concrete(node: Node, expression: str) -> list[str]:
    known = node.indices.aliases()
    if through := next((part for part in expression.split(",") if part in known), None):
        raise illegal_argument(
            f"The provided expression [{through}] matches an alias, specify the corresponding concrete indices instead."
        )
    names = node.indices.resolve(expression, Options(aliases=False))
    if not names:
        raise index_not_found(expression)
    return names


def _first(body: dict[str, Any], *keys: str) -> str:
    for key in keys:
        if key in body:
            values = body[key] if isinstance(body[key], list) else [body[key]]
            if wrong := [value for value in values if value is None or isinstance(value, list | dict)]:
                raise wrong_kind("alias_action", key, wrong[0])
            if not values or not all(map(str, values)):
                raise illegal_argument(f"[{key}] can't be empty" + ("" if isinstance(body[key], list) else " string"))
            return ",".join(map(str, values))
    raise validation_failed(f"One of [{keys[0]}] or [{keys[1]}] is required")


def _lacking(node: Node, call: Call) -> Reply:
    raise unsupported(f"the form [{call.method} {call.path}] of the alias API")


_TIMES = {"timeout", "master_timeout"}
_READ = {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "local", "master_timeout"}

ROUTES = [
    Route("POST", "/_aliases", "indices:admin/aliases", update_aliases, _TIMES),
    Route("PUT", "/{index}/_alias/{name}", "indices:admin/aliases", put_alias, _TIMES),
    Route("POST", "/{index}/_alias/{name}", "indices:admin/aliases", put_alias, _TIMES),
    Route("PUT", "/{index}/_aliases/{name}", "indices:admin/aliases", put_alias, _TIMES),
    Route("POST", "/{index}/_aliases/{name}", "indices:admin/aliases", put_alias, _TIMES),
    Route("DELETE", "/{index}/_alias/{name}", "indices:admin/aliases", delete_alias, _TIMES),
    Route("DELETE", "/{index}/_aliases/{name}", "indices:admin/aliases", delete_alias, _TIMES),
    *(
        Route(method, path, "indices:admin/aliases", _lacking)
        for method in ("PUT", "POST")
        for path in ("/_alias", "/_alias/{name}", "/{index}/_alias")
    ),
    Route("GET", "/_aliases", "indices:admin/aliases/get", get_alias, _READ),
    Route("GET", "/_alias", "indices:admin/aliases/get", get_alias, _READ),
    Route("GET", "/_alias/{name}", "indices:admin/aliases/get", get_alias, _READ),
    Route("GET", "/{index}/_alias", "indices:admin/aliases/get", get_alias, _READ),
    Route("GET", "/{index}/_alias/{name}", "indices:admin/aliases/get", get_alias, _READ),
]
