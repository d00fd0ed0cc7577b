"""Who uses which model: pipelines, what runs these pipelines, and inference endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.doctor.facts import Facts
from provisioning.users import processors_values

_MODEL, _PIPELINE = "inference", "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsers:
    """A model, the names by which it can be used, and its users as ``kind/name``."""

    model_id: str
    deployments: tuple[str, ...]
    aliases: tuple[str, ...]
    users: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The row as ``doctor --json`` shows it."""
        return {
            "model_id": self.model_id,
            "deployments": list(self.deployments),
            "aliases": list(self.aliases),
            "users": list(self.users),
        }


def users_of_models(facts: Facts) -> tuple[ModelUsers, ...]:
    """Every model with its users; those that come with Elasticsearch only where somebody uses them."""
    pipelines = facts.get("pipelines") or {}
    rows = []
    for model_id, config in sorted(facts.models().items()):
        deployments = sorted(name for name, stats in facts.deployments().items() if stats["model_id"] == model_id)
        aliases = sorted((config.get("metadata") or {}).get("model_aliases") or ())
        names = {model_id, *deployments, *aliases}
        users = tuple(_users(names, pipelines, facts))
        if users or config.get("created_by") != "_xpack":
            rows.append(
                ModelUsers(model_id=model_id, deployments=tuple(deployments), aliases=tuple(aliases), users=users)
            )
    return tuple(rows)


def named(pipeline: Mapping[str, Any], kind: str) -> set[str]:
    """The models (``inference``) or pipelines (``pipeline``) that a pipeline's processors name, at any depth."""
    return set(processors_values(pipeline, kind, "model_id" if kind == _MODEL else "name"))


def _users(names: set[str], pipelines: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    using = {name for name, body in pipelines.items() if named(body, _MODEL) & names}
    while more := {name for name, body in pipelines.items() if named(body, _PIPELINE) & using} - using:
        using |= more
    yield from (f"ingest_pipeline/{name}" for name in sorted(using))
    for index, body in sorted((facts.get("index_pipelines") or {}).items()):
        if using & set((body.get("settings") or {}).values()):
            yield f"index/{index}"
    for endpoint in (facts.get("endpoints") or {}).get("endpoints") or ():
        settings = endpoint.get("service_settings") or {}
        if names & {settings.get("model_id"), settings.get("deployment_id")}:
            yield f"inference_endpoint/{endpoint['inference_id']}"
