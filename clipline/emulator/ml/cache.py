"""Results that a deployment remembers, by what its model was called with: texts with the same tokens share one.

Elasticsearch keeps them in the native process (ml-cpp, CCompressedLfuCache); they are lost when it ends. An entry is
reckoned as the length of its JSON and a little for its key. When there is no room the least often used go first, the
oldest of them; the real one estimates how often.
"""

from __future__ import annotations

import heapq
import threading
from hashlib import blake2b
from itertools import count

import orjson

from clipline.emulator.ml.process import Arguments

Result = list[list[list[float]]]

_KEY_BYTES = 64
_SLACK = 100


class ResultCache:
    """At most so many bytes of results; none at all with 0. Safe to use from several threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._numbers = count()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._results: dict[bytes, tuple[Result, int]] = {}
            self._used: dict[bytes, tuple[int, int]] = {}
            # (how often, when stored, key); what was used since has another tuple in _used, and this one counts no more
            self._order: list[tuple[int, int, bytes]] = []
            self._bytes = 0

    def key(self, arguments: Arguments) -> bytes | None:
        """What an entry is found by; ``None`` when nothing is remembered."""
        return blake2b(orjson.dumps(arguments), digest_size=16).digest() if self._most else None

    def get(self, key: bytes | None) -> Result | None:
        """The result that was remembered."""
        if key is None:
            return None
        with self._lock:
            found = self._results.get(key)
            if found is None:
                return None
            times, number = self._used[key]
            self._rank(key, times + 1, number)
            return found[0]

    def put(self, key: bytes | None, result: Result) -> None:
        """Remember a result, if it fits at all."""
        if key is None:
            return
        size = len(orjson.dumps(result)) + _KEY_BYTES
        with self._lock:
            if key in self._results or size > self._most:
                return
            while self._bytes + size > self._most:
                self._drop_one()
            self._results[key] = result, size
            self._bytes += size
            self._rank(key, 1, next(self._numbers))

    def _rank(self, key: bytes, times: int, number: int) -> None:
        self._used[key] = times, number
        heapq.heappush(self._order, (times, number, key))
        if len(self._order) > 2 * len(self._used) + _SLACK:  # else every hit would leave an entry for ever
            self._order = [(*rank, one) for one, rank in self._used.items()]
            heapq.heapify(self._order)

    def _drop_one(self) -> None:
        while True:
            times, number, key = heapq.heappop(self._order)
            if self._used.get(key) == (times, number):
                del self._used[key]
                self._bytes -= self._results.pop(key)[1]
                return
