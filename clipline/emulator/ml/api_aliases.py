"""Model aliases over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import status_error, validation_failed
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.licence import require
from clipline.emulator.ml.catalog import LANG_IDENT
from clipline.emulator.ml.models import model_missing
from clipline.emulator.ml.names import BUILT_IN, alias_problem

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/model_aliases/{alias}``."""
    model_id, alias, models = call.args["model_id"], call.args["alias"], node.models
    wrong = []
    if alias == model_id:
        wrong.append(f"model_alias [{alias}] cannot equal model_id [{model_id}]")
    if problem := alias_problem(alias):
        wrong.append(problem)
    if wrong:
        raise validation_failed(*wrong)
    warnings: tuple[str, ...] = ()
    with models.lock:
        old_id = models.store.aliases().get(alias)
        if old_id is not None and not call.flag("reassign"):
            raise status_error(
                400,
                f"cannot assign model_alias [{alias}] to model_id [{model_id}] as model_alias already refers to "
                f"[{old_id}]. Set parameter [reassign] to [true] if model_alias should be reassigned.",
            )
        known = {**models.store.configs(), BUILT_IN: LANG_IDENT}
        if alias in known:
            raise status_error(400, "model_alias cannot be the same as an existing trained model_id")
        new = known.get(model_id)
        if new is None:
            raise model_missing(model_id)
        if new["license_level"] != "basic":
            require(node, "ml")
        if old_id is not None and (old := known.get(old_id)) is not None:
            warnings = _check_reassign(node, alias, old, new)
        models.store.put_alias(alias, model_id)
    return Reply(body=ACKNOWLEDGED.body, warnings=warnings)


def delete_alias(node: Node, call: Call) -> Reply:
    """``DELETE /_ml/trained_models/{model_id}/model_aliases/{alias}``."""
    model_id, alias = call.args["model_id"], call.args["alias"]
    target = node.models.store.aliases().get(alias)
    if target is None:
        raise status_error(404, f"model_alias [{alias}] could not be found")
    if target != model_id:
        raise status_error(409, f"model_alias [{alias}] does not refer to provided model_id [{model_id}]")
    if node.pipelines.references(alias):
        raise status_error(409, f"Cannot delete model_alias [{alias}] as it is still referenced by ingest processors")
    node.models.store.delete_alias(alias)
    return ACKNOWLEDGED


def _check_reassign(node: Node, alias: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """Refuse to move an alias to a model that cannot take over; warns when the input fields differ much."""
    begin = f"cannot reassign model_alias [{alias}] to model [{new['model_id']}]"
    (old_task,), (new_task,) = old["inference_config"], new["inference_config"]
    if old_task != new_task:
        raise status_error(
            400,
            f"{begin} with inference config type [{new_task}] from model [{old['model_id']}] with type [{old_task}]",
        )
    if old["model_type"] != new["model_type"]:
        raise status_error(
            400,
            f"{begin} with type [{new['model_type']}] from model [{old['model_id']}] with type [{old['model_type']}]",
        )
    serving = node.models.deployments_of(old["model_id"])
    following = node.models.deployments_of(new["model_id"])
    if serving and not following:
        raise status_error(
            400,
            f"{begin} from model [{old['model_id']}] as it is not yet deployed",
        )
    if any(item.state == "started" for item in serving) and any(item.state != "started" for item in following):
        # Two blanks, as the server has them.
        raise status_error(400, f"{begin}  from model [{old['model_id']}] as it is not yet allocated to any nodes")
    before, after = set(old["input"]["field_names"]), set(new["input"]["field_names"])
    if len(before - after) > len(before) // 2 or len(before & after) < len(before) // 2:
        warning = (
            f"The input fields for new model [{new['model_id']}] and for old model [{old['model_id']}] differ "
            "significantly, model results may change significantly."
        )
        return (warning,)
    return ()


_PATH = "/_ml/trained_models/{model_id}/model_aliases/{alias}"

ROUTES = [
    Route("PUT", _PATH, "cluster:admin/xpack/ml/inference/model_aliases/put", put_alias, {"reassign"}),
    Route("DELETE", _PATH, "cluster:admin/xpack/ml/inference/model_aliases/delete", delete_alias),
]
