"""One deployment: its native process, its queue, its counters."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, not_found, status_error, unsupported
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
        self.inferences = self.errors = self.rejections = self.timeouts = 0
        self.seconds = 0.0
        self.last_access = 0
        self.pending = 0
        self._store = store
        self._data = data
        self._config = store.config(model_id) or {}
        self._process: NativeProcess | None = None
        self._tokenizer: BertTokenizer | None = None
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._start, name=f"start {deployment_id}", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until the start has ended either way; false when it has not yet."""
        return self._settled.wait(seconds)

    @property
    def pid(self) -> int | None:
        """The native process's id."""
        return self._process.pid if self._process else None

    def infer(
        self, doc: Mapping[str, Any], *, prefix: str | None, override: Mapping[str, Any] | None, timeout: float
    ) -> dict[str, Any]:
        """The inference result of one document.

        Raises:
            ApiError: the input is wrong, the queue is full, or the model failed.
        """
        text = self._text(doc, prefix)
        options = self._options(override)
        process, tokenizer = self._serving()
        ids, truncated = tokenizer.encode(text, options["tokenization"])
        with self._lock:
            if self.pending >= int(self.parameters["queue_capacity"]):
                self.rejections += 1
                raise ApiError(
                    429,
                    "es_rejected_execution_exception",
                    "inference process queue is full. Unable to execute command",
                )
            self.pending += 1
        begun = time.perf_counter()
        try:
            vector = process.infer(arguments(ids))
        except InferenceFailed as error:
            self.errors += 1
            raise status_error(500, f"Error in inference process: [{error}]") from error
        except ProcessDied as error:
            self._died(str(error))
            raise status_error(409, f"Trained model [{self.id}] is [{self.state}]") from error
        finally:
            with self._lock:
                self.pending -= 1
                self._idle.notify_all()
        self.inferences += 1
        self.seconds += time.perf_counter() - begun
        self.last_access = int(time.time() * 1000)
        result: dict[str, Any] = {options["results_field"]: vector}
        if truncated:
            result["is_truncated"] = True
        return result

    def stop(self, *, finish_pending: bool) -> None:
        """End the deployment; with ``finish_pending`` what was accepted is answered first."""
        self.state = "stopping"
        if finish_pending:
            with self._lock:
                self._idle.wait_for(lambda: self.pending == 0, timeout=60)
        self._settled.wait(60)
        if self._process is not None:
            self._process.stop()

    def _start(self) -> None:
        try:
            self._tokenizer = self._make_tokenizer()
            process = NativeProcess(
                self._store.definition(self.model_id),
                file=self._data / f"{self.id}.pt",
                threads=int(self.parameters["threads_per_allocation"]),
                log=self._data / "native.log",
            )
        except ProcessDied as error:
            self.state, self.reason = "failed", str(error)
        except ApiError as error:
            self.state, self.reason = "failed", error.reason
        except Exception as error:  # a start must end in a state, never hang
            self.state, self.reason = "failed", f"{type(error).__name__}: {error}"
        else:
            self._process = process
            if self.state == "starting":
                self.state = "started"
        finally:
            self._settled.set()

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
        if self._process is not None and self.state == "started" and not self._process.alive:
            self._died("inference native process died unexpectedly")
        if self.state == "starting":
            raise status_error(409, f"Trained model deployment [{self.id}] is not allocated to any nodes")
        if self.state != "started" or self._process is None or self._tokenizer is None:
            raise status_error(409, f"Trained model [{self.id}] is [{self.state}]")
        return self._process, self._tokenizer

    def _died(self, reason: str) -> None:
        if self.state != "stopping":
            self.state, self.reason = "failed", f"inference process crashed due to reason [{reason}]"

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

    def _options(self, override: Mapping[str, Any] | None) -> dict[str, Any]:
        ((task, config),) = self._config["inference_config"].items()
        if task != "text_embedding":
            raise unsupported(f"inference for the task [{task}]")
        given: Mapping[str, Any] = {}
        if override:
            ((wanted, given),) = override.items()
            if wanted != task:
                raise status_error(
                    400,
                    f"Trained model [{self.model_id}] is configured for task [{task}] but called with task [{wanted}]",
                )
        tokenization: dict[str, Any] = {}
        for options in (given.get("tokenization") or {}).values():
            tokenization |= options
        return {
            "results_field": given.get("results_field", config.get("results_field", "predicted_value")),
            "tokenization": tokenization,
        }
