"""``GET /_nodes/stats``: what of the node's counters there is: ``indices`` in part, ``os``, ``process``, ``fs``, ``ingest``.

A metric that was asked for by name and that we lack is 501; asked for all, the answer holds those that there are.
"""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster.machine import PROCESSORS, memory
from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.http.human import with_human
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.stats import chosen, whole
from clipline.emulator.node_description import description, header, is_meant

if TYPE_CHECKING:
    from clipline.emulator.node import Node

METRICS = ("adaptive_selection", "allocations", "breaker", "discovery", "fs", "http", "indexing_pressure", "indices",
           "ingest", "jvm", "os", "process", "repositories", "script", "script_cache", "thread_pool", "transport")  # fmt: skip

_DESCRIPTORS = Path("/proc/self/fd")


def show(node: Node, call: Call) -> Reply:
    """``GET /_nodes[/{node}]/stats[/{metric}]``."""
    call.millis("timeout", default="30s")
    if call.params.get("level", "node") != "node":
        raise unsupported(f"[level={call.params['level']}] of the nodes stats API")
    metrics = {name for name in map(str.strip, call.args.get("metric", "_all").split(",")) if name}
    path = call.path
    if metrics != {"_all"} and "_all" in metrics:
        given = call.args["metric"]
        raise illegal_argument(f"request [{path}] contains _all and individual metrics [{given}]")
    if metrics != {"_all"} and (unknown := sorted(metrics - set(METRICS))):
        plural = "s" if len(unknown) > 1 else ""
        raise illegal_argument(
            f"request [{path}] contains unrecognized metric{plural}: {', '.join(f'[{one}]' for one in unknown)}"
        )
    if metrics == {"_all"}:
        metrics = set(_PARTS)
    elif lacking := sorted(metrics - _PARTS.keys()):
        raise unsupported(f"the metric [{lacking[0]}] of the nodes stats API")
    if not is_meant(node, call.args.get("node_id", "_all")):
        return Reply(body={**header(0), "nodes": {}})
    sections = _index_sections(call, metrics)
    body = {"timestamp": _now(), **description(node)}
    body.pop("version")
    for name, part in _PARTS.items():
        if name in metrics:
            body[name] = with_human(part(node)) if call.flag("human") else part(node)
    if "indices" in metrics:
        body["indices"] = {name: section for name, section in body["indices"].items() if name in sections}
    return Reply(body={**header(1), "nodes": {node.node_id: body}})


def _index_sections(call: Call, metrics: set[str]) -> set[str]:
    """Which sections of ``indices`` the last part of the path asks for."""
    given = call.args.get("index_metric")
    if given is not None and call.args["metric"] == "_all":
        raise illegal_argument(f"request [{call.path}] contains index metrics [{given}] but all stats requested")
    if given is not None and "indices" not in metrics:
        raise illegal_argument(
            f"request [{call.path}] contains index metrics [{given}] but indices stats not requested"
        )
    return chosen(call, given or "_all", "index metric", "the nodes stats API")


def _indices(node: Node) -> dict[str, Any]:
    return whole(node)


def _os(node: Node) -> dict[str, Any]:
    one, five, fifteen = os.getloadavg()
    load = {"1m": round(one, 2), "5m": round(five, 2), "15m": round(fifteen, 2)}
    body: dict[str, Any] = {
        "timestamp": _now(),
        "cpu": {"percent": PROCESSORS.percent(), "load_average": load},
    }
    if found := memory():
        body["mem"] = {
            "total_in_bytes": found.total,
            "adjusted_total_in_bytes": found.total,
            "free_in_bytes": found.free,
            "used_in_bytes": found.total - found.free,
            "free_percent": 100 - found.used_percent,
            "used_percent": found.used_percent,
        }
    return body


def _process(node: Node) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "timestamp": _now(),
        "open_file_descriptors": sum(1 for _ in _DESCRIPTORS.iterdir()) if _DESCRIPTORS.exists() else -1,
        "max_file_descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "cpu": {"total_in_millis": int(1000 * (used.ru_utime + used.ru_stime))},
    }


def _fs(node: Node) -> dict[str, Any]:
    usage = shutil.disk_usage(node.data)
    # What is free is more than what is available where the system keeps a part for itself.
    total = {
        "total_in_bytes": usage.total,
        "free_in_bytes": usage.total - usage.used,
        "available_in_bytes": usage.free,
    }
    return {"timestamp": _now(), "total": total, "data": [{"path": str(node.data), **total}]}


def _ingest(node: Node) -> dict[str, Any]:
    return node.pipelines.stats()


_PARTS: dict[str, Callable[[Node], dict[str, Any]]] = {
    "indices": _indices,
    "os": _os,
    "process": _process,
    "fs": _fs,
    "ingest": _ingest,
}


def _now() -> int:
    return time.time_ns() // 1_000_000


_PARAMS = {"timeout", "level"}
_REFUSED = {"completion_fields", "fielddata_fields", "fields", "groups", "include_segment_file_sizes", "types",
            "include_unloaded_segments"}  # fmt: skip

ROUTES = [
    Route("GET", path, "cluster:monitor/nodes/stats", show, _PARAMS, _REFUSED)
    for path in (
        "/_nodes/stats",
        "/_nodes/stats/{metric}",
        "/_nodes/stats/{metric}/{index_metric}",
        "/_nodes/{node_id}/stats",
        "/_nodes/{node_id}/stats/{metric}",
        "/_nodes/{node_id}/stats/{metric}/{index_metric}",
    )
]
