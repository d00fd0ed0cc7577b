"""Deployments and their statistics over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, status_error, unsupported, validation_failed
from clipline.emulator.ml.catalog import fully_defined, matching, page
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.names import id_problem
from clipline.emulator.ml.stats import assignment, model_stats
from clipline.emulator.ml.times import seconds
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DETECTORS = {
    "model_memory_limit": "1gb",
    "categorization_examples_limit": 4,
    "model_snapshot_retention_days": 10,
    "daily_model_snapshot_retention_after_days": 1,
}


def start(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{model_id}/deployment/_start``."""
    model_id = call.args["model_id"]
    options = _options(call, _START, "start_trained_model_deployment_request")
    deployment_id = str(options.get("deployment_id", model_id))
    parameters = _parameters(options)
    wait_for = str(options.get("wait_for", "started"))
    if wait_for not in ("starting", "started", "fully_allocated"):
        raise validation_failed(
            f"invalid [wait_for] state [{wait_for}]; must be one of [starting,started,fully_allocated"
        )
    timeout = seconds("timeout", str(options.get("timeout", "20s")))
    if deployment_id != model_id and (problem := id_problem("deployment_id", deployment_id)):
        raise validation_failed(problem)
    models = node.models
    with models.lock:
        if deployment_id in models.deployments:
            raise status_error(
                400,
                f"Could not start model deployment because an existing deployment with the same id [{deployment_id}] exist",
            )
        found = matching(node, model_id, allow_no_match=False)
        if len(found) > 1:
            raise status_error(
                400,
                f"cannot deploy more than one model at the same time; [{model_id}] matches models [{', '.join(sorted(found))}]",
            )
        ((concrete, config),) = found.items()
        if config["model_type"] != "pytorch":
            raise status_error(
                400,
                f"model [{concrete}] of type [{config['model_type']}] cannot be deployed. Only PyTorch models can be deployed",
            )
        if deployment_id != concrete and models.store.config(deployment_id) is not None:
            raise status_error(
                400,
                f"Deployment id [{deployment_id}] is the same as an another model which is not the model being deployed. "
                "Deployment id can be the same as the model being deployed but cannot match a different model",
            )
        size = _check_definition(node, concrete)
        parameters["model_bytes"] = size
        parameters.setdefault("cache_size", f"{size}b")
        deployment = models.start(deployment_id, concrete, parameters)
    if wait_for != "starting":
        _wait(node, deployment, timeout)
    return Reply(body={"assignment": assignment(node, deployment)})


def update(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{deployment_id}/deployment/_update``."""
    deployment = node.models.deployments.get(call.args["model_id"])
    if deployment is None:
        raise not_found(f"No known model deployment with id [{call.args['model_id']}]")
    options = _options(call, {"number_of_allocations"}, "update_trained_model_deployment_request")
    number = _integer(options, "number_of_allocations", deployment.parameters["number_of_allocations"])
    if number < 1:
        raise validation_failed("[number_of_allocations] must be a positive integer")
    if number != deployment.parameters["number_of_allocations"]:
        if number > 1 and deployment.parameters["priority"] == "low":
            raise validation_failed("[number_of_allocations] must be 1 when [priority] is low")
        deployment.allocate(number)
        node.models.store.put_deployment(deployment.id, deployment.model_id, deployment.parameters, deployment.started)
    return Reply(body={"assignment": assignment(node, deployment)})


def stop(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{deployment_id}/deployment/_stop``."""
    options = _options(call, _STOP | {"id"}, "stop_trained_model_deployment_request")
    name = str(options.get("id", call.args["model_id"]))
    if name == "_all" or "*" in name or "," in name:
        raise unsupported("stopping several deployments at once")
    models = node.models
    wanted = [name] if name in models.deployments else []
    if not wanted and str(options.get("allow_no_match", "true")).lower() == "false":
        raise not_found(f"No known model deployment with id [{name}]")
    if str(options.get("force", "false")).lower() != "true":
        for deployment_id in wanted:
            direct, alias = models.references(deployment_id)
            tail = "use force to stop the deployment"
            if direct:
                raise status_error(
                    409, f"Cannot stop deployment [{deployment_id}] as it is referenced by ingest processors; {tail}"
                )
            if alias:
                raise status_error(
                    409,
                    f"Cannot stop deployment [{deployment_id}] as it has a model_alias [{alias}] that is still referenced "
                    f"by ingest processors; {tail}",
                )
    finish = str(options.get("finish_pending_work", "false")).lower() == "true"
    for deployment_id in wanted:
        models.remove(deployment_id, finish_pending=finish)
    return Reply(body={"stopped": True})


def stats(node: Node, call: Call) -> Reply:
    """``GET /_ml/trained_models[/{id}]/_stats``: one entry for each deployment."""
    expression = call.args.get("model_id", "_all")
    only = None
    named = node.models.deployments.get(expression)
    if named is not None and node.models.resolve_model(expression) is None:
        only = named
        expression = only.model_id
    found = matching(node, expression, allow_no_match=call.flag("allow_no_match", default=True))
    start_at, size = page(call)
    entries: list[dict[str, Any]] = []
    deployed: Sequence[Deployment | None]
    for model_id in sorted(found)[start_at : start_at + size]:
        deployed = [only] if only is not None else node.models.deployments_of(model_id)
        entries.extend(model_stats(node, model_id, deployment) for deployment in deployed or [None])
    return Reply(body={"count": len(found), "trained_model_stats": entries})


def ml_info(node: Node, call: Call) -> Reply:
    """``GET /_ml/info``."""
    from clipline.emulator.cluster import description

    processors = int(description(node)["attributes"]["ml.allocated_processors"])
    limits = {
        "effective_max_model_memory_limit": "2gb",
        "total_ml_memory": "2gb",
        "max_single_ml_node_processors": processors,
        "total_ml_processors": processors,
    }
    body = {
        "defaults": {"anomaly_detectors": _DETECTORS, "datafeeds": {"scroll_size": 1000}},
        "upgrade_mode": False,
        "native_code": {"version": str(node.version), "build_hash": "emulator"},
        "limits": limits,
    }
    return Reply(body=body)


def _parameters(options: dict[str, Any]) -> dict[str, Any]:
    numbers = {
        name: _integer(options, name, default)
        for name, default in (("number_of_allocations", 1), ("threads_per_allocation", 1), ("queue_capacity", 1024))
    }
    priority = str(options.get("priority", "normal")).lower()
    if priority not in ("normal", "low"):
        raise illegal_argument(f"[priority] is [{priority}]; it must be one of [low, normal]")
    threads = numbers["threads_per_allocation"]
    wrong = [f"[{name}] must be a positive integer" for name, value in numbers.items() if value < 1]
    if threads >= 1 and (threads > 32 or threads & (threads - 1)):
        wrong.append("[threads_per_allocation] must be a power of 2 less than or equal to 32")
    if numbers["queue_capacity"] > 1_000_000:
        wrong.append("[queue_capacity] must be less than 1000000")
    if priority == "low":
        wrong += [f"[{name}] must be 1 when [priority] is low" for name in list(numbers)[:2] if numbers[name] > 1]
    if wrong:
        raise validation_failed(*wrong)
    result: dict[str, Any] = {**numbers, "priority": priority}
    if "cache_size" in options:
        result["cache_size"] = str(options["cache_size"])
    return result


def _options(call: Call, known: set[str], parser: str) -> dict[str, Any]:
    """What the query says, and the body on top of it."""
    adaptive = call.body.get("adaptive_allocations")
    # {"enabled": false} asks for what is here anyway.
    if adaptive is not None and adaptive != {"enabled": False}:
        raise unsupported("adaptive_allocations")
    for key in call.body:
        if key not in known and key != "adaptive_allocations":
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{key}]")
    return {**call.params, **call.body}


def _integer(options: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(str(options.get(name, default)))
    except (TypeError, ValueError):
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{options[name]}]") from None


def _check_definition(node: Node, model_id: str) -> int:
    facts = node.models.store.part_facts(model_id)
    if not facts:
        raise not_found(f"Could not find trained model definition [{model_id}]")
    first = facts[0][1]
    for part, length, _, _ in facts:
        if length != first:
            raise status_error(
                400,
                f"[{model_id}] [total_definition_length] must be the same in all model definition parts. The value "
                f"[{first}] in model definition part [{facts[0][0]}] does not match the value [{length}] in part [{part}].",
            )
    if not fully_defined(node, model_id):
        raise status_error(
            400, f"Model definition truncated. Unable to deserialize trained model definition [{model_id}]"
        )
    return first


def _wait(node: Node, deployment: Deployment, timeout: float) -> None:
    if not deployment.wait(timeout):
        raise ApiError(
            408,
            "model_deployment_timeout_exception",
            f"Timed out after [{timeout:g}s] waiting for trained model deployment [{deployment.id}] to start. Use the "
            "trained model stats API to track the state of the deployment and try again once it has started.",
        )
    if deployment.state == "failed":
        reason = deployment.reason
        node.models.remove(deployment.id, finish_pending=False)
        raise status_error(
            500,
            "Could not start trained model deployment, the following nodes failed with errors "
            f"[{{{node.node_id}={reason}}}]",
        )


_BASE = "/_ml/trained_models/{model_id}"
_START = {"deployment_id", "number_of_allocations", "threads_per_allocation", "queue_capacity", "cache_size", "priority",
          "timeout", "wait_for"}  # fmt: skip
_STOP = {"allow_no_match", "force", "finish_pending_work"}
_STATS = {"allow_no_match", "from", "size"}

ROUTES = [
    Route(
        "POST", f"{_BASE}/deployment/_start", "cluster:admin/xpack/ml/trained_models/deployment/start", start, _START
    ),
    Route(
        "POST",
        f"{_BASE}/deployment/_update",
        "cluster:admin/xpack/ml/trained_models/deployment/update",
        update,
        {"number_of_allocations"},
    ),
    Route("POST", f"{_BASE}/deployment/_stop", "cluster:admin/xpack/ml/trained_models/deployment/stop", stop, _STOP),
    Route("GET", "/_ml/trained_models/_stats", "cluster:monitor/xpack/ml/inference/stats/get", stats, _STATS),
    Route("GET", f"{_BASE}/_stats", "cluster:monitor/xpack/ml/inference/stats/get", stats, _STATS),
    Route("GET", "/_ml/info", "cluster:monitor/xpack/ml/info/get", ml_info),
]
