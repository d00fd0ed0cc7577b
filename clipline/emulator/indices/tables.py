"""``_cat`` of indices, aliases, shards, counts and templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument
from clipline.emulator.http import cat
from clipline.emulator.http.cat import Column, Size
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.aliases import chosen
from clipline.emulator.indices.expressions import PARAMS, named, read_options
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.resolution import Options
from clipline.emulator.indices.stats import sections
from clipline.emulator.node_description import NODE_NAME
from clipline.emulator.patterns import matches_any, simple_match
from clipline.emulator.shard_health import index_health

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_INDICES = (
    Column("health", "h", "current health status"),
    Column("status", "s", "open/close status"),
    Column("index", "i,idx", "index name"),
    Column("uuid", "id", "index uuid"),
    Column("pri", "p,shards.primary,shardsPrimary", "number of primary shards", right=True),
    Column("rep", "r,shards.replica,shardsReplica", "number of replica shards", right=True),
    Column("docs.count", "dc,docsCount", "available docs", right=True),
    Column("docs.deleted", "dd,docsDeleted", "deleted docs", right=True),
    Column("creation.date", "cd", "index creation date (millisecond value)", default=False),
    Column("creation.date.string", "cds", "index creation date (as string)", default=False),
    Column("store.size", "ss,storeSize", "store size of primaries & replicas", right=True, sibling="pri"),
    Column("pri.store.size", "", "store size of primaries", right=True),
    Column("dataset.size", "", "total size of dataset", right=True),
    Column("flush.total", "ft,flushTotal", "number of flushes", right=True, default=False),
    Column("get.total", "gto,getTotal", "number of get ops", right=True, default=False),
    Column("indexing.index_total", "iito,indexingIndexTotal", "number of indexing ops", right=True, default=False),
    Column("indexing.delete_total", "idto,indexingDeleteTotal", "number of delete ops", right=True, default=False),
    Column("search.query_total", "sqto,searchQueryTotal", "total query phase ops", right=True, default=False),
)
_ALIASES = (
    Column("alias", "a", "alias name"),
    Column("index", "i,idx", "index alias points to"),
    Column("filter", "f,fi", "filter"),
    Column("routing.index", "ri,routingIndex", "index routing"),
    Column("routing.search", "rs,routingSearch", "search routing"),
    Column("is_write_index", "w,isWriteIndex", "write index"),
)
_SHARDS = (
    Column("index", "i,idx", "index name"),
    Column("shard", "s,sh", "shard name"),
    Column("prirep", "p,pr,primaryOrReplica", "primary or replica"),
    Column("state", "st", "shard state"),
    Column("docs", "d,dc", "number of docs in shard", right=True),
    Column("store", "sto", "store size of shard (how much disk it uses)", right=True),
    Column("dataset", "", "size of dataset", right=True),
    Column("ip", "", "ip of node where it lives"),
    Column("id", "", "unique id of node where it lives", default=False),
    Column("node", "n", "name of node where it lives"),
)
_COUNT = (*cat.TIMESTAMPS, Column("count", "dc,docs.count,docsCount", "the document count"))
_TEMPLATES = (
    Column("name", "n", "template name"),
    Column("index_patterns", "t", "template index patterns"),
    Column("order", "o,p", "template application order/priority number"),
    Column("version", "v", "version"),
    Column("composed_of", "c", "component templates comprising index template"),
)
_COMPONENTS = (
    Column("name", "n", "component template name"),
    Column("version", "v", "version"),
    Column("alias_count", "a", "alias count"),
    Column("mapping_count", "m", "mapping count"),
    Column("settings_count", "s", "settings count"),
    Column("metadata_count", "me", "metadata count"),
    Column("included_in", "i", "included in"),
)
_LACKING = (
    "completion.size", "fielddata.memory_size", "fielddata.evictions", "query_cache.memory_size", "query_cache.evictions",
    "request_cache.memory_size", "request_cache.evictions", "request_cache.hit_count", "request_cache.miss_count",
    "flush.total", "flush.total_time", "get.current", "get.time", "get.total", "get.exists_time", "get.exists_total",
    "get.missing_time", "get.missing_total", "indexing.delete_current", "indexing.delete_time", "indexing.delete_total",
    "indexing.index_current", "indexing.index_time", "indexing.index_total", "indexing.index_failed",
    "indexing.index_failed_due_to_version_conflict", "merges.current", "merges.current_docs", "merges.current_size",
    "merges.total", "merges.total_docs", "merges.total_size", "merges.total_time", "refresh.total", "refresh.time",
    "refresh.external_total", "refresh.external_time", "refresh.listeners", "refresh.is_search_idle",
    "search.fetch_current", "search.fetch_time", "search.fetch_total", "search.open_contexts", "search.query_current",
    "search.query_time", "search.query_total", "search.scroll_current", "search.scroll_time", "search.scroll_total",
    "segments.count", "segments.memory", "segments.index_writer_memory", "segments.version_map_memory",
    "segments.fixed_bitset_memory", "suggest.current", "suggest.time", "suggest.total", "warmer.current",
    "warmer.total", "warmer.total_time", "memory.total", "bulk.total_operations", "bulk.total_time",
    "bulk.total_size_in_bytes", "bulk.avg_time", "bulk.avg_size_in_bytes", "dense_vector.value_count",
    "sparse_vector.value_count", "seq_no.max", "seq_no.local_checkpoint", "seq_no.global_checkpoint", "sync_id",
    "recoverysource.type", "unassigned.reason", "unassigned.at", "unassigned.for", "unassigned.details", "path.data",
    "path.state",
)  # fmt: skip
"""Columns that the real tables of indices or of shards have besides, those of indices also as ``pri.<name>``."""


def indices(node: Node, call: Call) -> Reply:
    """``GET /_cat/indices[/{index}]``."""
    cat.check_columns(call, _INDICES, (*_LACKING, *(f"pri.{name}" for name in _LACKING)))
    wanted = call.params.get("health")
    if wanted is not None and wanted.lower() not in ("green", "yellow", "red"):
        raise illegal_argument(f"unknown cluster health status [{wanted}]")
    rows = []
    for index in node.indices.present(sorted(named(node, call, base=Options(closed=True)))):
        name, health = index.name, index_health(node, index.name)
        if wanted is not None and wanted.lower() != health.status:
            continue
        created = datetime.fromtimestamp(index.created / 1000, UTC)
        date = f"{created:%Y-%m-%dT%H:%M:%S}.{index.created % 1000:03d}Z"
        status = "close" if index.closed else "open"
        rows.append((health.status, status, name, index.uuid, index.shards, index.copies - 1,
                     *_documents(node, index), index.created, date, *_counts(node, index)))  # fmt: skip
    return cat.answer(call, _INDICES, rows)


def _documents(node: Node, index: Index) -> tuple[int | None, ...]:
    """How many documents an index has, and how many deleted ones; a closed one does not say."""
    if index.closed:
        return (None, None)
    found = sections(node, index)["docs"]
    return (found["count"], found["deleted"])


def _counts(node: Node, index: Index) -> tuple[Any, ...]:
    if index.closed:
        return (None,) * 8
    size, counts = Size(sections(node, index)["store"]["size_in_bytes"]), index.counts
    return (
        size,
        size,
        size,
        counts.flushes,
        counts.found + counts.missing,
        counts.indexed,
        counts.deleted,
        counts.queries,
    )


def aliases(node: Node, call: Call) -> Reply:
    """``GET /_cat/aliases[/{name}]``."""
    options = read_options(call, Options(hidden=True))
    wanted = [part for part in call.args.get("name", "").split(",") if part]
    rows = []
    known = node.indices.reachable()
    for alias, bodies in node.indices.aliases().items():
        unseen = alias not in known.aliases or (alias in known.hidden and not options.hidden)
        if unseen or not chosen(alias, wanted):
            continue
        for name, body in bodies.items():
            if name not in known.indices:
                continue
            write = body.get("is_write_index")
            rows.append((alias, name, "*" if "filter" in body else "-", body.get("index_routing", "-"),
                         body.get("search_routing", "-"), "-" if write is None else write))  # fmt: skip
    return cat.answer(call, _ALIASES, rows)


def shards(node: Node, call: Call) -> Reply:
    """``GET /_cat/shards[/{index}]``."""
    cat.check_columns(call, _SHARDS, _LACKING)
    rows: list[tuple[Any, ...]] = []
    for index in node.indices.present(sorted(named(node, call, hidden=True, base=Options(closed=True)))):
        with index.lock:
            index.tick()
            parts = index.shard.snapshot().parts(index.shards)
        sizes = dict.fromkeys(range(index.shards), 0)
        sizes |= dict(node.database.rows(
            "SELECT shard, sum(length(source) + length(field_values) + length(vectors)) FROM documents "
            "WHERE index_uuid = ? GROUP BY shard", (index.uuid,),
        ))  # fmt: skip
        for number, part in enumerate(parts):
            size = Size(sizes[number])
            numbers = (None, None, None) if index.closed else (len(part.documents), size, size)
            rows.append((index.name, number, "p", "STARTED", *numbers, "127.0.0.1", node.node_id, NODE_NAME))
            rows += [(index.name, number, "r", "UNASSIGNED", *[None] * 6)] * (index.copies - 1)
    return cat.answer(call, _SHARDS, rows)


def count(node: Node, call: Call) -> Reply:
    """``GET|POST /_cat/count[/{index}]``."""
    from clipline.emulator.search.api import count as search_count

    asked = Call(method=call.method, path=call.path, args=call.args, params={}, raw=call.raw, headers=call.headers)
    counted = search_count(node, asked).body["count"]
    return cat.answer(call, _COUNT, [(*cat.now(), counted)])


def templates(node: Node, call: Call) -> Reply:
    """``GET /_cat/templates[/{name}]``: those that were put; the built-in ones are not there to be listed."""
    patterns = call.args.get("name", "*").split(",")
    rows = [
        (name, _list(body["index_patterns"]), body.get("priority", 0), body.get("version"), _list(body["composed_of"]))
        for name, body in node.indices.templates("index").items()
        if matches_any(patterns, name)
    ]
    return cat.answer(call, _TEMPLATES, rows)


def component_templates(node: Node, call: Call) -> Reply:
    """``GET /_cat/component_templates[/{name}]``: those that were put."""
    pattern, users = call.args.get("name", "*"), node.indices.templates("index")
    rows = []
    for name, body in node.indices.templates("component").items():
        if not simple_match(pattern, name):
            continue
        template = body["template"]
        rows.append((
            name, body.get("version"), len(template.get("aliases") or {}),
            len((template.get("mappings") or {}).get("properties") or {}), _leaves(template.get("settings") or {}),
            len(body.get("_meta") or {}),
            _list([user for user, using in users.items() if name in using["composed_of"]]),
        ))  # fmt: skip
    return cat.answer(call, _COMPONENTS, rows)


def _list(values: list[str]) -> str:
    return f"[{', '.join(values)}]"


def _leaves(tree: dict[str, Any]) -> int:
    return sum(_leaves(value) if isinstance(value, dict) else 1 for value in tree.values())


_PARAMS = cat.PARAMS | {"local", "master_timeout"}


def _both(path: str, variable: str, action: str, handler: Any, params: set[str] | frozenset[str]) -> list[Route]:
    return [Route("GET", f"{path}{end}", action, handler, params) for end in ("", f"/{{{variable}}}")]


ROUTES = [
    *_both("/_cat/indices", "index", "indices:monitor/settings/get", indices,
           _PARAMS | PARAMS | {"health", "pri", "include_unloaded_segments"}),
    *_both("/_cat/aliases", "name", "indices:admin/aliases/get", aliases, _PARAMS | {"expand_wildcards"}),
    *_both("/_cat/shards", "index", "indices:monitor/stats", shards, _PARAMS),
    *_both("/_cat/templates", "name", "indices:admin/template/get", templates, _PARAMS),
    *_both("/_cat/component_templates", "name", "cluster:monitor/state", component_templates, _PARAMS),
    *(
        Route(method, f"/_cat/count{end}", "indices:data/read/search", count, _PARAMS)
        for method in ("GET", "POST")
        for end in ("", "/{index}")
    ),
]  # fmt: skip
