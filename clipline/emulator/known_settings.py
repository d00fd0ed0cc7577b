"""Settings of a cluster that can be changed while it runs, and what a change of each means here.

Those with an ``effect`` are obeyed. Those that are ``idle`` govern what the emulator never does (moving shards,
recovering them, blocking writes on a full disk, logging), so that any value that can be read is obeyed by doing nothing.
Any other may only be set to the value that it has anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.ml.sizes import parse_size
from clipline.emulator.units import parse_time


def _anything(key: str, value: str) -> None:
    """A text that the emulator need not read."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``check`` refuses a value that the real one refuses (400)."""

    default: str | None
    check: Callable[[str, str], None] = _anything
    effect: bool = False
    idle: bool = False


def _boolean(key: str, value: str) -> None:
    if value not in ("true", "false"):
        raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")


def _integer(least: int, most: int = 2**31 - 1) -> Callable[[str, str], None]:
    def check(key: str, value: str) -> None:
        if not re.fullmatch(r"[+-]?[0-9]{1,10}", value) or not -(2**31) <= int(value) < 2**31:
            raise illegal_argument(f"Failed to parse value [{value}] for setting [{key}]")
        if int(value) < least:
            raise illegal_argument(f"Failed to parse value [{value}] for setting [{key}] must be >= {least}")
        if int(value) > most:
            raise illegal_argument(f"Failed to parse value [{value}] for setting [{key}] must be <= {most}")

    return check


def _weight(key: str, value: str) -> None:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", value):
        raise illegal_argument(f"Failed to parse value [{value}] for setting [{key}]")
    if float(value) < 0:
        raise illegal_argument(f"Failed to parse value [{value}] for setting [{key}] must be >= 0.0")


def _time(key: str, value: str) -> None:
    parse_time(value, key)


def _rate(key: str, value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,9}/[0-9]+(ms|s|m|h|d)", value):
        raise illegal_argument(f"Invalid rate [{value}] of [{key}]: it must be a count and a time such as 10/5m")


def _one_of(words: str, sentence: str) -> Callable[[str, str], None]:
    """A word that is read in any case; ``sentence`` is what is said of another."""

    def check(key: str, value: str) -> None:
        if value.lower() not in words.split():
            raise illegal_argument(sentence.format(value=value, shouted=value.upper()))

    return check


def _size(key: str, value: str) -> None:
    if value.endswith("%"):
        raise unsupported(f"the cluster setting [{key}] as a part of the heap")
    parse_size(key, value)


DYNAMIC = {
    "action.auto_create_index": Setting("true", effect=True),
    "action.destructive_requires_name": Setting("true", _boolean, effect=True),
    "cluster.max_shards_per_node": Setting("1000", _integer(1), effect=True),
    "cluster.max_shards_per_node.frozen": Setting("3000", _integer(1), idle=True),
    "cluster.blocks.read_only": Setting("false", _boolean),
    "cluster.blocks.read_only_allow_delete": Setting("false", _boolean),
    "cluster.info.update.interval": Setting("30s", _time, idle=True),
    "cluster.indices.close.enable": Setting("true", _boolean),
    "cluster.persistent_tasks.allocation.enable": Setting("all"),
    "cluster.routing.allocation.allow_rebalance": Setting(
        "always",
        _one_of(
            "always indices_primaries_active indicesprimariesactive indices_all_active indicesallactive",
            "Illegal value for cluster.routing.allocation.allow_rebalance: {value}",
        ),
        idle=True,
    ),
    "cluster.routing.allocation.balance.index": Setting("0.55", _weight, idle=True),
    "cluster.routing.allocation.balance.shard": Setting("0.45", _weight, idle=True),
    "cluster.routing.allocation.cluster_concurrent_rebalance": Setting("2", _integer(-1), idle=True),
    "cluster.routing.allocation.disk.threshold_enabled": Setting("true", _boolean, idle=True),
    "cluster.routing.allocation.disk.watermark.flood_stage": Setting("95%"),
    "cluster.routing.allocation.disk.watermark.flood_stage.max_headroom": Setting("100GB"),
    "cluster.routing.allocation.disk.watermark.high": Setting("90%"),
    "cluster.routing.allocation.disk.watermark.high.max_headroom": Setting("150GB"),
    "cluster.routing.allocation.disk.watermark.low": Setting("85%"),
    "cluster.routing.allocation.disk.watermark.low.max_headroom": Setting("200GB"),
    "cluster.routing.allocation.enable": Setting("all"),
    "cluster.routing.allocation.exclude._id": Setting(None),
    "cluster.routing.allocation.exclude._ip": Setting(None),
    "cluster.routing.allocation.exclude._name": Setting(None),
    "cluster.routing.allocation.node_concurrent_recoveries": Setting("2", _integer(0), idle=True),
    "cluster.routing.rebalance.enable": Setting(
        "all", _one_of("none primaries replicas all", "Illegal rebalance.enable value [{shouted}]"), idle=True
    ),
    "indices.breaker.total.limit": Setting("95%"),
    "indices.id_field_data.enabled": Setting("false", _boolean),
    "indices.recovery.max_bytes_per_sec": Setting("40mb", _size, idle=True),
    "ingest.geoip.downloader.enabled": Setting("true", _boolean, idle=True),
    "script.max_compilations_rate": Setting("150/5m", _rate, idle=True),
    "search.allow_expensive_queries": Setting("true", _boolean),
    "search.default_keep_alive": Setting("5m"),
    "search.default_search_timeout": Setting("-1"),
    "search.max_async_search_response_size": Setting("10mb", _size, idle=True),
    "search.max_buckets": Setting("65536", _integer(0), idle=True),
    "search.max_keep_alive": Setting("24h"),
    "search.max_open_scroll_context": Setting("500", _integer(0), idle=True),
    "xpack.ml.max_lazy_ml_nodes": Setting("0", _integer(0), effect=True),
    "xpack.ml.max_machine_memory_percent": Setting("30"),
    "xpack.ml.max_ml_node_size": Setting("0b"),
    "xpack.ml.max_model_memory_limit": Setting("0b", _size, effect=True),
    "xpack.ml.max_open_jobs": Setting("512", _integer(1, 512), idle=True),
    "xpack.ml.node_concurrent_job_allocations": Setting("2", _integer(0), idle=True),
    "xpack.ml.use_auto_machine_memory_percent": Setting("false", _boolean),
    "xpack.monitoring.collection.enabled": Setting("false", _boolean),
}
"""Defaults as of 9.2; the ones of other versions differ in nothing that the emulator obeys."""

LOGGER = Setting(
    None, _one_of("off fatal error warn info debug trace all", "Unknown level constant [{shouted}]."), idle=True
)
"""Any setting that begins with ``logger.`` (log4j's Level.valueOf)."""

STATIC = frozenset(
    {"cluster.name", "discovery.type", "http.max_content_length", "http.port", "network.host", "node.name", "node.roles",
     "path.data", "path.repo", "reindex.remote.whitelist", "xpack.license.self_generated.type", "xpack.ml.enabled",
     "xpack.security.enabled"}
)  # fmt: skip
"""Settings that a file decides, for the life of a node."""

FAMILIES = ("action", "bootstrap", "cluster", "cluster_state", "discovery", "gateway", "http", "indices", "ingest", "logger",
            "monitor", "network", "node", "path", "persistent_tasks", "reindex", "remote", "repositories", "resource", "rest",
            "script", "search", "slm", "snapshot", "thread_pool", "tracing", "transport", "xpack")  # fmt: skip
"""How settings of Elasticsearch begin. One that does not is none; one that does may be known to the real one only."""
