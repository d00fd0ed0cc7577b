"""Inference over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, illegal_argument, validation_failed
from clipline.emulator.ml.times import seconds
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DEPRECATED = (
    "[POST /_ml/trained_models/{model_id}/deployment/_infer] is deprecated! "
    "Use [POST /_ml/trained_models/{model_id}/_infer] instead."
)


def infer(node: Node, call: Call) -> Reply:
    """``POST /_ml/trained_models/{model_id}/_infer`` and the deprecated ``…/deployment/_infer``."""
    body = call.required_body()
    docs = body.get("docs")
    if not docs:
        raise validation_failed("at least one document is required ")
    if not isinstance(docs, list) or not all(isinstance(doc, dict) for doc in docs):
        raise illegal_argument("[docs] must be an array of objects")
    for key in body:
        if key not in ("docs", "inference_config"):
            raise ApiError(
                400, "x_content_parse_exception", f"[1:1] [infer_trained_model_request] unknown field [{key}]"
            )
    results = node.models.infer(
        call.args["model_id"],
        docs,
        prefix=None,
        config_update=body.get("inference_config"),
        timeout=seconds("timeout", call.params.get("timeout", "10s")),
    )
    old = call.path.endswith("/deployment/_infer")
    return Reply(body={"inference_results": results}, warnings=(_DEPRECATED,) if old else ())


_BASE = "/_ml/trained_models/{model_id}"

ROUTES = [
    Route("POST", f"{_BASE}/_infer", "cluster:monitor/xpack/ml/inference/infer", infer, {"timeout"}),
    Route("POST", f"{_BASE}/deployment/_infer", "cluster:monitor/xpack/ml/inference/infer", infer, {"timeout"}),
]
