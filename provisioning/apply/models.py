"""Trained models and their aliases: pushed, adopted, proven, deleted."""

from __future__ import annotations

from typing import Any

from clipline.core.errors import ModelError, PlanError
from provisioning.apply.work import Work
from provisioning.bundles.loadable import HINT, parsed, refusals
from provisioning.bundles.parts import count_parts
from provisioning.bundles.push import push, resume
from provisioning.plan import Change, Verb
from provisioning.state.adopted import adopt, forget


def trained_model(work: Work, change: Change) -> str:
    """Push a model, go on with an upload that stopped half-way, adopt a model, or delete one."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).ml.delete_trained_model(
            model_id=change.name, force=change.request.get("force")
        )
        forget(work.client, work.stack, change.address)
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
    """Point a model alias to a model; one that an earlier run started and did not prove is proven first."""
    model_id = str(change.request["model_id"])
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).ml.delete_trained_model_alias(model_id=model_id, model_alias=change.name)
        return ""
    detail = ""
    if model_id not in work.proven:
        lowest = work.prove(model_id, str(change.request["deployment_id"]))
        detail = f"parity proven, lowest cosine {lowest:.6f}" if lowest is not None else ""
    work.client.ml.put_trained_model_alias(
        model_id=model_id, model_alias=change.name, reassign=change.verb is Verb.UPDATE
    )
    return detail


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
