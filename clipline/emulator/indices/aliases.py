"""Aliases: several changes in one atomic request, and the short forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, TextError, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.alias_actions import Action, add_action, read_actions
from clipline.emulator.indices.alias_rules import check_alias, check_together
from clipline.emulator.indices.blocks import check_metadata
from clipline.emulator.indices.expressions import PARAMS, named
from clipline.emulator.indices.resolution import Options
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_INDICES = Options(aliases=False, allow_no_indices=False)
"""How the indices of a change are read: each must be there, and none may be named by an alias."""


def update_aliases(node: Node, call: Call) -> Reply:
    """``POST /_aliases``: all actions or none, with a result for each when one of them found nothing to remove."""
    actions = read_actions(call.required_body())
    if not actions:
        raise validation_failed("Must specify at least one alias action")
    results = _apply(node, actions)
    errors = any("error" in result for result in results)
    body: dict[str, Any] = {"acknowledged": True, "errors": errors}
    return Reply(body={**body, "action_results": results} if errors else body)


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT [/{index}]/_alias[/{name}]``; what the path does not name, the body does."""
    _apply(node, [add_action(call.args.get("index", ""), call.args.get("name"), call.body)])
    return Reply(body={"acknowledged": True, "errors": False})


def delete_alias(node: Node, call: Call) -> Reply:
    """``DELETE /{index}/_alias/{name}``."""
    names, aliases = call.args["index"].split(","), call.args["name"].split(",")
    _apply(node, [Action(verb="remove", indices=tuple(names), aliases=tuple(aliases))])
    return Reply(body={"acknowledged": True, "errors": False})


def get_alias(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_alias[/{name}]``: with a name, only the indices that have it."""
    wanted = [part for part in call.args.get("name", "").split(",") if part]
    node.security.require_spelled("indices:admin/aliases/get", ",".join(wanted), shown=False)
    known = node.indices.reachable().aliases
    result: dict[str, Any] = {}
    seen: set[str] = set()
    for index in node.indices.present(named(node, call, base=Options(hidden=True, closed=True))):
        check_metadata(index, write=False)
        name = index.name
        here = node.indices.aliases_of(name)
        found = {alias: body for alias, body in here.items() if alias in known and chosen(alias, wanted)}
        seen |= set(found)
        if found or not wanted:
            result[name] = {"aliases": found}
    if missing := _missing(wanted, seen):
        text = f"alias{'es' if len(missing) > 1 else ''} [{','.join(missing)}] missing"
        if call.method == "HEAD" or not result:
            raise TextError(404, text)
        return Reply(body={"error": text, "status": 404, **result}, status=404)
    return Reply(body=result)


def chosen(alias: str, wanted: list[str]) -> bool:
    """Whether an alias is one of those named; none names all.

    Names and patterns count in order, and ``-x`` takes away what was found before it (``Metadata.findAliases``).
    """
    if not wanted:
        return True
    inside = False
    for part in wanted:
        if part.startswith("-"):
            inside = inside and not simple_match(part[1:], alias)
        else:
            inside = inside or part == "_all" or simple_match(part, alias)
    return inside


def _missing(wanted: list[str], seen: set[str]) -> list[str]:
    first = next((place for place, part in enumerate(wanted) if "*" in part), len(wanted))
    missing = set()
    for place, part in enumerate(wanted):
        if part == "_all" or "*" in part or (place > first and part.startswith("-")):
            continue
        later = [other[1:] for other in wanted[max(place + 1, first) :] if other.startswith("-")]
        if part not in seen and not any(other == "_all" or simple_match(other, part) for other in later):
            missing.add(part)
    return sorted(missing)


def _apply(node: Node, actions: list[Action]) -> list[dict[str, Any]]:
    """Carry out all or none.

    Raises:
        ApiError: one of them was refused, or together they found nothing to do.
    """
    results: list[dict[str, Any]] = []
    gone: dict[str, None] = {}
    done = 0
    with node.indices.changing():
        _check_allowed(node, actions)
        resolved = [(action, node.indices.resolve(",".join(action.indices), _INDICES)) for action in actions]
        for action, names in resolved:
            if action.verb == "add":
                node.security.check_aliased(names, action.aliases)
            for name in names:
                check_metadata(node.indices.get(name), deletion=action.verb == "remove_index")
            if action.verb == "remove_index":
                gone |= dict.fromkeys(names)
        for action, names in resolved:
            count = len(names)
            if action.verb == "add":
                _add(node, action, names, gone)
            elif action.verb == "remove":
                count = _remove(node, action, names)
            done += count
            results.append(_result(action, names, count))
        if not done:
            raise _aliases_missing([alias for action in actions for alias in action.aliases])
        for alias, bodies in node.indices.aliases().items():
            check_together(alias, {name: body for name, body in bodies.items() if name not in gone})
        node.indices.delete(list(gone))
    return results


def _check_allowed(node: Node, actions: list[Action]) -> None:
    """Both the index and the alias have to be granted, of which a refusal names the indices only."""
    kind = "indices:admin/aliases"
    node.security.require_spelled(kind, ",".join(name for action in actions for name in action.indices))
    node.security.require_spelled(kind, ",".join(name for action in actions for name in action.aliases), shown=False)


def _add(node: Node, action: Action, names: list[str], gone: dict[str, None]) -> None:
    for alias in action.aliases:
        check_alias(node.indices, alias, action.options, gone=gone)
        for name in names:
            node.indices.put_alias(alias, name, action.options)


def _remove(node: Node, action: Action, names: list[str]) -> int:
    removed, known = 0, node.indices.reachable().aliases
    for name in names:
        wanted = list(action.aliases)
        here = [alias for alias in node.indices.aliases_of(name) if alias in known and chosen(alias, wanted)]
        for alias in here:
            node.indices.remove_alias(alias, name)
        removed += len(here)
        if not here and action.must_exist:
            raise _aliases_missing(list(action.aliases))
    return removed


def _result(action: Action, names: list[str], count: int) -> dict[str, Any]:
    shown = {"type": action.verb, "indices": names, "aliases": list(action.aliases)}
    if count:
        return {"action": shown, "status": 200}
    return {"action": shown, "status": 404, "error": _aliases_missing(list(action.aliases)).cause()}


def _aliases_missing(aliases: list[str]) -> ApiError:
    ids = aliases[0] if len(aliases) == 1 else aliases
    meta = {"resource.type": "aliases", "resource.id": ids}
    return ApiError(404, "aliases_not_found_exception", f"aliases [{','.join(aliases)}] missing", meta=meta)


_TIMES = {"timeout", "master_timeout"}
_READ = PARAMS | {"local", "master_timeout"}

ROUTES = [
    Route("POST", "/_aliases", "indices:admin/aliases", update_aliases, _TIMES),
    *(
        Route(method, f"{start}/{word}/{{name}}", "indices:admin/aliases", put_alias, _TIMES)
        for method in ("PUT", "POST")
        for start in ("", "/{index}")
        for word in ("_alias", "_aliases")
    ),
    *(
        Route("PUT", path, "indices:admin/aliases", put_alias, _TIMES)
        for path in ("/_alias", "/{index}/_alias", "/{index}/_aliases")
    ),
    *(
        Route("DELETE", f"/{{index}}/{word}/{{name}}", "indices:admin/aliases", delete_alias, _TIMES)
        for word in ("_alias", "_aliases")
    ),
    *(
        Route("GET", path, "indices:admin/aliases/get", get_alias, _READ)
        for path in ("/_aliases", "/_alias", "/_alias/{name}", "/{index}/_alias", "/{index}/_alias/{name}")
    ),
]
