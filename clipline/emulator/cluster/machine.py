"""What is measured of the machine that the node runs on: its processors, its load, its memory (OsProbe)."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

_TIMES = Path("/proc/stat")
"""Of Linux. Its first line is ``cpu user nice system idle iowait irq …``, in ticks since the machine was started."""
_IDLE = slice(3, 5)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes."""

    total: int
    free: int

    @property
    def used_percent(self) -> int:
        """A whole number."""
        return 100 - round(100 * self.free / self.total)


def memory() -> Memory | None:
    """The machine's memory; ``None`` on a system that does not tell how much of it is free."""
    try:
        page, total, free = (os.sysconf(f"SC_{name}") for name in ("PAGE_SIZE", "PHYS_PAGES", "AVPHYS_PAGES"))
    except ValueError:
        return None
    return Memory(page * total, page * free)


class Processors:
    """How busy all processors were between one question and the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = _ticks()
        self._percent = -1

    def percent(self) -> int:
        """From 0 to 100, since the last question or since the start; -1 on a system that does not tell."""
        with self._lock:
            busy, total = _ticks()
            past = total - self._seen[1]
            if past > 0:
                self._percent = min(100, max(0, round(100 * (busy - self._seen[0]) / past)))
                self._seen = (busy, total)
            return self._percent


def _ticks() -> tuple[int, int]:
    """Busy ones and all; zeros where there are none to read."""
    try:
        times = [int(word) for word in _TIMES.read_text("ascii").split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    return sum(times) - sum(times[_IDLE]), sum(times)


PROCESSORS = Processors()
"""Those of the process."""
