"""Desired and observed state → a plan. Pure: no client in reach.

The order is that of dependency: pipelines name models only by alias, and their PUT does not look it up; a template's
pipeline must exist when a document comes. So: model, deployment, model alias, pipelines, templates, index, alias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.canonical import canonical
from provisioning.desired import Desired, Resource
from provisioning.diff import differences
from provisioning.observed import Observed
from provisioning.plan import Change, Plan, Problem, Verb
from provisioning.planner.index import plan_index
from provisioning.planner.model import plan_model

_PATHS = {"ingest_pipeline": "pipelines", "component_template": "mappings/components", "index_template": "mappings"}


def make_plan(desired: Desired, observed: Observed, *, target: str) -> Plan:
    """What has to be done for a cluster to hold what a stack wants."""
    steps: list[Change | Problem] = []
    notes = list(desired.notes)
    for model in desired.models:
        steps.extend(plan_model(model, observed, stack=desired.stack, notes=notes))
    for resource in desired.resources:
        steps.extend(_plan_resource(resource, observed, stack=desired.stack))
    for index in desired.indices:
        steps.extend(plan_index(index, observed, stack=desired.stack, notes=notes))
    return Plan(
        stack=desired.stack,
        target=target,
        version=".".join(map(str, observed.version)),
        changes=tuple(step for step in steps if isinstance(step, Change)),
        problems=tuple(step for step in steps if isinstance(step, Problem)),
        notes=tuple(notes),
    )


def _plan_resource(resource: Resource, observed: Observed, *, stack: str) -> Iterator[Change | Problem]:
    before = observed.resources.get((resource.kind, resource.name))
    after = canonical(resource.kind, resource.body)
    if before is None:
        yield Change(
            kind=resource.kind,
            name=resource.name,
            verb=Verb.CREATE,
            reason="not there yet",
            fields=differences({}, after),
            request=resource.body,
        )
        return
    owner = _owner(before)
    if owner != stack:
        yield Problem(
            address=f"{resource.kind}/{resource.name}",
            what=f"belongs to the stack {owner!r}" if owner else "is there already and was not made by clipline",
            hint=f"rename the file in {_PATHS[resource.kind]}/, or delete the one on the cluster yourself",
        )
        return
    fields = differences(canonical(resource.kind, before), after)
    yield Change(
        kind=resource.kind,
        name=resource.name,
        verb=Verb.UPDATE if fields else Verb.NO_OP,
        reason=f"{len(fields)} field{'s' * (len(fields) != 1)} differ{'s' * (len(fields) == 1)}"
        if fields
        else "as wanted",
        fields=fields,
        request=resource.body if fields else {},
    )


def _owner(body: Mapping[str, Any]) -> str | None:
    owner: str | None = ((body.get("_meta") or {}).get(MARK) or {}).get("stack")
    return owner
