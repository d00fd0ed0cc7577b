"""A model's configuration as it is checked, stored and shown, defaults filled in."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, status_error, unsupported
from clipline.emulator.ml.infer_options import TASKS, check_tokenization

_LOCATION = ".ml-inference-native-000002"
_TOKENIZERS = ("bert", "bert_ja", "mpnet", "roberta", "xlm_roberta", "deberta_v2")
_TEXT_EMBEDDING = {"tokenization", "results_field", "embedding_size", "vocabulary"}
_TOKENIZATION = {"do_lower_case", "max_sequence_length", "truncate", "span", "with_special_tokens"}


def checked_inference_config(config: Any) -> dict[str, Any]:
    """The inference configuration with its defaults.

    Raises:
        ApiError: 400 for what is wrong, 501 for tasks and tokenizers that are not emulated.
    """
    if not isinstance(config, dict) or len(config) != 1:
        raise status_error(400, "inference_config must be an object with one inference type mapped to an object.")
    ((task, options),) = config.items()
    if task not in TASKS:
        raise status_error(
            400, f"unrecognized inference configuration type [{task}]. Supported types [{', '.join(TASKS)}]"
        )
    if task != "text_embedding":
        raise unsupported(f"the task [{task}]")
    if not isinstance(options, dict):
        raise status_error(400, "inference_config must be an object with one inference type mapped to an object.")
    for key in options:
        if key not in _TEXT_EMBEDDING:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [text_embedding] unknown field [{key}]")
    result: dict[str, Any] = {
        "vocabulary": {"index": _LOCATION},
        "tokenization": _tokenization(options.get("tokenization")),
    }
    size = options.get("embedding_size")
    if size is not None and (not isinstance(size, int) or size <= 0):
        raise illegal_argument(f"[embedding_size] must be a number greater than 0; configured size [{size}]")
    for key in ("results_field", "embedding_size"):
        if options.get(key) is not None:
            result[key] = options[key]
    return {"text_embedding": result}


def stored_config(model_id: str, body: dict[str, Any], *, created: int) -> dict[str, Any]:
    """The configuration as PUT and GET show it, keys in the server's order."""
    config: dict[str, Any] = {"model_id": model_id, "model_type": "pytorch"}
    if "platform_architecture" in body:
        config["platform_architecture"] = body["platform_architecture"]
    config |= {
        "created_by": "api_user",
        "version": "12.0.0",
        "create_time": created,
        "model_size_bytes": int(body.get("model_size_bytes", 0)),
        "estimated_operations": 0,
        "license_level": "platinum",
    }
    if body.get("description") is not None:
        config["description"] = body["description"]
    config["tags"] = list(body.get("tags") or [])
    if body.get("metadata") is not None:
        config["metadata"] = body["metadata"]
    config["input"] = body.get("input") or {"field_names": ["input"]}
    config["inference_config"] = body["inference_config"]
    config["location"] = {"index": {"name": _LOCATION}}
    if body.get("prefix_strings"):
        config["prefix_strings"] = body["prefix_strings"]
    return config


def _tokenization(given: Any) -> dict[str, Any]:
    kinds = given or {"bert": {}}
    if not isinstance(kinds, dict) or len(kinds) != 1:
        raise status_error(400, "[tokenization] must be an object with one tokenization type")
    ((kind, options),) = kinds.items()
    if kind not in _TOKENIZERS:
        raise ApiError(400, "x_content_parse_exception", f"[1:1] unknown tokenization type [{kind}]")
    if kind != "bert":
        raise unsupported(f"the tokenization [{kind}]")
    if not isinstance(options, dict):
        raise status_error(400, f"[{kind}] must be an object")
    for key in options:
        if key not in _TOKENIZATION:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [bert_tokenization] unknown field [{key}]")
    check_tokenization(options)
    longest = options.get("max_sequence_length")
    if longest is not None and (not isinstance(longest, int) or longest <= 0):
        raise illegal_argument(f"[max_sequence_length] must be positive; was [{longest}]")
    defaults = {
        "do_lower_case": False,
        "with_special_tokens": True,
        "max_sequence_length": 512,
        "truncate": "first",
        "span": -1,
    }
    return {kind: {**defaults, **{key: value for key, value in options.items() if value is not None}}}
