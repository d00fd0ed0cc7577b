"""A cluster → what is there. Read-only: every request here is a GET.

Nine requests whatever the size of the stack, and one for each of its models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.errors import VersionError
from provisioning.observed import Observed, ObservedIndex, Version

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

OLDEST: Version = (8, 15, 0)
"""Older servers lack deployments and mapping parameters that the default stack uses."""

_ALL = 1000  # models asked for at once; the API's default of 100 would hide some


def server_version(client: Elasticsearch) -> Version:
    """The server's version.

    Raises:
        VersionError: older than what clipline works with.
    """
    text = str(client.info()["version"]["number"])
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    version = (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)
    if version < OLDEST:
        raise VersionError(
            f"this server is Elasticsearch {text}", hint=f"clipline works with {'.'.join(map(str, OLDEST))} and newer"
        )
    return version


def observe(client: Elasticsearch, *, version: Version, aliases: tuple[str, ...]) -> Observed:
    """Everything that a plan for a stack with these index aliases compares."""
    return Observed(
        version=version,
        licence=str(client.license.get()["license"]["type"]),
        resources={**_pipelines(client), **_templates(client)},
        indices=_indices(client, aliases),
        models=_models(client),
        deployments=_deployments(client),
    )


def _pipelines(client: Elasticsearch) -> dict[tuple[str, str], Mapping[str, Any]]:
    found = client.options(ignore_status=404).ingest.get_pipeline()
    return {("ingest_pipeline", name): body for name, body in found.items()}


def _templates(client: Elasticsearch) -> dict[tuple[str, str], Mapping[str, Any]]:
    components = client.options(ignore_status=404).cluster.get_component_template()
    templates = client.options(ignore_status=404).indices.get_index_template()
    return {
        **{
            ("component_template", item["name"]): item["component_template"]
            for item in components.get("component_templates", ())
        },
        **{("index_template", item["name"]): item["index_template"] for item in templates.get("index_templates", ())},
    }


def _indices(client: Elasticsearch, aliases: tuple[str, ...]) -> dict[str, ObservedIndex]:
    if not aliases:
        return {}
    # A name without wildcard that is missing would be a 404; one with a wildcard simply matches nothing.
    expression = ",".join(f"{alias}*" for alias in aliases)
    found = {name: body for name, body in client.indices.get(index=expression).items() if _belongs(name, body, aliases)}
    return {
        name: ObservedIndex(
            mappings=body.get("mappings", {}),
            settings=body.get("settings", {}),
            aliases=body.get("aliases", {}),
            documents=int(client.count(index=name)["count"]),
        )
        for name, body in found.items()
    }


def _belongs(name: str, body: Mapping[str, Any], aliases: tuple[str, ...]) -> bool:
    return any(name == alias or name.startswith(f"{alias}-") or alias in body.get("aliases", {}) for alias in aliases)


def _models(client: Elasticsearch) -> dict[str, Mapping[str, Any]]:
    found = client.ml.get_trained_models(size=_ALL)["trained_model_configs"]
    return {config["model_id"]: _with_status(client, config) for config in found}


def _with_status(client: Elasticsearch, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model of a stack with ``fully_defined``, which the server tells of one PyTorch model at a time only."""
    if "clipline" not in (config.get("metadata") or {}) or config.get("model_type") != "pytorch":
        return config
    answer = client.options(ignore_status=404).ml.get_trained_models(
        model_id=config["model_id"], include="definition_status"
    )
    return next(iter(answer.get("trained_model_configs", ())), config)


def _deployments(client: Elasticsearch) -> dict[str, Mapping[str, Any]]:
    # By _all: the statistics of an alias or of a deployment id that is gone are not to be relied on.
    found = client.ml.get_trained_models_stats(model_id="_all", size=_ALL)
    stats = (entry.get("deployment_stats") for entry in found["trained_model_stats"])
    return {entry["deployment_id"]: entry for entry in stats if entry}
