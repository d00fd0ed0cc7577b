"""One index: its name, its settings and mapping, its documents."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.indices.setting_values import seconds
from clipline.emulator.indices.shard import Shard


@dataclass(slots=True)
class Index:
    """One index; ``lock`` guards its mapping and documents."""

    name: str
    uuid: str
    created: int
    settings: dict[str, str | None]
    mappings: dict[str, Any]
    shard: Shard
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def excludes_vectors(self) -> bool:
        """Whether ``_source`` is shown without vectors: the default of indices made by 9.2 and later."""
        return self.settings.get("mapping.exclude_source_vectors", "true") == "true"

    @property
    def copies(self) -> int:
        """How many copies of a document there should be; on one node only the first is ever there."""
        return 1 + int(self.settings.get("number_of_replicas") or 0)

    @property
    def refresh_interval(self) -> float:
        """Seconds until writes become searchable by themselves; negative for never."""
        return seconds("refresh_interval", self.settings.get("refresh_interval") or "1s")
