"""What ran, how often, how long: the counters of ``_nodes/stats/ingest``.

Shape of all of them (IngestStats)::

    {"total": {"count", "time_in_millis", "current", "failed"},
     "pipelines": {"p": {"count", …, "ingested_as_first_pipeline_in_bytes", "produced_as_first_pipeline_in_bytes",
                         "processors": [{"set:tag": {"type": "set", "stats": {"count", …}}}]}}}
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clipline.emulator.ingest.processors.base import Dropped

_LOCK = threading.Lock()


@dataclass(slots=True)
class Metric:
    """Calls, their time in nanoseconds, those under way, those that failed."""

    count: int = 0
    nanos: int = 0
    current: int = 0
    failed: int = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count what happens inside; an error that leaves it is a failure, an end of the document is none."""
        began = self.begin()
        try:
            yield
        except BaseException as error:
            self.end(began, failed=not isinstance(error, Dropped))
            raise
        self.end(began)

    def begin(self) -> int:
        """A call begins; its time, for ``end``."""
        with _LOCK:
            self.current += 1
        return time.perf_counter_ns()

    def end(self, began: int, *, failed: bool = False) -> None:
        """The call is over."""
        spent = time.perf_counter_ns() - began
        with _LOCK:
            self.current -= 1
            self.count += 1
            self.nanos += spent
            self.failed += failed

    def add(self, other: Metric) -> None:
        """Go on from the numbers of a former version of the same thing."""
        self.count += other.count
        self.nanos += other.nanos
        self.failed += other.failed

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "count": self.count,
            "time_in_millis": self.nanos // 1_000_000,
            "current": self.current,
            "failed": self.failed,
        }


@dataclass(slots=True)
class PipelineMetric(Metric):
    """A pipeline's counters, with the bytes of the documents that it was the first pipeline of."""

    ingested: int = 0
    produced: int = 0

    def measured(self, before: int, after: int) -> None:
        """A document came with so many bytes and left the last of its pipelines with so many."""
        with _LOCK:
            self.ingested += before
            self.produced += after

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            # Not super(): a dataclass with slots is a second class, which the first one's cell does not know.
            **Metric.shown(self),
            "ingested_as_first_pipeline_in_bytes": self.ingested,
            "produced_as_first_pipeline_in_bytes": self.produced,
        }
