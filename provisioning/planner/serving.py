"""Which deployments serve a model, from whatever stands there to the end: one under the lasting id, the alias on it. Pure.

What serves is never stopped before something else does: while a deployment is exchanged, for another model or for settings
that it takes only at its start, another one stands under the temporary id. Where that one does not start, the old one goes
on serving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning import users
from provisioning.assets.model_asset import ModelAsset
from provisioning.diff import differences
from provisioning.observed import Observed
from provisioning.plan import Change, Verb
from provisioning.planner.deployment import plan_deployment, start
from provisioning.planner.succession import Succession, superseded_by


def plan_serving(
    asset: ModelAsset, model_id: str, observed: Observed, *, notes: list[str], succession: Succession
) -> Iterator[Change]:
    """The changes of the deployments and of the model alias of one text model.

    Args:
        asset: the model file.
        model_id: the concrete model that shall serve.
        observed: the cluster.
        notes: what there is to say of them is added to it.
        succession: what becomes of the model that the alias leaves.
    """
    fixed, temporary = asset.deployment_id, asset.next_deployment_id
    deployed, successor = observed.deployments.get(fixed), observed.deployments.get(temporary)
    alias = _alias(asset, model_id, observed, succession, switching=_serves_another(deployed, model_id))
    if not _serves_another(deployed, model_id):
        change = plan_deployment(asset, model_id, deployed)
        if change.verb is not Verb.REPLACE or not _is_serving(deployed):
            yield change
            yield alias
            if successor is not None:
                yield _delete(temporary, f"left over: {fixed} serves the model")
            return
        notes.append(_gap(asset, observed, "again, with other settings"))
        yield from _beside(asset, model_id, successor, f"serves while {fixed} starts again")
        yield alias
        yield change
    else:
        assert deployed is not None
        yield from _beside(asset, model_id, successor, "proves the new model before the alias moves")
        yield alias
        yield start(asset, fixed, model_id, Verb.REPLACE, f"served {deployed['model_id']} so far")
        notes.append(_gap(asset, observed, "with the new model"))
        notes.append(f"trained_model/{deployed['model_id']} {succession.fate}")
    yield _delete(temporary, f"{fixed} serves the model now")


def _serves_another(deployed: Mapping[str, Any] | None, model_id: str) -> bool:
    return deployed is not None and deployed["model_id"] != model_id


def _is_serving(deployed: Mapping[str, Any] | None) -> bool:
    return deployed is not None and deployed.get("state") == "started"


def _beside(asset: ModelAsset, model_id: str, successor: Mapping[str, Any] | None, reason: str) -> Iterator[Change]:
    """The deployment under the temporary id, unless it is there already."""
    temporary = asset.next_deployment_id
    if _serves_another(successor, model_id):
        yield _delete(temporary, "serves neither the old nor the new model")
        successor = None
    if successor is None:
        yield start(asset, temporary, model_id, Verb.CREATE, reason)
    elif successor.get("state") != "started":
        left = f"left over from an apply that did not end: its state is {successor.get('state')}"
        yield start(asset, temporary, model_id, Verb.REPLACE, left)


def _gap(asset: ModelAsset, observed: Observed, how: str) -> str:
    """What the exchange of the lasting deployment costs, and whom."""
    fixed = asset.deployment_id
    using = users.users_of_names(observed, {fixed})
    whom = f"{', '.join(using)}, and whoever else uses that id" if using else "users of that id"
    return (
        f"deployment/{fixed}: stopped and started {how}: a short gap for {whom}, none for users of the alias"
        f" {asset.model_alias}"
    )


def _alias(asset: ModelAsset, model_id: str, observed: Observed, succession: Succession, *, switching: bool) -> Change:
    before = observed.model_alias(asset.model_alias)
    if before == model_id:
        return Change(kind="model_alias", name=asset.model_alias, verb=Verb.NO_OP, reason="as wanted")
    request: dict[str, Any] = {
        "model_id": model_id,
        "deployment_id": asset.next_deployment_id if switching else asset.deployment_id,
    }
    if before is not None:
        request["leaves"] = superseded_by(asset, before, model_id, observed, succession)
    return Change(
        kind="model_alias",
        name=asset.model_alias,
        verb=Verb.CREATE if before is None else Verb.UPDATE,
        reason="not there yet" if before is None else "moves to the new model once that is proven",
        fields=differences({"model_id": before} if before else {}, {"model_id": model_id}),
        request=request,
    )


def _delete(name: str, reason: str) -> Change:
    return Change(kind="deployment", name=name, verb=Verb.DELETE, reason=reason)
