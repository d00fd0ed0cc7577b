"""``_stats``: what an index holds and has done, in the sections that can be counted here.

A section that is missing is one that the emulator has nothing to say about; asked for by name it is 501. Of the
sections that are there, times are left out: nothing measures them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.counts import Counts
from clipline.emulator.indices.expressions import FORBID_CLOSED, PARAMS, named
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.maintenance import shards_touched
from clipline.emulator.shard_health import index_health
from clipline.emulator.spelling import unrecognized

if TYPE_CHECKING:
    from clipline.emulator.node import Node

Section = dict[str, int]

_LACKING = ("refresh", "warmer", "segments", "translog", "bulk", "mappings", "dense_vector", "sparse_vector")
_SECTIONS = ("docs", "shard_stats", "store", "indexing", "get", "search", "merges", "flush", "query_cache", "fielddata",
             "completion", "request_cache", "recovery")  # fmt: skip
_METRICS = {"merge": "merges"}
"""Where the name of a metric is not that of its section."""


def stats(node: Node, call: Call) -> Reply:
    """``GET [/{index}]/_stats[/{metric}]``."""
    wanted = _wanted(call)
    level = call.params.get("level", "indices")
    if level not in ("cluster", "indices", "shards"):
        raise illegal_argument(f"level parameter must be one of [cluster] or [indices] or [shards] but was [{level}]")
    if level == "shards":
        raise unsupported("[level=shards] of _stats")
    indices = node.indices.present(named(node, call, base=FORBID_CLOSED))
    each = {index.name: {name: value for name, value in sections(node, index).items() if name in wanted}
            for index in indices}  # fmt: skip
    whole = _sum(list(each.values()))
    body: dict[str, Any] = {"_shards": shards_touched(indices), "_all": {"primaries": whole, "total": whole}}
    if level == "indices":
        body["indices"] = {
            index.name: {
                "uuid": index.uuid,
                "health": index_health(node, index.name).status,
                "status": "open",
                # No replica is ever there, so the primaries are all there is.
                "primaries": each[index.name],
                "total": each[index.name],
            }
            for index in indices
        }
    return Reply(body=body)


def sections(node: Node, index: Index) -> dict[str, Section]:
    """Every section of one index."""
    size = stored_bytes(node, index)
    with index.lock:
        index.tick()
        documents = len(index.shard.snapshot().documents)
    return _sections(size, documents, index.shards, index.counts)


def whole(node: Node) -> dict[str, Section]:
    """Every section of all indices together, which is what their node holds."""
    each = [sections(node, index) for index in node.indices.present(node.indices.names())]
    return _sum([_sections(0, 0, 0, Counts()), *each])


def _sections(size: int, documents: int, shards: int, counts: Counts) -> dict[str, Section]:
    cache = {"memory_size_in_bytes": 0, "evictions": 0}
    return {
        "docs": {"count": documents, "deleted": 0, "total_size_in_bytes": size},
        "shard_stats": {"total_count": shards},
        "store": {"size_in_bytes": size, "total_data_set_size_in_bytes": size, "reserved_in_bytes": 0},
        "indexing": {
            "index_total": counts.indexed,
            "index_current": 0,
            "delete_total": counts.deleted,
            "delete_current": 0,
            "noop_update_total": counts.noops,
        },
        "get": {
            "total": counts.found + counts.missing,
            "exists_total": counts.found,
            "missing_total": counts.missing,
            "current": 0,
        },
        "search": {"query_total": counts.queries, "query_current": 0, "scroll_total": 0, "scroll_current": 0},
        # What follows does not exist here, so nothing of it ever happens.
        "merges": {"current": 0, "current_docs": 0, "total": 0, "total_docs": 0, "total_size_in_bytes": 0},
        "flush": {"total": counts.flushes, "periodic": 0},
        "query_cache": {**cache, "total_count": 0, "hit_count": 0, "miss_count": 0, "cache_size": 0, "cache_count": 0},
        "fielddata": cache,
        "completion": {"size_in_bytes": 0},
        "request_cache": {**cache, "hit_count": 0, "miss_count": 0},
        "recovery": {"current_as_source": 0, "current_as_target": 0},
    }


def stored_bytes(node: Node, index: Index) -> int:
    """Bytes of what is kept of the documents: sources, and what is indexed of them."""
    row = node.database.row(
        "SELECT sum(length(source) + length(field_values) + length(vectors)) FROM documents WHERE index_uuid = ?",
        (index.uuid,),
    )
    return int(row[0] or 0) if row else 0


def _sum(each: list[dict[str, Section]]) -> dict[str, Section]:
    total: dict[str, Section] = {}
    for one in each:
        for name, section in one.items():
            into = total.setdefault(name, dict.fromkeys(section, 0))
            for key, value in section.items():
                into[key] += value
    return total


def _wanted(call: Call) -> set[str]:
    return chosen(call, call.args.get("metric", "_all"), "metric", "_stats")


def chosen(call: Call, text: str, what: str, api: str) -> set[str]:
    """The sections that a comma-separated list of metrics names; ``_all`` means those that there are.

    Raises:
        ApiError: 400 for a metric that there is not, 501 for one that is lacking here.
    """
    metrics = [metric for metric in text.split(",") if metric]
    if metrics == ["_all"]:
        return set(_SECTIONS)
    if "_all" in metrics:
        raise illegal_argument(f"request [{call.path}] contains _all and individual metrics [{text}]")
    known = {*_SECTIONS, *_LACKING, *_METRICS} - set(_METRICS.values())
    if wrong := sorted(set(metrics) - known):
        parts = [unrecognized(metric, known) for metric in wrong]
        plural = "s" if len(wrong) > 1 else ""
        raise illegal_argument(f"request [{call.path}] contains unrecognized {what}{plural}: {', '.join(parts)}")
    if lacking := sorted(set(metrics) & set(_LACKING)):
        raise unsupported(f"the metric [{lacking[0]}] of {api}")
    return {_METRICS.get(metric, metric) for metric in metrics}


_PARAMS = PARAMS | {"level", "forbid_closed_indices", "include_unloaded_segments"}
_REFUSED = {"fields", "fielddata_fields", "completion_fields", "groups", "include_segment_file_sizes"}

ROUTES = [
    Route("GET", path, "indices:monitor/stats", stats, _PARAMS, _REFUSED)
    for path in ("/_stats", "/_stats/{metric}", "/{index}/_stats", "/{index}/_stats/{metric}")
]
