"""``_resolve/index``: what names and patterns stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import unsupported
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.expressions import PARAMS, read_options
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.resolution import Names, Options, resolve

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def resolve_index(node: Node, call: Call) -> Reply:
    """``GET|POST /_resolve/index/{name}``: aliases and indices that are named or matched, each as itself."""
    if "mode" in call.params and node.version >= (9, 2):
        raise unsupported("the parameter [mode] of _resolve/index")
    if call.raw.strip():
        raise unsupported("a body of _resolve/index")
    node.security.require_spelled("indices:admin/resolve/index", call.args["name"])
    known = node.indices.reachable()
    # Here an alias is a thing to be named like an index, and does not stand for its indices.
    things = Names([*known.indices, *known.aliases], {}, known.hidden, known.closed)
    found = sorted(resolve(call.args["name"], things, read_options(call, Options())))
    with_mode = node.version >= (9, 2)
    indices = [
        _shown(known, index, with_mode=with_mode)
        for index in node.indices.present(name for name in found if name not in known.aliases)
    ]
    aliases = [{"name": name, "indices": sorted(known.aliases[name])} for name in found if name in known.aliases]
    return Reply(body={"indices": indices, "aliases": aliases, "data_streams": []})


def _shown(known: Names, index: Index, *, with_mode: bool) -> dict[str, Any]:
    aliases = sorted(alias for alias, names in known.aliases.items() if index.name in names)
    attributes = (["hidden"] if index.settings.get("hidden") == "true" else []) + ["closed" if index.closed else "open"]
    shown = {"name": index.name, **({"aliases": aliases} if aliases else {}), "attributes": attributes}
    return {**shown, "mode": "standard"} if with_mode else shown


ROUTES = [
    Route(method, "/_resolve/index/{name}", "indices:admin/resolve/index", resolve_index, PARAMS | {"mode"})
    for method in ("GET", "POST")
]
