"""What an index has done since the process began; like the real counters, they begin anew with the node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Counted under the lock of the index, or where a lost count does no harm."""

    indexed: int = 0
    deleted: int = 0
    noops: int = 0
    """Updates that changed nothing."""
    found: int = 0
    missing: int = 0
    """Documents asked for by id, and whether they were there."""
    queries: int = 0
    """Query phases, one per shard."""
    flushes: int = 0
