"""Whether the stack's index templates win for their indices: another of the same or a higher priority takes its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.assets.names import matches
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs, TemplateNeed

_CHECK = "templates"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """For each template that makes indices: who else matches, and who wins."""
    answer = facts.get("templates")
    if answer is None:
        return
    listed = {item["name"]: item["index_template"] for item in answer.get("index_templates", ())}
    for template in needs.templates:
        if template.index is not None:
            owner = _owner(listed.get(template.name))
            if template.name in listed and owner != needs.stack:
                yield _foreign(template, owner)
            else:
                yield from _template(template, listed, (facts.get("simulated") or {}).get(template.name))


def _owner(body: Mapping[str, Any] | None) -> str | None:
    marks = ((body or {}).get("_meta") or {}).get(MARK)
    return marks.get("stack") if isinstance(marks, Mapping) else None


def _foreign(template: TemplateNeed, owner: str | None) -> Finding:
    whose = f"belongs to the stack {owner!r}" if owner else "was not made by clipline"
    return Finding(
        check=_CHECK,
        level=Level.BLOCKS,
        subject=f"index_template/{template.name}",
        what=f"is there already and {whose}",
        cause="a name can be used once; apply does not take over what it has not made",
        next_step=f"rename mappings/{template.name}.yml, or clipline apply --adopt index_template/{template.name}",
    )


def _template(
    template: TemplateNeed, listed: Mapping[str, Mapping[str, Any]], simulated: Mapping[str, Any] | None
) -> Iterator[Finding]:
    subject, index = f"index_template/{template.name}", template.index or ""
    overlapping = {item["name"] for item in (simulated or {}).get("overlapping", ())}
    conflicts = False
    for name, body in sorted(listed.items()):
        priority, matching = int(body.get("priority") or 0), _matches(body, index)
        if name == template.name or not (matching or name in overlapping):
            continue
        if priority == template.priority:
            conflicts = True
            yield Finding(
                check=_CHECK,
                level=Level.BLOCKS,
                subject=subject,
                what=f"index_template/{name} has the same priority, {priority}, and patterns that overlap:"
                f" {', '.join(body.get('index_patterns', ()))}",
                cause="Elasticsearch refuses two such templates (400)",
                next_step=f"raise priority in mappings/{template.name}.yml, or narrow the patterns of {name}",
            )
        elif priority > template.priority and matching:
            conflicts = True
            yield Finding(
                check=_CHECK,
                level=Level.BLOCKS,
                subject=subject,
                what=f"index_template/{name} has a higher priority, {priority} over {template.priority}, and matches {index}",
                cause=f"a new index would get the settings and the mapping of {name}, and none of ours",
                next_step=f"set priority above {priority} in mappings/{template.name}.yml, or narrow the patterns of {name}:"
                f" {', '.join(body.get('index_patterns', ()))}",
            )
    if conflicts:
        return
    if template.name not in listed:
        what = f"none stands in its way for {index}"
    elif simulated is None:
        what = f"none of those listed stands in its way for {index}; it was not simulated"
    elif template.name in overlapping or not simulated:
        # Simulation names those that overlap with the winner, so one that is named did not win.
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what=f"is on the cluster and is not applied to {index}",
            cause="simulation gives the index another template, or none: its patterns or priority were changed by hand",
            next_step="clipline plan shows the difference, clipline apply puts it back",
        )
        return
    else:
        what = f"wins for {index}"
    yield Finding(check=_CHECK, level=Level.OK, subject=subject, what=what)


def _matches(body: Mapping[str, Any], index: str) -> bool:
    return any(matches(pattern, index) for pattern in body.get("index_patterns") or ())
