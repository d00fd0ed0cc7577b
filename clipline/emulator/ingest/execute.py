"""Running the steps of a pipeline on a document, with their conditions, failures and counters.

As in Elasticsearch (CompoundProcessor, ConditionalProcessor): a condition stands outside of its processor, so its failure
is nobody's but the pipeline's, and it counts as one of the type ``conditional``. What the emulator refuses with 501 is
no failure that a pipeline could handle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError
from clipline.emulator.ingest.document import IngestDocument
from clipline.emulator.ingest.metrics import Metric, PipelineMetric
from clipline.emulator.ingest.mustache import render
from clipline.emulator.ingest.processors.base import Dropped, Work
from clipline.emulator.painless import Script

_MOST_PIPELINES = 100
_ON_FAILURE = ("on_failure_message", "on_failure_processor_type", "on_failure_processor_tag", "on_failure_pipeline")


@dataclass(frozen=True, slots=True)
class Inner:
    """What a ``pipeline`` processor calls."""

    name: str
    ignore_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One processor with what it does and what happens when it fails."""

    kind: str
    tag: str | None
    description: str | None
    condition_source: str | None
    condition: Script | None
    params: Mapping[str, Any]
    ignore_failure: bool
    on_failure: tuple[Step, ...]
    work: Work | None
    inner: Inner | None
    metric: Metric = field(default_factory=Metric, compare=False)

    def stats(self) -> dict[str, Any]:
        """Its entry in ``_nodes/stats/ingest``, with the names that Elasticsearch's wrappers get there."""
        name = self.kind + (f":{self.inner.name}" if self.inner else "") + (f":{self.tag}" if self.tag else "")
        if self.condition is not None and (self.ignore_failure or self.on_failure):
            name = f"compound:CompoundProcessor-{'-'.join(_tags((self,)))}"
        kind = self.kind if self.condition is None else "conditional"
        return {name: {"type": kind, "stats": self.metric.shown()}}


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


class Failure(Exception):
    """A processor failed: its error, and where that was."""

    def __init__(self, error: ApiError, kind: str, tag: str | None, pipeline: str | None) -> None:
        super().__init__(error.reason)
        self.error = error
        self.kind = kind
        self.tag = tag
        self.pipeline = pipeline


Trace = Callable[[Step, str, IngestDocument, ApiError | None], None]
"""Told of every step: its outcome (success, skipped, dropped, error, error_ignored) and the document as it is then."""

Find = Callable[[str], Compiled | None]


@dataclass(frozen=True, slots=True)
class Execution:
    """One way to run pipelines: where others are found, and who is told."""

    find: Find
    trace: Trace | None = None
    circles_checked: bool = False
    """Whether the pipelines are known not to call each other in a circle."""

    def pipeline(self, compiled: Compiled, document: IngestDocument) -> None:
        """Run a pipeline.

        Raises:
            Failure: a failure that nothing handled.
            Dropped: the document is dropped.
            ApiError: 400 for a pipeline that is running already, 501.
        """
        if not compiled.steps:
            return
        if len(document.stack) >= _MOST_PIPELINES:
            reason = f"Too many nested pipelines. Cannot have more than {_MOST_PIPELINES} nested pipelines"
            raise ApiError(400, "graph_structure_exception", reason)
        if compiled.id in document.stack:
            raise ApiError(400, "graph_structure_exception", f"Cycle detected for pipeline: {compiled.id}")
        before = document.ingest.get("pipeline")
        document.stack.append(compiled.id)
        document.ingest["pipeline"] = compiled.id
        try:
            with compiled.metric.timed() if self.trace is None else Metric().timed():
                try:
                    self._steps(compiled.steps, document)
                except Failure as failure:
                    if not compiled.on_failure:
                        raise
                    self._handle(compiled.on_failure, document, failure)
        finally:
            document.stack.pop()
            document.terminated = False
            if before is None:
                document.ingest.pop("pipeline", None)
            else:
                document.ingest["pipeline"] = before

    def _steps(self, steps: tuple[Step, ...], document: IngestDocument) -> None:
        for step in steps:
            if document.terminated:
                return
            self.step(step, document)

    def step(self, step: Step, document: IngestDocument) -> None:
        """Run one processor; raises as ``pipeline`` does."""
        if step.condition is None:
            self._handled(step, document)
            return
        try:
            wanted = step.condition.run(document.ctx(), step.params)
        except ApiError as error:
            failure = _failure(error, "conditional", step.tag, document)
            self._tell(step, "error", document, error)
            raise failure from error
        if not wanted:
            self._tell(step, "skipped", document)
            return
        began = step.metric.begin()
        failed = False
        try:
            self._handled(step, document)
        except Failure:
            failed = True
            raise
        finally:
            step.metric.end(began, failed=failed)

    def _handled(self, step: Step, document: IngestDocument) -> None:
        try:
            self._work(step, document)
        except Dropped:
            self._tell(step, "dropped", document)
            raise
        except (ApiError, Failure) as error:
            within = isinstance(error, Failure)
            failure = error if isinstance(error, Failure) else _failure(error, step.kind, step.tag, document)
            if step.ignore_failure:
                self._tell(step, "error_ignored", document, failure.error)
                return
            # What fails inside of a called pipeline has been told there.
            if not (within and step.kind == "pipeline"):
                self._tell(step, "error", document, failure.error)
            if not step.on_failure:
                raise failure from error
            self._handle(step.on_failure, document, failure)
        else:
            if step.kind != "pipeline":
                self._tell(step, "success", document)

    def _work(self, step: Step, document: IngestDocument) -> None:
        counted = step.condition is None and self.trace is None
        began = step.metric.begin() if counted else 0
        failed = True
        try:
            if step.work is not None:
                step.work(document)
            else:
                self._inner(step, document)
            failed = False
        except Dropped:
            failed = False
            raise
        finally:
            if counted:
                step.metric.end(began, failed=failed)

    def _inner(self, step: Step, document: IngestDocument) -> None:
        assert step.inner is not None  # a step has work or an inner pipeline
        name = render(step.inner.name, document)
        compiled = self.find(name)
        if compiled is None:
            if not step.inner.ignore_missing:
                reason = f"Pipeline processor configured for non-existent pipeline [{name}]"
                raise ApiError(500, "illegal_state_exception", reason)
            self._tell(step, "success", document)
            return
        if self.trace is not None and not self.circles_checked:
            self._check_cycle(compiled, document)
        self._tell(step, "success", document)
        self.pipeline(compiled, document)

    def _check_cycle(self, compiled: Compiled, document: IngestDocument) -> None:
        """Before anything is told, find out on a copy whether the pipelines call each other in a circle."""
        try:
            Execution(self.find, lambda *_: None, circles_checked=True).pipeline(compiled, copy.deepcopy(document))
        except Failure as failure:
            if failure.error.type == "graph_structure_exception":
                raise failure.error from failure
        except Dropped:
            pass

    def _handle(self, steps: tuple[Step, ...], document: IngestDocument, failure: Failure) -> None:
        found = (_deepest(failure.error), failure.kind, failure.tag, failure.pipeline)
        document.ingest |= dict(zip(_ON_FAILURE, found, strict=True))
        document.terminated = False
        try:
            self._steps(steps, document)
        finally:
            for name in _ON_FAILURE:
                document.ingest.pop(name, None)

    def _tell(self, step: Step, status: str, document: IngestDocument, error: ApiError | None = None) -> None:
        if self.trace is not None:
            self.trace(step, status, document, error)


def _failure(error: ApiError, kind: str, tag: str | None, document: IngestDocument) -> Failure:
    if error.status == 501:
        raise error
    return Failure(error, kind, tag, document.stack[-1] if document.stack else None)


def _deepest(error: ApiError) -> Any:
    """The message of what caused it all (ElasticsearchException.getRootCause)."""
    cause: dict[str, Any] = {"reason": error.reason, "caused_by": error.caused_by}
    while (deeper := cause.get("caused_by")) is not None:
        cause = deeper
    return cause.get("reason")


def _tags(steps: tuple[Step, ...]) -> list[str]:
    return [tag for step in steps for tag in (step.tag or "null", *_tags(step.on_failure))]
