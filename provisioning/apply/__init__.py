"""Carries out a plan, change by change, in its order; nothing that the plan does not name.

Each change gives one ``Done``. The first failure ends the run; what was done stays, and the next plan goes on from
there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from clipline.core.errors import PlanError
from provisioning.apply.deployments import start_deployment, stop_deployment
from provisioning.assets.model_asset import ModelAsset
from provisioning.bundles.bundle import Bundle
from provisioning.bundles.parity import prove
from provisioning.bundles.push import Progress, push
from provisioning.plan import Change, Plan, Verb

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


class BundleSource(Protocol):
    """Where the applier gets a model's bundle."""

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
class Applier:
    """Everything that carrying out a plan needs; ``wait_seconds`` bounds the wait for a deployment."""

    client: Elasticsearch
    stack: str
    models: dict[str, ModelAsset]
    bundles: BundleSource
    wait_seconds: float = 300.0
    upload_progress: Progress | None = None
    proven: set[str] = field(default_factory=set)
    """The models whose parity was proven in this run."""

    def apply(self, plan: Plan, *, before: Callable[[Change], None] | None = None) -> Iterator[Done]:
        """Carry out every pending change; ``before`` is told of each one first.

        Raises:
            PlanError: the plan has problems.
            CliplineError, elasticsearch.ApiError: a change failed.
        """
        if plan.problems:
            raise PlanError("this plan has problems; nothing was done", hint="each problem above names the ways on")
        for change in plan.pending:
            if before is not None:
                before(change)
            started = time.monotonic()
            detail = _ACTIONS[change.kind](self, change)
            yield Done(change=change, seconds=time.monotonic() - started, detail=detail)

    def trained_model(self, change: Change) -> str:
        """Push a model; half a model that is there is deleted first."""
        bundle = self.bundles.obtain(str(change.request["stem"]))
        if bundle.digest != change.request["digest"]:
            raise PlanError(
                "the model's files changed since the plan was made", where=change.address, hint="run it again"
            )
        if change.verb is Verb.REPLACE:
            self.client.ml.delete_trained_model(model_id=change.name, force=True)
        model = self.models[str(change.request["stem"])]
        push(
            self.client,
            bundle,
            model_id=change.name,
            stack=self.stack,
            space=model.space,
            progress=self.upload_progress,
        )
        return f"{bundle.model_bytes / 1e6:.1f} MB"

    def deployment(self, change: Change) -> str:
        """Start, scale, start again, or stop a deployment; what was started is proven by its bundle's probes."""
        if change.verb is Verb.UPDATE:
            self.client.ml.update_trained_model_deployment(model_id=change.name, **change.request)
            return ""
        if change.verb in (Verb.REPLACE, Verb.DELETE):
            stop_deployment(self.client, change.name)
        if change.verb is Verb.DELETE:
            return ""
        settings = dict(change.request)
        model_id = str(settings.pop("model_id"))
        start_deployment(self.client, change.name, model_id=model_id, settings=settings, wait_seconds=self.wait_seconds)
        return self._proof(change.name, model_id)

    def _proof(self, deployment_id: str, model_id: str) -> str:
        bundle = self._bundle_of(model_id)
        if bundle is None:
            return "started; parity not proven here, no bundle of this model is at hand"
        lowest = prove(self.client, bundle, deployment_id=deployment_id)
        self.proven.add(model_id)
        return f"started; parity proven, lowest cosine {lowest:.6f}"

    def _bundle_of(self, model_id: str) -> Bundle | None:
        stem = model_id.rpartition("-")[0]
        bundle = self.bundles.at_hand(stem) if stem in self.models else None
        return bundle if bundle is not None and self.models[stem].model_id(bundle.digest) == model_id else None

    def model_alias(self, change: Change) -> str:
        """Point a model alias to a model; one that an earlier run started and did not prove is proven first."""
        model_id = str(change.request["model_id"])
        detail = ""
        bundle = self._bundle_of(model_id)
        if bundle is not None and model_id not in self.proven:
            lowest = prove(self.client, bundle, deployment_id=str(change.request["deployment_id"]))
            detail = f"parity proven, lowest cosine {lowest:.6f}"
        self.client.ml.put_trained_model_alias(
            model_id=model_id, model_alias=change.name, reassign=change.verb is Verb.UPDATE
        )
        return detail

    def ingest_pipeline(self, change: Change) -> str:
        """Put a pipeline."""
        self.client.ingest.put_pipeline(id=change.name, **_arguments(change))
        return ""

    def component_template(self, change: Change) -> str:
        """Put a component template."""
        self.client.cluster.put_component_template(name=change.name, **_arguments(change))
        return ""

    def index_template(self, change: Change) -> str:
        """Put an index template."""
        self.client.indices.put_index_template(name=change.name, **_arguments(change))
        return ""

    def index(self, change: Change) -> str:
        """Create an index, change it in place, or replace one that holds no documents."""
        if change.verb is Verb.UPDATE:
            if "settings" in change.request:
                self.client.indices.put_settings(index=change.name, settings=change.request["settings"])
            if "mappings" in change.request:
                mappings = dict(change.request["mappings"])
                mappings["meta"] = mappings.pop("_meta")
                self.client.indices.put_mapping(index=change.name, **mappings)
            return ""
        if change.verb is Verb.REPLACE:
            # The plan saw it empty; documents that came since (or wait for a refresh) must not be lost.
            self.client.indices.refresh(index=change.name)
            documents = int(self.client.count(index=change.name)["count"])
            if documents:
                raise PlanError(
                    f"holds {documents} documents by now and is not replaced", where=change.address, hint="plan again"
                )
            self.client.indices.delete(index=change.name)
        self.client.indices.create(index=change.name, **change.request)
        return ""

    def alias(self, change: Change) -> str:
        """Point an index alias to its index."""
        self.client.indices.update_aliases(actions=[{"add": {"alias": change.name, **change.request}}])
        return ""


def _arguments(change: Change) -> dict[str, Any]:
    """A body as the client's keyword arguments: ``_meta`` is called ``meta`` there."""
    return {("meta" if key == "_meta" else key): value for key, value in change.request.items()}


_ACTIONS: dict[str, Callable[[Applier, Change], str]] = {
    "trained_model": Applier.trained_model,
    "deployment": Applier.deployment,
    "model_alias": Applier.model_alias,
    "ingest_pipeline": Applier.ingest_pipeline,
    "component_template": Applier.component_template,
    "index_template": Applier.index_template,
    "index": Applier.index,
    "alias": Applier.alias,
}
