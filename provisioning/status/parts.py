"""The parts of a stack's status, as values. A value is ``None`` where it is not known or where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from provisioning.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """The index behind an alias.

    ``health`` is ``green``, ``yellow``, ``red`` or ``closed``; the counts are of searchable documents; ``size_bytes`` is on
    disk, replicas included.
    """

    alias: str
    index: str | None = None
    generation: int | None = None
    health: str | None = None
    documents: int | None = None
    without_vector: int | None = None
    ingest_errors: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStatus:
    """The counters of an ingest pipeline over all nodes, each since that node started.

    ``failing`` are its processors that failed, by type and tag, with how often; ``mean_ms`` is a document's time in it.
    """

    name: str
    documents: int | None = None
    failed: int | None = None
    in_progress: int | None = None
    mean_ms: float | None = None
    failing: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """A model alias, the model behind it, and the deployment that should serve it.

    ``state`` is the server's (``started``, ``starting``, ``stopping``, ``failed``), or ``absent``. The counters are sums over
    all nodes since the deployment started; ``throughput_last_minute`` counts requests, ``mean_ms`` is of the model alone.
    """

    model_alias: str
    model_id: str | None = None
    deployment_id: str
    state: str | None = None
    reason: str | None = None
    allocations: int | None = None
    wanted_allocations: int | None = None
    queue: int | None = None
    queue_capacity: int | None = None
    throughput_last_minute: int | None = None
    inferences: int | None = None
    mean_ms: float | None = None
    errors: int | None = None
    rejected: int | None = None
    timeouts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """A text model that another one took the place of, kept for a rollback; ``until`` is ``None`` where it is kept for good."""

    model_id: str
    replaced_by: str | None = None
    since: str | None = None
    until: str | None = None
    rolled_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is out of step with the stack's files: the addresses that an apply would change, and those in its way."""

    pending: tuple[str, ...]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan) -> Step:
        """What a plan says."""
        return cls(
            pending=tuple(change.address for change in plan.pending),
            problems=tuple(problem.address for problem in plan.problems),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A stack on one screen; ``unknown`` says of each part that could not be asked, why.

    ``client_models`` are the model aliases whose texts are encoded on the client: nothing in the cluster has to serve them.
    ``lock`` is who changes the stack right now, in words; ``last_run`` is the newest run of its history.
    """

    stack: str
    target: str
    version: str | None
    indices: tuple[IndexStatus, ...]
    pipelines: tuple[PipelineStatus, ...]
    models: tuple[DeploymentStatus, ...]
    client_models: tuple[str, ...] = ()
    kept: tuple[KeptModel, ...] = ()
    step: Step | None
    lock: str | None
    last_run: Mapping[str, Any] | None
    unknown: Mapping[str, str]

    @property
    def serving(self) -> bool | None:
        """Whether every index is there, open and not red, and every model deployed and started; ``None``: not known."""
        if (self.indices and {"indices", "health"} & self.unknown.keys()) or (self.models and "models" in self.unknown):
            return None
        return all(index.index is not None and index.health not in ("red", "closed") for index in self.indices) and all(
            model.state == "started" and model.model_id is not None for model in self.models
        )

    def to_json(self) -> dict[str, Any]:
        """The status as ``status --json`` prints it."""
        return {
            "stack": self.stack,
            "target": self.target,
            "version": self.version,
            "serving": self.serving,
            "indices": [asdict(index) for index in self.indices],
            "pipelines": [asdict(pipeline) for pipeline in self.pipelines],
            "models": [asdict(model) for model in self.models],
            "client_models": list(self.client_models),
            "kept": [asdict(model) for model in self.kept],
            "out_of_step": None if self.step is None else asdict(self.step),
            "lock": self.lock,
            "last_run": None if self.last_run is None else dict(self.last_run),
            "unknown": dict(self.unknown),
        }
