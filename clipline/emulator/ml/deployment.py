"""One deployment: its states, its native process, its queue, its counters. How it infers is in ``inference``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from clipline.emulator.errors import ApiError, not_found, status_error
from clipline.emulator.ml.capacity import Fit, Need
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.inference import make_tokenizer
from clipline.emulator.ml.process import Answer, Arguments, NativeProcess, ProcessDied
from clipline.emulator.ml.tokenizer import BertTokenizer

if TYPE_CHECKING:
    from clipline.emulator.ml.store import ModelStore


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
        self._pending = 0
        self._store = store
        self._data = data
        self._version = version
        self._delay = start_delay
        self._process: NativeProcess | None = None
        self._tokenizer: BertTokenizer | None = None
        # Re-entrant: a future that is already done calls back at once, in the thread that asked.
        self._idle = threading.Condition(threading.RLock())
        self._settled = threading.Event()
        self._settled.set()
        self._stopping = threading.Event()
        self.place(placed)

    @property
    def pending(self) -> int:
        """Requests accepted and not yet answered."""
        return self._pending

    @property
    def need(self) -> Need:
        """What it asks of the node."""
        return Need.of(self.parameters)

    def place(self, placed: Fit) -> None:
        """Take the allocations that the node has for it; the first ones start it."""
        with self._idle:
            first = self.allocations == 0 and self.state == "starting"
            self.allocations, self.explanation = placed.allocations, placed.explanation
            self.most_allocations = max(self.most_allocations, placed.allocations)
            if self._process is not None and self.state in ("starting", "started"):
                self._process.allocate(self.allocations)
            elif first and self.allocations:
                self._settled.clear()
                threading.Thread(target=self._start, name=f"start {self.id}", daemon=True).start()

    def update(self, parameters: dict[str, Any], placed: Fit) -> None:
        """Take other parameters and the allocations that go with them."""
        with self._idle:
            self.parameters = parameters
            self.place(placed)

    def wait(self, seconds: float) -> bool:
        """Wait until the start has ended either way; false when it has not yet."""
        return self._settled.wait(seconds)

    def ask(self, process: NativeProcess, arguments: Arguments) -> Future[Answer]:
        """Put one request into the queue.

        Raises:
            ApiError: 409 when the deployment is ending, 429 when its queue is full.
        """
        with self._idle:
            if self.state == "stopping":
                raise self._not_serving()
            if self._pending >= int(self.parameters["queue_capacity"]):
                self.counters.rejected()
                raise ApiError(
                    429,
                    "es_rejected_execution_exception",
                    "inference process queue is full. Unable to execute command",
                )
            self._pending += 1
        future = process.infer(arguments)
        future.add_done_callback(self._answered)
        return future

    def serving(self) -> tuple[NativeProcess, BertTokenizer]:
        """The running model and what makes its input.

        Raises:
            ApiError: 409 when it is not started.
        """
        if self.state != "started" or self._process is None or self._tokenizer is None:
            raise self._not_serving()
        return self._process, self._tokenizer

    def stop(self, *, finish_pending: bool) -> None:
        """End the deployment; with ``finish_pending`` what was accepted is answered first."""
        with self._idle:
            self.state = "stopping"
            self._stopping.set()
            if finish_pending:
                self._idle.wait_for(lambda: self._pending == 0)
            process = self._process
        if process is not None:
            process.stop()
        self._settled.wait()

    def _answered(self, future: Future[Answer]) -> None:
        with self._idle:
            self._pending -= 1
            self._idle.notify_all()

    def _start(self) -> None:
        # A name of its own: an earlier process may still be about to delete its file.
        file = self._data / f"model-{uuid4().hex}.pt"
        try:
            self._tokenizer = make_tokenizer(self._store, self.model_id, self.config)
            self._launch(file)
        except ApiError as error:
            self._fail(error.reason)
        except ProcessDied as error:
            self._fail(f"inference process crashed due to reason [{error}]")
        except Exception as error:  # a start must end in a state, never hang
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            file.unlink(missing_ok=True)
            self._settled.set()

    def _launch(self, file: Path) -> None:
        began = time.monotonic()
        with file.open("wb") as stream:
            stream.writelines(self._parts())
        with self._idle:
            if self.state != "starting":
                return
            self._process = NativeProcess(
                file,
                threads=int(self.parameters["threads_per_allocation"]),
                allocations=self.allocations,
                version=self._version,
                name=self.id,
                log=self._data / "native.log",
                on_end=self._ended,
            )
        self._process.wait_ready()
        self._stopping.wait(max(0.0, began + self._delay - time.monotonic()))
        with self._idle:
            if self.state == "starting":
                self.state = "started"

    def _parts(self) -> Iterator[bytes]:
        left = None
        for part, total, piece in self._store.definition(self.model_id):
            if self.state != "starting":
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
        with self._idle:
            if self.state in ("starting", "started"):
                self.state, self.reason = "failed", f"inference process crashed due to reason [{reason}]"

    def _fail(self, reason: str) -> None:
        with self._idle:
            if self.state == "starting":
                self.state, self.reason = "failed", reason

    def _not_serving(self) -> ApiError:
        if self.state == "starting":
            return status_error(409, f"Trained model deployment [{self.id}] is not allocated to any nodes")
        return status_error(409, f"Trained model [{self.id}] is [{self.state}]")
