"""Index settings: one flat table of dotted names without ``index.``, every value as text.

Example: ``{"index": {"number_of_shards": 1}}``, ``{"number_of_shards": "1"}`` and ``{"index.number_of_shards": 1}`` all
become ``{"number_of_shards": "1"}``. A list and its items with commas between are one. A ``null`` is a setting left to
its default. Of settings that are known to be times or sizes, ``60s`` and ``1m`` are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.canonical.units import number_text, size_text, time_text

SYSTEM_SETTINGS = frozenset(
    {"creation_date", "uuid", "provided_name", "version.created", "version.upgraded", "verified_before_close"}
)
"""Set by Elasticsearch itself, on every index."""

# By Setting.timeSetting, byteSizeSetting and doubleSetting of IndexSettings, MergePolicyConfig, the slow logs,
# UnassignedInfo, LifecycleSettings and Store.
_TIMES = frozenset(
    {"refresh_interval", "gc_deletes", "search.idle.after", "translog.sync_interval", "translog.flush_threshold_age",
     "translog.retention.age", "soft_deletes.retention_lease.period", "unassigned.node_left.delayed_timeout",
     "lifecycle.step.wait_time_threshold", "store.stats_refresh_interval"}
)  # fmt: skip
_SIZES = frozenset(
    {"translog.flush_threshold_size", "translog.generation_threshold_size", "translog.retention.size",
     "flush_after_merge", "merge.policy.floor_segment", "merge.policy.max_merged_segment"}
)  # fmt: skip
_FRACTIONS = frozenset(
    {"merge.policy.deletes_pct_allowed", "merge.policy.expunge_deletes_allowed", "merge.policy.segments_per_tier"}
)
_WORDS = frozenset({"translog.durability", "routing.allocation.enable", "routing.rebalance.enable"})
"""Read in any case (``Setting.enumSetting``, ``EnableAllocationDecider``)."""
_THRESHOLDS = ("search.slowlog.threshold.", "indexing.slowlog.threshold.")


def canonical_settings(*settings: Mapping[str, Any] | None) -> dict[str, str]:
    """The flat table, sorted by name; of several, a later one wins, also with a ``null``.

    Where ``auto_expand_replicas`` is on, the server sets ``number_of_replicas`` by itself, and it is no difference.
    """
    table = {name: value for part in settings for name, value in _flat(part or {}, "")}
    found = {
        name: _meaning(name, _text(value))
        for name, value in sorted(table.items())
        if value is not None and name not in SYSTEM_SETTINGS
    }
    if found.get("auto_expand_replicas", "false") != "false":
        found.pop("number_of_replicas", None)
    return found


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, child in value.items():
        name = f"{prefix}{key}"
        if isinstance(child, Mapping):
            yield from _flat(child, f"{name}.")
        else:
            yield name.removeprefix("index."), child


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value)


def _meaning(name: str, text: str) -> str:
    if name in _TIMES or name.startswith(_THRESHOLDS):
        return time_text(text)
    if name in _SIZES:
        return size_text(text)
    if name in _FRACTIONS:
        return number_text(text)
    return text.lower() if name in _WORDS else text
