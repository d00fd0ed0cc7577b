"""The bodies of the model APIs, checked by hand as the server's parsers do."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.ml.names import id_problem, tags_problem

_GENERATED = ("version", "created_by", "create_time", "license_level", "location", "model_package")
_KNOWN = {"model_id", "model_type", "description", "tags", "metadata", "input", "inference_config", "prefix_strings",
          "platform_architecture", "model_size_bytes", "definition", "compressed_definition", "estimated_operations",
          "estimated_heap_memory_usage_bytes", "default_field_map", "estimated_model_memory_usage_bytes"}  # fmt: skip


def check_model(model_id: str, body: dict[str, Any]) -> None:
    """Check what ``PUT /_ml/trained_models/{model_id}`` is sent, the inference configuration aside.

    Raises:
        ApiError: 400 for what is wrong, 501 for models that are not emulated.
    """
    if body.get("model_id", model_id) != model_id:
        raise illegal_argument(
            f"Inconsistent id; '{body['model_id']}' specified in the body differs from '{model_id}' specified as a URL "
            "argument"
        )
    if model_id.startswith("."):
        raise unsupported(f"models that Elastic packages, such as [{model_id}]")
    wrong = [id_problem("model_id", model_id), tags_problem(model_id, _texts(body, "tags"))]
    wrong += [f"illegal to set [{key}] at inference model creation" for key in _GENERATED if key in body]
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise illegal_argument("[metadata] must be an object")
    if "model_aliases" in metadata:
        wrong.append("illegal to set [metadata.model_aliases] at inference model creation")
    if problems := [text for text in wrong if text is not None]:
        raise validation_failed(*problems)
    check_fields(body, _KNOWN, "trained_model_config")
    if "definition" in body and "compressed_definition" in body:
        raise illegal_argument("both [compressed_definition] and [definition] cannot be set.")
    kind = body.get("model_type", "tree_ensemble")
    if kind not in ("tree_ensemble", "lang_ident", "pytorch"):
        raise illegal_argument(f"[model_type] is [{kind}]; it must be one of [tree_ensemble, lang_ident, pytorch]")
    if kind != "pytorch":
        raise unsupported(f"trained models of the type [{kind}]")
    for name in ("definition", "compressed_definition"):
        if name in body:
            raise illegal_argument(f"[{name}] cannot be set for a [pytorch] model; send it in parts")
    if "input" in body:
        fields = body["input"].get("field_names") if isinstance(body["input"], dict) else None
        if not (isinstance(fields, list) and fields and all(isinstance(field, str) for field in fields)):
            raise illegal_argument("[input.field_names] must be an array of strings and must not be empty")
    if not isinstance(body.get("model_size_bytes", 0), int):
        raise illegal_argument("[model_size_bytes] must be a number")
    if not isinstance(body.get("prefix_strings") or {}, dict):
        raise illegal_argument("[prefix_strings] must be an object")


def check_fields(body: dict[str, Any], known: set[str], parser: str) -> None:
    """400 for a key that the server's parser does not know."""
    for key in body:
        if key not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{key}]")


def whole(body: dict[str, Any], name: str) -> int:
    """A whole number of a body, 0 when it is absent."""
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise illegal_argument(f"[{name}] must be a whole number")
    return value


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise illegal_argument(f"[{name}] must be an array of strings")
    return value
