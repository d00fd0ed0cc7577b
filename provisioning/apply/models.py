"""Trained models and their aliases: pushed, adopted, proven, deleted."""

from __future__ import annotations

from typing import Any

from clipline.core.errors import ModelError, PlanError
from provisioning.apply.kinship import check_kinship
from provisioning.apply.room_ahead import check_room
from provisioning.apply.work import Work
from provisioning.bundles.loadable import HINT, parsed, refusals
from provisioning.bundles.parts import count_parts
from provisioning.bundles.push import push, resume
from provisioning.plan import Change, Verb
from provisioning.state.adopted import adopt, forget
from provisioning.state.superseded import reinstate, supersede


def trained_model(work: Work, change: Change) -> str:
    """Push a model, go on with an upload that stopped half-way, adopt a model, or delete one."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).ml.delete_trained_model(
            model_id=change.name, force=change.request.get("force")
        )
        forget(work.client, work.stack, change.address)
        reinstate(work.client, work.stack, change.name)
        return ""
    if "adopt" in change.request:
        return _adopt(work, change)
    planned = work.planned(change.name)
    assert planned is not None  # the planner names every model that it pushes
    bundle = work.bundles.obtain(planned.asset.stem)
    if bundle.digest != planned.digest:
        raise PlanError("the model's files changed since the plan was made", where=change.address, hint="run it again")
    if wrong := refusals(bundle.manifest, parsed(work.version)):
        raise ModelError(wrong[0], where=change.address, hint=HINT)
    check_room(work, bundle, change.name)
    options: dict[str, Any] = {
        "model_id": change.name,
        "stack": work.stack,
        "space": planned.asset.space,
        "progress": work.upload_progress,
    }
    if change.verb is Verb.CREATE:
        push(work.client, bundle, **options)
        return f"{bundle.model_bytes / 1e6:.1f} MB"
    there = resume(work.client, bundle, **options)
    return f"{bundle.model_bytes / 1e6:.1f} MB, {there} of {count_parts(bundle)} parts were there"


def model_alias(work: Work, change: Change) -> str:
    """Point a model alias to a model; one that an earlier run started and did not prove is proven first, and so is its space."""
    model_id = str(change.request["model_id"])
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).ml.delete_trained_model_alias(model_id=model_id, model_alias=change.name)
        return ""
    details = []
    deployment_id, leaves = str(change.request["deployment_id"]), change.request.get("leaves")
    if model_id not in work.proven:
        lowest = work.prove(model_id, deployment_id)
        details += [f"parity proven, lowest cosine {lowest:.6f}"] if lowest is not None else []
    if leaves is not None:
        if not leaves["rolled_back"]:  # they served one index before
            details.append(_kinship(work, old=leaves["model_id"], new=deployment_id, space=leaves["space"]))
        if leaves["ours"]:
            # Before the alias moves: a model that nothing is known of would neither be found by a rollback nor deleted.
            supersede(work.client, work.stack, leaves)
    work.client.ml.put_trained_model_alias(
        model_id=model_id, model_alias=change.name, reassign=change.verb is Verb.UPDATE
    )
    reinstate(work.client, work.stack, model_id)
    return "; ".join(details)


def _kinship(work: Work, *, old: str, new: str, space: str) -> str:
    near = check_kinship(work.client, old=old, new=new, space=space)
    return (
        f"of one space with {old} ({near:.2f})"
        if near is not None
        else f"not compared with {old}: it is not deployed, or refuses the texts"
    )


def _adopt(work: Work, change: Change) -> str:
    """Prove a model that others made, then put it on this stack's list: its metadata cannot be changed."""
    lowest = work.prove(change.name, str(change.request["adopt"]), build=True)
    if lowest is None:
        raise PlanError(
            "it cannot be adopted: the bundle that would prove it is of other files than the plan's",
            where=change.address,
            hint="plan again",
        )
    details = {"stem": change.request["stem"], "digest": change.request["digest"]}
    adopt(work.client, work.stack, change.address, details)
    return f"adopted; parity proven, lowest cosine {lowest:.6f}"
