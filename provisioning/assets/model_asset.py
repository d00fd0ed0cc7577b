"""One text model as ``models/<stem>.yml`` declares it.

Example::

    source: {model: sentence-transformers/clip-ViT-B-32-multilingual-v1, revision: 58edf8c…}
    import: {task_type: text_embedding, embedding_size: 512}
    model_alias: clip-text
    deployment: {deployment_id: …, number_of_allocations: 1, threads_per_allocation: 1, queue_capacity: 1024}
    image_encoder: {model: sentence-transformers/clip-ViT-B-32, revision: 327ab67…}
    space: clip-vit-b-32
    text_encoder: cluster

With ``text_encoder: client`` texts are encoded where pictures are loaded and searched, and nothing of the model is put on
the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.core.errors import CliplineError, ModelError, UsageError
from clipline.core.hub import ModelSource, resolve_source
from clipline.core.text_models import CLIENT, CLUSTER, IMPORT_DEFAULTS
from provisioning.assets.stack import Asset

INPUT_FIELD = "text_field"
"""The field of ``_infer`` documents that the model reads: eland's and the series' name."""

ON_CLIENT = "text_encoder: client in models/{stem}.yml"
"""How messages name the way on where a cluster cannot run the model."""

DEPLOYMENT_DEFAULTS: Mapping[str, Any] = {
    "number_of_allocations": 1,
    "threads_per_allocation": 1,
    "queue_capacity": 1024,
    "priority": "normal",
}
"""What the server assumes for a deployment (facts of ``deployment/_start``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsset:
    """A text model, its deployment, and the image encoder of the same space.

    ``stem`` is the file's; the concrete model id is ``<stem>-<8 hex of the digest>``.
    """

    stem: str
    where: str
    source: ModelSource
    parameters: Mapping[str, Any]
    model_alias: str
    deployment: Mapping[str, Any]
    image_encoder: ModelSource
    space: str
    text_encoder: str = CLUSTER

    @property
    def on_client(self) -> bool:
        """Whether texts are encoded on the client, so that nothing of the model belongs on the cluster."""
        return self.text_encoder == CLIENT

    @property
    def deployment_id(self) -> str:
        """The id that the deployment has for good."""
        return str(self.deployment["deployment_id"])

    @property
    def allocations(self) -> int:
        """How many allocations it is started with: what is declared, or the least of adaptive ones."""
        least = (self.deployment.get("adaptive_allocations") or {}).get("min_number_of_allocations", 1)
        return int(self.deployment.get("number_of_allocations") or max(1, least))

    @property
    def next_deployment_id(self) -> str:
        """The id of a successor's deployment while it is being proven."""
        return f"{self.stem}-next"

    @property
    def deployment_ids(self) -> tuple[str, str]:
        """The lasting id and the temporary one."""
        return self.deployment_id, self.next_deployment_id

    def model_id(self, digest: str) -> str:
        """The concrete model id for a digest ``sha256:<hex>``."""
        return f"{self.stem}-{digest.removeprefix('sha256:')[:8]}"

    def to_json(self) -> dict[str, Any]:
        """The form that a plan file keeps."""
        return {
            "stem": self.stem,
            "where": self.where,
            "source": {"model": self.source.model, "revision": self.source.revision},
            "import": dict(self.parameters),
            "model_alias": self.model_alias,
            "deployment": dict(self.deployment),
            "image_encoder": {"model": self.image_encoder.model, "revision": self.image_encoder.revision},
            "space": self.space,
            "text_encoder": self.text_encoder,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ModelAsset:
        """Read what ``to_json`` wrote."""
        return cls(
            stem=str(value["stem"]),
            where=str(value["where"]),
            source=ModelSource(**value["source"]),
            parameters=dict(value["import"]),
            model_alias=str(value["model_alias"]),
            deployment=dict(value["deployment"]),
            image_encoder=ModelSource(**value["image_encoder"]),
            space=str(value["space"]),
            text_encoder=str(value.get("text_encoder", CLUSTER)),
        )


def model_asset(asset: Asset) -> ModelAsset:
    """The typed form of a model asset whose shape was checked.

    Raises:
        CliplineError: a source that does not exist, or a hub id without revision.
    """
    body = asset.body
    return ModelAsset(
        stem=asset.name,
        where=asset.document.where(),
        source=_source(asset, "source"),
        parameters={**IMPORT_DEFAULTS, **body["import"]},
        model_alias=body["model_alias"],
        deployment=_deployment(body["deployment"]),
        image_encoder=_source(asset, "image_encoder"),
        space=body["space"],
        text_encoder=body.get("text_encoder", CLUSTER),
    )


def _deployment(given: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment with its defaults.

    One that is left to follow the load without a lower bound would be put to sleep, and the next search would fail; so
    the bound is 1 unless the author says otherwise. Beside it the server takes no number.
    """
    value = {**DEPLOYMENT_DEFAULTS, **given}
    adaptive = value.pop("adaptive_allocations", None) or {}
    if adaptive.get("enabled"):
        value["adaptive_allocations"] = {"min_number_of_allocations": 1, **adaptive}
        if "number_of_allocations" not in given:
            del value["number_of_allocations"]
    return value


def _source(asset: Asset, key: str) -> ModelSource:
    value = asset.body[key]
    mark = asset.document.mark(key, "model")
    try:
        return resolve_source(value["model"], revision=value.get("revision"), base=mark.base)
    except ModelError as error:
        where = asset.document.where(key, "model")
        kind: type[CliplineError] = UsageError if "revision" in error.what else ModelError
        raise kind(error.what, where=where, hint=error.hint) from error
