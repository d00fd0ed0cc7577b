"""Model aliases over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import not_found, status_error, validation_failed
from clipline.emulator.ml.names import alias_problem
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/model_aliases/{alias}``."""
    model_id, alias, models = call.args["model_id"], call.args["alias"], node.models
    if problem := alias_problem(alias):
        raise validation_failed(problem)
    with models.lock:
        if models.store.config(alias) is not None:
            raise status_error(400, f"model_alias [{alias}] is the same as a model_id, they must be unique")
        if models.store.config(model_id) is None:
            raise not_found(f"Could not find trained model [{model_id}]")
        old = models.store.aliases().get(alias)
        if old is not None and old != model_id:
            if not call.flag("reassign"):
                raise status_error(
                    400,
                    f"cannot assign model_alias [{alias}] to model_id [{model_id}] as model_alias already refers to "
                    f"[{old}]. Set parameter [reassign] to [true] if model_alias should be reassigned.",
                )
            _check_reassign(node, alias, old, model_id)
        models.store.put_alias(alias, model_id)
    return ACKNOWLEDGED


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


def _check_reassign(node: Node, alias: str, old: str, new: str) -> None:
    states: dict[str, list[str]] = {}
    for item in list(node.models.deployments.values()):
        states.setdefault(item.model_id, []).append(item.state)
    if old in states and (new not in states or "starting" in states[new]):
        raise status_error(
            400,
            f"cannot reassign model_alias [{alias}] to model [{new}] from model [{old}] as it is not yet deployed by "
            "calling the start trained model deployment API",
        )


_PATH = "/_ml/trained_models/{model_id}/model_aliases/{alias}"

ROUTES = [
    Route("PUT", _PATH, "cluster:admin/xpack/ml/inference/model_aliases/put", put_alias, {"reassign"}),
    Route("DELETE", _PATH, "cluster:admin/xpack/ml/inference/model_aliases/delete", delete_alias),
]
