"""The questions that the cluster did not answer: what was not checked because of that, and why."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.doctor.checks.privileges import security_is_off
from provisioning.doctor.facts import Answer, Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

_CHECK = "unasked"
# 410: Serverless, of APIs that it has not (ApiNotAvailableException)
_ABOUT = {
    "info": "the version",
    "license": "the licence",
    "privileges": "privileges",
    "ml_info": "limits of machine learning",
    "ml_memory": "ML nodes and their memory",
    "models": "the models on the cluster",
    "model_stats": "deployments",
    "settings": "the cluster's settings (watermarks, lazy ML nodes)",
    "disk": "disks",
    "ingest": "failures of ingest pipelines",
    "pipelines": "ingest pipelines",
    "templates": "index templates",
    "components": "component templates",
    "simulated": "which index template wins",
    "indices": "the stack's indices",
    "health": "the health of the stack's indices",
    "ingest_errors": "documents with an ingest_error",
    "index_pipelines": "the pipelines that indices run",
    "endpoints": "inference endpoints",
}


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """One finding for each question without an answer, and one for all that the job's role does not allow."""
    for name, answer in facts.refused():
        if name == "privileges" and security_is_off(facts):
            continue
        if name == "info" and answer.status in (400, 406):
            continue  # told by ``version``
        yield _finding(name, answer)
    skipped = [name for name in facts.skipped if name != "simulated" or needs.templates]
    if skipped:
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject=f"role/{needs.job}",
            what=f"not looked at: {', '.join(_ABOUT[name] for name in skipped)}",
            cause=f"a {needs.job} has no use for the privileges that it takes to ask",
            next_step="clipline doctor with a provisioner's key, without --role, looks at all of it",
        )


def _finding(name: str, answer: Answer) -> Finding:
    about, level = _ABOUT[name], Level.WARNING
    if answer.status == 403 and "license" in answer.reason:
        level, step = Level.NOTE, "see the finding on the licence"
    elif answer.status == 403:
        step = (
            f"ask for the {answer.privilege}, or with a key that has it" if answer.privilege else "ask with another key"
        )
    elif answer.status in (410, 501):
        level, step = Level.NOTE, "nothing can be done about it on this server"
    else:
        step = "look at the cluster's log, and ask again"
    return Finding(
        check=_CHECK,
        level=level,
        subject=answer.request,
        what=f"{about} could not be asked",
        cause=f"{answer.status}: {answer.reason}",
        next_step=step,
    )
