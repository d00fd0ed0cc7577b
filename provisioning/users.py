"""Who uses what: the pipelines that name a model, what names a pipeline, the templates that name a component. Pure.

A model is named by its id, by one of its aliases, or by the id of one of its deployments; the server itself refuses to
stop or delete one of these only where a pipeline names exactly that (docs: decision 2 of the design), so our own list is
the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import CAPTION_VECTOR_FIELD
from provisioning.observed import Observed
from provisioning.processors import outputs, processors, processors_values


def model_names(observed: Observed, model_id: str) -> set[str]:
    """Every name that reaches a model."""
    deployments = {name for name, entry in observed.deployments.items() if entry.get("model_id") == model_id}
    return {model_id, *observed.aliases_of(model_id), *deployments}


def users_of_names(observed: Observed, names: set[str]) -> list[str]:
    """The addresses of the pipelines, indices and inference endpoints that name a model by one of these names.

    An index, whosever it is, names the alias of the model by which its texts are searched in its marks.
    """
    return [
        *(
            f"ingest_pipeline/{name}"
            for (kind, name), body in observed.resources.items()
            if kind == "ingest_pipeline" and names & set(processors_values(body, "inference", "model_id"))
        ),
        *(f"index/{index}" for index, model in sorted(observed.text_models.items()) if model in names),
        *(f"inference_endpoint/{name}" for name, used in sorted((observed.endpoints or {}).items()) if names & used),
    ]


def of_model_alias(observed: Observed, name: str) -> list[str]:
    """Who uses a model by one of its aliases."""
    return users_of_names(observed, {name})


def of_deployment(observed: Observed, name: str) -> list[str]:
    """Who uses a model by one of its deployments; the last deployment of a model serves whoever names the model, too."""
    names = {name}
    model_id = observed.deployments[name]["model_id"]
    if sum(entry["model_id"] == model_id for entry in observed.deployments.values()) == 1:
        names |= model_names(observed, model_id)
    return users_of_names(observed, names)


def of_model(observed: Observed, name: str) -> list[str]:
    """Who uses a model by any of its names, its aliases and deployments among them."""
    names = model_names(observed, name)
    return [
        *users_of_names(observed, names),
        *(f"model_alias/{alias}" for alias in observed.aliases_of(name)),
        *(f"deployment/{id_}" for id_, entry in observed.deployments.items() if entry["model_id"] == name),
    ]


def asks_for_captions_only(body: Mapping[str, Any], names: set[str]) -> bool:
    """Whether a pipeline names a model by one of these names, and writes nothing of what it says but captions' vectors."""
    asked = [item for item in processors(body, "inference") if item.get("model_id") in names]
    return bool(asked) and all(outputs(item) == {CAPTION_VECTOR_FIELD} for item in asked)


def users_of_pipeline(observed: Observed, pipeline: str) -> list[str]:
    """What names a pipeline: other pipelines, templates and, of the indices that were observed, their settings."""
    found = [
        f"{kind}/{name}"
        for (kind, name), body in observed.resources.items()
        if (kind == "ingest_pipeline" and pipeline in processors_values(body, "pipeline", "name"))
        or (
            kind != "ingest_pipeline"
            and pipeline in pipelines_of_settings((body.get("template") or {}).get("settings"))
        )
    ]
    return found + [
        f"index/{name}" for name, index in observed.indices.items() if pipeline in pipelines_of_settings(index.settings)
    ]


def users_of_component(observed: Observed, component: str) -> list[str]:
    """The index templates that are composed of a component template."""
    return [
        f"index_template/{name}"
        for (kind, name), body in observed.resources.items()
        if kind == "index_template" and component in (body.get("composed_of") or ())
    ]


def pipelines_of_settings(settings: Any) -> set[str]:
    """The pipelines that an index with these settings, nested or dotted, runs by default and at the end."""
    if not isinstance(settings, Mapping):
        return set()
    found: set[str] = set()
    for key, child in settings.items():
        if isinstance(child, Mapping):
            found |= pipelines_of_settings(child)
        elif str(key).rpartition(".")[2] in ("default_pipeline", "final_pipeline") and isinstance(child, str):
            found.add(child)
    return found
