"""The plan for what is one PUT: ingest pipelines, component templates, index templates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.assets.names import matches
from provisioning.canonical import canonical
from provisioning.desired import Desired, Resource
from provisioning.diff import differences
from provisioning.observed import Observed
from provisioning.plan import Change, Problem, Verb
from provisioning.planner.adoption import Adoption, foreign, taken_over

PATHS = {"ingest_pipeline": "pipelines", "component_template": "mappings/components", "index_template": "mappings"}


def plan_body(resource: Resource, observed: Observed, *, stack: str, adoption: Adoption) -> Change | Problem:
    """The change of one pipeline or template."""
    before = observed.resources.get((resource.kind, resource.name))
    after = canonical(resource.kind, resource.body)
    address = f"{resource.kind}/{resource.name}"
    if before is None:
        return Change(
            kind=resource.kind,
            name=resource.name,
            verb=Verb.CREATE,
            reason="not there yet",
            fields=differences({}, after),
            request=resource.body,
        )
    fields = differences(canonical(resource.kind, before), after)
    owner = observed.resource_stack(resource.kind, resource.name)
    if owner != stack:
        if not adoption.takes(address, owner):
            return foreign(address, owner, otherwise=f"rename the file in {PATHS[resource.kind]}/")
        return Change(
            kind=resource.kind,
            name=resource.name,
            verb=Verb.UPDATE,
            reason=f"adopted; {_counted(len(fields))}" if fields else "adopted as it is",
            fields=(taken_over(owner, stack), *fields),
            request=resource.body,
        )
    return Change(
        kind=resource.kind,
        name=resource.name,
        verb=Verb.UPDATE if fields else Verb.NO_OP,
        reason=_counted(len(fields)) if fields else "as wanted",
        fields=fields,
        request=resource.body if fields else {},
    )


def template_conflicts(desired: Desired, observed: Observed) -> Iterator[Problem]:
    """Foreign index templates that would win over ours for a new generation, or that ours cannot stand beside.

    Elasticsearch takes the matching template of the highest priority, and refuses two of one priority whose patterns
    overlap (``MetadataIndexTemplateService.findConflictingV2Templates``).
    """
    ours = {resource.name: resource.body for resource in desired.resources if resource.kind == "index_template"}
    for index in desired.indices:
        generation = f"{index.alias}-000001"
        own = max((_priority(body) for body in ours.values() if _matches(body, generation)), default=None)
        if own is None:
            continue
        for (kind, name), body in observed.resources.items():
            if kind != "index_template" or name in ours or not _matches(body, generation) or _priority(body) < own:
                continue
            rank = "has the same priority" if _priority(body) == own else f"has the higher priority {_priority(body)}"
            yield Problem(
                address=f"index_template/{name}",
                what=f"matches {generation} too and {rank}, so a new index would get its mapping, not this stack's",
                hint=f"raise `priority` in mappings/ above {_priority(body)}, or narrow the patterns of {name}",
            )


def _matches(body: Mapping[str, Any], name: str) -> bool:
    patterns = body.get("index_patterns") or []
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return any(matches(pattern, name) for pattern in patterns)


def _priority(body: Mapping[str, Any]) -> int:
    return int(body.get("priority") or 0)


def _counted(number: int) -> str:
    return f"{number} field{'s' * (number != 1)} differ{'s' * (number == 1)}"
