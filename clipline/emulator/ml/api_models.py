"""Models, definition parts, vocabularies and model aliases over HTTP."""

from __future__ import annotations

import base64
import binascii
import re
import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, not_found, status_error, unsupported, validation_failed
from clipline.emulator.ml.config import checked_inference_config, stored_config
from clipline.emulator.ml.models import model_missing
from clipline.emulator.wire import ACKNOWLEDGED, Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z])?")
_MAX_PARTS = 10_000
_GENERATED = ("version", "created_by", "create_time", "license_level", "location", "model_package")
LANG_IDENT: dict[str, Any] = {
    "model_id": "lang_ident_model_1",
    "model_type": "lang_ident",
    "created_by": "_xpack",
    "version": "7.6.0",
    "create_time": 1575548914594,
    "model_size_bytes": 1053992,
    "estimated_operations": 39629,
    "license_level": "basic",
    "description": "Model used for identifying language from arbitrary input text.",
    "tags": ["lang_ident", "prepackaged"],
    "input": {"field_names": ["text"]},
    "inference_config": {"classification": {"num_top_classes": 1}},
}
"""Built into every server and always among ``*``."""


def put_model(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}``."""
    model_id, body = call.args["model_id"], dict(call.required_body())
    if not _ID.fullmatch(model_id):
        raise validation_failed(
            f"Invalid model_id; '{model_id}' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
            "must start and end with alphanumeric"
        )
    if len(model_id) > 64:
        raise validation_failed(f"Invalid model_id; '{model_id}' cannot contain more than 64 characters.")
    for key in _GENERATED:
        if key in body:
            raise validation_failed(f"illegal to set [{key}] at inference model creation")
    if "model_aliases" in (body.get("metadata") or {}):
        raise validation_failed("illegal to set [metadata.model_aliases] at inference model creation")
    if "definition" in body and "compressed_definition" in body:
        raise illegal_argument("both [compressed_definition] and [definition] cannot be set.")
    if body.get("model_type", "tree_ensemble") != "pytorch":
        raise unsupported(f"trained models of the type [{body.get('model_type', 'tree_ensemble')}]")
    body["inference_config"] = checked_inference_config(body.get("inference_config"))
    models = node.models
    with models.lock:
        if models.store.config(model_id) is not None or model_id == LANG_IDENT["model_id"]:
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
    length, parts = int(body.get("total_definition_length", 0)), int(body.get("total_parts", 0))
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
    if not body.get("vocabulary"):
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
    if include - {"definition_status"}:
        raise unsupported(f"include={','.join(sorted(include - {'definition_status'}))} of trained models")
    found = matching(node, call.args.get("model_id", "_all"), allow_no_match=call.flag("allow_no_match", default=True))
    if tags := call.params.get("tags"):
        found = {key: value for key, value in found.items() if set(tags.split(",")) <= set(value.get("tags", ()))}
    start, size = call.integer("from", default=0), call.integer("size", default=100)
    configs = []
    for model_id in sorted(found)[start : start + size]:
        config = dict(found[model_id])
        aliases = sorted(alias for alias, target in node.models.store.aliases().items() if target == model_id)
        if aliases:
            config["metadata"] = {**(config.get("metadata") or {}), "model_aliases": aliases}
        if call.flag("exclude_generated"):
            for key in (
                "created_by",
                "version",
                "create_time",
                "model_size_bytes",
                "estimated_operations",
                "license_level",
            ):
                config.pop(key, None)
        if "definition_status" in include and config["model_type"] == "pytorch":
            config["fully_defined"] = fully_defined(node, model_id)
        configs.append(config)
    return Reply(body={"count": len(found), "trained_model_configs": configs})


def delete_model(node: Node, call: Call) -> Reply:
    """``DELETE /_ml/trained_models/{model_id}``."""
    model_id, models = call.args["model_id"], node.models
    if models.store.config(model_id) is None:
        raise not_found(f"Could not find trained model [{model_id}]")
    deployed = [item.id for item in models.deployments.values() if item.model_id == model_id]
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


def put_alias(node: Node, call: Call) -> Reply:
    """``PUT /_ml/trained_models/{model_id}/model_aliases/{alias}``."""
    model_id, alias, models = call.args["model_id"], call.args["alias"], node.models
    if not _ALIAS.fullmatch(alias):
        raise validation_failed(
            f"Invalid model_alias; '{alias}' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
            "must start with alphanumeric and cannot end with numbers"
        )
    with models.lock:
        if models.store.config(alias) is not None:
            raise status_error(400, f"model_alias [{alias}] is the same as a model_id, they must be unique")
        if models.store.config(model_id) is None:
            raise not_found(f"Could not find trained model [{model_id}]")
        old = models.store.aliases().get(alias)
        if old is not None and old != model_id:
            if not call.flag("reassign"):
                raise illegal_argument(
                    f"cannot assign model_alias [{alias}] to model_id [{model_id}] as model_alias already refers to "
                    f"[{old}]. Set parameter [reassign] to [true] if model_alias should be reassigned."
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


def matching(node: Node, expression: str, *, allow_no_match: bool) -> dict[str, dict[str, Any]]:
    """The models that ids, aliases and wildcards name.

    Raises:
        ApiError: 404.
    """
    every = {**node.models.store.configs(), LANG_IDENT["model_id"]: LANG_IDENT}
    aliases = node.models.store.aliases()
    found: dict[str, dict[str, Any]] = {}
    for part in expression.split(","):
        if part in ("_all", "*", "") or "*" in part:
            pattern = "*" if part in ("_all", "") else part
            named = [key for key in every if fnmatchcase(key, pattern)]
            named += [target for alias, target in aliases.items() if fnmatchcase(alias, pattern)]
            if not named and not allow_no_match:
                raise model_missing(part)
        else:
            named = [part] if part in every else [aliases[part]] if part in aliases else []
            if not named:
                raise model_missing(part)
        found |= {key: every[key] for key in named}
    return found


def fully_defined(node: Node, model_id: str) -> bool:
    """Whether every part is there and their lengths add up."""
    facts = node.models.store.part_facts(model_id)
    return bool(facts) and len(facts) == facts[0][2] and sum(fact[3] for fact in facts) == facts[0][1]


def _check_reassign(node: Node, alias: str, old: str, new: str) -> None:
    deployed = {item.model_id: item for item in node.models.deployments.values()}
    if old in deployed and (new not in deployed or deployed[new].state == "starting"):
        raise illegal_argument(
            f"cannot reassign model_alias [{alias}] to model [{new}] from model [{old}] as it is not yet deployed by "
            "calling the start trained model deployment API"
        )


_GET = {"include", "tags", "size", "from", "allow_no_match", "decompress_definition", "exclude_generated"}

ROUTES = [
    Route("PUT", "/_ml/trained_models/{model_id}", put_model,
          {"defer_definition_decompression", "wait_for_completion", "timeout"}),
    Route("GET", "/_ml/trained_models", get_models, _GET),
    Route("GET", "/_ml/trained_models/{model_id}", get_models, _GET),
    Route("DELETE", "/_ml/trained_models/{model_id}", delete_model, {"force", "timeout"}),
    Route("PUT", "/_ml/trained_models/{model_id}/definition/{part}", put_part),
    Route("PUT", "/_ml/trained_models/{model_id}/vocabulary", put_vocabulary),
    Route("PUT", "/_ml/trained_models/{model_id}/model_aliases/{alias}", put_alias, {"reassign"}),
    Route("DELETE", "/_ml/trained_models/{model_id}/model_aliases/{alias}", delete_alias),
]  # fmt: skip
