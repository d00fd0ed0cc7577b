"""Indices themselves: create, show, delete, and their mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_options import read_options as read_alias
from clipline.emulator.indices.blocks import check_metadata
from clipline.emulator.indices.creation import check_creatable
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.expressions import PARAMS, check_destructive, named, read_options
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.indices.resolution import Options
from clipline.emulator.indices.settings_api import READ as READ_SETTINGS
from clipline.emulator.indices.settings_api import shown_settings

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_FEATURES = ("aliases", "mappings", "settings")


def create(node: Node, call: Call) -> Reply:
    """``PUT /{index}``."""
    body = call.body
    for key in body:
        if key not in _FEATURES:
            raise ApiError(400, "parse_exception", f"unknown key [{key}] for create index")
        if not isinstance(body[key], dict) and not (body[key] is None and key != "settings"):
            raise ApiError(400, "parse_exception", f"key [{key}] must be an object")
    aliases = {}
    for alias, options in (body.get("aliases") or {}).items():
        if not isinstance(options, dict):
            raise illegal_argument(f"Unknown token [{json_token(options)}] in alias [{alias}]")
        aliases[resolve_name(alias)] = read_alias(alias, options)
    name = resolve_name(call.args["index"])
    if aliases:
        node.security.require("indices:admin/aliases", name)
        node.security.require("indices:admin/aliases", *aliases, shown=False)
    copies = _active_shards(call)
    with node.indices.lock:
        hidden = settings_of.flatten(body.get("settings"), node.version).get("hidden") == "true"
        check_creatable(node.indices, name, hidden=hidden)
        index = node.indices.create(
            name,
            settings=body.get("settings"),
            mappings=body.get("mappings"),
            aliases=aliases,
            least_copies=copies or 0,
            provided_name=call.args["index"],
        )
    # On one node no replica is ever there to wait for; the real one says so after its timeout.
    enough = copies <= 1 if copies is not None else index.copies == 1
    warning = dot_warning(index)
    return Reply(
        body={"acknowledged": True, "shards_acknowledged": enough, "index": name},
        warnings=(warning,) if warning else (),
    )


def show(node: Node, call: Call) -> Reply:
    """``GET /{index}``."""
    wanted = call.params.get("features", ",".join(_FEATURES)).split(",")
    features = [_FEATURES[place] for place in sorted({_feature(name) for name in wanted})]
    result: dict[str, Any] = {}
    for index in _resolved(node, call):
        check_metadata(index, write=False)
        parts: dict[str, Any] = {}
        for feature in features:
            if feature == "aliases":
                parts["aliases"] = node.indices.aliases_of(index.name)
            elif feature == "mappings":
                parts["mappings"] = mappings_of.shown(index.mappings)
            else:
                parts |= shown_settings(node, index, call)
        result[index.name] = parts
    return Reply(body=result)


def delete(node: Node, call: Call) -> Reply:
    """``DELETE /{index}``: aliases do not count, and wildcards only where the cluster lets them."""
    expression = call.args["index"]
    check_destructive(node, expression)
    options = read_options(call, Options(aliases=False, closed=True))
    with node.indices.lock:
        names = node.indices.resolve(expression, options)
        for name in names:
            check_metadata(node.indices.get(name), deletion=True)
        node.indices.delete(names)
    return ACKNOWLEDGED


def get_mapping(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_mapping``."""
    return Reply(body={index.name: {"mappings": mappings_of.shown(index.mappings)} for index in _resolved(node, call)})


def put_mapping(node: Node, call: Call) -> Reply:
    """``PUT /{index}/_mapping``; with ``write_index_only`` an alias stands for its write index."""
    body = call.required_body()
    if set(body) == {"_doc"}:
        raise illegal_argument("Types cannot be provided in put mapping requests")
    if call.flag("write_index_only"):
        indices = [index for part in call.args["index"].split(",") if (index := node.indices.write_index(part))]
    else:
        indices = _resolved(node, call, Options(allow_no_indices=False, closed=True))
    for index in indices:
        check_metadata(index)
    additions = [(index, mappings_of.normalise(body, traits_of(node, index))) for index in indices]
    with node.indices.changing():
        # All or none: a refusal by one index leaves the others as they are.
        merged = [(index, node.indices.merged_mapping(index, addition)) for index, addition in additions]
        for index, mapping in merged:
            node.indices.set_mapping(index, mapping)
    return ACKNOWLEDGED


def dot_warning(index: Index) -> str | None:
    """What the real server warns of when an index that is not hidden has the name of one that is."""
    if not index.name.startswith(".") or index.settings.get("hidden") == "true":
        return None
    return (
        f"index name [{index.name}] starts with a dot '.', in the next major version, index names starting with a dot are "
        "reserved for hidden indices and system indices"
    )


def _feature(name: str) -> int:
    if name not in _FEATURES:
        raise illegal_argument(f"No feature for name [{name}]")
    return _FEATURES.index(name)


def _active_shards(call: Call) -> int | None:
    """``wait_for_active_shards`` as a number; ``None`` for all."""
    text = call.params.get("wait_for_active_shards", "1")
    if text in ("all", "-1"):
        return None
    if not text.isascii() or not text.isdigit():
        raise illegal_argument(f"cannot parse ActiveShardCount[{text}]")
    return int(text)


def _resolved(node: Node, call: Call, base: Options | None = None) -> list[Index]:
    return node.indices.present(named(node, call, base=base))


_TIMES = {"timeout", "master_timeout"}
_READ = PARAMS | {"local", "master_timeout"}
_CHANGE = PARAMS | _TIMES
_PUT_MAPPING = _CHANGE | {"write_index_only"}

ROUTES = [
    Route("PUT", "/{index}", "indices:admin/create", create, _TIMES | {"wait_for_active_shards"}),
    Route("GET", "/{index}", "indices:admin/get", show, READ_SETTINGS | {"features"}),
    Route("DELETE", "/{index}", "indices:admin/delete", delete, _CHANGE),
    *(
        Route("GET", f"{start}/{word}", "indices:admin/mappings/get", get_mapping, _READ)
        for start in ("", "/{index}")
        for word in ("_mapping", "_mappings")
    ),
    *(
        Route(method, f"/{{index}}/{word}", "indices:admin/mapping/put", put_mapping, _PUT_MAPPING)
        for method in ("PUT", "POST")
        for word in ("_mapping", "_mappings")
    ),
]
