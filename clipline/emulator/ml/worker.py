"""The queue before one native process: who is next, who is turned away, what is known already.

Read from PriorityProcessWorkerExecutorService and ml-cpp's Main. One difference is meant: the real queue hands requests
on until the process takes no more, which is when one waits in the process, one in its reader and the pipe between is
full (64 KiB on Linux). Here it hands on as many as the process runs at a time, so that a full queue can be made on
purpose: ``queue_capacity`` requests wait beside those that run.
"""

from __future__ import annotations

import heapq
import threading
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from itertools import count

from clipline.emulator.errors import ApiError
from clipline.emulator.ml.cache import ResultCache
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.process import Answer, Arguments, InferenceFailed, NativeProcess

HIGH, NORMAL = 0, 1
"""A search goes before what is ingested or asked by ``_infer``."""


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    arguments: Arguments = field(compare=False)
    key: bytes | None = field(compare=False)
    answer: Future[Answer] = field(compare=False, default_factory=Future)


class Worker:
    """Requests of one run of the process; a process that is started again gets another worker."""

    def __init__(self, *, capacity: int, allocations: int, cache_bytes: int, counters: Counters) -> None:
        self.cache = ResultCache(cache_bytes)
        self._capacity = capacity
        self._allocations = allocations
        self._counters = counters
        self._numbers = count()
        self._waiting: list[_Job] = []
        self._running: dict[int, _Job] = {}
        self._process: NativeProcess | None = None
        self._shut = self._going_on = False
        # Re-entrant: a future that is done already calls back at once, in the thread that asked.
        self._change = threading.Condition(threading.RLock())

    @property
    def pending(self) -> int:
        """Requests accepted, not yet answered, and still waited for."""
        with self._change:
            return sum(not job.answer.done() for job in (*self._waiting, *self._running.values()))

    def open(self, process: NativeProcess) -> None:
        """Hand the requests to a process that has loaded its model."""
        with self._change:
            self._process = process
            process.allocate(self._allocations)  # it may have changed while the model was loaded
        self._go_on()

    def allocate(self, number: int) -> None:
        """Run this many requests at a time."""
        with self._change:
            self._allocations = number
            if self._process is not None:
                self._process.allocate(number)
        self._go_on()

    def check_room(self) -> None:
        """Refuse a request before work is spent on it.

        Raises:
            ApiError: 429 when the queue is full, or nothing is taken any more.
        """
        with self._change:
            if self._shut:
                raise _rejected("inference process worker service has shutdown")
            busy = self._process is None or len(self._running) >= self._allocations
            if busy and len(self._waiting) >= self._capacity:
                self._counters.rejected()
                raise _rejected("inference process queue is full. Unable to execute command")

    def submit(self, arguments: Arguments, *, priority: int) -> Future[Answer]:
        """Put a request into the queue; whoever waits no longer cancels what he was given.

        The future may fail with ``InferenceFailed``, ``ProcessDied`` or ``ApiError``.

        Raises:
            ApiError: 429.
        """
        with self._change:
            self.check_room()
            job = _Job(priority, next(self._numbers), arguments, self.cache.key(arguments))
            heapq.heappush(self._waiting, job)
        self._go_on()
        return job.answer

    def wait_idle(self) -> None:
        """Wait until everything that was accepted is answered."""
        with self._change:
            self._change.wait_for(lambda: not self._waiting and not self._running)

    def shut(self, error: Exception | None = None) -> None:
        """Take nothing more; what still waits fails with an error, or is rejected."""
        with self._change:
            self._shut = True
            left, self._waiting = self._waiting, []
            self._change.notify_all()
        for job in left:
            _fail(job.answer, error or _rejected("unable to process as inference process worker service has shutdown"))

    def _go_on(self) -> None:
        """Hand on what can be handed on; answer what is known."""
        with self._change:
            if self._going_on:
                return  # an answer came at once, within this very loop
            self._going_on = True
            try:
                known = self._hand_on()
            finally:
                self._going_on = False
                self._change.notify_all()
        for job, answer in known:
            self._give(job, answer)

    def _hand_on(self) -> list[tuple[_Job, Answer]]:
        """Ask the process what there is room for; gives the jobs whose answers are remembered."""
        known: list[tuple[_Job, Answer]] = []
        while self._process is not None and self._waiting and len(self._running) < self._allocations:
            job = heapq.heappop(self._waiting)
            if job.answer.cancelled():
                continue
            result = self.cache.get(job.key)
            if result is not None:
                known.append((job, Answer(result, 0.0, cached=True)))
                continue
            self._running[job.number] = job
            future = self._process.infer(job.arguments)
            future.add_done_callback(lambda done, job=job: self._answered(job, done))  # type: ignore[misc]
        return known

    def _answered(self, job: _Job, done: Future[Answer]) -> None:
        error = done.exception()
        with self._change:
            del self._running[job.number]
            if error is None:
                self.cache.put(job.key, done.result().result)
            elif isinstance(error, InferenceFailed):
                self._counters.failed()
        if error is None:
            self._give(job, done.result())
        else:
            _fail(job.answer, error)
        self._go_on()

    def _give(self, job: _Job, answer: Answer) -> None:
        if job.answer.set_running_or_notify_cancel():  # else nobody waits any more, and it is not counted either
            self._counters.inferred(answer.seconds, cached=answer.cached)
            job.answer.set_result(answer)


def _fail(future: Future[Answer], error: BaseException) -> None:
    try:
        future.set_exception(error)
    except InvalidStateError:
        return  # nobody waits any more


def _rejected(reason: str) -> ApiError:
    return ApiError(429, "es_rejected_execution_exception", reason)
