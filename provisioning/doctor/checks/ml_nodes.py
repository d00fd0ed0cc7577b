"""Whether there are ML nodes, with processors enough, and whether they work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.assets.model_asset import ON_CLIENT
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import ModelNeed, Needs
from provisioning.ml_memory import Place, places

_CHECK = "ml_nodes"


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """The nodes, then the processors that each model wants of one, then the mode for upgrades."""
    if not needs.models:
        return
    nodes = ml_nodes(facts)
    if nodes is not None:
        yield _nodes(len(nodes), may_grow(facts, needs), needs)
    info = facts.get("ml_info") or {}
    if info.get("upgrade_mode"):
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject="cluster",
            what="machine learning is in upgrade mode",
            cause="no deployment starts, and those that ran are paused",
            next_step="POST _ml/set_upgrade_mode?enabled=false, once the upgrade is done",
        )
    limits = info.get("limits") or {}
    if nodes:
        for model in needs.models:
            yield from _processors(model, limits, grows=may_grow(facts, needs))


def ml_nodes(facts: Facts) -> list[Place] | None:
    """The nodes of that role with their memory; ``None`` where it is not known."""
    answer = facts.get("ml_memory")
    return None if answer is None else places(answer)


def may_grow(facts: Facts, needs: Needs) -> bool:
    """Whether ML nodes may be added by themselves: on Elastic Cloud, and wherever lazy ones are announced."""
    return needs.cloud or int(facts.setting("xpack.ml.max_lazy_ml_nodes") or 0) > 0


def _nodes(count: int, grows: bool, needs: Needs) -> Finding:
    if count:
        return Finding(
            check=_CHECK, level=Level.OK, subject="cluster", what=f"{count} ML node{'s' if count > 1 else ''}"
        )
    if grows:
        return Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject="cluster",
            what="no ML node yet",
            cause="the cluster adds one when a deployment asks for it; until then the deployment waits in `starting`",
            next_step="apply with --wait-timeout 1800; a node takes minutes",
        )
    return Finding(
        check=_CHECK,
        level=Level.BLOCKS,
        subject="cluster",
        what="no ML node",
        cause="no node has the role ml, and xpack.ml.max_lazy_ml_nodes is 0, so none is expected",
        next_step="add ml to node.roles of a node (or leave node.roles out, which means all roles), or have texts encoded on"
        f" the client: {' and '.join(ON_CLIENT.format(stem=model.stem) for model in needs.models)}",
    )


def _processors(model: ModelNeed, limits: Mapping[str, Any], *, grows: bool) -> Iterator[Finding]:
    subject = f"deployment/{model.deployment_id}"
    most, every = limits.get("max_single_ml_node_processors"), limits.get("total_ml_processors")
    if most and model.threads > most:
        yield Finding(
            check=_CHECK,
            level=Level.WARNING if grows else Level.BLOCKS,
            subject=subject,
            what=f"wants {model.threads} threads per allocation, and no ML node has more than {most} processors",
            cause="an allocation runs on one node",
            next_step=f"set threads_per_allocation to {most} or less in models/{model.stem}.yml",
        )
    elif every and not model.low_priority and model.threads * model.allocations > every:
        yield Finding(
            check=_CHECK,
            level=Level.NOTE if grows else Level.WARNING,
            subject=subject,
            what=f"wants {model.allocations} x {model.threads} processors, and all ML nodes together have {every}",
            cause="it will be allocated in part only",
            next_step=f"lower number_of_allocations in models/{model.stem}.yml, or add ML nodes",
        )
