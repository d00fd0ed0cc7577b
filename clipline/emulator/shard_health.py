"""How healthy indices are on one node: every primary is there, and no replica is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clipline.emulator.node import Node


@dataclass(frozen=True, slots=True)
class Health:
    """Shards of one index or of several: primaries, which are all active, and replicas, of which none is."""

    primaries: int
    replicas: int
    missing: bool = False
    """An index that was named is not there."""

    @property
    def status(self) -> str:
        """``green``, ``yellow`` or ``red``."""
        return "red" if self.missing else "yellow" if self.replicas else "green"


def index_health(node: Node, name: str) -> Health:
    """The health of one index."""
    shards = node.indices.shards(name)
    return Health(shards, shards * node.indices.replicas(name))


def cluster_health(node: Node, names: list[str], *, missing: bool = False) -> Health:
    """The health of these indices together; red when one that was asked for is missing."""
    every = [index_health(node, name) for name in names]
    return Health(sum(one.primaries for one in every), sum(one.replicas for one in every), missing=missing)


def summary(health: Health) -> dict[str, Any]:
    """The counts that every answer has, in the order of ClusterHealthResponse."""
    total = health.primaries + health.replicas
    return {
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": health.primaries,
        "active_shards": health.primaries,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": health.replicas,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0 * health.primaries / total if total else 100.0,
    }
