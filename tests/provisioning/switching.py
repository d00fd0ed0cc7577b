"""Two text models, one cluster, and a thread that asks all the while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from provisioning.apply import BundleSource, Work, apply_plan
from provisioning.assets.model_asset import ModelAsset, model_asset
from provisioning.assets.stack import read_stack
from provisioning.assets.variables import gather
from provisioning.bundles.find import Bundles, BundlesOfPlan
from provisioning.desired import Desired, Digests, desired_state
from provisioning.observe import Scope, observe, server
from provisioning.observed import Observed
from provisioning.plan import Plan
from provisioning.planner import make_plan
from provisioning.planner.rollback import plan_rollback
from provisioning.planner.succession import GRACE
from tests.conftest import ROOT, TINY

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
NEXT = f"{STEM}-next"
ALIAS = "clip-text"
TEXT = "two red circles"


@dataclass(slots=True)
class Asking:
    """Asks a model again and again while a block runs; keeps every vector and every refusal."""

    url: str
    model: str
    vectors: list[list[float]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Asking:
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def _ask(self) -> None:
        with Elasticsearch(self.url, max_retries=0) as client:
            while not self._stop.is_set():
                try:
                    self.vectors.append(infer(client, self.model))
                except ApiError as error:
                    self.refusals.append(f"{error.meta.status}: {error}")
                time.sleep(0.02)


@dataclass(slots=True)
class World:
    """A cluster, two text models, and the road to it by functions, so that a test may stop on the way."""

    url: str
    client: Elasticsearch
    text_models: dict[str, Path]

    def flags(self, which: str) -> tuple[str, ...]:
        """The variables of the stack with one of the models."""
        return (f"text_model={self.text_models[which]}", *TINY[1:])

    def arguments(self, which: str) -> list[str]:
        """The same for the command line."""
        return [part for flag in self.flags(which) for part in ("--var", flag)] + ["--url", self.url]

    def asset(self, which: str) -> ModelAsset:
        """The model file with one of the models."""
        stack = read_stack(ROOT, gather(stack=ROOT, flags=self.flags(which), environment={}))
        return model_asset(stack.of("model")[0])

    def model_id(self, which: str) -> str:
        """The concrete id of one of the models."""
        asset = self.asset(which)
        digest = Bundles({STEM: asset}).digests().text[STEM]
        assert digest is not None
        return asset.model_id(digest)

    def plan(self, which: str, *, grace: timedelta | None = GRACE) -> Plan:
        """The plan of the stack with one of the models."""
        desired, observed = self._look(which)
        return make_plan(desired, observed, target=self.url, grace=grace)

    def rollback(self, which: str, *, stop_before: str | None = None) -> Plan:
        """Go back, with a stack that says one of the models, up to a step given as ``verb kind/name``."""
        _, observed = self._look(which)
        plan = plan_rollback([self.asset(which)], observed, stack="clipline", target=self.url)
        self._carry_out(plan, BundlesOfPlan(plan.models, given=()), stop_before)
        return plan

    def _look(self, which: str) -> tuple[Desired, Observed]:
        stack = read_stack(ROOT, gather(stack=ROOT, flags=self.flags(which), environment={}))
        found = server(self.client)
        digests: Digests = Bundles({STEM: self.asset(which)}).digests()
        desired = desired_state(stack, version=found.version, digests=digests)
        scope = Scope(
            stack=stack.name,
            aliases=tuple(index.alias for index in desired.indices),
            models=frozenset({self.model_id(which)}),
        )
        return desired, observe(self.client, found=found, scope=scope)

    def apply(
        self,
        which: str,
        *,
        stop_before: str | None = None,
        spoil: Callable[[Bundles], None] | None = None,
        grace: timedelta | None = GRACE,
    ) -> None:
        """Carry the plan out, up to a step given as ``verb kind/name``."""
        asset = self.asset(which)
        bundles = Bundles({STEM: asset})
        bundles.obtain(STEM)
        if spoil is not None:
            spoil(bundles)
        self._carry_out(self.plan(which, grace=grace), bundles, stop_before)

    def _carry_out(self, plan: Plan, bundles: BundleSource, stop_before: str | None) -> None:
        work = Work(client=self.client, stack="clipline", version=plan.version, models=plan.models, bundles=bundles)

        def before(change: Any) -> None:
            if stop_before == f"{change.verb} {change.address}":
                raise Killed

        list(apply_plan(plan, work, before=before))

    def deployments(self) -> dict[str, str]:
        """deployment id → model id."""
        stats = self.client.ml.get_trained_models_stats(model_id="_all", size=1000)["trained_model_stats"]
        found = [entry["deployment_stats"] for entry in stats if entry.get("deployment_stats")]
        return {entry["deployment_id"]: entry["model_id"] for entry in found}

    def behind_alias(self) -> str:
        """The model id behind the alias."""
        found = self.client.ml.get_trained_models(model_id=ALIAS)["trained_model_configs"]
        return str(found[0]["model_id"])


class Killed(Exception):
    """The process ended here."""


def infer(client: Elasticsearch, model: str) -> list[float]:
    answer = client.ml.infer_trained_model(model_id=model, docs=[{"text_field": TEXT}], timeout="20s")
    vector: list[float] = answer["inference_results"][0]["predicted_value"]
    return vector


def wrong_probes(bundles: Bundles) -> None:
    """The probes of a bundle belong to another model."""
    bundle = bundles.obtain(STEM)
    vector = [1.0] + [0.0] * (len(bundle.probes()[0].vector) - 1)
    probe = bundle.probes()[0]

    class Lying(type(bundle)):  # type: ignore[misc]
        def probes(self) -> list[Any]:
            return [type(probe)("x", vector)]

    bundles.found[STEM] = Lying(bundle.path, bundle.manifest)
