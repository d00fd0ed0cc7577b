"""One deployment: its states, its native process, its counters. Its queue is a ``worker``; it infers in ``inference``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from clipline.emulator.errors import ApiError, not_found, status_error
from clipline.emulator.ml.capacity import Fit, Need
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.inference import make_tokenizer
from clipline.emulator.ml.platforms import check_platform
from clipline.emulator.ml.process import NativeProcess, ProcessDied
from clipline.emulator.ml.sizes import parse_size
from clipline.emulator.ml.tokenizer import BertTokenizer
from clipline.emulator.ml.worker import Worker

if TYPE_CHECKING:
    from clipline.emulator.ml.store import ModelStore

_ALIVE = ("starting", "started")
_RESTARTS = 3
_DAY_SECONDS = 24 * 3600
"""A process that dies is started again so often in a day (elastic/elasticsearch#104433, since 8.13)."""


class Deployment:
    """A model being served; starts in a thread of its own once it has allocations."""

    def __init__(
        self,
        deployment_id: str,
        model_id: str,
        *,
        parameters: dict[str, Any],
        started: int,
        placed: Fit,
        start_delay: float,
        store: ModelStore,
        data: Path,
        version: str,
    ) -> None:
        self.id = deployment_id
        self.model_id = model_id
        self.parameters = parameters
        self.started = started
        self.state = "starting"
        self.reason = ""
        self.counters = Counters()
        self.config = store.config(model_id) or {}
        self.explanation: str | None = None
        """Why it has not all the allocations that it asks for."""
        self.allocations = self.most_allocations = 0
        """What the node has given it, now and at best."""
        self._store = store
        self._data = data
        self._version = version
        self._delay = start_delay
        self._process: NativeProcess | None = None
        self._tokenizer: BertTokenizer | None = None
        self._starts = 1
        self.launched = 0
        """When its process was started, in milliseconds since 1970; 0 before there was one."""
        self._running_since = 0.0
        self._serving = False
        # Re-entrant: a future that is already done calls back at once, in the thread that asked.
        self._lock = threading.RLock()
        self._worker = self._new_worker()
        self._settled = threading.Event()
        self._settled.set()
        self._stopping = threading.Event()
        self.place(placed)

    @property
    def pending(self) -> int:
        """Requests accepted and not yet answered."""
        return self._worker.pending

    @property
    def need(self) -> Need:
        """What it asks of the node."""
        return Need.of(self.parameters)

    def place(self, placed: Fit) -> None:
        """Take the allocations that the node has for it; the first ones start it."""
        with self._lock:
            first = self.allocations == 0 and self.state == "starting"
            self.allocations, self.explanation = placed.allocations, placed.explanation
            self.most_allocations = max(self.most_allocations, placed.allocations)
            self._worker.allocate(self.allocations)
            if first and self.allocations:
                self._begin()

    def update(self, parameters: dict[str, Any], placed: Fit) -> None:
        """Take other parameters and the allocations that go with them."""
        with self._lock:
            self.parameters = parameters
            self.place(placed)

    def wait(self, seconds: float) -> bool:
        """Wait until the start has ended either way; false when it has not yet."""
        return self._settled.wait(seconds)

    def serving(self) -> tuple[Worker, BertTokenizer]:
        """The queue of the running model and what makes its input.

        Raises:
            ApiError: 409 when it is not started.
        """
        with self._lock:
            if self.state != "started" or self._tokenizer is None:
                raise self.not_serving(self.id)
            return self._worker, self._tokenizer

    def not_serving(self, name: str) -> ApiError:
        """409: why a deployment that is not started does not answer to a name."""
        if self.state == "starting":
            return status_error(409, f"Trained model deployment [{name}] is not allocated to any nodes")
        return status_error(409, f"Trained model [{self.id}] is [{self.state}]")

    def clear_cache(self) -> None:
        """Forget the results that are remembered."""
        with self._lock:
            self._worker.cache.clear()

    def stop(self, *, finish_pending: bool) -> None:
        """End the deployment; with ``finish_pending`` what was accepted is answered first."""
        with self._lock:
            self.state = "stopping"
            self._stopping.set()
            process, worker = self._process, self._worker
        if finish_pending and process is not None:
            worker.wait_idle()
        worker.shut()
        if process is not None:
            process.stop()
        self._settled.wait()

    def _begin(self, *, again: bool = False) -> None:
        self._settled.clear()
        threading.Thread(target=self._start, args=(again,), name=f"start {self.id}", daemon=True).start()

    def _new_worker(self) -> Worker:
        return Worker(
            capacity=int(self.parameters["queue_capacity"]),
            allocations=self.allocations,
            cache_bytes=max(0, parse_size("cache_size", self.parameters["cache_size"]).bytes),
            counters=self.counters,
        )

    def _start(self, again: bool) -> None:
        # A name of its own: an earlier process may still be about to delete its file.
        file = self._data / f"model-{uuid4().hex}.pt"
        try:
            check_platform(self.model_id, self.config)
            self._tokenizer = make_tokenizer(self._store, self.model_id, self.config)
            self._launch(file, delay=0.0 if again else self._delay)
        except ApiError as error:
            self._fail(error.reason, again=again)
        except ProcessDied as error:
            # Elasticsearch tries a load that crashed three times more; a model that is refused is refused again.
            self._fail(f"inference process crashed due to reason [{error}]", again=again)
        except Exception as error:  # a start must end in a state, never hang
            self._fail(f"{type(error).__name__}: {error}", again=again)
        finally:
            file.unlink(missing_ok=True)
            self._settled.set()

    def _launch(self, file: Path, *, delay: float) -> None:
        began = time.monotonic()
        with file.open("wb") as stream:
            stream.writelines(self._parts())
        with self._lock:
            if self.state not in _ALIVE:
                return
            self.launched, self._running_since = int(time.time() * 1000), time.monotonic()
            self._process = process = NativeProcess(
                file,
                threads=int(self.parameters["threads_per_allocation"]),
                allocations=self.allocations,
                version=self._version,
                name=self.id,
                log=self._data / "native.log",
                on_end=self._ended,
            )
        process.wait_ready()
        self._stopping.wait(max(0.0, began + delay - time.monotonic()))
        with self._lock:
            if self.state not in _ALIVE:
                return
            if process.ended:
                raise ProcessDied(process.obituary)
            self.state, self._serving = "started", True
            self._worker.open(process)

    def _parts(self) -> Iterator[bytes]:
        left = None
        for part, total, piece in self._store.definition(self.model_id):
            if self.state not in _ALIVE:
                return  # stopped meanwhile: nobody needs the rest
            yield piece
            left = total - part - 1
        if left is None:
            raise not_found(f"Could not find trained model definition [{self.model_id}]")
        if left:
            raise status_error(
                400, f"Model definition truncated. Unable to deserialize trained model definition [{self.model_id}]"
            )

    def _ended(self, reason: str) -> None:
        """The process of a started deployment died: start it again, or give up (ProcessContext)."""
        with self._lock:
            if self.state != "started" or not self._serving:
                return  # one that dies while it is loaded again is told by its start
            self._serving = False
            worker, error = self._worker, None
            if time.monotonic() - self._running_since > _DAY_SECONDS:
                self._starts = 1
            if self._starts <= _RESTARTS:
                self._starts += 1
                self._process = None
                # What was counted and remembered ends with the process.
                self.counters = Counters()
                self._worker = self._new_worker()
                self._begin(again=True)
            else:
                self.state, self.reason = "failed", f"inference process crashed due to reason [{reason}]"
                error = ApiError(500, "illegal_state_exception", reason)
        worker.shut(error)

    def _fail(self, reason: str, *, again: bool) -> None:
        if again:
            words = f"Failed to restart inference process because of error [{reason}]"
            reason = f"inference process crashed due to reason [{words}]"
        with self._lock:
            if self.state not in _ALIVE:
                return
            self.state, self.reason = "failed", reason
        self._worker.shut(ApiError(500, "illegal_state_exception", reason))
