"""Stored pipelines: checked when they are put, run on documents, counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.ingest.compile import DATES, compile_pipeline
from clipline.emulator.ingest.document import IngestDocument, encoded
from clipline.emulator.ingest.execute import Compiled, Execution, Failure, Step
from clipline.emulator.ingest.inference import references
from clipline.emulator.ingest.metrics import Metric
from clipline.emulator.ingest.processors import Dropped

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MAX_INFERENCE = 50
_MILLIS = tuple(f"{name}_millis" for name in DATES)


class Pipelines:
    """The ingest pipelines of a node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._lock = threading.RLock()
        self._total = Metric()
        node.database.create("CREATE TABLE IF NOT EXISTS pipelines (name TEXT PRIMARY KEY, body BLOB)")
        self._bodies: dict[str, dict[str, Any]] = {
            name: orjson.loads(body) for name, body in node.database.rows("SELECT name, body FROM pipelines")
        }
        self._compiled = {name: _loaded(node, name, self._shown(body)) for name, body in self._bodies.items()}

    def find(self, name: str) -> Compiled | None:
        """A stored pipeline, ready to run."""
        return self._compiled.get(name)

    def bodies(self) -> dict[str, dict[str, Any]]:
        """name → body as this version shows it, sorted."""
        return {name: self._shown(body) for name, body in sorted(self._bodies.items())}

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.node.version >= (9, 2):
            return body
        return {key: value for key, value in body.items() if key not in _MILLIS}

    def put(self, name: str, body: dict[str, Any], *, if_version: int | None = None) -> None:
        """Store a checked pipeline; the same body again changes nothing.

        Raises:
            ApiError: it is wrong, has another version than ``if_version``, or there are too many inference processors.
        """
        with self._lock:
            before = self._bodies.get(name)
            bare = {key: value for key, value in (before or {}).items() if key not in _MILLIS}
            if before is not None and if_version is None and bare == body:
                return
            if self.node.version >= (9, 2):
                for key in DATES:
                    if key in body or f"{key}_millis" in body:
                        raise illegal_argument(f"Provided a pipeline property which is managed by the system: {key}.")
            self._check_inference(body)
            compiled = compile_pipeline(self.node, name, body)
            if if_version is not None:
                body = _next_version(name, before, body, if_version)
            now = int(time.time() * 1000)
            created = (before or {}).get(_MILLIS[0], now)
            dated = {**body, _MILLIS[0]: created, _MILLIS[1]: now}
            self.node.database.execute("INSERT OR REPLACE INTO pipelines VALUES (?, ?)", (name, orjson.dumps(dated)))
            if name in self._compiled:
                compiled.go_on(self._compiled[name])
            self._bodies[name], self._compiled[name] = dated, compiled

    def delete(self, names: Collection[str]) -> None:
        """Remove pipelines, all or none.

        Raises:
            ApiError: 400 when an index uses one of them.
        """
        with self._lock:
            for name in names:
                self._check_unused(name)
            self.node.database.execute_many("DELETE FROM pipelines WHERE name = ?", [(name,) for name in names])
            for name in names:
                self._bodies.pop(name, None)
                self._compiled.pop(name, None)

    def references(self, model_id: str) -> list[str]:
        """The pipelines with an inference processor that names a model, alias or deployment."""
        return [name for name, body in list(self._bodies.items()) if model_id in references(body)]

    def stats(self) -> dict[str, Any]:
        """The ``ingest`` part of ``_nodes/stats``; ``_ml/trained_models/_stats`` takes the pipelines of a model from it.

        Shape: see ``clipline.emulator.ingest.metrics``. As in Elasticsearch, the slowest pipeline is the last.
        """
        pipelines = {name: compiled.stats() for name, compiled in list(self._compiled.items())}
        order = ("time_in_millis", "count", "produced_as_first_pipeline_in_bytes")
        ordered = sorted(pipelines.items(), key=lambda item: [item[1][key] for key in order])
        return {"total": self._total.shown(), "pipelines": dict(ordered)}

    def run(self, name: str, document: IngestDocument, *, first: bool = True) -> IngestDocument | None:
        """Run a stored pipeline on a document, whose source it changes in place; ``None`` when it drops the document.

        ``first`` is false for a later pipeline of the same document, which counts as one in all.

        Raises:
            ApiError: there is no such pipeline, or a failure that nothing handled.
        """
        compiled = self.find(name)
        if compiled is None:
            raise illegal_argument(f"pipeline with id [{name}] does not exist")
        if not first:
            result = self.execute(compiled, document)
            _size(name, document)
            return result
        before = _size(name, document)
        with self._total.timed():
            result = self.execute(compiled, document)
            after = _size(name, result) if result else 0
        compiled.metric.measured(before, after)
        return result

    def execute(self, compiled: Compiled, document: IngestDocument) -> IngestDocument | None:
        """Run a pipeline that need not be stored; ``None`` when it drops the document.

        Raises:
            ApiError: a failure that nothing handled.
        """
        try:
            Execution(self.find).pipeline(compiled, document)
        except Failure as failure:
            raise failure.error from failure
        except Dropped:
            return None
        return document

    def _check_inference(self, body: dict[str, Any]) -> None:
        # As in Elasticsearch, the limit is one for what is stored already: one pipeline may pass over it.
        stored = sum(sum(1 for _ in references(body)) for body in list(self._bodies.values()))
        if stored >= _MAX_INFERENCE and _asks_models(body):
            raise ApiError(
                409,
                "status_exception",
                f"Max number of inference processors reached, total inference processors [{stored}]. Adjust the setting "
                f"[xpack.ml.max_inference_processors]: [{_MAX_INFERENCE}] if a greater number is desired.",
            )

    def _check_unused(self, name: str) -> None:
        indices = self.node.indices
        users = {
            kind: [other for other in indices.names() if indices.get(other).settings.get(f"{kind}_pipeline") == name]
            for kind in ("default", "final")
        }
        parts = [
            f"the {kind} pipeline for {len(found)} index(es) including [{','.join(found[:3])}]"
            for kind, found in users.items()
            if found
        ]
        if parts:
            raise illegal_argument(f"pipeline [{name}] cannot be deleted because it is {' and '.join(parts)}")


def _loaded(node: Node, name: str, body: dict[str, Any]) -> Compiled:
    """A stored pipeline; one that another version accepted fails when it runs (IngestService.substitutePipeline)."""
    try:
        return compile_pipeline(node, name, body)
    except ApiError as error:
        if error.status == 501:
            reason, kind = error, "unknown"
        else:
            text = f"pipeline with id [{name}] could not be loaded, caused by [{error.reason}]"
            reason, kind = ApiError(500, "illegal_state_exception", text), error.meta.get("processor_type", "unknown")

    def work(document: IngestDocument) -> None:
        raise reason

    step = Step(
        kind=kind, tag=None, description=None, condition_source=None, condition=None, params={}, ignore_failure=False,
        on_failure=(), work=work, inner=None,
    )  # fmt: skip
    return Compiled(name, (step,), ())


def _asks_models(body: dict[str, Any]) -> bool:
    """Whether a body, which is not checked yet, has an inference processor."""
    processors = body.get("processors")
    return isinstance(processors, list) and any(
        isinstance(entry, dict) and "inference" in entry for entry in processors
    )


def _size(name: str, document: IngestDocument) -> int:
    """The bytes of a document; what a script made that is no document cannot be written."""
    try:
        return len(encoded(document.source, " (ingest script)"))
    except ApiError as error:
        if error.status != 400:
            raise
        reason = f"Failed to generate the source document for ingest pipeline [{name}]"
        raise ApiError(400, "illegal_argument_exception", reason, caused_by=error.cause()) from error


def _next_version(name: str, before: dict[str, Any] | None, body: dict[str, Any], wanted: int) -> dict[str, Any]:
    conflict = f"version conflict, required version [{wanted}] for pipeline [{name}] but"
    if before is None:
        raise illegal_argument(f"{conflict} no pipeline was found")
    current = before.get("version")
    if current != wanted:
        raise illegal_argument(f"{conflict} current version is [{'null' if current is None else current}]")
    if body.get("version") == wanted:
        raise illegal_argument(f"cannot update pipeline [{name}] with the same version [{wanted}]")
    return {**body, "version": body.get("version", wanted + 1)}
