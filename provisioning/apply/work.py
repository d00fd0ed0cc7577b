"""What carrying out a change gets, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from provisioning.apply.waiting import wait_until_started
from provisioning.bundles.bundle import Bundle
from provisioning.bundles.parity import prove
from provisioning.bundles.push import Progress
from provisioning.plan import Change, Plan, PlannedModel

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


class BundleSource(Protocol):
    """Where the bundle of a model comes from."""

    def at_hand(self, stem: str) -> Bundle | None:
        """The bundle if there is one; nothing is built."""

    def obtain(self, stem: str) -> Bundle:
        """The bundle, built if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One change carried out: what it was, how long it took, what there is to say."""

    change: Change
    seconds: float
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Work:
    """Everything that carrying out a plan needs.

    ``version`` is the server's; ``wait_seconds`` bounds the wait for a deployment; ``cloud`` says that the cluster may add
    nodes by itself. ``plan`` is the one that is being carried out.
    """

    client: Elasticsearch
    stack: str
    version: str
    models: tuple[PlannedModel, ...]
    bundles: BundleSource
    wait_seconds: float = 300.0
    cloud: bool = False
    upload_progress: Progress | None = None
    plan: Plan | None = None
    proven: set[str] = field(default_factory=set)
    """The models whose parity was proven in this run."""

    def planned(self, model_id: str) -> PlannedModel | None:
        """What the plan says of a concrete model id."""
        return next((model for model in self.models if model.model_id == model_id), None)

    def prove(self, model_id: str, deployment_id: str, *, build: bool = False) -> float | None:
        """Prove a deployed model by its bundle's probes; gives the lowest cosine, ``None`` where no bundle is at hand.

        Raises:
            ModelError: a probe does not agree.
        """
        planned = self.planned(model_id)
        if planned is None:
            return None
        stem = planned.asset.stem
        bundle = self.bundles.obtain(stem) if build else self.bundles.at_hand(stem)
        if bundle is None or bundle.digest != planned.digest:
            return None
        # It may be starting still: by an apply whose answer was lost, or by a hand.
        wait_until_started(self.client, deployment_id, model_id=model_id, wait_seconds=self.wait_seconds)
        lowest = prove(self.client, bundle, deployment_id=deployment_id)
        self.proven.add(model_id)
        return lowest
