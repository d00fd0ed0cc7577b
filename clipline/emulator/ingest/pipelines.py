"""Stored pipelines: checked when they are put, compiled, run with their failure handling."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.ingest.compile import Step, compile_steps
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.inference import run_inference
from clipline.emulator.ingest.metrics import Metric, PipelineMetric
from clipline.emulator.ingest.mustache import render
from clipline.emulator.ingest.processors import PROCESSORS, Dropped

if TYPE_CHECKING:
    from clipline.emulator.node import Node

Trace = Callable[[Step, str, IngestDocument, ApiError | None], None]
_MAX_INFERENCE = 50
_DATES = ("created_date_millis", "modified_date_millis")
_KEYS: Mapping[str, tuple[type, str]] = {
    "description": (str, "a string"),
    "processors": (list, "a list"),
    "on_failure": (list, "a list"),
    "version": (int, "an integer"),
    "_meta": (dict, "a map"),
    "deprecated": (bool, "a boolean"),
    "field_access_pattern": (str, "a string"),
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pipeline ready to run."""

    id: str
    steps: tuple[Step, ...]
    on_failure: tuple[Step, ...]
    metric: PipelineMetric = field(default_factory=PipelineMetric, compare=False)

    def go_on(self, before: Compiled) -> None:
        """Take over the counters of a former version; of its processors only if they are as many, each of its kind."""
        self.metric.add(before.metric)
        if len(self.steps) == len(before.steps):
            for new, old in zip(self.steps, before.steps, strict=True):
                if new.kind == old.kind and (new.condition is None) is (old.condition is None):
                    new.metric.add(old.metric)

    def stats(self) -> dict[str, Any]:
        """Its entry in ``_nodes/stats/ingest``."""
        return {**self.metric.shown(), "processors": [step.stats() for step in self.steps]}


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
        self._compiled = {name: compile_pipeline(name, body) for name, body in self._bodies.items()}

    def bodies(self) -> dict[str, dict[str, Any]]:
        """name → body, sorted."""
        return dict(sorted(self._bodies.items()))

    def put(self, name: str, body: dict[str, Any], *, if_version: int | None = None) -> None:
        """Store a checked pipeline; the same body again changes nothing.

        Raises:
            ApiError: it is wrong, has another version than ``if_version``, or there are too many inference processors.
        """
        with self._lock:
            before = self._bodies.get(name, {})
            if if_version is not None:
                body = _next_version(name, before, body, if_version)
            for key in ("created_date", "modified_date"):
                if key in body or f"{key}_millis" in body:
                    raise illegal_argument(f"Provided a pipeline property which is managed by the system: {key}.")
            compiled = compile_pipeline(name, body)
            others = sum(_inference_count(c.steps) for key, c in list(self._compiled.items()) if key != name)
            if others + _inference_count(compiled.steps) > _MAX_INFERENCE:
                raise ApiError(
                    409,
                    "status_exception",
                    f"Max number of inference processors reached, total inference processors [{_MAX_INFERENCE}]. Adjust "
                    f"the setting [xpack.ml.max_inference_processors]: [{_MAX_INFERENCE}] if a greater number is desired.",
                )
            if {key: value for key, value in before.items() if key not in _DATES} == body:
                return
            now = int(time.time() * 1000)
            dated = {**body, _DATES[0]: before.get(_DATES[0], now), _DATES[1]: now}
            self.node.database.execute("INSERT OR REPLACE INTO pipelines VALUES (?, ?)", (name, orjson.dumps(dated)))
            if name in self._compiled:
                compiled.go_on(self._compiled[name])
            self._bodies[name], self._compiled[name] = dated, compiled

    def delete(self, name: str) -> None:
        """Remove a pipeline."""
        with self._lock:
            self.node.database.execute("DELETE FROM pipelines WHERE name = ?", (name,))
            self._bodies.pop(name, None)
            self._compiled.pop(name, None)

    def references(self, model_id: str) -> list[str]:
        """The pipelines with an inference processor that names a model, alias or deployment."""
        return [
            name
            for name, compiled in list(self._compiled.items())
            if any(step.kind == "inference" and step.options["model_id"] == model_id for step in _every(compiled.steps))
        ]

    def stats(self) -> dict[str, Any]:
        """The ``ingest`` part of ``_nodes/stats``; ``_ml/trained_models/_stats`` takes the pipelines of a model from it.

        Shape: see ``clipline.emulator.ingest.metrics``. As in Elasticsearch, the slowest pipeline is the last.
        """
        pipelines = {name: compiled.stats() for name, compiled in list(self._compiled.items())}
        order = ("time_in_millis", "count", "produced_as_first_pipeline_in_bytes")
        ordered = sorted(pipelines.items(), key=lambda item: [item[1][key] for key in order])
        return {"total": self._total.shown(), "pipelines": dict(ordered)}

    def run(self, name: str, document: IngestDocument, *, first: bool = True) -> IngestDocument | None:
        """Run a stored pipeline; ``None`` when it drops the document.

        ``first`` is false for a later pipeline of the same document, which counts as one in all.

        Raises:
            ApiError: there is no such pipeline, or a failure that nothing handled.
        """
        compiled = self._compiled.get(name)
        if compiled is None:
            raise illegal_argument(f"pipeline with id [{name}] does not exist")
        if not first:
            return self.execute(compiled, copy.deepcopy(document))
        before = len(orjson.dumps(document.source))
        with self._total.timed():
            result = self.execute(compiled, copy.deepcopy(document))
        compiled.metric.measured(before, len(orjson.dumps(result.source)) if result else 0)
        return result

    def execute(
        self, compiled: Compiled, document: IngestDocument, *, trace: Trace | None = None
    ) -> IngestDocument | None:
        """Run a compiled pipeline; ``trace`` is told of every step."""
        document.ingest = {**document.ingest, "pipeline": compiled.id}
        try:
            self._whole(compiled, document, trace, ())
        except Dropped:
            return None
        document.ingest.pop("pipeline", None)
        return document

    def _whole(self, compiled: Compiled, document: IngestDocument, trace: Trace | None, stack: tuple[str, ...]) -> None:
        with compiled.metric.timed():
            try:
                self._steps(compiled.steps, document, compiled.id, trace, stack)
            except ApiError as error:
                if not compiled.on_failure:
                    raise
                self._on_failure(compiled.on_failure, document, compiled.id, _FailedStep(None, error), trace, stack)

    def _steps(
        self, steps: tuple[Step, ...], document: IngestDocument, name: str, trace: Trace | None, stack: tuple[str, ...]
    ) -> None:
        for step in steps:
            try:
                if step.condition is not None and not step.condition(_ctx(document)):
                    if trace:
                        trace(step, "skipped", document, None)
                    continue
                with step.metric.timed():
                    self._one(step, document, name, trace, stack)
            except Dropped:
                if trace:
                    trace(step, "dropped", document, None)
                raise
            except ApiError as error:
                if step.ignore_failure:
                    if trace:
                        trace(step, "error_ignored", document, error)
                    continue
                if trace:
                    trace(step, "error", document, error)
                if not step.on_failure:
                    error.__dict__.setdefault("step", step)
                    raise
                self._on_failure(step.on_failure, document, name, _FailedStep(step, error), trace, stack)
            else:
                if trace and step.kind != "pipeline":
                    trace(step, "success", document, None)

    def _one(
        self, step: Step, document: IngestDocument, name: str, trace: Trace | None, stack: tuple[str, ...]
    ) -> None:
        if step.kind == "inference":
            run_inference(self.node, step.options, document, step.tag)
        elif step.kind == "pipeline":
            self._inner(step, document, name, trace, stack)
        else:
            PROCESSORS[step.kind].run(step.options, document)

    def _inner(
        self, step: Step, document: IngestDocument, name: str, trace: Trace | None, stack: tuple[str, ...]
    ) -> None:
        inner = render(step.options["name"], document)
        compiled = self._compiled.get(inner)
        if compiled is None:
            if step.options.get("ignore_missing_pipeline"):
                return
            raise illegal_argument(f"Pipeline processor configured for non-existent pipeline [{inner}]")
        if inner in (*stack, name):
            raise illegal_argument(f"Cycle detected for pipeline: {inner}")
        if trace:
            trace(step, "success", document, None)
        document.ingest["pipeline"] = inner
        try:
            self._whole(compiled, document, trace, (*stack, name))
        finally:
            document.ingest["pipeline"] = name

    def _on_failure(
        self,
        steps: tuple[Step, ...],
        document: IngestDocument,
        name: str,
        failed: _FailedStep,
        trace: Trace | None,
        stack: tuple[str, ...],
    ) -> None:
        step = failed.step or failed.error.__dict__.get("step")
        document.ingest |= {
            "on_failure_message": failed.error.reason,
            "on_failure_processor_type": step.kind if step else None,
            "on_failure_processor_tag": step.tag if step else None,
            "on_failure_pipeline": name,
        }
        try:
            self._steps(steps, document, name, trace, stack)
        finally:
            for key in [key for key in document.ingest if key.startswith("on_failure_")]:
                del document.ingest[key]


@dataclass(frozen=True, slots=True)
class _FailedStep:
    step: Step | None
    error: ApiError


def compile_pipeline(name: str, body: Mapping[str, Any]) -> Compiled:
    """Check a pipeline and make it ready to run.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    if "processors" not in body:
        raise ApiError(
            400, "parse_exception", "[processors] required property is missing", meta={"property_name": "processors"}
        )
    for key, (kind, label) in _KEYS.items():
        value = body.get(key)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is int)):
            reason = f"[{key}] property isn't {label}, but of type [{java(value)}]"
            raise ApiError(400, "parse_exception", reason, meta={"property_name": key})
    if body.get("field_access_pattern", "classic") != "classic":
        raise unsupported(f"the field access pattern [{body['field_access_pattern']}]")
    steps = compile_steps(body["processors"])
    on_failure = compile_steps(body.get("on_failure", []), name="on_failure")
    if "on_failure" in body and not on_failure:
        raise ApiError(400, "parse_exception", f"pipeline [{name}] cannot have an empty on_failure option defined")
    unknown = [key for key in body if key not in _KEYS and key not in _DATES]
    if unknown:
        text = f"pipeline [{name}] doesn't support one or more provided configuration parameters [{', '.join(unknown)}]"
        raise ApiError(400, "parse_exception", text)
    return Compiled(name, steps, on_failure)


def _next_version(name: str, before: Mapping[str, Any], body: dict[str, Any], wanted: int) -> dict[str, Any]:
    conflict = f"version conflict, required version [{wanted}] for pipeline [{name}] but"
    if not before:
        raise illegal_argument(f"{conflict} no pipeline was found")
    if before.get("version") != wanted:
        raise illegal_argument(f"{conflict} current version is [{before.get('version')}]")
    if body.get("version") == wanted:
        raise illegal_argument(f"cannot update pipeline [{name}] with the same version [{wanted}]")
    return {"version": wanted + 1, **body}


def _ctx(document: IngestDocument) -> dict[str, Any]:
    return {**document.source, "_index": document.index, "_id": document.id, "_ingest": document.ingest}


def _every(steps: tuple[Step, ...]) -> list[Step]:
    return [inner for step in steps for inner in (step, *_every(step.on_failure))]


def _inference_count(steps: tuple[Step, ...]) -> int:
    return sum(step.kind == "inference" for step in steps)
