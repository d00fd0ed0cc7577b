"""Indices themselves: create, show, delete, mapping, settings, refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token, unsupported
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.expressions import PARAMS, named
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_VERSION_CREATED = "9033000"  # the index version of the 9.2 line


def create(node: Node, call: Call) -> Reply:
    """``PUT /{index}``."""
    body = call.body
    for key in body:
        if key not in ("settings", "mappings", "aliases"):
            raise ApiError(400, "parse_exception", f"unknown key [{key}] for create index")
        if not isinstance(body[key], dict) and not (body[key] is None and key != "settings"):
            raise ApiError(400, "parse_exception", f"key [{key}] must be an object")
    for alias, options in (body.get("aliases") or {}).items():
        if not isinstance(options, dict):
            raise illegal_argument(f"Unknown token [{json_token(options)}] in alias [{alias}]")
    name = resolve_name(call.args["index"])
    node.indices.create(name, settings=body.get("settings"), mappings=body.get("mappings"), aliases=body.get("aliases"))
    return Reply(body={"acknowledged": True, "shards_acknowledged": True, "index": name})


def show(node: Node, call: Call) -> Reply:
    """``GET /{index}``."""
    result = {}
    for index in _resolved(node, call):
        result[index.name] = {
            "aliases": node.indices.aliases_of(index.name),
            "mappings": mappings_of.shown(index.mappings),
            "settings": settings_of.nested(_shown_settings(index)),
        }
    return Reply(body=result)


def delete(node: Node, call: Call) -> Reply:
    """``DELETE /{index}``: concrete names only."""
    expression = call.args["index"]
    wild = "*" in expression or expression == "_all"
    if wild and node.settings.flag("action.destructive_requires_name"):
        raise illegal_argument("Wildcard expressions or all indices are not allowed")
    names = node.indices.resolve(expression) if wild else expression.split(",")
    aliases = node.indices.aliases()
    for name in names:
        if name in aliases:
            raise illegal_argument(
                f"The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
            )
    if call.flag("ignore_unavailable"):
        names = [name for name in names if node.indices.exists(name)]
    node.indices.delete(names)
    return ACKNOWLEDGED


def get_mapping(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_mapping``."""
    return Reply(body={index.name: {"mappings": mappings_of.shown(index.mappings)} for index in _resolved(node, call)})


def put_mapping(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_mapping``."""
    body = call.required_body()
    if set(body) == {"_doc"}:
        raise illegal_argument("Types cannot be provided in put mapping requests")
    for index in _resolved(node, call):
        addition = mappings_of.normalise(body, traits_of(node, index))
        node.indices.update_mapping(index, addition)
    return ACKNOWLEDGED


def get_settings(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_settings``."""
    return Reply(
        body={index.name: {"settings": settings_of.nested(_shown_settings(index))} for index in _resolved(node, call)}
    )


def put_settings(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_settings``."""
    body = call.required_body()
    given = body.get("settings", body)
    if not isinstance(given, dict):
        raise ApiError(400, "parse_exception", "key [settings] must be an object")
    flat = settings_of.flatten(given)
    for index in _resolved(node, call):
        node.indices.update_settings(index, flat)
    return ACKNOWLEDGED


def refresh(node: Node, call: Call) -> Reply:
    """``POST [/{index}]/_refresh``."""
    indices = _resolved(node, call)
    for index in indices:
        node.indices.refresh(index.name)
    shards = sum(node.indices.shards(index.name) for index in indices)
    copies = sum(node.indices.shards(index.name) * (1 + node.indices.replicas(index.name)) for index in indices)
    return Reply(body={"_shards": {"total": copies, "successful": shards, "failed": 0}})


def _resolved(node: Node, call: Call) -> list[Index]:
    return [node.indices.get(name) for name in named(node, call)]


def _lacking(node: Node, call: Call) -> Reply:
    raise unsupported(f"the form [{call.method} {call.path}] of this API")


def _shown_settings(index: Index) -> dict[str, Any]:
    return {
        **index.settings,
        "creation_date": str(index.created),
        "uuid": index.uuid,
        "provided_name": index.name,
        "version.created": index.settings.get("version.created", _VERSION_CREATED),
        "routing.allocation.include._tier_preference": "data_content",
    }


_TIMES = {"timeout", "master_timeout"}
_READ = PARAMS | {"local", "master_timeout"}
_READ_REFUSED = {"flat_settings", "include_defaults", "features"}
_CHANGE = PARAMS | _TIMES

ROUTES = [
    Route("PUT", "/{index}", "indices:admin/create", create, _TIMES | {"wait_for_active_shards"}),
    Route("GET", "/{index}", "indices:admin/get", show, _READ, _READ_REFUSED),
    Route("DELETE", "/{index}", "indices:admin/delete", delete, _CHANGE),
    Route("GET", "/_mapping", "indices:admin/mappings/get", get_mapping, _READ),
    Route("GET", "/{index}/_mapping", "indices:admin/mappings/get", get_mapping, _READ),
    Route("PUT", "/{index}/_mapping", "indices:admin/mapping/put", put_mapping, _CHANGE, {"write_index_only"}),
    Route("POST", "/{index}/_mapping", "indices:admin/mapping/put", put_mapping, _CHANGE, {"write_index_only"}),
    Route("GET", "/_settings", "indices:monitor/settings/get", get_settings, _READ, _READ_REFUSED),
    Route("GET", "/{index}/_settings", "indices:monitor/settings/get", get_settings, _READ, _READ_REFUSED),
    Route("PUT", "/_settings", "indices:admin/settings/update", _lacking),
    Route(
        "PUT",
        "/{index}/_settings",
        "indices:admin/settings/update",
        put_settings,
        _CHANGE,
        {"preserve_existing", "reopen", "flat_settings"},
    ),
    *(
        Route(method, path, "indices:admin/refresh", refresh, PARAMS)
        for method in ("GET", "POST")
        for path in ("/_refresh", "/{index}/_refresh")
    ),
]
