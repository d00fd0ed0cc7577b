"""The plan for one text model: model, deployments, model alias.

A trained model is immutable, so another digest is a second model. It is deployed beside the old one under
``<stem>-next`` and proven there; then the alias moves, the old deployment stops, the new one takes the fixed id (a
short gap for users of that id, none for users of the alias), and the temporary one stops. Each step is a change of its
own, so a plan made after any interruption goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.assets.model_asset import ModelAsset
from provisioning.desired import DesiredModel
from provisioning.diff import differences
from provisioning.observed import Observed
from provisioning.plan import Change, Problem, Verb

_UPDATABLE = {"number_of_allocations"}
_LICENCES = {"trial", "platinum", "enterprise"}


def plan_model(wanted: DesiredModel, observed: Observed, *, stack: str, notes: list[str]) -> Iterator[Change | Problem]:
    """Every change and problem of one text model."""
    asset = wanted.asset
    if observed.licence not in _LICENCES:
        yield Problem(
            address=f"trained_model/{asset.stem}",
            what=f"the cluster's licence is {observed.licence}, which does not include machine learning",
            hint="start a trial (POST _license/start_trial?acknowledge=true) or install a licence that has it",
        )
    if wanted.digest is None:
        yield from _unknown(asset)
        return
    model_id = asset.model_id(wanted.digest)
    foreign = _foreign(asset, model_id, observed, stack)
    if foreign is not None:
        yield foreign
        return
    yield _model(asset, wanted.digest, model_id, observed, stack)
    yield from _deployments(asset, model_id, observed, notes)


def _unknown(asset: ModelAsset) -> Iterator[Change]:
    reason = "its digest is unknown until `clipline bundle build`; apply builds the bundle first"
    yield Change(kind="trained_model", name=f"{asset.stem}-????????", verb=Verb.CREATE, reason=reason)


def _foreign(asset: ModelAsset, model_id: str, observed: Observed, stack: str) -> Problem | None:
    """What stands under a name that this stack needs and does not belong to it."""
    config = observed.models.get(model_id)
    if config is not None and _mark(config, "stack") != stack:
        owner = _mark(config, "stack")
        return Problem(
            address=f"trained_model/{model_id}",
            what=f"belongs to the stack {owner!r}" if owner else "is there already and was not made by clipline",
            hint="rename the file in models/: its stem begins the model's id",
        )
    if asset.deployment_id in observed.models:
        return Problem(
            address=f"deployment/{asset.deployment_id}",
            what="a trained model has this very id (imported by eland, as the series does?), so no deployment can",
            hint="choose another id (--var deployment_id=…), or delete that model",
        )
    deployed = observed.deployments.get(asset.deployment_id)
    if deployed is not None and not _ours(deployed["model_id"], asset, observed, stack):
        return Problem(
            address=f"deployment/{asset.deployment_id}",
            what=f"is there already and serves the foreign model {deployed['model_id']}",
            hint="choose another id (--var deployment_id=…), or stop that deployment",
        )
    holder = observed.model_alias(asset.model_alias)
    if holder is not None and not _ours(holder, asset, observed, stack):
        return Problem(
            address=f"model_alias/{asset.model_alias}",
            what=f"is there already and points to the foreign model {holder}",
            hint="choose another alias (--var model_alias=…), or delete that one",
        )
    return None


def _ours(model_id: str, asset: ModelAsset, observed: Observed, stack: str) -> bool:
    config = observed.models.get(model_id)
    return config is not None and _mark(config, "stack") == stack and model_id.startswith(f"{asset.stem}-")


def _model(asset: ModelAsset, digest: str, model_id: str, observed: Observed, stack: str) -> Change:
    config = observed.models.get(model_id)
    request = {"stem": asset.stem, "digest": digest}
    if config is None:
        reason = "not there yet"
        older = sorted(name for name in observed.models if _ours(name, asset, observed, stack))
        if older:
            reason = f"other files or import parameters than {', '.join(older)}"
        return Change(kind="trained_model", name=model_id, verb=Verb.CREATE, reason=reason, request=request)
    if not config.get("fully_defined"):
        reason = "an upload that stopped half-way; it is deleted and begun again"
        return Change(kind="trained_model", name=model_id, verb=Verb.REPLACE, reason=reason, request=request)
    return Change(kind="trained_model", name=model_id, verb=Verb.NO_OP, reason="the digest is the same")


def _deployments(asset: ModelAsset, model_id: str, observed: Observed, notes: list[str]) -> Iterator[Change]:
    fixed, temporary = asset.deployment_id, asset.next_deployment_id
    deployed, successor = observed.deployments.get(fixed), observed.deployments.get(temporary)
    alias_before = observed.model_alias(asset.model_alias)
    switching = deployed is not None and deployed["model_id"] != model_id
    if not switching:
        yield _deployment(asset, model_id, deployed)
        yield _alias(asset, model_id, alias_before, proven_by=fixed)
    else:
        assert deployed is not None
        if successor is not None and successor["model_id"] != model_id:
            yield _delete(temporary, "serves neither the old nor the new model")
            successor = None
        if successor is None:
            yield _start(asset, temporary, model_id, Verb.CREATE, "proves the new model before the alias moves")
        elif successor.get("state") != "started":
            reason = f"left over from an apply that did not end: its state is {successor.get('state')}"
            yield _start(asset, temporary, model_id, Verb.REPLACE, reason)
        yield _alias(asset, model_id, alias_before, proven_by=temporary)
        yield _start(asset, fixed, model_id, Verb.REPLACE, f"served {deployed['model_id']} so far")
        notes.append(
            f"deployment/{fixed}: stopped and started again with the new model: a short gap for users of that id, "
            f"none for users of the alias {asset.model_alias}; {deployed['model_id']} stays on the cluster"
        )
        yield _delete(temporary, f"{fixed} serves the new model now")
        return
    if successor is not None:
        yield _delete(temporary, f"left over: {fixed} serves the model")


def _deployment(asset: ModelAsset, model_id: str, deployed: Mapping[str, Any] | None) -> Change:
    fixed = asset.deployment_id
    if deployed is None:
        return _start(asset, fixed, model_id, Verb.CREATE, "not there yet")
    if deployed.get("state") in ("failed", "stopping"):
        reason = f"its state is {deployed['state']}" + (f": {deployed['reason']}" if deployed.get("reason") else "")
        return _start(asset, fixed, model_id, Verb.REPLACE, reason)
    wanted = _settings(asset)
    before = {key: deployed.get(key) for key in wanted}
    fields = differences(before, wanted)
    if not fields:
        return Change(kind="deployment", name=fixed, verb=Verb.NO_OP, reason="as wanted")
    names = {field.path for field in fields}
    if names <= _UPDATABLE:
        request = {"number_of_allocations": wanted["number_of_allocations"]}
        return Change(
            kind="deployment",
            name=fixed,
            verb=Verb.UPDATE,
            reason="can be scaled in place",
            fields=fields,
            request=request,
        )
    return Change(
        kind="deployment",
        name=fixed,
        verb=Verb.REPLACE,
        reason=f"{', '.join(sorted(names - _UPDATABLE))} can be set only at the start: a gap while it starts again",
        fields=fields,
        request={"model_id": model_id, **wanted},
    )


def _start(asset: ModelAsset, name: str, model_id: str, verb: Verb, reason: str) -> Change:
    after = {"model_id": model_id, **_settings(asset)}
    return Change(kind="deployment", name=name, verb=verb, reason=reason, fields=differences({}, after), request=after)


def _alias(asset: ModelAsset, model_id: str, before: str | None, *, proven_by: str) -> Change:
    if before == model_id:
        return Change(kind="model_alias", name=asset.model_alias, verb=Verb.NO_OP, reason="as wanted")
    return Change(
        kind="model_alias",
        name=asset.model_alias,
        verb=Verb.CREATE if before is None else Verb.UPDATE,
        reason="not there yet" if before is None else "moves to the new model once that is proven",
        fields=differences({"model_id": before} if before else {}, {"model_id": model_id}),
        request={"model_id": model_id, "deployment_id": proven_by},
    )


def _delete(name: str, reason: str) -> Change:
    return Change(kind="deployment", name=name, verb=Verb.DELETE, reason=reason)


def _settings(asset: ModelAsset) -> dict[str, Any]:
    return {key: value for key, value in asset.deployment.items() if key != "deployment_id"}


def _mark(config: Mapping[str, Any], key: str) -> Any:
    return ((config.get("metadata") or {}).get(MARK) or {}).get(key)
