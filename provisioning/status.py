"""What runs on the cluster for a stack. Read-only: every request here is a GET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.records import VECTOR_FIELD

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """The index behind an alias; ``None`` where there is none. ``without_vector`` counts searchable documents."""

    alias: str
    index: str | None
    health: str | None
    documents: int
    without_vector: int
    ingest_errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """A model alias and the deployment that should serve it; ``state`` is ``absent`` when it is not there."""

    model_alias: str
    model_id: str | None
    deployment_id: str
    state: str
    allocations: str
    inferences: int
    errors: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A stack on one screen."""

    target: str
    version: str
    indices: tuple[IndexStatus, ...]
    models: tuple[ModelStatus, ...]

    @property
    def serving(self) -> bool:
        """Whether every index is there and not red, and every model is deployed and started."""
        indices = all(index.index is not None and index.health != "red" for index in self.indices)
        return indices and all(model.state == "started" and model.model_id for model in self.models)

    def to_json(self) -> dict[str, Any]:
        """The status as JSON."""
        return {**asdict(self), "serving": self.serving}


def read_status(client: Elasticsearch, *, target: str, aliases: tuple[str, ...], models: Mapping[str, str]) -> Status:
    """The state of a stack.

    Args:
        client: the cluster.
        target: how messages call it.
        aliases: the index aliases of the stack.
        models: model alias → deployment id.
    """
    configs = client.ml.get_trained_models(size=1000)["trained_model_configs"]
    by_alias = {
        alias: config["model_id"]
        for config in configs
        for alias in (config.get("metadata") or {}).get("model_aliases") or ()
    }
    entries = client.ml.get_trained_models_stats(model_id="_all", size=1000)["trained_model_stats"]
    deployments = {
        entry["deployment_stats"]["deployment_id"]: entry["deployment_stats"]
        for entry in entries
        if entry.get("deployment_stats")
    }
    return Status(
        target=target,
        version=str(client.info()["version"]["number"]),
        indices=tuple(_index(client, alias) for alias in aliases),
        models=tuple(
            _model(alias, by_alias.get(alias), deployment_id, deployments.get(deployment_id))
            for alias, deployment_id in models.items()
        ),
    )


def _index(client: Elasticsearch, alias: str) -> IndexStatus:
    found = client.options(ignore_status=404).indices.get_alias(name=alias)
    names = sorted(name for name in found.body if name not in ("error", "status"))
    if not names:
        return IndexStatus(alias=alias, index=None, health=None, documents=0, without_vector=0, ingest_errors=0)
    missing = {"bool": {"must_not": [{"exists": {"field": VECTOR_FIELD}}]}}
    return IndexStatus(
        alias=alias,
        index=names[0],
        health=str(client.cluster.health(index=names[0])["status"]),
        documents=int(client.count(index=alias)["count"]),
        without_vector=int(client.count(index=alias, query=missing)["count"]),
        ingest_errors=int(client.count(index=alias, query={"exists": {"field": "ingest_error"}})["count"]),
    )


def _model(alias: str, model_id: str | None, deployment_id: str, stats: Mapping[str, Any] | None) -> ModelStatus:
    stats = stats or {}
    allocation = stats.get("allocation_status") or {}
    nodes = stats.get("nodes") or ()
    return ModelStatus(
        model_alias=alias,
        model_id=model_id,
        deployment_id=deployment_id,
        state=str(stats.get("state", "absent")),
        allocations=f"{allocation.get('allocation_count', 0)}/{stats.get('number_of_allocations', 0)}",
        inferences=sum(int(node.get("inference_count", 0)) for node in nodes),
        errors=sum(int(node.get("error_count", 0)) for node in nodes),
        reason=str(stats.get("reason", "")),
    )
