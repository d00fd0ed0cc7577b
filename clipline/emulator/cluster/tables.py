"""``_cat/health``, ``_cat/nodes``, ``_cat/master``, and the list of all tables."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster.info import FLAVOR, TYPE
from clipline.emulator.cluster.machine import PROCESSORS, memory
from clipline.emulator.http import cat
from clipline.emulator.http.cat import Column
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.node_description import CLUSTER_NAME, IP, NODE_NAME, ROLES, roles
from clipline.emulator.shard_health import cluster_health, summary
from clipline.emulator.versions import build_hash

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_HEALTH = (
    *cat.TIMESTAMPS,
    Column("cluster", "cl", "cluster name"),
    Column("status", "st", "health status"),
    Column("node.total", "nt,nodeTotal", "total number of nodes", right=True),
    Column("node.data", "nd,nodeData", "number of nodes that can store data", right=True),
    Column("shards", "t,sh,shards.total,shardsTotal", "total number of shards", right=True),
    Column("pri", "p,shards.primary,shardsPrimary", "number of primary shards", right=True),
    Column("relo", "r,shards.relocating,shardsRelocating", "number of relocating nodes", right=True),
    Column("init", "i,shards.initializing,shardsInitializing", "number of initializing nodes", right=True),
    Column("unassign", "u,shards.unassigned,shardsUnassigned", "number of unassigned shards", right=True),
    Column("unassign.pri", "up,shards.unassigned.primary,shardsUnassignedPrimary",
           "number of unassigned primary shards", right=True),
    Column("pending_tasks", "pt,pendingTasks", "number of pending tasks", right=True),
    Column("max_task_wait_time", "mtwt,maxTaskWaitTime", "wait time of longest task pending", right=True),
    Column("active_shards_percent", "asp,activeShardsPercent", "active number of shards in percent", right=True),
)  # fmt: skip

_NODES = (
    Column("id", "id,nodeId", "unique node id", default=False),
    Column("pid", "p", "process id", default=False),
    Column("ip", "i", "ip address"),
    Column("http_address", "http", "bound http address", default=False),
    Column("version", "v", "es version", default=False),
    Column("flavor", "f", "es distribution flavor", default=False),
    Column("type", "t", "es distribution type", default=False),
    Column("build", "b", "es build hash", default=False),
    Column("disk.total", "dt,diskTotal", "total disk space", right=True, default=False),
    Column("disk.used", "du,diskUsed", "used disk space", right=True, default=False),
    Column("disk.avail", "d,da,disk,diskAvail", "available disk space", right=True, default=False),
    Column("disk.used_percent", "dup,diskUsedPercent", "used disk space percentage", right=True, default=False),
    Column("heap.percent", "hp,heapPercent", "used heap ratio", right=True),
    Column("ram.percent", "rp,ramPercent", "used machine memory ratio", right=True),
    Column("cpu", "cpu", "recent cpu usage", right=True),
    Column("load_1m", "l", "1m load avg", right=True),
    Column("load_5m", "l", "5m load avg", right=True),
    Column("load_15m", "l", "15m load avg", right=True),
    Column("node.role", "r,role,nodeRole",
           "m:master eligible node, d:data node, i:ingest node, -:coordinating node only"),
    Column("master", "m", "*:current master"),
    Column("name", "n", "node name"),
)  # fmt: skip

_MASTER = (
    Column("id", "", "node id"),
    Column("host", "h", "host name"),
    Column("ip", "", "ip address "),
    Column("node", "n", "node name"),
)


_LACKING_NODES = (
    "port", "po", "jdk", "j", "heap.current", "hc", "heapCurrent", "heap.max", "hm", "heapMax", "ram.current", "rc",
    "ramCurrent", "ram.max", "rn", "rm", "ramMax", "file_desc.current", "fdc", "fileDescriptorCurrent",
    "file_desc.percent", "fdp", "fileDescriptorPercent", "file_desc.max", "fdm", "fileDescriptorMax", "uptime", "u",
    "completion.size", "fielddata.memory_size", "fielddata.evictions", "query_cache.memory_size",
    "query_cache.evictions", "query_cache.hit_count", "query_cache.miss_count", "request_cache.memory_size",
    "request_cache.evictions", "request_cache.hit_count", "request_cache.miss_count", "flush.total",
    "flush.total_time", "get.current", "get.time", "get.total", "get.exists_time", "get.exists_total",
    "get.missing_time", "get.missing_total", "indexing.delete_current", "indexing.delete_time",
    "indexing.delete_total", "indexing.index_current", "indexing.index_time", "indexing.index_total",
    "indexing.index_failed", "merges.current", "merges.current_docs", "merges.current_size", "merges.total",
    "merges.total_docs", "merges.total_size", "merges.total_time", "refresh.total", "refresh.time",
    "refresh.external_total", "refresh.external_time", "refresh.listeners", "script.compilations",
    "script.cache_evictions", "script.compilation_limit_triggered", "search.fetch_current", "search.fetch_time",
    "search.fetch_total", "search.open_contexts", "search.query_current", "search.query_time", "search.query_total",
    "search.scroll_current", "search.scroll_time", "search.scroll_total", "segments.count", "segments.memory",
    "segments.index_writer_memory", "segments.version_map_memory", "segments.fixed_bitset_memory", "suggest.current",
    "suggest.time", "suggest.total", "bulk.total_operations", "bulk.total_time", "bulk.total_size_in_bytes",
    "bulk.avg_time", "bulk.avg_size_in_bytes", "shard_stats.total_count", "mappings.total_count",
    "mappings.total_estimated_overhead_in_bytes",
)  # fmt: skip


def health(node: Node, call: Call) -> Reply:
    """``GET /_cat/health``."""
    found = cluster_health(node, node.indices.names())
    counts = summary(found)
    keys = ("number_of_nodes", "number_of_data_nodes", "active_shards", "active_primary_shards", "relocating_shards",
            "initializing_shards", "unassigned_shards", "unassigned_primary_shards", "number_of_pending_tasks")  # fmt: skip
    percent = f"{counts['active_shards_percent_as_number']:.1f}%"
    row = [*cat.now(), CLUSTER_NAME, found.status, *(counts[key] for key in keys), "-", percent]
    return cat.answer(call, _HEALTH, [row])


def nodes(node: Node, call: Call) -> Reply:
    """``GET /_cat/nodes``; there is no heap, so its cell is empty."""
    cat.check_columns(call, _NODES, _LACKING_NODES)
    loads = [f"{load:.2f}" for load in os.getloadavg()]
    found = memory()
    shown = node.node_id if call.flag("full_id") else node.node_id[:4]
    letters = "".join(sorted(ROLES[role] for role in roles(node)))
    row: list[Any] = [shown, os.getpid(), IP, node.address, str(node.version), FLAVOR, TYPE, build_hash(node.version)]
    disk = shutil.disk_usage(node.data)
    # Used is what is not available (RestNodesAction).
    used = disk.total - disk.free
    row += [cat.Size(disk.total), cat.Size(used), cat.Size(disk.free), f"{100 * used / disk.total:.2f}"]
    row += [None, found and found.used_percent, PROCESSORS.percent(), *loads, letters, "*", NODE_NAME]
    return cat.answer(call, _NODES, [row])


def master(node: Node, call: Call) -> Reply:
    """``GET /_cat/master``."""
    return cat.answer(call, _MASTER, [[node.node_id, IP, IP, NODE_NAME]])


def listing(node: Node, call: Call) -> Reply:
    """``GET /_cat``: the tables that there are, those of all families."""
    from clipline.emulator import indices, ml

    paths = sorted(route.path for route in (*ROUTES, *indices.ROUTES, *ml.ROUTES) if route.path.startswith("/_cat/"))
    return Reply(body="".join(f"{line}\n" for line in ("=^.^=", *paths)))


_PARAMS = cat.PARAMS | {"local", "master_timeout"}

ROUTES = [
    Route("GET", "/_cat", "", listing, {"help"}),
    Route("GET", "/_cat/health", "cluster:monitor/health", health, _PARAMS),
    Route("GET", "/_cat/nodes", "cluster:monitor/state", nodes, _PARAMS | {"full_id"}, {"include_unloaded_segments"}),
    Route("GET", "/_cat/master", "cluster:monitor/state", master, _PARAMS),
]
