"""Deployments over HTTP: start, update, stop, forget what is cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, not_found, status_error, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.licence import require
from clipline.emulator.ml.adaptive import adaptive_problems, is_enabled, merged
from clipline.emulator.ml.capacity import MOST_DEPLOYMENTS
from clipline.emulator.ml.catalog import defined_length, matching
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.requests import (
    Start,
    adaptive_refusal,
    deprecations,
    start_request,
    stop_options,
    update_request,
)
from clipline.emulator.ml.stats import assignment

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def start(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{model_id}/deployment/_start``."""
    request = start_request(call)
    require(node, "ml")
    models = node.models
    with models.lock:
        model_id = _deployable(node, call.args["model_id"], request.deployment_id)
        config = models.store.config(model_id) or {}
        size = _whole_definition(node, model_id)
        memory = {name: _measured(config.get("metadata") or {}, name) for name in _MEMORY}
        parameters = {"cache_size": f"{size}b", **request.parameters, "model_bytes": size, **memory}
        deployment = models.start(request.deployment_id, model_id, parameters)
    if request.wait_for != "starting":
        _wait(node, deployment, request)
    return Reply(body={"assignment": assignment(node, deployment)}, warnings=deprecations(call))


def update(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{deployment_id}/deployment/_update``."""
    request, models = update_request(call), node.models
    with models.lock:
        deployment = _deployed(node, call.args["model_id"])
        old = deployment.parameters.get("adaptive_allocations")
        adaptive = None if request.reset else old if request.adaptive is None else merged(old, request.adaptive)
        if is_enabled(adaptive) and request.number is not None:
            raise adaptive_refusal()
        if wrong := adaptive_problems(adaptive or {}):
            raise validation_failed(*wrong)
        number = deployment.parameters["number_of_allocations"]
        if request.number in (None, number) and adaptive == old:
            return Reply(body={"assignment": assignment(node, deployment)})
        if deployment.state != "started":
            raise status_error(409, "cannot update deployment that is not in [started] state")
        parameters = {**deployment.parameters, "number_of_allocations": request.number or number}
        parameters.pop("adaptive_allocations", None)
        if adaptive is not None:
            parameters["adaptive_allocations"] = adaptive
        models.update(deployment, parameters)
    return Reply(body={"assignment": assignment(node, deployment)})


def stop(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{deployment_id}/deployment/_stop``: one deployment by its very id, as in the server.

    A wildcard, ``_all``, a list, a model's id and an alias are ids that no deployment has. Nor does a pipeline that
    reaches the deployment through its model's alias keep it from being stopped, unless it has the id of its model.
    """
    options, models, name = stop_options(call), node.models, call.args["model_id"]
    if name not in models.deployments:
        if not options["allow_no_match"]:
            raise not_found(f"No known model deployment with id [{name}]")
        return Reply(body={"stopped": True})
    if not options["force"]:
        direct, alias = models.references(name)
        tail = "use force to stop the deployment"
        if direct:
            raise status_error(409, f"Cannot stop deployment [{name}] as it is referenced by ingest processors; {tail}")
        if alias:
            raise status_error(
                409,
                f"Cannot stop deployment [{name}] as it has a model_alias [{alias}] that is still referenced by ingest "
                f"processors; {tail}",
            )
    models.remove(name, finish_pending=options["finish_pending_work"])
    return Reply(body={"stopped": True})


def _deployable(node: Node, expression: str, deployment_id: str) -> str:
    """The model that a start is about; the checks in the server's order."""
    models = node.models
    if len(models.deployments) >= MOST_DEPLOYMENTS:
        raise status_error(
            429,
            f"Could not start model deployment because existing deployments reached the limit of [{MOST_DEPLOYMENTS}]",
        )
    if deployment_id in models.deployments:
        raise status_error(
            400,
            f"Could not start model deployment because an existing deployment with the same id [{deployment_id}] exist",
        )
    found = matching(node, expression, allow_no_match=False)
    if len(found) > 1:
        raise status_error(
            400,
            f"cannot deploy more than one model at the same time; [{expression}] matches models "
            f"[{', '.join(sorted(found))}]",
        )
    ((model_id, config),) = found.items()
    if config["model_type"] != "pytorch":
        raise status_error(
            400,
            f"model [{model_id}] of type [{config['model_type']}] cannot be deployed. Only PyTorch models can be deployed",
        )
    if deployment_id != expression and _names_a_model(node, deployment_id):
        raise status_error(
            400,
            f"Deployment id [{deployment_id}] is the same as an another model which is not the model being deployed. "
            "Deployment id can be the same as the model being deployed but cannot match a different model",
        )
    return model_id


def _names_a_model(node: Node, name: str) -> bool:
    """Whether the API that gets models finds something under a name; an expression without a match finds nothing, too."""
    try:
        matching(node, name, allow_no_match=True)
    except ApiError:
        return False
    return True


def _deployed(node: Node, deployment_id: str) -> Deployment:
    deployment = node.models.deployments.get(deployment_id)
    if deployment is None:
        raise not_found(f"No known model deployment with id [{deployment_id}]")
    return deployment


def _whole_definition(node: Node, model_id: str) -> int:
    facts = node.models.store.part_facts(model_id)
    if not facts:
        raise not_found(f"Could not find trained model definition [{model_id}]")
    first = facts[0]
    for fact in facts:
        if fact.total_length != first.total_length:
            raise status_error(
                400,
                f"[{model_id}] [total_definition_length] must be the same in all model definition parts. The value "
                f"[{fact.total_length}] in model definition part [{fact.number}] does not match the value "
                f"[{first.total_length}] in part [{first.number}]. {_BAD_PARTS}",
            )
    if (length := defined_length(facts)) is None:
        raise status_error(
            400, f"Model definition truncated. Unable to deserialize trained model definition [{model_id}]"
        )
    return length


def _measured(metadata: dict[str, Any], name: str) -> int:
    value = metadata.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        # The server casts it without a look.
        raise ApiError(500, "class_cast_exception", f"[{name}] of the model's metadata cannot be cast to a number")
    return int(value)


def _wait(node: Node, deployment: Deployment, request: Start) -> None:
    settled = deployment.wait(request.timeout)
    if deployment.state == "stopping":
        raise status_error(
            400,
            "Error waiting for the model deployment to start. The trained model assignment was removed while waiting",
        )
    if not settled:
        raise ApiError(
            408,
            "model_deployment_timeout_exception",
            f"Timed out after [{request.timeout_text}] waiting for trained model deployment [{deployment.id}] to start. "
            "Use the trained model stats API to track the state of the deployment and try again once it has started.",
        )
    if deployment.state == "failed":
        reason = deployment.reason
        node.models.remove(deployment.id, finish_pending=False)
        raise status_error(
            500,
            "Could not start trained model deployment, the following nodes failed with errors "
            f"[{{{node.node_id}={reason}}}]",
        )


_BAD_PARTS = "Unable to deploy model, please delete and recreate the model definition"
_MEMORY = ("per_deployment_memory_bytes", "per_allocation_memory_bytes")
_BASE = "/_ml/trained_models/{model_id}/deployment"
_ACTION = "cluster:admin/xpack/ml/trained_models/deployment"
_START = {"deployment_id", "number_of_allocations", "threads_per_allocation", "queue_capacity", "cache_size", "priority",
          "timeout", "wait_for"}  # fmt: skip
_STOP = {"allow_no_match", "force", "finish_pending_work"}

ROUTES = [
    Route("POST", f"{_BASE}/_start", f"{_ACTION}/start", start, _START),
    Route(
        "POST", f"{_BASE}/_update", f"{_ACTION}/update", update, {"number_of_allocations", "timeout", "master_timeout"}
    ),
    Route("POST", f"{_BASE}/_stop", f"{_ACTION}/stop", stop, _STOP),
]
