"""Carries out a plan, change by change, in its order; nothing that the plan does not name.

``work`` says what a change gets and gives; ``bodies`` are pipelines and templates, ``indices`` indices and their aliases,
``models`` trained models and their aliases, ``deployments`` what serves them. Each change gives one ``Done``. The first
failure ends the run; what was done stays, and the next plan goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from clipline.core.errors import PlanError
from provisioning.apply import bodies, deployments, indices, models
from provisioning.apply.work import BundleSource, Done, Work
from provisioning.plan import Change, Plan

__all__ = ["BundleSource", "Done", "Work", "apply_plan"]

_ACTIONS: Mapping[str, Callable[[Work, Change], str]] = {
    "trained_model": models.trained_model,
    "deployment": deployments.deployment,
    "model_alias": models.model_alias,
    "ingest_pipeline": bodies.ingest_pipeline,
    "component_template": bodies.component_template,
    "index_template": bodies.index_template,
    "index": indices.index,
    "alias": indices.alias,
}


def apply_plan(plan: Plan, work: Work, *, before: Callable[[Change], None] | None = None) -> Iterator[Done]:
    """Carry out every pending change; ``before`` is told of each one first, and may end the run by raising.

    Raises:
        PlanError: the plan has problems.
        CliplineError, elasticsearch.ApiError: a change failed.
    """
    if plan.problems:
        raise PlanError("this plan has problems; nothing was done", hint="each problem above names the ways on")
    work.plan = plan
    for change in plan.pending:
        if before is not None:
            before(change)
        started = time.monotonic()
        detail = _ACTIONS[change.kind](work, change)
        yield Done(change=change, seconds=time.monotonic() - started, detail=detail)
