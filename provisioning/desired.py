"""Assets → the resources wanted. Pure: the version of the server and the digests of the models are arguments."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.core.records import MARK, VECTOR_FIELD, EncoderIdentity
from clipline.core.text_models import TextEncoderIdentity
from provisioning.assets.model_asset import ModelAsset, model_asset
from provisioning.assets.stack import Asset, Stack
from provisioning.canonical import canonical, canonical_settings
from provisioning.composition import composed_mappings
from provisioning.observed import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A pipeline or template as it is to be PUT, marks included."""

    kind: str
    name: str
    body: Mapping[str, Any]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredModel:
    """A text model; ``digest`` is ``None`` where neither its files nor a bundle are at hand."""

    asset: ModelAsset
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredIndex:
    """The index behind an alias: what its template composes to, and its ``_meta.clipline`` but for the generation."""

    alias: str
    settings: Mapping[str, Any]
    mappings: Mapping[str, Any]
    marks: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything that a stack wants on a server of one version; ``notes`` say what was left out for that version."""

    stack: str
    resources: tuple[Resource, ...]
    models: tuple[DesiredModel, ...]
    indices: tuple[DesiredIndex, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What is known of model files: by stem for text models, by the model file's stem for image encoders."""

    text: Mapping[str, str | None]
    image: Mapping[str, str | None]


def desired_state(stack: Stack, *, version: Version, digests: Digests) -> Desired:
    """The resources that a checked stack wants."""
    notes: list[str] = []
    bodies = {(asset.kind, asset.name): _for_version(asset, version, notes) for asset in stack.assets}
    models = tuple(
        DesiredModel(asset=model, digest=digests.text.get(model.stem)) for model in map(model_asset, stack.of("model"))
    )
    resources = tuple(
        Resource(
            kind=kind,
            name=asset.name,
            body=_marked(kind, bodies[(kind, asset.name)], stack.name),
            where=asset.document.where(),
        )
        for kind in ("ingest_pipeline", "component_template", "index_template")
        for asset in stack.of(kind)
    )
    indices = tuple(
        _index(bodies, asset, models, digests, stack.name)
        for asset in stack.of("index_template")
        if _alias(bodies[("index_template", asset.name)])
    )
    return Desired(stack=stack.name, resources=resources, models=models, indices=indices, notes=tuple(notes))


def _text_encoder(model: DesiredModel, *, dims: int) -> TextEncoderIdentity:
    return TextEncoderIdentity(
        model=model.asset.source.model,
        revision=model.asset.source.revision,
        digest=model.digest,
        dims=dims,
        parameters=model.asset.parameters,
    )


def body_digest(kind: str, body: Mapping[str, Any]) -> str:
    """The digest of a body's canonical form, as ``sha256:<64 hex>``."""
    text = json.dumps(canonical(kind, body), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _for_version(asset: Asset, version: Version, notes: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(asset.body)
    since = ((body.get("_meta") or {}).get(MARK) or {}).get("since") or {}
    for path, first in since.items():
        major, minor = (int(part) for part in first.split("."))
        if version[:2] < (major, minor) and _remove(body, path.split(".")):
            notes.append(f"{asset.kind}/{asset.name}: {path} is left out, it needs Elasticsearch {first}")
    return body


def _remove(value: Any, path: list[str]) -> bool:
    """Remove a dotted path, however its keys are grouped (``index.mapping: {…}`` or nested)."""
    if not isinstance(value, dict):
        return False
    for length in range(len(path), 0, -1):
        key = ".".join(path[:length])
        if key not in value:
            continue
        if length == len(path):
            del value[key]
            return True
        if _remove(value[key], path[length:]):
            return True
    return False


def _marked(kind: str, body: Mapping[str, Any], stack: str) -> dict[str, Any]:
    meta = dict(body.get("_meta") or {})
    marks = {**(meta.get(MARK) or {}), "stack": stack, "digest": body_digest(kind, body)}
    return {**body, "_meta": {**meta, MARK: marks}}


def _alias(body: Mapping[str, Any]) -> str | None:
    alias: str | None = ((body.get("_meta") or {}).get(MARK) or {}).get("alias")
    return alias


def _index(
    bodies: Mapping[tuple[str, str], Mapping[str, Any]],
    asset: Asset,
    models: tuple[DesiredModel, ...],
    digests: Digests,
    stack: str,
) -> DesiredIndex:
    body = bodies[("index_template", asset.name)]
    parts = [
        bodies[("component_template", name)]
        for name in body.get("composed_of", ())
        if ("component_template", name) in bodies
    ]
    templates = [part.get("template") or {} for part in (*parts, body)]
    mappings = composed_mappings(template.get("mappings") for template in templates)
    settings = canonical_settings(*(template.get("settings") for template in templates))
    alias = _alias(body)
    assert alias is not None  # the caller asked for those that have one
    own = (mappings.get("_meta") or {}).get(MARK) or {}
    model = next(model for model in models if model.asset.model_alias == own["text_model"])  # validate saw to it
    vector = mappings["properties"][VECTOR_FIELD]
    encoder = EncoderIdentity(
        model=model.asset.image_encoder.model,
        revision=model.asset.image_encoder.revision,
        digest=digests.image.get(model.asset.stem),
        dims=int(vector["dims"]),
        similarity=str(vector.get("similarity", "cosine")),
    )
    marks = {
        **own,
        "stack": stack,
        "encoder": encoder.to_json(),
        "space": model.asset.space,
        "pipeline": settings.get("default_pipeline"),
    }
    if model.asset.on_client:
        marks["text_encoder"] = _text_encoder(model, dims=encoder.dims).to_json()
    return DesiredIndex(alias=alias, settings=settings, mappings=mappings, marks=marks)
