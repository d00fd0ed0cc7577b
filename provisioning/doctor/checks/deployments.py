"""Whether the stack's deployments serve: failed, in part, asleep, or overrun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import ModelNeed, Needs

_CHECK = "deployments"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """The state of each deployment, then what its counters say."""
    if facts.get("model_stats") is None:
        return
    for model in needs.models:
        stats = facts.deployments().get(model.deployment_id)
        state = _absent(model, facts) if stats is None else _state(model, stats)
        yield state
        if stats is not None:
            yield from _counters(model, stats)


def reason(stats: Mapping[str, Any]) -> str:
    """What the server says of a deployment and of each of its nodes."""
    nodes = ((node.get("routing_state") or {}).get("reason") for node in stats.get("nodes") or ())
    return "; ".join(dict.fromkeys(text for text in (stats.get("reason"), *nodes) if text))


def count(stats: Mapping[str, Any], name: str) -> int:
    """A counter over all nodes: the sum that the server gives, or that of the nodes."""
    nodes = sum(int(node.get(name) or 0) for node in stats.get("nodes") or ())
    return max(int(stats.get(name) or 0), nodes)


def _absent(model: ModelNeed, facts: Facts) -> Finding:
    applied = any(model.model_alias in ((config.get("metadata") or {}).get("model_aliases") or ())
                  for config in facts.models().values())  # fmt: skip
    return Finding(
        check=_CHECK,
        level=Level.BLOCKS if applied else Level.NOTE,
        subject=f"deployment/{model.deployment_id}",
        what="is not there, though the model alias is" if applied else "is not there yet",
        cause="it was stopped: neither searches by text nor captions get a vector"
        if applied
        else "the stack was not applied here",
        next_step="clipline apply starts it",
    )


def _state(model: ModelNeed, stats: Mapping[str, Any]) -> Finding:
    subject, state = f"deployment/{model.deployment_id}", str(stats.get("state", "in no state yet"))
    allocation = stats.get("allocation_status") or {}
    given = int(allocation.get("allocation_count") or 0)
    wanted = int(allocation.get("target_allocation_count", stats.get("number_of_allocations") or 0))
    why = reason(stats)
    if state == "failed":
        level, what, cause = Level.BLOCKS, "failed", why or "the server gives no reason"
        step = "look at the log of the ML node, then clipline apply, which starts it again"
    elif state == "stopping":
        level, what, cause = Level.WARNING, "is being stopped", why or "somebody stopped it"
        step = "wait until it is gone; clipline apply starts it again"
    elif (stats.get("adaptive_allocations") or {}).get("enabled") and not wanted:
        level, what = Level.WARNING, "is asleep: adaptive allocations scaled it to 0"
        cause = "the first request wakes it, and fails or waits while it starts"
        step = "set adaptive_allocations.min_number_of_allocations to 1 or more (POST …/deployment/_update)"
    elif given < wanted and not given:
        level, what, cause = Level.WARNING, f"has no allocation yet, {wanted} wanted", why or "it is starting"
        step = "clipline doctor says under `memory` and `ml_nodes` whether there is room; otherwise wait"
    elif given < wanted:
        level, what = Level.WARNING, f"has {given} of {wanted} allocations"
        cause = why or "the ML nodes have no room for more"
        step = f"lower number_of_allocations in models/{model.stem}.yml, or add ML nodes"
    else:
        return Finding(check=_CHECK, level=Level.OK, subject=subject, what=f"{state}, {given} of {wanted} allocations")
    return Finding(check=_CHECK, level=level, subject=subject, what=what, cause=cause, next_step=step)


def _counters(model: ModelNeed, stats: Mapping[str, Any]) -> Iterator[Finding]:
    subject = f"deployment/{model.deployment_id}"
    file, queue = f"models/{model.stem}.yml", stats.get("queue_capacity", "?")
    told = (
        (
            "rejected_execution_count",
            f"rejected {{}} requests: its queue of {queue} was full",
            "more came than its allocations could do: those documents failed with 429",
            f"raise number_of_allocations (or queue_capacity) in {file}, or load with smaller chunks",
        ),
        (
            "timeout_count",
            "{} requests timed out while they waited",
            "the queue is longer than what its allocations can do within the time",
            f"raise number_of_allocations in {file}, or lower queue_capacity so that it says no sooner",
        ),
        (
            "error_count",
            "{} requests failed in the model",
            reason(stats) or "the model could not compute them, or was stopped meanwhile",
            "look at the log of the ML node",
        ),
    )
    for name, what, cause, step in told:
        if number := count(stats, name):
            yield Finding(
                check=_CHECK,
                level=Level.WARNING,
                subject=subject,
                what=what.format(number),
                cause=cause,
                next_step=step,
            )
