"""What a deployment counts; the numbers of ``_stats``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Minute:
    """The inferences of one whole minute."""

    count: int = 0
    seconds: float = 0.0
    cached: int = 0


class Counters:
    """Counters since the deployment was started by this server; safe to use from several threads.

    Throughput is told of the last whole minute, as the server does: a count shows up when its minute is over.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minute = self._now()
        self._current = self._last = Minute()
        self._peak = 0
        self.inferences = self.cached = self.errors = self.rejections = self.timeouts = 0
        self.seconds = 0.0
        self.last_access = 0

    def inferred(self, seconds: float, *, cached: bool) -> None:
        """One result was given; ``cached``: it was remembered."""
        with self._lock:
            self._turn()
            now = self._current
            self._current = Minute(now.count + 1, now.seconds + seconds, now.cached + cached)
            self.inferences += 1
            self.cached += cached
            self.seconds += seconds
            self.last_access = int(self._clock() * 1000)

    def failed(self) -> None:
        """The model raised an error."""
        with self._lock:
            self.errors += 1

    def rejected(self) -> None:
        """The queue was full."""
        with self._lock:
            self.rejections += 1

    def timed_out(self) -> None:
        """The caller did not wait any longer."""
        with self._lock:
            self.timeouts += 1

    def last_minute(self) -> tuple[Minute, int]:
        """The last whole minute, and the highest count of any."""
        with self._lock:
            self._turn()
            return self._last, self._peak

    def _turn(self) -> None:
        minute = self._now()
        if minute != self._minute:
            self._peak = max(self._peak, self._current.count)
            self._last = self._current if minute == self._minute + 1 else Minute()
            self._current, self._minute = Minute(), minute

    def _now(self) -> int:
        return int(self._clock() // _MINUTE)
