"""The plan for a deployment under its lasting id: started, scaled in place, or started again. Pure.

Only the number of allocations and the bounds between which it follows the load change while it serves
(``UpdateTrainedModelDeploymentAction``). What somebody scaled by hand, adaptive allocations included, is drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.assets.model_asset import ModelAsset
from provisioning.canonical import canonical
from provisioning.diff import differences
from provisioning.plan import Change, Verb

_NUMBER, _ADAPTIVE = "number_of_allocations", "adaptive_allocations"


def plan_deployment(asset: ModelAsset, model_id: str, deployed: Mapping[str, Any] | None) -> Change:
    """The change of a model's deployment, which is that model's or not there."""
    name = asset.deployment_id
    if deployed is None:
        return start(asset, name, model_id, Verb.CREATE, "not there yet")
    if deployed.get("state") in ("failed", "stopping"):
        reason = f"its state is {deployed['state']}" + (f": {deployed['reason']}" if deployed.get("reason") else "")
        return start(asset, name, model_id, Verb.REPLACE, reason)
    wanted = _settings(asset)
    there = {key: deployed.get(key) for key in (*wanted, _ADAPTIVE)}
    before = canonical("deployment", there)
    if _NUMBER in wanted:
        before[_NUMBER] = deployed.get(_NUMBER)  # also where it follows the load, and should not
    fields = differences(before, canonical("deployment", wanted))
    if not fields:
        return Change(kind="deployment", name=name, verb=Verb.NO_OP, reason="as wanted")
    fixed = sorted({field.path for field in fields if field.path.partition(".")[0] not in (_NUMBER, _ADAPTIVE)})
    if fixed:
        reason = f"{', '.join(fixed)} can be set only at the start: a short gap for users of this id"
        request = {"model_id": model_id, **wanted}
        return Change(kind="deployment", name=name, verb=Verb.REPLACE, reason=reason, fields=fields, request=request)
    request = _scaling(wanted, deployed)
    reason = "can be scaled in place"
    return Change(kind="deployment", name=name, verb=Verb.UPDATE, reason=reason, fields=fields, request=request)


def start(asset: ModelAsset, name: str, model_id: str, verb: Verb, reason: str) -> Change:
    """A deployment that is started, for the first time or again."""
    after = {"model_id": model_id, **_settings(asset)}
    return Change(kind="deployment", name=name, verb=verb, reason=reason, fields=differences({}, after), request=after)


def _scaling(wanted: Mapping[str, Any], deployed: Mapping[str, Any]) -> dict[str, Any]:
    """What ``_update`` is sent: it merges, so a bound that shall go is sent as ``null``."""
    live = deployed.get(_ADAPTIVE) or {}
    if _ADAPTIVE in wanted:
        return {_ADAPTIVE: {**dict.fromkeys(live), **wanted[_ADAPTIVE]}}
    request: dict[str, Any] = {_NUMBER: wanted[_NUMBER]}
    if live.get("enabled"):
        request[_ADAPTIVE] = {"enabled": False}
    return request


def _settings(asset: ModelAsset) -> dict[str, Any]:
    return {key: value for key, value in asset.deployment.items() if key != "deployment_id"}
