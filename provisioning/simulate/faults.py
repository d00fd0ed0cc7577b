"""The models that make a case's fault true: one that is not there, and one that is there without a deployment."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provisioning.pipeline_tests.case import Fault

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PREFIX = "clipline-test"
"""How the ids of absent models and of stand-ins begin."""

_ALL = 1000  # models asked for at once; the API's default of 100 would hide some


@dataclass(frozen=True)
class Models:
    """Which models a cluster has, looked up when first asked for. Read-only."""

    client: Elasticsearch

    def unserved(self, names: tuple[str, ...]) -> list[str]:
        """Those names that no deployment answers to."""
        aliases = {
            alias
            for model_id, config in self._configs.items()
            if model_id in self._deployed.values()
            for alias in (config.get("metadata") or {}).get("model_aliases") or ()
        }
        return [name for name in names if name not in {*aliases, *self._deployed, *self._deployed.values()}]

    def idle(self) -> str | None:
        """A text embedding model that needs a deployment and has none."""
        return next(
            (
                model_id
                for model_id, config in sorted(self._configs.items())
                if config.get("model_type") == "pytorch"
                and "text_embedding" in (config.get("inference_config") or {})
                and model_id not in self._deployed.values()
            ),
            None,
        )

    @cached_property
    def _configs(self) -> dict[str, Mapping[str, Any]]:
        found = self.client.ml.get_trained_models(size=_ALL)["trained_model_configs"]
        return {config["model_id"]: config for config in found}

    @cached_property
    def _deployed(self) -> dict[str, str]:
        """Deployment id → model id."""
        found = self.client.ml.get_trained_models_stats(model_id="_all", size=_ALL)["trained_model_stats"]
        entries = (entry.get("deployment_stats") for entry in found)
        return {entry["deployment_id"]: entry["model_id"] for entry in entries if entry}


@dataclass
class Faults:
    """The model for each fault; ``stand_in`` allows to put one where the cluster has none that fits."""

    client: Elasticsearch
    models: Models
    stand_in: bool
    _made: str | None = field(default=None, init=False)

    def model(self, fault: Fault) -> str | None:
        """The id of a model with that fault, ``None`` where there is none."""
        if fault is Fault.ABSENT:
            return f"{PREFIX}-absent-{secrets.token_hex(4)}"
        if self._made is None and self.stand_in:
            self._put()
        return self._made or self.models.idle()

    def remove(self) -> None:
        """Delete the stand-in."""
        if self._made is not None:
            self.client.options(ignore_status=404).ml.delete_trained_model(model_id=self._made)
            self._made = None

    def _put(self) -> None:
        # A configuration alone: whether a model is deployed is asked before its definition is
        # (TransportCoordinatedInferenceAction, TransportInternalInferModelAction).
        self._made = f"{PREFIX}-stopped-{secrets.token_hex(4)}"  # before it is there: its answer may be lost
        self.client.ml.put_trained_model(
            model_id=self._made,
            model_type="pytorch",
            description="made by `clipline test --stand-in` for the time of a run; may be deleted",
            inference_config={"text_embedding": {}},
        )


@contextmanager
def provoking(client: Elasticsearch, *, models: Models, stand_in: bool) -> Iterator[Faults]:
    """The faults of one run; what was put for them is gone afterwards, also when the run is interrupted."""
    faults = Faults(client, models, stand_in)
    try:
        yield faults
    finally:
        faults.remove()
