"""Desired and observed state → a plan. Pure: no client in reach.

The order is that of dependency: pipelines name models only by alias, and their PUT does not look it up; a template's
pipeline must exist when a document comes. So: model, deployment, model alias, pipelines, templates, index, alias. What is
taken away (``removal``) goes in the reverse order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from provisioning.desired import Desired, DesiredModel
from provisioning.observed import Observed
from provisioning.plan import Change, Plan, PlannedModel, Problem
from provisioning.planner.adoption import Adoption
from provisioning.planner.bodies import plan_body, template_conflicts
from provisioning.planner.client_text import left_out
from provisioning.planner.index import plan_index
from provisioning.planner.model import model_id_of, plan_model
from provisioning.planner.removal import orphans
from provisioning.planner.succession import GRACE, Succession
from provisioning.seen import going_of, seen


def make_plan(
    desired: Desired,
    observed: Observed,
    *,
    target: str,
    adopt: Iterable[str] = (),
    grace: timedelta | None = GRACE,
) -> Plan:
    """What has to be done for a cluster to hold what a stack wants.

    Args:
        desired: the stack.
        observed: the cluster.
        target: how messages call the cluster.
        adopt: addresses of foreign resources that may be taken over, or ``all``.
        grace: how long a model that another takes the place of is kept; ``None`` for good.
    """
    adoption, succession = Adoption(frozenset(adopt)), Succession(stack=desired.stack, grace=grace)
    steps: list[Change | Problem] = []
    notes = list(desired.notes)
    for model in desired.models:
        if model.asset.on_client:
            notes.extend(left_out(model.asset, observed, desired.stack))
            continue
        steps.extend(
            plan_model(model, observed, stack=desired.stack, notes=notes, adoption=adoption, succession=succession)
        )
    steps.extend(
        plan_body(resource, observed, stack=desired.stack, adoption=adoption) for resource in desired.resources
    )
    steps.extend(template_conflicts(desired, observed))
    for index in desired.indices:
        steps.extend(plan_index(index, observed, stack=desired.stack, notes=notes, adoption=adoption))
    notes.extend(f"{address} did not have to be adopted" for address in adoption.unused())
    return Plan(
        stack=desired.stack,
        target=target,
        version=".".join(map(str, observed.version)),
        changes=tuple(step for step in steps if isinstance(step, Change)),
        problems=tuple(step for step in steps if isinstance(step, Problem)),
        notes=tuple(notes),
        orphans=orphans(desired, observed),
        cluster_uuid=observed.cluster_uuid,
        models=tuple(
            _planned(model, observed, adoption)
            for model in desired.models
            if model.digest is not None and not model.asset.on_client
        ),
        seen=seen(observed, dict.fromkeys(step.address for step in steps), going=going_of(steps)),
    )


def _planned(model: DesiredModel, observed: Observed, adoption: Adoption) -> PlannedModel:
    assert model.digest is not None  # the caller asked for those that have one
    return PlannedModel(
        model_id=model_id_of(model.asset, model.digest, observed, adoption), digest=model.digest, asset=model.asset
    )
