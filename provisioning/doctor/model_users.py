"""Who uses which model: pipelines, what runs these pipelines, inference endpoints, and whose stacks these are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clipline.core.records import MARK
from provisioning.doctor.facts import Facts
from provisioning.processors import processors_values
from provisioning.users import pipelines_of_settings

_MODEL, _PIPELINE = "inference", "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsers:
    """A model, the names by which it can be used, and its users as ``kind/name``.

    ``stacks`` are those whose mark the model or one of these pipelines bears.
    """

    model_id: str
    deployments: tuple[str, ...]
    aliases: tuple[str, ...]
    users: tuple[str, ...]
    stacks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The row as ``doctor --json`` shows it."""
        return {
            "model_id": self.model_id,
            "deployments": list(self.deployments),
            "aliases": list(self.aliases),
            "users": list(self.users),
            "stacks": list(self.stacks),
        }


def users_of_models(facts: Facts) -> tuple[ModelUsers, ...]:
    """Every model with its users; those that come with Elasticsearch only where somebody uses them."""
    pipelines = facts.get("pipelines") or {}
    rows = []
    for model_id, config in sorted(facts.models().items()):
        deployments = sorted(name for name, stats in facts.deployments().items() if stats["model_id"] == model_id)
        aliases = sorted((config.get("metadata") or {}).get("model_aliases") or ())
        names = {model_id, *deployments, *aliases}
        using = _pipelines_of(names, pipelines)
        users = tuple(_users(names, using, facts))
        if users or config.get("created_by") != "_xpack":
            marked = [config.get("metadata"), *(pipelines[name].get("_meta") for name in using)]
            row = ModelUsers(
                model_id=model_id,
                deployments=tuple(deployments),
                aliases=tuple(aliases),
                users=users,
                stacks=tuple(sorted({stack for meta in marked if (stack := _stack(meta))})),
            )
            rows.append(row)
    return tuple(rows)


def named(pipeline: Mapping[str, Any], kind: str) -> set[str]:
    """The models (``inference``) or pipelines (``pipeline``) that a pipeline's processors name, at any depth."""
    return set(processors_values(pipeline, kind, "model_id" if kind == _MODEL else "name"))


def _pipelines_of(names: set[str], pipelines: Mapping[str, Any]) -> set[str]:
    """The pipelines that name a model, and those that run one of these."""
    using = {name for name, body in pipelines.items() if named(body, _MODEL) & names}
    while more := {name for name, body in pipelines.items() if named(body, _PIPELINE) & using} - using:
        using |= more
    return using


def _users(names: set[str], using: set[str], facts: Facts) -> Iterator[str]:
    yield from (f"ingest_pipeline/{name}" for name in sorted(using))
    for kind, name, body in _templates(facts):
        if using & pipelines_of_settings((body.get("template") or {}).get("settings")):
            yield f"{kind}/{name}"
    for index, body in sorted((facts.get("index_pipelines") or {}).items()):
        if using & pipelines_of_settings(body.get("settings")):
            yield f"index/{index}"
    for endpoint in (facts.get("endpoints") or {}).get("endpoints") or ():
        settings = endpoint.get("service_settings") or {}
        if names & {settings.get("model_id"), settings.get("deployment_id")}:
            yield f"inference_endpoint/{endpoint['inference_id']}"


def _templates(facts: Facts) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for kind, question in (("component_template", "components"), ("index_template", "templates")):
        for entry in (facts.get(question) or {}).get(f"{kind}s") or ():
            yield kind, entry["name"], entry[kind]


def _stack(meta: Any) -> str | None:
    mark = meta.get(MARK) if isinstance(meta, Mapping) else None
    return mark.get("stack") if isinstance(mark, Mapping) else None
