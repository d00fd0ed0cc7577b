"""Whether a model that is not deployed yet fits into what the ML nodes have free."""

from __future__ import annotations

from collections.abc import Iterator

from clipline.core.sizes import size
from provisioning.doctor.checks.ml_nodes import may_grow, ml_nodes
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import ModelNeed, Needs
from provisioning.ml_memory import NODE_OVERHEAD, Place

_CHECK = "memory"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """One finding for each model that a deployment must still be started for."""
    nodes = ml_nodes(facts)
    if not nodes:
        return
    best = max(nodes, key=lambda place: place.free)
    for model in needs.models:
        deployed = facts.deployments().get(model.deployment_id)
        if deployed is not None and model.model_id in (None, deployed.get("model_id")):
            continue
        yield _fit(model, facts, best, grows=may_grow(facts, needs))


def _fit(model: ModelNeed, facts: Facts, best: Place, *, grows: bool) -> Finding:
    subject, free = f"deployment/{model.deployment_id}", best.free
    required = (facts.required_memory(model.model_id) if model.model_id else None) or model.memory
    if required is None:
        return Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject=subject,
            what=f"its need is not known; the ML node {best.name} has {size(free)} free",
            cause="neither the model's files nor a bundle are at hand, and it is not on the cluster",
            next_step="clipline bundle build, then ask again",
        )
    if not best.has_native:
        required += NODE_OVERHEAD  # the native code itself is reckoned to the first deployment on a node
    what = f"needs {size(required)}; the ML node {best.name} has {size(free)} free"
    if required <= free:
        return Finding(check=_CHECK, level=Level.OK, subject=subject, what=what)
    allowed = size(best.total)
    more = ", and the cluster may add another node" if grows else ", and no other node has more"
    if facts.setting("xpack.ml.use_auto_machine_memory_percent") == "true":
        why, wider = "reckoned by the server from the node's memory", ""
    else:
        percent = facts.setting("xpack.ml.max_machine_memory_percent") or "30"
        why = f"xpack.ml.max_machine_memory_percent is {percent}%"
        wider = (
            "set xpack.ml.use_auto_machine_memory_percent to true where ML nodes do nothing else, raise"
            " xpack.ml.max_machine_memory_percent, "
        )
    return Finding(
        check=_CHECK,
        level=Level.WARNING if grows else Level.BLOCKS,
        subject=subject,
        what=what,
        cause=f"machine learning may take {allowed} of that node ({why}){more}",
        next_step=f"{wider}stop another deployment, or give the node more memory",
    )
