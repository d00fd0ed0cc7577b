"""What a stack will ask of a cluster. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.assets.model_asset import ModelAsset, model_asset
from provisioning.assets.stack import Stack, value_at
from provisioning.ml_memory import memory_need
from provisioning.roles import aliases_of, roles_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What is known of a text model without the cluster; each ``None`` where neither its files nor a bundle are at hand."""

    model_id: str | None = None
    model_bytes: int | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNeed:
    """One text model and its deployment; memory in bytes, for all its allocations on one node."""

    stem: str
    model_alias: str
    deployment_id: str
    allocations: int
    threads: int
    low_priority: bool
    model_id: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateNeed:
    """One index template, and the name of the first index that it makes where it declares an alias."""

    name: str
    priority: int
    index: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """``models`` are those that the cluster shall run, ``client_models`` those that the client runs.

    ``role`` is the descriptor whose privileges are asked for; ``cloud`` says that ML nodes may come by themselves."""

    stack: str
    job: str
    role: Mapping[str, Any]
    aliases: tuple[str, ...]
    pipelines: tuple[str, ...]
    templates: tuple[TemplateNeed, ...]
    models: tuple[ModelNeed, ...]
    cloud: bool
    client_models: tuple[ModelNeed, ...] = ()


def needs_of(stack: Stack, *, bundles: Mapping[str, BundleFacts], job: str, cloud: bool) -> Needs:
    """The needs of a checked stack; ``bundles`` by the stem of the model file."""
    models = [model_asset(asset) for asset in stack.of("model")]
    needs = [(model, _model(model, bundles.get(model.stem, BundleFacts()))) for model in models]
    return Needs(
        stack=stack.name,
        job=job,
        role=roles_of(stack)[job],
        aliases=tuple(aliases_of(stack)),
        pipelines=tuple(asset.name for asset in stack.of("ingest_pipeline")),
        templates=tuple(
            TemplateNeed(
                name=asset.name,
                priority=int(asset.body.get("priority") or 0),
                index=_first_index(value_at(asset.document, "_meta", "clipline", "alias")),
            )
            for asset in stack.of("index_template")
        ),
        models=tuple(needed for model, needed in needs if not model.on_client),
        cloud=cloud,
        client_models=tuple(needed for model, needed in needs if model.on_client),
    )


def own_names(names: Sequence[str], aliases: Sequence[str]) -> list[str]:
    """Those that are an alias or one of its generations."""
    return [
        name
        for name in names
        if any(re.fullmatch(rf"{re.escape(alias)}(-\d+)?", name) is not None for alias in aliases)
    ]


def _model(model: ModelAsset, known: BundleFacts) -> ModelNeed:
    memory = None
    if known.model_bytes is not None:
        memory = memory_need(known.model_bytes, allocations=model.allocations, metadata=known.metadata or {})
    return ModelNeed(
        stem=model.stem,
        model_alias=model.model_alias,
        deployment_id=model.deployment_id,
        allocations=model.allocations,
        threads=int(model.deployment["threads_per_allocation"]),
        low_priority=model.deployment["priority"] == "low",
        model_id=known.model_id,
        memory=memory,
    )


def _first_index(alias: Any) -> str | None:
    return f"{alias}-000001" if alias else None
