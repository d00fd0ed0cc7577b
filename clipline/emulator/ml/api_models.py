"""Trained models over HTTP: put, get, delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, status_error, unsupported, validation_failed
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.licence import require
from clipline.emulator.ml.bodies import check_model
from clipline.emulator.ml.catalog import defined_length, matching, page
from clipline.emulator.ml.config import checked_inference_config, stored_config
from clipline.emulator.ml.names import BUILT_IN
from clipline.emulator.ml.stats import moment
from clipline.emulator.ml.stats import size as byte_size
from clipline.emulator.ml.trees import decompressed, read_definition

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_GENERATED = ("created_by", "version", "create_time", "create_time_string", "model_size", "model_size_bytes",
              "estimated_operations", "license_level")  # fmt: skip
_DEFINITIONS = ("definition", "compressed_definition")
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
    deferred = call.flag("defer_definition_decompression")
    if deferred and body.get("compressed_definition") is not None and not body.get("model_size_bytes"):
        raise validation_failed(
            "when [defer_definition_decompression] is true and a compressed definition is provided, model_size_bytes must "
            "be set"
        )
    require(node, "ml")
    if body.get("model_type") != "pytorch" and not (deferred and body.get("compressed_definition") is not None):
        _read_tree(model_id, body)
    models = node.models
    with models.lock:
        if model_id in models.store.aliases():
            raise status_error(
                400,
                f"requested model_id [{model_id}] is the same as an existing model_alias. Model model_aliases and ids "
                "must be unique",
            )
        if model_id in models.deployments and models.store.config(model_id) is None:
            raise status_error(
                400, f"Cannot create model [{model_id}] the id is the same as an current model deployment"
            )
        _check_tags(node, model_id, body.get("tags") or [])
        if models.store.config(model_id) is not None or model_id == BUILT_IN:
            raise _exists(f"Trained machine learning model [{model_id}] already exists")
        config = stored_config(model_id, body, created=int(time.time() * 1000))
        kept = {key: body[key] for key in _DEFINITIONS if body.get(key) is not None}
        models.store.put_config(model_id, {**config, **kept})
    return Reply(body=for_people(config) if call.flag("human") else config)


def _read_tree(model_id: str, body: dict[str, Any]) -> None:
    """Check the definition of a tree model, and put into the body what follows from it."""
    if body.get("compressed_definition") is not None:
        body["definition"] = decompressed(model_id, body.pop("compressed_definition"))
    try:
        tree = read_definition(body["definition"])
    except ApiError as error:
        if error.type != "status_exception":
            raise
        raise ApiError(
            400, "status_exception", f"Definition for [{model_id}] has validation failures.", caused_by=error.cause()
        ) from error
    if body.get("input") is None:
        raise illegal_argument("[input] must not be null.")
    (task,) = body["inference_config"]
    if task != tree.target:
        raise status_error(
            400,
            f"Model [{model_id}] inference config type [{task}] does not support definition target type [{tree.target}]",
        )
    body |= {"model_size_bytes": tree.size, "estimated_operations": tree.operations}


def get_models(node: Node, call: Call) -> Reply:
    """``GET /_ml/trained_models[/{model_id}]``."""
    include = {part for part in call.params.get("include", "").split(",") if part}
    for part in sorted(include - set(_INCLUDE)):
        raise illegal_argument(f"unknown [include] parameter [{part}]. Valid options are [{', '.join(_INCLUDE)}]")
    found = matching(
        node,
        call.args.get("model_id", "_all"),
        allow_no_match=call.flag("allow_no_match", default=True),
        tags=frozenset(tag for tag in call.params.get("tags", "").split(",") if tag),
    )
    start, size = page(call)
    chosen = sorted(found)[start : start + size]
    if "definition" in include and chosen:
        if len(chosen) > 1:
            raise status_error(400, "Getting model definition is not supported when getting more than one model")
        if found[chosen[0]]["model_type"] == "pytorch":
            raise status_error(400, f"[{chosen[0]}] is type [pytorch] and does not support retrieving the definition")
        raise unsupported("include=definition of models of trees")
    if "definition_status" in include and chosen:
        if len(chosen) > 1:
            raise status_error(
                400, "Getting the model download status is not supported when getting more than one model"
            )
        if found[chosen[0]]["model_type"] != "pytorch":
            raise status_error(400, "Definition status is only relevant to PyTorch model types")
    aliases = node.models.store.aliases()
    configs = [_shown(node, call, found[model_id], aliases) for model_id in chosen]
    if "definition_status" in include and chosen:
        configs[0]["fully_defined"] = defined_length(node.models.store.part_facts(chosen[0])) is not None
    return Reply(body={"count": len(found), "trained_model_configs": configs})


def delete_model(node: Node, call: Call) -> Reply:
    """``DELETE /_ml/trained_models/{model_id}``.

    With ``force`` the deployment that has the model's own id is stopped, and no other, as in the server.
    """
    model_id, models = call.args["model_id"], node.models
    if model_id == BUILT_IN:
        raise status_error(400, f"Unable to delete model [{model_id}] as it is required by machine learning")
    missing = not_found(f"Could not find trained model [{model_id}]")
    there = models.store.config(model_id) is not None
    # Older servers look at the pipelines first (elasticsearch#107188, mended in 8.19.19 and before 9.5.0).
    if not there and (node.version >= (9, 5) or (8, 19, 19) <= node.version < (9,)):
        raise missing
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
        if models.deployments_of(model_id):
            raise status_error(409, f"Cannot delete model [{model_id}] as it is currently deployed; {tail}")
    if not there:
        raise missing
    models.remove(model_id, finish_pending=False)
    with models.lock:
        models.store.delete(model_id)
    return ACKNOWLEDGED


def for_people(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration with the twins that ``human`` asks for, each before what it tells."""
    shown: dict[str, Any] = {}
    for key, value in config.items():
        if key == "create_time":
            shown |= moment("create_time", value, human=True)
        elif key == "model_size_bytes":
            shown |= byte_size("model_size_bytes", "model_size", value, human=True)
        else:
            shown[key] = value
    return shown


def _shown(node: Node, call: Call, config: dict[str, Any], aliases: dict[str, str]) -> dict[str, Any]:
    named = sorted(alias for alias, target in aliases.items() if target == config["model_id"])
    shown = for_people(config) if call.flag("human") else dict(config)
    for key in _DEFINITIONS:
        shown.pop(key, None)
    if named:
        metadata = {**(config.get("metadata") or {}), "model_aliases": named}
        # Its place is before the input, also where there was none.
        at = list(shown).index("input")
        pairs = [pair for pair in shown.items() if pair[0] != "metadata"]
        at -= "metadata" in shown
        shown = dict([*pairs[:at], ("metadata", metadata), *pairs[at:]])
    if call.flag("exclude_generated"):
        for key in _GENERATED:
            shown.pop(key, None)
    return shown


def _exists(reason: str) -> ApiError:
    return ApiError(400, "resource_already_exists_exception", reason)


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
        {"defer_definition_decompression", "wait_for_completion", "timeout", "master_timeout"},
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
]
