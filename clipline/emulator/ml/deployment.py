"""One deployment: its states, its native process, its queue, its counters. How it infers is in ``inference``.

The node's capacity is not reckoned: no start is refused for want of processors or memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from clipline.emulator.errors import ApiError, status_error
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.inference import make_tokenizer
from clipline.emulator.ml.process import Answer, Arguments, NativeProcess, ProcessDied
from clipline.emulator.ml.tokenizer import BertTokenizer

if TYPE_CHECKING:
    from clipline.emulator.ml.store import ModelStore


class Deployment:
    """A model being served; starts in a thread of its own."""

    def __init__(
        self,
        deployment_id: str,
        model_id: str,
        *,
        parameters: dict[str, Any],
        started: int,
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
        self._pending = 0
        self._store = store
        self._data = data
        self._version = version
        self.config = store.config(model_id) or {}
        self._process: NativeProcess | None = None
        self._tokenizer: BertTokenizer | None = None
        # Re-entrant: a future that is already done calls back at once, in the thread that asked.
        self._idle = threading.Condition(threading.RLock())
        self._settled = threading.Event()
        threading.Thread(target=self._start, name=f"start {deployment_id}", daemon=True).start()

    @property
    def pending(self) -> int:
        """Requests accepted and not yet answered."""
        return self._pending

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

    def allocate(self, number: int) -> None:
        """Change the number of requests that run at a time.

        Raises:
            ApiError: 409 when the deployment is not started.
        """
        if self.state != "started" or self._process is None:
            raise status_error(409, "cannot update deployment that is not in [started] state")
        self.parameters = {**self.parameters, "number_of_allocations": number}
        self._process.allocate(number)

    def stop(self, *, finish_pending: bool) -> None:
        """End the deployment; with ``finish_pending`` what was accepted is answered first."""
        with self._idle:
            self.state = "stopping"
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
        with file.open("wb") as stream:
            stream.writelines(self._parts())
        with self._idle:
            if self.state != "starting":
                return
            self._process = NativeProcess(
                file,
                threads=int(self.parameters["threads_per_allocation"]),
                allocations=int(self.parameters["number_of_allocations"]),
                version=self._version,
                name=self.id,
                log=self._data / "native.log",
                on_end=self._ended,
            )
        self._process.wait_ready()
        with self._idle:
            if self.state == "starting":
                self.state = "started"

    def _parts(self) -> Iterator[bytes]:
        for part in self._store.definition(self.model_id):
            if self.state != "starting":
                return  # stopped meanwhile: nobody needs the rest
            yield part

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
