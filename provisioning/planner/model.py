"""The plan for one text model: model, deployments, model alias.

A trained model is immutable, so another digest is a second model. It is deployed beside the old one under
``<stem>-next`` and proven there; then the alias moves, the old deployment stops, the new one takes the fixed id (a
short gap for users of that id, none for users of the alias), and the temporary one stops. Each step is a change of its
own, so a plan made after any interruption goes on where it was.

A model that stands under the deployment id (eland's and the series' way to name it) can be adopted: it is proven by the
bundle's probes and listed in the state index, because its metadata cannot be changed; from then on it is the concrete
model for that digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.assets.model_asset import ON_CLIENT, ModelAsset
from provisioning.desired import DesiredModel
from provisioning.observed import Observed
from provisioning.plan import Change, Field, Problem, Verb
from provisioning.planner.adoption import Adoption, foreign, taken_over
from provisioning.planner.model_config import config_differences
from provisioning.planner.serving import plan_serving
from provisioning.planner.succession import Succession, expired, rolled_back

_LICENCES = {"trial", "platinum", "enterprise"}


def plan_model(
    wanted: DesiredModel,
    observed: Observed,
    *,
    stack: str,
    notes: list[str],
    adoption: Adoption,
    succession: Succession,
) -> Iterator[Change | Problem]:
    """Every change and problem of one text model."""
    asset = wanted.asset
    if observed.licence not in _LICENCES:
        yield Problem(
            address=f"trained_model/{asset.stem}",
            what=f"the cluster's licence is {observed.licence}, which does not include machine learning",
            hint="start a trial (POST _license/start_trial?acknowledge=true) or install a licence that has it; or have texts"
            f" encoded on the client, which needs neither licence nor ML node: {ON_CLIENT.format(stem=asset.stem)}",
        )
    if wanted.digest is None:
        yield from _unknown(asset)
        return
    model_id = model_id_of(asset, wanted.digest, observed, adoption)
    problems = list(_foreign(asset, model_id, observed, stack, adoption))
    if problems:
        yield from problems
        return
    if problem := rolled_back(asset, model_id, observed):
        yield problem
        return
    if model_id in observed.models and not observed.owns_model(stack, model_id):
        if fields := config_differences(observed.models[model_id], asset):
            yield _otherwise(asset, model_id, fields)
            return
        adopt = _adopt(asset, wanted.digest, model_id, observed, stack)
        steps = list(plan_serving(asset, model_id, observed, notes=notes, succession=succession))
        # It is proven through a deployment: the one that is there, before that is touched; else the one to be made.
        first = 0 if _serves(observed.deployments.get(asset.deployment_id), model_id) else 1
        yield from (*steps[:first], adopt, *steps[first:])
        return
    yield _model(asset, wanted.digest, model_id, observed, stack)
    yield from plan_serving(asset, model_id, observed, notes=notes, succession=succession)
    yield from expired(asset, model_id, observed, notes=notes)


def model_id_of(asset: ModelAsset, digest: str, observed: Observed, adoption: Adoption) -> str:
    """The concrete model id for a digest: the asset's own, or that of a model which was or is now adopted for it."""
    plain = f"trained_model/{asset.deployment_id}"
    adopted = observed.adopted.get(plain)
    if asset.deployment_id in observed.models:
        if adopted is not None and adopted.get("digest") == digest:
            return asset.deployment_id
        if adopted is None and adoption.takes(plain, observed.model_stack(asset.deployment_id)):
            return asset.deployment_id
    return asset.model_id(digest)


def _unknown(asset: ModelAsset) -> Iterator[Change]:
    reason = "its digest is unknown until `clipline bundle build`; apply builds the bundle first"
    yield Change(kind="trained_model", name=f"{asset.stem}-????????", verb=Verb.CREATE, reason=reason)


def _foreign(asset: ModelAsset, model_id: str, observed: Observed, stack: str, adoption: Adoption) -> Iterator[Problem]:
    """What stands under a name that this stack needs and does not belong to it."""
    plain = asset.deployment_id
    if plain in observed.models and plain != model_id:
        yield _plain(plain, observed)
        return
    if model_id in observed.models and not observed.owns_model(stack, model_id):
        owner = observed.model_stack(model_id)
        if not adoption.takes(f"trained_model/{model_id}", owner):
            otherwise = "rename the file in models/: its stem begins the model's id"
            yield foreign(f"trained_model/{model_id}", owner, otherwise=otherwise)
    deployed = observed.deployments.get(plain)
    if deployed is not None and not _ours(deployed["model_id"], model_id, observed, stack):
        address = f"deployment/{plain}"
        owner = observed.model_stack(deployed["model_id"])
        if not adoption.takes(address, owner):
            what = f"is there already, serves the model {deployed['model_id']}"
            yield foreign(address, owner, what=what, otherwise="choose another id (--var deployment_id=…)")
    holder = observed.model_alias(asset.model_alias)
    if holder is not None and not _ours(holder, model_id, observed, stack):
        address = f"model_alias/{asset.model_alias}"
        owner = observed.model_stack(holder)
        if not adoption.takes(address, owner):
            what = f"is there already, points to the model {holder}"
            yield foreign(address, owner, what=what, otherwise="choose another alias (--var model_alias=…)")


def _plain(plain: str, observed: Observed) -> Problem:
    """A trained model under the very id that the deployment shall have."""
    if f"trained_model/{plain}" in observed.adopted:
        return Problem(
            address=f"deployment/{plain}",
            what="the adopted model has this very id, so no deployment of another model can",
            hint="choose another deployment id (--var deployment_id=…); `clipline prune` then deletes the adopted model",
        )
    return Problem(
        address=f"deployment/{plain}",
        what="a trained model has this very id (imported by eland, as the series does?), so no deployment of another can",
        hint="choose another deployment id (--var deployment_id=…), or adopt that model, once the probes have proven that"
        f" it is the same: --adopt trained_model/{plain}",
    )


def _ours(other: str, model_id: str, observed: Observed, stack: str) -> bool:
    """Whether a model may stand behind a name of ours: it is the wanted one, or it is this stack's."""
    return other == model_id or observed.owns_model(stack, other)


def _serves(deployed: Mapping[str, Any] | None, model_id: str) -> bool:
    return deployed is not None and deployed["model_id"] == model_id and deployed.get("state") == "started"


def _otherwise(asset: ModelAsset, model_id: str, fields: tuple[Field, ...]) -> Problem:
    """A model that cannot be adopted, because its configuration is another and cannot be changed."""
    shown = ", ".join(f"{field.path} is {_word(field.before)}, not {_word(field.after)}" for field in fields[:3])
    return Problem(
        address=f"trained_model/{model_id}",
        what=f"is not what models/{asset.stem}.yml says: {shown}" + (" …" if len(fields) > 3 else ""),
        hint="say under `import` what the model has, if that is what you want; or choose another deployment id"
        " (--var deployment_id=…), and this stack brings a model of its own",
    )


def _word(value: Any) -> str:
    return "not set" if value is None else json.dumps(value)


def _adopt(asset: ModelAsset, digest: str, model_id: str, observed: Observed, stack: str) -> Change:
    return Change(
        kind="trained_model",
        name=model_id,
        verb=Verb.UPDATE,
        reason="adopted, once every probe of the bundle agrees with it",
        fields=(taken_over(observed.model_stack(model_id), stack),),
        request={"stem": asset.stem, "digest": digest, "adopt": asset.deployment_id},
    )


def _model(asset: ModelAsset, digest: str, model_id: str, observed: Observed, stack: str) -> Change:
    config = observed.models.get(model_id)
    request: dict[str, Any] = {}
    if config is None:
        reason = "not there yet"
        older = sorted(
            name for name in observed.models if name.startswith(f"{asset.stem}-") and observed.owns_model(stack, name)
        )
        if older:
            reason = f"other files or import parameters than {', '.join(older)}"
        return Change(kind="trained_model", name=model_id, verb=Verb.CREATE, reason=reason, request=request)
    if not config.get("fully_defined"):
        reason = (
            "an upload that stopped half-way; it goes on from there, or is begun again if the bundle was built anew"
        )
        return Change(kind="trained_model", name=model_id, verb=Verb.UPDATE, reason=reason, request=request)
    return Change(kind="trained_model", name=model_id, verb=Verb.NO_OP, reason="the digest is the same")
