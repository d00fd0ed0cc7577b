"""``GET /_nodes``: the one node, by metric. What only a Java process has (``jvm``, ``thread_pool``, …) is left out.

A metric that was asked for by name and that we lack is 501; asked for all, the answer holds those that there are.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster.info import FLAVOR, TYPE
from clipline.emulator.errors import unsupported
from clipline.emulator.http.bodies import MAX_BODY
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.ingest.processors import PROCESSORS as INGEST_PROCESSORS
from clipline.emulator.node_description import (
    CLUSTER_NAME,
    NODE_NAME,
    description,
    header,
    is_meant,
    roles,
)
from clipline.emulator.versions import build_hash, index_version

if TYPE_CHECKING:
    from clipline.emulator.node import Node

METRICS = frozenset({"settings", "os", "process", "jvm", "thread_pool", "transport", "http", "remote_cluster_server",
                     "plugins", "ingest", "aggregations", "indices"})  # fmt: skip

_OTHER = frozenset(
    {"hot_threads", "hotthreads", "usage", "_repositories_metering", "shutdown", "reload_secure_settings"}
)
"""Words in the place of a node or a metric that belong to other APIs."""


def show(node: Node, call: Call) -> Reply:
    """``GET /_nodes``, ``/_nodes/{node or metric}``, ``/_nodes/{node}/{metric}``."""
    call.millis("timeout", default="30s")
    if other := sorted(_OTHER & set(call.args.values())):
        raise unsupported(f"the API [GET {call.path}] ({other[0]})")
    which, metrics = call.args.get("node_id", "_all"), _names(call.args.get("metric", "_all"))
    # /_nodes/os names a metric, /_nodes/_local a node: words that are all metrics are no nodes.
    if "metric" not in call.args and _names(which) <= METRICS | {"_all", "_none"}:
        which, metrics = "_all", _names(which)
    if not is_meant(node, which):
        return Reply(body={**header(0), "nodes": {}})
    return Reply(body={**header(1), "nodes": {node.node_id: _described(node, call, metrics)}})


def _described(node: Node, call: Call, metrics: set[str]) -> dict[str, Any]:
    body = description(node)
    shown, attributes = body.pop("roles"), body.pop("attributes")
    body |= {
        "index_version": index_version(node.version),
        "build_flavor": FLAVOR,
        "build_type": TYPE,
        "build_hash": build_hash(node.version),
        "roles": shown,
        "attributes": attributes,
    }
    if "_all" in metrics:
        wanted = set(_PARTS)
    else:
        wanted = metrics & METRICS
        if lacking := sorted(wanted - _PARTS.keys()):
            raise unsupported(f"the metric [{lacking[0]}] of the nodes info API")
    for name, part in _PARTS.items():
        if name in wanted:
            body |= part(node, call)
    return body


def _settings(node: Node, call: Call) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "client.type": "node",
        "cluster.name": CLUSTER_NAME,
        "node.name": NODE_NAME,
        "node.roles": roles(node),
        "xpack.security.enabled": str(node.identity.secure).lower(),
    }
    if call.flag("flat_settings"):
        return {"settings": flat}
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *above, last = key.split(".")
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return {"settings": nested}


def _os(node: Node, call: Call) -> dict[str, Any]:
    system = platform.uname()
    body = {
        "refresh_interval_in_millis": 1000,
        "name": system.system,
        "arch": {"x86_64": "amd64"}.get(system.machine, system.machine),
        "version": system.release,
        "available_processors": os.cpu_count() or 1,
        "allocated_processors": node.identity.ml_processors,
    }
    return {"os": body}


def _process(node: Node, call: Call) -> dict[str, Any]:
    return {"process": {"refresh_interval_in_millis": 1000, "id": os.getpid(), "mlockall": False}}


def _http(node: Node, call: Call) -> dict[str, Any]:
    return {
        "http": {
            "bound_address": [node.address],
            "publish_address": node.address,
            "max_content_length_in_bytes": MAX_BODY,
        }
    }


def _plugins(node: Node, call: Call) -> dict[str, Any]:
    return {"plugins": []}


def _ingest(node: Node, call: Call) -> dict[str, Any]:
    return {
        "ingest": {"processors": [{"type": kind} for kind in sorted({*INGEST_PROCESSORS, "inference", "pipeline"})]}
    }


_PARTS: dict[str, Callable[[Node, Call], dict[str, Any]]] = {
    "settings": _settings,
    "os": _os,
    "process": _process,
    "http": _http,
    "plugins": _plugins,
    "ingest": _ingest,
}


def _names(text: str) -> set[str]:
    return {name for name in map(str.strip, text.split(",")) if name}


_PARAMS = {"timeout", "flat_settings"}

ROUTES = [
    Route("GET", path, "cluster:monitor/nodes/info", show, _PARAMS)
    for path in ("/_nodes", "/_nodes/{node_id}", "/_nodes/{node_id}/{metric}", "/_nodes/{node_id}/info/{metric}")
]
