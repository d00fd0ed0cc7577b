"""Privileges of applications, as ``_has_privileges`` is asked about them: Elasticsearch itself grants nothing by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError
from clipline.emulator.security.privileges import matches
from clipline.emulator.security.roles import Role, texts
from clipline.emulator.security.subject import Subject

Stored = Mapping[tuple[str, str], tuple[str, ...]]
"""Application and name of a privilege, and its actions."""


def stored(privileges: Iterable[Mapping[str, Any]]) -> Stored:
    """The privileges that were put."""
    return {(one["application"], one["name"]): tuple(one["actions"]) for one in privileges}


def held(subject: Subject, asked: Iterable[Mapping[str, Any]], known: Stored) -> dict[str, dict[str, dict[str, bool]]]:
    """Which of the privileges asked for somebody has: application → resource → privilege.

    Raises:
        ApiError: 400 for an entry that lacks a part.
    """
    answer: dict[str, dict[str, dict[str, bool]]] = {}
    for parts in asked:
        application = parts.get("application")
        resources, privileges = (texts(parts.get(name), name) for name in ("resources", "privileges"))
        if not isinstance(application, str) or not resources or not privileges:
            reason = "failed to parse application privileges. [application], [privileges] and [resources] are required"
            raise ApiError(400, "parse_exception", reason)
        for resource in resources:
            answer.setdefault(application, {}).setdefault(resource, {}).update(
                {
                    one: all(_grants(roles, application, resource, one, known) for roles in subject.limits)
                    for one in privileges
                }
            )
    return answer


def _grants(roles: tuple[Role, ...], application: str, resource: str, privilege: str, known: Stored) -> bool:
    given: list[str] = []
    for role in roles:
        for entry in role.body["applications"]:
            if matches(entry["application"], application) and any(matches(one, resource) for one in entry["resources"]):
                given += [action for one in entry["privileges"] for action in _actions(application, one, known)]
    return all(any(matches(pattern, wanted) for pattern in given) for wanted in _actions(application, privilege, known))


def _actions(application: str, privilege: str, known: Stored) -> tuple[str, ...]:
    # What was not put stands for itself: an action, a pattern, or a name that grants nothing else.
    return known.get((application, privilege), (privilege,))
