"""The bodies of the model APIs, checked by hand as the server's parsers do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from clipline.emulator.errors import (
    ApiError,
    illegal_argument,
    status_error,
    unsupported,
    validation_failed,
    wrong_kind,
)
from clipline.emulator.ml.names import id_problems, tags_problems

_PARSER = "trained_model_config"
_GENERATED = ("version", "created_by", "create_time", "license_level", "location")
_METADATA = ("total_feature_importance", "model_aliases")
_KNOWN = {"model_id", "model_type", "description", "tags", "metadata", "input", "inference_config", "prefix_strings",
          "platform_architecture", "model_size_bytes", "definition", "compressed_definition", "estimated_operations",
          "estimated_heap_memory_usage_bytes", "default_field_map", "model_package", *_GENERATED}  # fmt: skip
_TYPES = ("tree_ensemble", "lang_ident", "pytorch")
_TEXTS = ("model_id", "model_type", "description", "platform_architecture", "compressed_definition")
_OBJECTS = ("metadata", "input", "definition", "default_field_map", "inference_config", "prefix_strings")
_NUMBERS = ("model_size_bytes", "estimated_heap_memory_usage_bytes", "estimated_operations")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?", re.ASCII)


def check_model(model_id: str, body: dict[str, Any]) -> None:
    """Check what ``PUT /_ml/trained_models/{model_id}`` is sent, the inference configuration aside.

    First what the server's parser refuses, then what its validation does (TrainedModelConfig.Builder.validate), in its
    order.

    Raises:
        ApiError: 400 for what is wrong, 501 for models that are not emulated.
    """
    _check_kinds(body)
    if body.get("model_id", model_id) != model_id:
        raise status_error(
            400,
            f"Inconsistent model_id; '{body['model_id']}' specified in the body differs from '{model_id}' specified as "
            "a URL argument",
        )
    kind = body.get("model_type")
    if kind is not None and kind not in _TYPES:
        raise failed_field(_PARSER, "model_type", f"No enum constant {_ENUM}.{kind.upper()}")
    defined = body.get("definition") is not None or body.get("compressed_definition") is not None
    if body.get("definition") is not None and body.get("compressed_definition") is not None:
        raise failed_field(_PARSER, "definition", "both [compressed_definition] and [definition] cannot be set.")
    if model_id.startswith("."):
        raise unsupported(f"models that Elastic packages, such as [{model_id}]")
    if problems := _problems(model_id, body, defined=defined):
        raise validation_failed(*problems)
    if kind == "pytorch" and defined:
        raise unsupported("a [definition] in the configuration of a pytorch model; send it in parts")
    if kind != "pytorch" and (kind == "lang_ident" or not defined):
        raise unsupported(f"trained models of the type [{kind}]" + ("" if defined else " without a definition"))


def _problems(model_id: str, body: dict[str, Any], *, defined: bool) -> list[str]:
    wrong: list[str | None] = []
    if not defined and body.get("model_type") is None:
        wrong.append("[model_type] must be set if [definition] is not defined.")
    if body.get("inference_config") is None:
        wrong.append("[inference_config] must not be null.")
    wrong += [*id_problems("model_id", model_id), *tags_problems(model_id, body.get("tags") or [])]
    if body.get("input") is not None:
        fields = body["input"].get("field_names", [])
        if not fields:
            wrong.append("[input.field_names] must not be empty")
        if any("." in field and not all(field.split(".")) for field in fields):
            wrong.append("[input.field_names] must only contain valid dot delimited field names")
    metadata = body.get("metadata") or {}
    illegal = [key for key in _GENERATED if body.get(key) is not None]
    illegal += [f"metadata.{key}" for key in _METADATA if metadata.get(key) is not None]
    illegal += ["model_package"] * (body.get("model_package") is not None)
    wrong += [f"illegal to set [{key}] at inference model creation" for key in illegal]
    return [text for text in wrong if text is not None]


def _check_kinds(body: dict[str, Any]) -> None:
    check_fields(body, _KNOWN, _PARSER)
    for names, kind in ((_TEXTS, str), (_OBJECTS, dict)):
        for name in names:
            if body.get(name) is not None and not isinstance(body[name], kind):
                raise wrong_kind(_PARSER, name, body[name])
    for name in _NUMBERS:
        value = body.get(name)
        if value is None:
            continue
        body[name] = whole(body, name, _PARSER)
        if body[name] < 0:
            shown = "model_size_bytes" if name != "estimated_operations" else name
            raise illegal_argument(f"[{shown}] must be greater than or equal to 0")
    tags = body.get("tags")
    if tags is not None and not isinstance(tags, str) and not _are_texts(tags):
        raise wrong_kind(_PARSER, "tags", tags)
    if isinstance(tags, str):
        body["tags"] = [tags]  # the parser takes one text for an array of one
    fields = (body.get("input") or {}).get("field_names")
    if body.get("input") is not None:
        check_fields(body["input"], {"field_names"}, "trained_model_config_input")
        if isinstance(fields, str):
            body["input"] = {"field_names": [fields]}
        elif not _are_texts(fields):
            raise failed_field(_PARSER, "input")
    prefixes = body.get("prefix_strings") or {}
    check_fields(prefixes, {"ingest", "search"}, "prefix_strings")
    for name, value in prefixes.items():
        if value is not None and not isinstance(value, str):
            raise wrong_kind("prefix_strings", name, value)
    for name, value in (body.get("default_field_map") or {}).items():
        if not isinstance(value, str):
            raise wrong_kind("default_field_map", name, value)


def failed_field(parser: str, field: str, why: str | None = None) -> ApiError:
    """400 for a value that the parser took up and could not use."""
    cause = {"type": "illegal_argument_exception", "reason": why} if why else None
    return ApiError(
        400, "x_content_parse_exception", f"[1:1] [{parser}] failed to parse field [{field}]", caused_by=cause
    )


def check_fields(body: dict[str, Any], known: set[str], parser: str) -> None:
    """400 for a key that the server's parser does not know."""
    for key in body:
        if key not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{key}]")


def whole(body: Mapping[str, Any], name: str, parser: str, *, bits: int = 64) -> int:
    """A whole number of a body, 0 when it is absent; read as the server's parser does, which takes a text of digits for
    one, and cuts a fraction off.

    Raises:
        ApiError: 400 for another kind of value, and for what has no room in so many bits.
    """
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong_kind(parser, name, value)
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise failed_field(parser, name, f'For input string: "{value}"')
    number = int(Decimal(value))
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise failed_field(parser, name)
    return number


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_ENUM = "org.elasticsearch.xpack.core.ml.inference.TrainedModelType"
