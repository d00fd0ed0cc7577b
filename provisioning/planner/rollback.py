"""Back to the text model that served before. Pure.

The way is that of any other exchange (``serving``): the earlier model is deployed beside the one that serves, the alias
moves, the lasting deployment follows. Nothing is uploaded. A rollback that stopped half-way is finished before another
one goes further back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from clipline.core.records import MARK
from provisioning.assets.model_asset import ModelAsset
from provisioning.observed import Observed
from provisioning.plan import Change, Plan, PlannedModel, Problem, Purpose
from provisioning.planner.serving import plan_serving
from provisioning.planner.succession import GRACE, Succession, predecessor, superseded_of
from provisioning.seen import going_of, seen


def plan_rollback(
    assets: Iterable[ModelAsset],
    observed: Observed,
    *,
    stack: str,
    target: str,
    address: str | None = None,
    grace: timedelta | None = GRACE,
) -> Plan:
    """What has to be done for an alias to lead to the model that it led to before.

    Args:
        assets: the stack's model files.
        observed: the cluster.
        stack: the stack's name.
        target: how messages call the cluster.
        address: the alias, as ``model_alias/<name>``; may be left out where the stack has one.
        grace: how long the model that is left is kept; ``None`` for good.
    """
    steps: list[Change | Problem] = []
    notes: list[str] = []
    models: list[PlannedModel] = []
    for asset in _chosen(list(assets), address, steps):
        if asset.on_client:
            steps.append(_on_client(asset))
            continue
        back = _back_to(asset, observed)
        if back is None:
            steps.append(_nothing(asset, observed))
            continue
        succession = Succession(stack=stack, grace=grace, rolled_back=True)
        steps.extend(plan_serving(asset, back, observed, notes=notes, succession=succession))
        models.append(PlannedModel(model_id=back, digest=_digest(observed, back), asset=asset))
        notes.append(
            f"models/{asset.stem}.yml is not changed: apply refuses to go forward until it says {back}'s model"
        )
    return Plan(
        stack=stack,
        target=target,
        version=".".join(map(str, observed.version)),
        changes=tuple(step for step in steps if isinstance(step, Change)),
        problems=tuple(step for step in steps if isinstance(step, Problem)),
        notes=tuple(notes),
        purpose=Purpose.ROLLBACK,
        cluster_uuid=observed.cluster_uuid,
        models=tuple(models),
        seen=seen(observed, [step.address for step in steps], going=going_of(steps)),
    )


def _chosen(assets: list[ModelAsset], address: str | None, steps: list[Change | Problem]) -> list[ModelAsset]:
    known = {f"model_alias/{asset.model_alias}": asset for asset in assets}
    if address is None and len(known) == 1:
        return list(known.values())
    if address in known:
        return [known[address]]
    there = ", ".join(sorted(known)) or "none"
    what = "is no model alias of this stack" if address else "the stack has more or fewer than one model alias"
    steps.append(Problem(address=address or "model_alias", what=what, hint=f"name one of these: {there}"))
    return []


def _back_to(asset: ModelAsset, observed: Observed) -> str | None:
    current = observed.model_alias(asset.model_alias)
    if current is None:
        return None
    deployed = observed.deployments.get(asset.deployment_id)
    left = superseded_of(asset, observed)
    unfinished = any(details.get("by") == current and details.get("rolled_back") for details in left.values())
    if unfinished and (deployed is None or deployed["model_id"] != current or _next_is_there(asset, observed)):
        return current
    return predecessor(asset, current, observed)


def _next_is_there(asset: ModelAsset, observed: Observed) -> bool:
    return asset.next_deployment_id in observed.deployments


def _nothing(asset: ModelAsset, observed: Observed) -> Problem:
    current = observed.model_alias(asset.model_alias)
    if current is None:
        what, hint = "leads to no model", "run `clipline apply`"
    else:
        what = f"leads to {current}, and no model that it led to before is on the cluster"
        hint = f"say the earlier source and revision in models/{asset.stem}.yml, and run `clipline apply`"
    return Problem(address=f"model_alias/{asset.model_alias}", what=what, hint=hint)


def _on_client(asset: ModelAsset) -> Problem:
    return Problem(
        address=f"model_alias/{asset.model_alias}",
        what="texts are encoded on the client, so no model in the cluster is asked that another could take the place of",
        hint=f"say the earlier source and revision in models/{asset.stem}.yml and apply, or set text_encoder: cluster there",
    )


def _digest(observed: Observed, model_id: str) -> str:
    adopted = observed.adopted.get(f"trained_model/{model_id}") or {}
    marks = ((observed.models[model_id].get("metadata") or {}).get(MARK)) or {}
    return str(marks.get("digest") or adopted.get("digest") or "")
