"""One index: its name, its settings and mapping, its documents."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.identity import DEFAULT_VERSION
from clipline.emulator.indices.counts import Counts
from clipline.emulator.indices.setting_values import seconds
from clipline.emulator.indices.shard import Shard
from clipline.emulator.indices.shard_routing import shard_of
from clipline.emulator.indices.snapshot import Snapshot
from clipline.emulator.indices.stored import Key
from clipline.emulator.versions import index_version, release_of_index

_FIRST_CREATED = index_version(DEFAULT_VERSION)

_PATIENCE_SECONDS = 30.0

CLOSED = "verified_before_close"
"""The setting that a closed index has."""


@dataclass(slots=True)
class Index:
    """One index; ``lock`` guards its mapping and documents, ``deleted`` is for those who waited for it."""

    name: str
    uuid: str
    created: int
    settings: dict[str, str | None]
    mappings: dict[str, Any]
    shard: Shard
    lock: threading.RLock = field(default_factory=threading.RLock)
    deleted: bool = False
    searched: float = field(default_factory=time.monotonic)
    """When the last search came, in the seconds of the monotonic clock."""
    counts: Counts = field(default_factory=Counts)

    @property
    def release(self) -> tuple[int, int]:
        """The minor release that created it; 9.2 where the emulator did not yet write it down."""
        return release_of_index(int(self.settings.get("version.created") or _FIRST_CREATED))

    @property
    def excludes_vectors(self) -> bool:
        """Whether ``_source`` is shown without vectors: the default of indices made by 9.2 and later."""
        default = "true" if self.release >= (9, 2) else "false"
        return self.settings.get("mapping.exclude_source_vectors", default) == "true"

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self.settings.get(CLOSED) == "true"

    @property
    def shards(self) -> int:
        """How many primary shards there are."""
        return int(self.settings.get("number_of_shards") or 1)

    @property
    def copies(self) -> int:
        """How many copies of a document there should be; on one node only the first is ever there."""
        return 1 + int(self.settings.get("number_of_replicas") or 0)

    @property
    def refresh_interval(self) -> float:
        """Seconds until writes become searchable by themselves; negative for never."""
        return seconds("refresh_interval", self.settings.get("refresh_interval") or "1s")

    @property
    def deletions_remembered(self) -> float:
        """Seconds for which the version of a deletion still counts; negative for not at all."""
        return seconds("gc_deletes", self.settings.get("gc_deletes") or "60s")

    @property
    def routing_required(self) -> bool:
        """Whether the mapping refuses documents without routing."""
        return bool(self.mappings.get("_routing", {}).get("required"))

    def deleted_version(self, key: Key) -> int | None:
        """The version of a document's deletion, while it is remembered."""
        return self.shard.deleted_version(key, self.deletions_remembered)

    def key(self, doc_id: str, routing: str | None) -> Key:
        """Where a document is."""
        total = self.settings.get("number_of_routing_shards")
        return (shard_of(doc_id, routing, self.shards, int(total) if total else None), doc_id)

    def snapshot(self) -> Snapshot:
        """What a search sees now; the lock is held.

        An index that nobody searched for 30 seconds is not refreshed by itself, unless it has an interval of its own:
        the search that ends this waits for a refresh (``index.search.idle.after``).
        """
        now = time.monotonic()
        patience = seconds("search.idle.after", self.settings.get("search.idle.after") or "30s")
        idle = self.settings.get("refresh_interval") is None and now - self.searched >= patience
        self.searched = now
        self.tick(idle=idle)
        return self.shard.snapshot()

    def refresh(self) -> None:
        """Make everything acknowledged searchable."""
        with self.lock:
            self.shard.refresh()

    def wait_until_searchable(self, numbers: Collection[int]) -> bool:
        """Wait for the refresh that shows what is acknowledged now in some shards; whether it had to be forced.

        Without an interval it takes somebody's explicit refresh. The real one would wait for ever, until it has a
        thousand such listeners and forces a refresh; here patience ends earlier (``_PATIENCE_SECONDS``).
        """
        with self.lock:
            self.searched = time.monotonic()
            waited = {number: count for number in numbers if (count := self.shard.refreshes(number)) is not None}
        ends = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with self.lock:
                due = self.shard.due(self.refresh_interval)
                forced = time.monotonic() >= ends
                if due is None or all(self.shard.refreshes(number) != count for number, count in waited.items()):
                    return False
                if due <= 0 or forced:
                    self.shard.refresh()
                    return forced
                event = self.shard.next_refresh
            event.wait(min(due, ends - time.monotonic()))

    def tick(self, *, idle: bool = False) -> None:
        """Refresh if the interval has passed since the first write that is not searchable; the lock is held."""
        due = self.shard.due(self.refresh_interval)
        if due is not None and (due <= 0 or idle):
            self.shard.refresh()
