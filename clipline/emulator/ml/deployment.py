"""One deployment: its native process, its queue, its counters.

The node's capacity is not reckoned: no start is refused for want of processors or memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from clipline.emulator.errors import ApiError, not_found, status_error, unsupported
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.infer_options import infer_options
from clipline.emulator.ml.process import InferenceFailed, NativeProcess, ProcessDied
from clipline.emulator.ml.tokenizer import BertTokenizer, arguments

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
        self._config = store.config(model_id) or {}
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

    def infer(
        self, doc: Mapping[str, Any], *, prefix: str | None, override: Mapping[str, Any] | None, timeout: float
    ) -> dict[str, Any]:
        """The inference result of one document.

        Raises:
            ApiError: the input is wrong, the queue is full, or the model failed.
        """
        options = infer_options(self.model_id, self._config, override)
        text = self._text(doc, prefix)
        process, tokenizer = self._serving()
        ids, truncated = tokenizer.encode(text, options.tokenization)
        begun = time.perf_counter()
        future = self._ask(process, ids)
        try:
            vector = future.result(timeout)
        except TimeoutError:
            self.counters.timed_out()
            raise status_error(408, f"timeout [{timeout:g}s] waiting for inference result") from None
        except (InferenceFailed, ProcessDied) as error:
            self.counters.failed()
            stopping = isinstance(error, ProcessDied) and self.state == "stopping"
            text = "inference canceled as process is stopping" if stopping else str(error)
            raise status_error(500, f"Error in inference process: [{text}]") from error
        self.counters.inferred(time.perf_counter() - begun)
        return {options.results_field: vector, **({"is_truncated": True} if truncated else {})}

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

    def _ask(self, process: NativeProcess, ids: list[int]) -> Future[list[float]]:
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
        future = process.infer(arguments(ids))
        future.add_done_callback(self._answered)
        return future

    def _answered(self, future: Future[list[float]]) -> None:
        with self._idle:
            self._pending -= 1
            self._idle.notify_all()

    def _start(self) -> None:
        # A name of its own: an earlier process may still be about to delete its file.
        file = self._data / f"model-{uuid4().hex}.pt"
        try:
            self._tokenizer = self._make_tokenizer()
            self._launch(file)
        except ApiError as error:
            self._fail(error.reason)
        except ProcessDied as error:
            self._fail(str(error))
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
                log=self._data / "native.log",
                on_end=self._ended,
            )
        self._process.wait_ready()
        with self._idle:
            if self._process.ended:
                raise ProcessDied("inference native process died unexpectedly")
            if self.state == "starting":
                self.state = "started"

    def _parts(self) -> Iterator[bytes]:
        for part in self._store.definition(self.model_id):
            if self.state != "starting":
                return  # stopped meanwhile: nobody needs the rest
            yield part

    def _ended(self, reason: str) -> None:
        with self._idle:
            if self.state == "started":
                self.state, self.reason = "failed", f"inference process crashed due to reason [{reason}]"

    def _fail(self, reason: str) -> None:
        with self._idle:
            if self.state == "starting":
                self.state, self.reason = "failed", reason

    def _make_tokenizer(self) -> BertTokenizer:
        vocabulary = self._store.vocabulary(self.model_id)
        if vocabulary is None:
            raise not_found(
                f"[{self.model_id}] Could not find vocabulary document [{self.model_id}_vocabulary] for model "
            )
        ((_, config),) = self._config["inference_config"].items()
        ((kind, options),) = config["tokenization"].items()
        if kind != "bert":
            raise unsupported(f"the tokenization [{kind}]")
        return BertTokenizer(vocabulary["vocabulary"], options)

    def _serving(self) -> tuple[NativeProcess, BertTokenizer]:
        if self.state != "started" or self._process is None or self._tokenizer is None:
            raise self._not_serving()
        return self._process, self._tokenizer

    def _not_serving(self) -> ApiError:
        if self.state == "starting":
            return status_error(409, f"Trained model deployment [{self.id}] is not allocated to any nodes")
        return status_error(409, f"Trained model [{self.id}] is [{self.state}]")

    def _text(self, doc: Mapping[str, Any], prefix: str | None) -> str:
        field = self._config["input"]["field_names"][0]
        value: Any = doc.get(field)
        if value is None and "." in field:
            value = doc
            for key in field.split("."):
                value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            raise status_error(400, f"Input field [{field}] does not exist in the source document")
        if not isinstance(value, str):
            raise status_error(400, f"Input value [{value}] for field [{field}] must be a string")
        prefixes = self._config.get("prefix_strings") or {}
        return f"{prefixes.get(prefix, '')}{value}" if prefix else value
