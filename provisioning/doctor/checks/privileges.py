"""Whether the credentials may do what a job of the stack has to: exactly the privileges of its role are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

_CHECK = "privileges"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """What of the job's role is missing."""
    answer = facts.get("privileges")
    if answer is None:
        if security_is_off(facts):
            yield Finding(
                check=_CHECK,
                level=Level.NOTE,
                subject="cluster",
                what="security is switched off",
                cause="whoever reaches the cluster may do everything",
                next_step="set xpack.security.enabled where others than you can reach it",
            )
        return
    who = f"user {answer.get('username')}"
    missing = [f"cluster: {name}" for name, held in answer.get("cluster", {}).items() if not held]
    for index, privileges in answer.get("index", {}).items():
        lacking = [name for name, held in privileges.items() if not held]
        if lacking:
            missing.append(f"{index}: {', '.join(lacking)}")
    if missing:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=who,
            what=f"lacks privileges of the {needs.job}: {'; '.join(missing)}",
            cause="the server would answer 403 to a request of its commands",
            next_step=f"make a key of that role: clipline doctor --print-roles --role {needs.job} prints the body of"
            " POST _security/api_key",
        )
        return
    yield Finding(check=_CHECK, level=Level.OK, subject=who, what=f"has every privilege of the {needs.job}")


def security_is_off(facts: Facts) -> bool:
    """Whether the question after privileges was refused because there are none."""
    answer = facts.answers.get("privileges")
    # Without security the route is not registered (400 since 8.0), or says that it is not enabled (500 in some versions).
    return (
        answer is not None
        and answer.body is None
        and answer.status in (400, 405, 500)
        and any(
            text in answer.reason.lower() for text in ("no handler found", "not enabled", "must be explicitly enabled")
        )
    )
