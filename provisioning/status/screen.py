"""A status for people: a line or two a part, what is unknown at the end. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from clipline.core.sizes import size
from provisioning.status.parts import DeploymentStatus, IndexStatus, PipelineStatus, Status, Step

_WIDTH = 11
_SHOWN = 3
_PARTS = {
    "version": "the version",
    "indices": "the indices",
    "health": "the health of the indices",
    "documents": "the documents",
    "size": "the size of the indices",
    "pipelines": "the counters of pipelines",
    "models": "models and deployments",
    "kept": "models kept for a rollback",
    "step": "what is out of step",
    "lock": "the lock",
    "history": "the history",
}


def lines(status: Status) -> Iterator[tuple[str, bool]]:
    """The lines, each with whether it tells of something that does not serve."""
    yield f"stack {status.stack} on {status.target} (Elasticsearch {status.version or '?'})", False
    for index in status.indices:
        yield from _index(index, known="indices" not in status.unknown)
    for pipeline in status.pipelines:
        yield from _pipeline(pipeline, known="pipelines" not in status.unknown)
    for model in status.models:
        yield from _model(model, known="models" not in status.unknown)
    for alias in status.client_models:
        yield _labelled("model", f"{alias}: texts are encoded on the client (text_encoder: client)"), False
    for kept in status.kept:
        left = "rolled back from" if kept.rolled_back else "replaced"
        until = f"an apply after {kept.until} deletes it" if kept.until else "kept for good"
        yield _labelled("kept", kept.model_id), False
        yield _labelled("", f"{left} {kept.since or '?'}; {until}"), False
    if status.step is not None:
        yield from ((line, bool(status.step.problems)) for line in _step(status.step))
    if status.lock is not None:
        holder, _, doing = status.lock.partition(", ")
        yield _labelled("lock", f"held by {holder}"), False
        yield _labelled("", doing), False
    if status.last_run is not None:
        run = status.last_run
        yield (
            _labelled(
                "last run", f"{run['command']} by {run['who']}@{run['host']}, {run['started_at']}: {run['outcome']}"
            ),
            run["outcome"] not in ("done", "running"),
        )
    for part, reason in status.unknown.items():
        yield _labelled("unknown", f"{_PARTS[part]}: {reason}"), False


def _index(index: IndexStatus, *, known: bool) -> Iterator[tuple[str, bool]]:
    if not known:
        yield _labelled("index", index.alias), False
        return
    if index.index is None:
        yield _labelled("index", f"{index.alias}: not there; run `clipline apply`"), True
        return
    generation = f" (generation {index.generation})" if index.generation is not None else ""
    yield _labelled("index", f"{index.alias} → {index.index}{generation}"), False
    size_on_disk = "size ?" if index.size_bytes is None else size(index.size_bytes)
    documents = _counted(index.documents, "document" if index.documents == 1 else "documents")
    yield _labelled("", f"{index.health or 'health ?'}, {documents}, {size_on_disk}"), index.health in ("red", "closed")
    lacking = _counted(index.without_vector, "without a vector")
    yield _labelled("", f"{lacking}, {_counted(index.ingest_errors, 'with an ingest error')}"), False


def _pipeline(pipeline: PipelineStatus, *, known: bool) -> Iterator[tuple[str, bool]]:
    yield _labelled("pipeline", pipeline.name), False
    if not known:
        return
    if pipeline.documents is None:
        yield _labelled("", "not there; run `clipline apply`"), True
        return
    mean = f", {pipeline.mean_ms:.1f} ms each" if pipeline.mean_ms is not None else ""
    yield (
        _labelled(
            "", f"{pipeline.documents} through it, {pipeline.failed} failed, {pipeline.in_progress} in progress{mean}"
        ),
        False,
    )
    if pipeline.failing:
        yield _labelled("", f"failed inside: {', '.join(f'{key} {n}x' for key, n in pipeline.failing.items())}"), False


def _model(model: DeploymentStatus, *, known: bool) -> Iterator[tuple[str, bool]]:
    if not known:
        yield _labelled("model", model.model_alias), False
        return
    yield _labelled("model", f"{model.model_alias} → {model.model_id or 'no model'}"), model.model_id is None
    yield _labelled("deployment", model.deployment_id), model.state != "started"
    if model.state == "absent":
        yield _labelled("", "absent; run `clipline apply`"), True
        return
    yield (
        _labelled(
            "",
            f"{model.state}, {model.allocations}/{model.wanted_allocations} allocations, queue"
            f" {model.queue}/{_known(model.queue_capacity)}, {model.throughput_last_minute} in the last minute",
        ),
        model.state != "started",
    )
    if model.reason:
        yield _labelled("", model.reason), model.state != "started"
    done = "inference" if model.inferences == 1 else "inferences"
    mean = f" of {model.mean_ms:.1f} ms" if model.mean_ms is not None else ""
    yield (
        _labelled(
            "",
            f"{_counted(model.inferences, done)}{mean}, {model.errors} errors, {model.rejected} rejected,"
            f" {model.timeouts} timed out",
        ),
        False,
    )


def _step(step: Step) -> Iterator[str]:
    addresses = step.problems or step.pending
    if not addresses:
        yield _labelled("plan", "in step with the files")
        return
    said = "cannot be applied; `clipline plan` says why" if step.problems else "out of step; `clipline plan` shows how"
    yield _labelled("plan", said)
    for address in addresses[:_SHOWN]:
        yield _labelled("", address)
    if len(addresses) > _SHOWN:
        yield _labelled("", f"and {len(addresses) - _SHOWN} more")


def _labelled(label: str, text: str) -> str:
    return f"{label:<{_WIDTH}}{text}"


def _counted(number: int | None, what: str) -> str:
    return f"{_known(number)} {what}"


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)
