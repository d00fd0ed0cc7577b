"""Index settings: stored flat and as text, shown nested under ``index``, checked against a list of known ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.indices.setting_values import check_value

STATIC = frozenset({"number_of_shards", "codec", "mapping.exclude_source_vectors", "shard.check_on_startup"})
"""Can be set when an index is made, and not afterwards."""

DYNAMIC = frozenset(
    {"number_of_replicas", "refresh_interval", "default_pipeline", "final_pipeline", "max_result_window", "hidden",
     "mapping.total_fields.limit", "blocks.write", "blocks.read_only", "routing.allocation.include._tier_preference",
     "priority", "query.default_field"}
)  # fmt: skip
"""Can be changed at any time."""

_LACKING = (
    "analysis.", "similarity.", "sort.", "lifecycle.", "routing.", "routing_p", "blocks.", "mapping.", "mapper.",
    "query.", "search.", "indexing.", "merge.", "translog.", "unassigned.", "soft_deletes.", "store.", "mode",
    "time_series.", "number_of_routing_shards", "auto_expand_replicas", "gc_deletes", "max_", "highlight.", "warmer.",
    "load_fixed_bitset_filters_eagerly", "write.wait_for_active_shards", "verified_before_close", "allocation.",
    "flush_after_merge", "creation_date", "uuid", "version.", "provided_name", "knn.", "esql.", "fast_refresh",
    "dense_vector.", "compound_format", "format", "lookup_join", "fielddata.", "logsdb.", "recovery.", "percolator.",
    "bloom_filter_for_id_field.", "optimize_auto_generated_id", "resize.", "shard.", "source_only", "frozen",
    "xpack.", "look_ahead_time", "look_back_time", "look_back", "final", "dimensions", "seq_no.", "refresh.",
)  # fmt: skip
"""Elasticsearch has these, or a family of them; here they would change nothing."""


def flatten(settings: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Settings in any spelling as one table without ``index.``; values are text, ``None`` stands for a reset.

    Raises:
        ApiError: 400 for a setting that Elasticsearch does not have or the emulator does not know.
    """
    flat = {name: _text(value) for name, value in _flat(settings or {}, "")}
    for name, value in flat.items():
        if name not in STATIC and name not in DYNAMIC:
            if name.startswith(_LACKING):
                raise unsupported(f"the setting [index.{name}]")
            raise illegal_argument(
                f"unknown setting [index.{name}] please check that any required plugins are installed, or check the "
                "breaking changes documentation for removed settings"
            )
        check_value(name, value)
    return flat


def nested(flat: Mapping[str, str | None]) -> dict[str, Any]:
    """The table as GET shows it: nested below ``index``."""
    tree: dict[str, Any] = {}
    for name, value in sorted(flat.items()):
        if value is None:
            continue
        place = tree
        *parents, leaf = name.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return {"index": tree} if tree else {}


def check_update(name: str, uuid: str, flat: Mapping[str, str | None], current: Mapping[str, str | None]) -> None:
    """Refuse what cannot change on an open index.

    Raises:
        ApiError: 400 naming the static settings.
    """
    if "number_of_shards" in flat:
        raise illegal_argument(f"final {name} setting [index.number_of_shards], not updateable")
    static = sorted(key for key in flat if key in STATIC and flat[key] != current.get(key))
    if static:
        keys = ", ".join(f"index.{key}" for key in static)
        raise illegal_argument(f"Can't update non dynamic settings [[{keys}]] for open indices [[{name}/{uuid}]]")


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, child in value.items():
        name = f"{prefix}{key}"
        if isinstance(child, Mapping):
            yield from _flat(child, f"{name}.")
        else:
            yield name.removeprefix("index."), child


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
