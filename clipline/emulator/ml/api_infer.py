"""Inference over HTTP, and forgetting what was cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, not_found
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.ml.infer_request import infer_request
from clipline.emulator.ml.serving import infer_docs

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DEPRECATED = (
    "[POST /_ml/trained_models/{model_id}/deployment/_infer] is deprecated! "
    "Use [POST /_ml/trained_models/{model_id}/_infer] instead."
)


def infer(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{model_id}/_infer`` → ``{"inference_results": [{…}, …]}``."""
    return Reply(body={"inference_results": _results(node, call)})


def infer_one(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{model_id}/deployment/_infer``, deprecated: one document, and its result bare."""
    (result,) = _results(node, call, most=1)
    return Reply(body=result, warnings=(_DEPRECATED,))


def clear_cache(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{deployment_id}/deployment/cache/_clear``; clears nothing unless it is started."""
    deployment = node.models.deployments.get(call.args["model_id"])
    if deployment is None:
        raise not_found(f"No known model deployment with id [{call.args['model_id']}]")
    deployment.clear_cache()
    return Reply(body={"cleared": True})


def _results(node: Node, call: Call, most: int | None = None) -> list[dict[str, object]]:
    request = infer_request(call)
    if most is not None and len(request.docs) > most:
        reason = "Validation Failed: 1: multiple documents are not supported;"
        raise ApiError(400, "validation_exception", reason)
    return infer_docs(
        node.models,
        call.args["model_id"],
        request.docs,
        prefix=None,
        override=request.override,
        timeout=request.timeout,
        seconds=request.seconds,
    )


_BASE = "/_ml/trained_models/{model_id}"
_CLEAR = "cluster:admin/xpack/ml/trained_models/deployment/clear_cache"

ROUTES = [
    Route("POST", f"{_BASE}/_infer", "cluster:monitor/xpack/ml/inference/infer", infer, {"timeout"}),
    Route("POST", f"{_BASE}/deployment/_infer", "cluster:monitor/xpack/ml/inference/infer", infer_one, {"timeout"}),
    Route("POST", f"{_BASE}/deployment/cache/_clear", _CLEAR, clear_cache),
]
