"""The plan where texts are encoded on the client (``text_encoder: client``): what is left out, and what is free to go. Pure.

Nothing of the model belongs on the cluster then, so neither licence nor ML node is needed. What is there from before is not
touched by an apply; it is an orphan, which ``prune`` takes away, from the moment that the index says who encodes its texts.
The stack's own pipelines go on naming the model, so that going back is one line; where they ask it for nothing but the
vector of a caption, which the client brings, they are no users of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning import users
from provisioning.assets.model_asset import ON_CLIENT, ModelAsset
from provisioning.desired import Desired
from provisioning.observed import Observed


def left_out(asset: ModelAsset, observed: Observed, stack: str) -> Iterator[str]:
    """A note for each thing that is left out, and for each that is there from before."""
    line = ON_CLIENT.format(stem=asset.stem)
    yield (
        f"trained_model/{asset.stem}: left out ({line}): texts are encoded on the client, so whoever searches by text or"
        " loads captions needs clipline[models] and the model's files"
    )
    yield f"deployment/{asset.deployment_id}: left out: no text is sent to a model in the cluster"
    yield (
        f"model_alias/{asset.model_alias}: left out: a caption comes with its vector, which the ingest pipeline leaves"
        " alone; one that comes without gets an ingest_error"
    )
    there = _from_before(asset, observed, stack)
    if there:
        yield f"{', '.join(there)}: there from before, and left alone; after this is applied, `clipline prune` deletes them"


def is_asked(asset: ModelAsset, desired: Desired, observed: Observed) -> bool:
    """Whether an index still has its texts encoded by this model in the cluster: its marks say so until an apply."""
    aliases = {index.alias for index in desired.indices if index.marks.get("text_model") == asset.model_alias}
    return any(
        "text_encoder" not in _marks(index.mappings)
        for index in observed.indices.values()
        if index.stack == desired.stack and aliases & set(index.aliases)
    )


def only_naming(desired: Desired, observed: Observed) -> frozenset[str]:
    """The addresses of the stack's own pipelines that name a model of the client's, and ask it for captions' vectors only."""
    found: set[str] = set()
    for model in desired.models:
        if not model.asset.on_client:
            continue
        names = {model.asset.model_alias, model.asset.deployment_id}
        for model_id in _models_of(model.asset, observed, desired.stack):
            names |= users.model_names(observed, model_id)
        found |= {
            f"{kind}/{name}"
            for (kind, name), body in observed.resources.items()
            if kind == "ingest_pipeline"
            and observed.resource_stack(kind, name) == desired.stack
            and users.asks_for_captions_only(body, names)
        }
    return frozenset(found)


def _from_before(asset: ModelAsset, observed: Observed, stack: str) -> list[str]:
    models = _models_of(asset, observed, stack)
    return [
        *(f"model_alias/{alias}" for model in models for alias in observed.aliases_of(model)),
        *(f"deployment/{name}" for name, entry in observed.deployments.items() if entry.get("model_id") in models),
        *(f"trained_model/{model}" for model in models),
    ]


def _models_of(asset: ModelAsset, observed: Observed, stack: str) -> list[str]:
    """The stack's models of one model file: by their ids, and behind the names that the file gives."""
    deployed = observed.deployments.get(asset.deployment_id) or {}
    named = {observed.model_alias(asset.model_alias), deployed.get("model_id"), asset.deployment_id}
    return sorted(
        model
        for model in observed.models
        if observed.owns_model(stack, model) and (model in named or model.startswith(f"{asset.stem}-"))
    )


def _marks(mappings: Mapping[str, Any]) -> Mapping[str, Any]:
    marks = (mappings.get("_meta") or {}).get(MARK)
    return marks if isinstance(marks, Mapping) else {}
