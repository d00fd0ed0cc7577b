"""Models, definition parts and vocabularies over HTTP."""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError, illegal_argument, not_found, status_error, unsupported, validation_failed
from clipline.emulator.ml.bodies import check_fields, check_model, whole
from clipline.emulator.ml.catalog import fully_defined, matching, page
from clipline.emulator.ml.config import checked_inference_config, stored_config
from clipline.emulator.ml.models import BUILT_IN
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_MAX_PARTS = 10_000
_GENERATED = ("created_by", "version", "create_time", "model_size_bytes", "estimated_operations", "license_level")
_INCLUDE = (
    "definition",
    "total_feature_importance",
    "feature_importance_baseline",
    "hyperparameters",
    "definition_status",
)


def put_model(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}``."""
    model_id, body = call.args["model_id"], dict(call.required_body())
    check_model(model_id, body)
    body["inference_config"] = checked_inference_config(body.get("inference_config"))
    models = node.models
    with models.lock:
        if models.store.config(model_id) is not None or model_id == BUILT_IN:
            raise ApiError(
                400,
                "resource_already_exists_exception",
                f"Trained machine learning model [{model_id}] already exists",
            )
        if model_id in models.deployments:
            raise status_error(
                400, f"Cannot create model [{model_id}] the id is the same as an current model deployment"
            )
        if model_id in models.store.aliases():
            raise status_error(
                400,
                f"requested model_id [{model_id}] is the same as an existing model_alias. Model model_aliases and ids "
                "must be unique",
            )
        _check_tags(node, model_id, body.get("tags") or [])
        config = stored_config(model_id, body, created=int(time.time() * 1000))
        models.store.put_config(model_id, config)
    return Reply(body=config)


def put_part(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/definition/{part}``."""
    model_id, body = call.args["model_id"], call.required_body()
    try:
        part = int(call.args["part"])
    except ValueError:
        raise illegal_argument(f"Failed to parse int parameter [part] with value [{call.args['part']}]") from None
    check_fields(body, {"definition", "total_definition_length", "total_parts"}, "trained_model_definition_part")
    length, parts = whole(body, "total_definition_length"), whole(body, "total_parts")
    wrong = [
        text
        for bad, text in (
            (part < 0, "[part] must be greater or equal to 0"),
            (parts <= 0, "[total_parts] must be greater than 0"),
            (parts > _MAX_PARTS, f"[total_parts] must be less than or equal to {_MAX_PARTS}"),
            (length <= 0, "[total_definition_length] must be greater than 0"),
            (0 < parts <= part, "[part] must be less than total_parts"),
        )
        if bad
    ]
    if wrong:
        raise validation_failed(*wrong)
    if body.get("definition") is None:
        raise illegal_argument("[definition] must not be null.")
    if node.models.store.config(model_id) is None:
        raise not_found(f"Could not find trained model [{model_id}]")
    try:
        definition = base64.b64decode(body["definition"], validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise illegal_argument(f"[definition] is not base64: {error}") from error
    if not node.models.store.put_part(model_id, part, length, parts, definition):
        raise ApiError(
            400,
            "resource_already_exists_exception",
            f"Trained machine learning model chunked doc [{model_id}][{part}] already exists",
        )
    return ACKNOWLEDGED


def put_vocabulary(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/vocabulary``."""
    model_id, body = call.args["model_id"], call.required_body()
    check_fields(body, {"vocabulary", "merges", "scores"}, "put_vocabulary")
    vocabulary = body.get("vocabulary")
    if vocabulary is not None and not (isinstance(vocabulary, list) and all(isinstance(t, str) for t in vocabulary)):
        raise illegal_argument("[vocabulary] must be an array of strings")
    if not vocabulary:
        raise validation_failed("[vocabulary] must not be empty")
    if node.models.store.config(model_id) is None:
        raise not_found(f"Could not find trained model [{model_id}]")
    if not node.models.store.put_vocabulary(model_id, body):
        raise ApiError(
            400,
            "resource_already_exists_exception",
            f"Trained machine learning model vocabulary [{model_id}] already exists",
        )
    return ACKNOWLEDGED


def get_models(node: Node, call: Call) -> Reply:
    """``GET /_ml/trained_models[/{model_id}]``."""
    include = {part for part in call.params.get("include", "").split(",") if part}
    for part in sorted(include - set(_INCLUDE)):
        raise illegal_argument(f"unknown [include] parameter [{part}]. Valid options are [{', '.join(_INCLUDE)}]")
    if include - {"definition_status"}:
        raise unsupported(f"include={','.join(sorted(include - {'definition_status'}))} of trained models")
    found = matching(node, call.args.get("model_id", "_all"), allow_no_match=call.flag("allow_no_match", default=True))
    if tags := call.params.get("tags"):
        found = {key: value for key, value in found.items() if set(tags.split(",")) <= set(value.get("tags", ()))}
    start, size = page(call)
    configs = []
    for model_id in sorted(found)[start : start + size]:
        config = dict(found[model_id])
        aliases = sorted(alias for alias, target in node.models.store.aliases().items() if target == model_id)
        if aliases:
            config["metadata"] = {**(config.get("metadata") or {}), "model_aliases": aliases}
        if call.flag("exclude_generated"):
            for key in _GENERATED:
                config.pop(key, None)
        if "definition_status" in include and config["model_type"] == "pytorch":
            config["fully_defined"] = fully_defined(node, model_id)
        configs.append(config)
    return Reply(body={"count": len(found), "trained_model_configs": configs})


def delete_model(node: Node, call: Call) -> Reply:
    """``DELETE /_ml/trained_models/{model_id}``."""
    model_id, models = call.args["model_id"], node.models
    if model_id == BUILT_IN:
        raise status_error(400, f"Unable to delete model [{model_id}] as it is required by machine learning")
    if models.store.config(model_id) is None:
        raise not_found(f"Could not find trained model [{model_id}]")
    deployed = [item.id for item in list(models.deployments.values()) if item.model_id == model_id]
    if not call.flag("force"):
        direct, alias = models.references(model_id)
        tail = "use force to delete the model"
        if direct:
            raise status_error(
                409, f"Cannot delete model [{model_id}] as it is still referenced by ingest processors; {tail}"
            )
        if alias:
            raise status_error(
                409,
                f"Cannot delete model [{model_id}] as it has a model_alias [{alias}] that is still referenced by ingest "
                f"processors; {tail}",
            )
        if deployed:
            raise status_error(409, f"Cannot delete model [{model_id}] as it is currently deployed; {tail}")
    for deployment_id in deployed:
        models.remove(deployment_id, finish_pending=False)
    models.store.delete(model_id)
    return ACKNOWLEDGED


def _check_tags(node: Node, model_id: str, tags: list[str]) -> None:
    others = node.models.store.configs()
    if any(model_id in other["tags"] for other in others.values()):
        raise status_error(400, f"The provided model_id {model_id} must not match existing tags.")
    if any(tag in others for tag in tags):
        raise status_error(400, f"The provided tags [{', '.join(tags)}] must not match existing model_ids.")


_GET = {"include", "tags", "size", "from", "allow_no_match", "decompress_definition", "exclude_generated"}

ROUTES = [
    Route(
        "PUT",
        "/_ml/trained_models/{model_id}",
        "cluster:admin/xpack/ml/inference/put",
        put_model,
        {"defer_definition_decompression", "wait_for_completion", "timeout"},
    ),
    Route("GET", "/_ml/trained_models", "cluster:monitor/xpack/ml/inference/get", get_models, _GET),
    Route("GET", "/_ml/trained_models/{model_id}", "cluster:monitor/xpack/ml/inference/get", get_models, _GET),
    Route(
        "DELETE",
        "/_ml/trained_models/{model_id}",
        "cluster:admin/xpack/ml/inference/delete",
        delete_model,
        {"force", "timeout"},
    ),
    Route(
        "PUT",
        "/_ml/trained_models/{model_id}/definition/{part}",
        "cluster:admin/xpack/ml/trained_models/part/put",
        put_part,
    ),
    Route(
        "PUT",
        "/_ml/trained_models/{model_id}/vocabulary",
        "cluster:admin/xpack/ml/trained_models/vocabulary/put",
        put_vocabulary,
    ),
]
