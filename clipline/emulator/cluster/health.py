"""``_cluster/health``: one node, so an index that wants replicas is yellow; and ``_cluster/pending_tasks``."""

from __future__ import annotations

import re
import time
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.expressions import named
from clipline.emulator.indices.resolution import Options
from clipline.emulator.node_description import CLUSTER_NAME
from clipline.emulator.shard_health import cluster_health, index_health, summary

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_RANKS = {"green": 0, "yellow": 1, "red": 2}
_EVENTS = ("IMMEDIATE", "URGENT", "HIGH", "NORMAL", "LOW", "LANGUID")
_LEVELS = ("cluster", "indices", "shards")
_POLL_SECONDS = 0.05
_SIGNS = {">=": ge, "ge": ge, "<=": le, "le": le, ">": gt, "gt": gt, "<": lt, "lt": lt, "": eq}
_MOST = 2**31 - 1
_NODES = re.compile(r"(?:(>=|<=|>|<|)(\d+)|(ge|le|gt|lt)\((\d+)\))")


def show(node: Node, call: Call) -> Reply:
    """``GET /_cluster/health``: waits for what it is told to wait for, 408 when that does not come."""
    conditions = _conditions(call)
    level = call.params.get("level", "cluster").lower()
    if level not in _LEVELS:
        given = call.params["level"]
        raise illegal_argument(f"level parameter must be one of [cluster] or [indices] or [shards] but was [{given}]")
    deadline = time.monotonic() + call.millis("timeout", default="30s") / 1000
    while True:
        names, missing = _names(node, call)
        health = cluster_health(node, names, missing=missing)
        met = not missing and all(condition(health) for condition in conditions)
        if met or time.monotonic() >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    head = {"cluster_name": CLUSTER_NAME, "status": health.status, "timed_out": not met}
    body = {**head, **summary(health), **_details(node, names, level)}
    if call.flag("human"):
        body["task_max_waiting_in_queue"] = "0s"
        body["active_shards_percent"] = f"{body['active_shards_percent_as_number']:.1f}%"
    return Reply(body=body, status=200 if met else 408)


def pending_tasks(node: Node, call: Call) -> Reply:
    """``GET /_cluster/pending_tasks``: every change is made before it is acknowledged, so none is waiting."""
    return Reply(body={"tasks": []})


def _names(node: Node, call: Call) -> tuple[list[str], bool]:
    """The indices to look at, by the parameters, and whether one that was named is missing: it may still appear."""
    try:
        node.indices.resolve(call.args.get("index", "_all"), Options())
        missing = False
    except ApiError as error:
        if error.type != "index_not_found_exception":
            raise
        missing = True
    return named(node, call, hidden=True, base=Options(ignore_unavailable=True, closed=True)), missing


def _conditions(call: Call) -> list[Any]:
    """What to wait for. Nothing moves or starts here, so waiting for an end of that is met at once."""
    conditions: list[Any] = []
    if (status := call.params.get("wait_for_status")) is not None:
        if status.lower() not in _RANKS:
            name = "org.elasticsearch.cluster.health.ClusterHealthStatus"
            raise illegal_argument(f"No enum constant {name}.{status.upper()}")
        conditions.append(lambda health: _RANKS[health.status] <= _RANKS[status.lower()])
    for flag in ("wait_for_no_relocating_shards", "wait_for_no_initializing_shards"):
        call.flag(flag)
    if (events := call.params.get("wait_for_events")) is not None and events.upper() not in _EVENTS:
        raise illegal_argument(f"No enum constant org.elasticsearch.common.Priority.{events.upper()}")
    if (active := call.params.get("wait_for_active_shards")) is not None:
        conditions.append(_active(active))
    if nodes := call.params.get("wait_for_nodes"):
        enough = _nodes(nodes)
        conditions.append(lambda _: enough)
    return conditions


def _active(text: str) -> Any:
    if text == "all":
        return lambda health: not health.replicas
    if not re.fullmatch(r"\d{1,9}", text):
        if re.fullmatch(r"-\d{1,9}", text):
            raise illegal_argument("shard count cannot be a negative value")
        raise illegal_argument(f"cannot parse ActiveShardCount[{text}]")
    return lambda health: health.primaries >= int(text)


def _nodes(text: str) -> bool:
    """Whether the one node is as many as ``>=1``, ``le(2)`` or ``1`` wants."""
    match = _NODES.fullmatch(text)
    if match is None or int(match[2] or match[4]) > _MOST:
        raise ApiError(400, "number_format_exception", f'For input string: "{text.strip("<>=gelt()")}"')
    count = int(match[2] or match[4])
    return bool(_SIGNS[match[1] or match[3] or ""](1, count))


def _details(node: Node, names: list[str], level: str) -> dict[str, Any]:
    if level == "cluster":
        return {}
    return {"indices": {name: _index(node, name, level) for name in names}}


def _index(node: Node, name: str, level: str) -> dict[str, Any]:
    health = index_health(node, name)
    shards, replicas = node.indices.shards(name), node.indices.replicas(name)
    body: dict[str, Any] = {
        "status": health.status,
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "active_primary_shards": health.primaries,
        "active_shards": health.primaries,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": health.replicas,
        "unassigned_primary_shards": 0,
    }
    if level == "shards":
        shard = {
            "status": health.status,
            "primary_active": True,
            "active_shards": 1,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "unassigned_shards": replicas,
            "unassigned_primary_shards": 0,
        }
        body["shards"] = {str(number): shard for number in range(shards)}
    return body


_PARAMS = {
    "wait_for_status", "wait_for_no_relocating_shards", "wait_for_no_initializing_shards", "wait_for_active_shards",
    "wait_for_nodes", "wait_for_events", "level", "timeout", "master_timeout", "local", "expand_wildcards",
    "ignore_unavailable", "allow_no_indices",
}  # fmt: skip

ROUTES = [
    *(
        Route("GET", path, "cluster:monitor/health", show, _PARAMS, {"return_200_for_cluster_health_timeout"})
        for path in ("/_cluster/health", "/_cluster/health/{index}")
    ),
    Route("GET", "/_cluster/pending_tasks", "cluster:monitor/task", pending_tasks, {"local", "master_timeout"}),
]
