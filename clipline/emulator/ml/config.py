"""A model's configuration as it is checked, stored and shown, defaults filled in."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, status_error, unsupported, wrong_kind
from clipline.emulator.ml.infer_options import TASKS, check_tokenization, truncation

_LOCATION = ".ml-inference-native-000002"
_TOKENIZERS = ("bert", "bert_ja", "mpnet", "roberta", "xlm_roberta", "deberta_v2")
_TREE_LOCATION = ".ml-inference-000005"
_FIELDS = {
    "text_embedding": {"tokenization", "results_field", "embedding_size", "vocabulary"},
    "pass_through": {"tokenization", "results_field", "vocabulary"},
}
"""The tasks that are emulated, with their fields."""
_TREE_DEFAULTS: dict[str, dict[str, Any]] = {
    "regression": {"results_field": "predicted_value", "num_top_feature_importance_values": 0},
    "classification": {
        "num_top_classes": 0,
        "top_classes_results_field": "top_classes",
        "results_field": "predicted_value",
        "num_top_feature_importance_values": 0,
        "prediction_field_type": "string",
    },
}
"""The tasks of tree models, which are kept and not run, with their fields."""
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
    if task not in _FIELDS and task not in _TREE_DEFAULTS:
        raise unsupported(f"the task [{task}]")
    if not isinstance(options, dict):
        raise status_error(400, "inference_config must be an object with one inference type mapped to an object.")
    if task in _TREE_DEFAULTS:
        return {task: _tree_task(task, options)}
    for key in options:
        if key not in _FIELDS[task]:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{task}] unknown field [{key}]")
    if options.get("vocabulary") is not None:
        raise ApiError(
            400,
            "x_content_parse_exception",
            f"[1:1] [{task}] failed to parse field [vocabulary]",
            caused_by={
                "type": "status_exception",
                "reason": "illegal setting [vocabulary] on inference model creation",
            },
        )
    result: dict[str, Any] = {
        "vocabulary": {"index": _LOCATION},
        "tokenization": _tokenization(options.get("tokenization")),
    }
    name = options.get("results_field")
    if name is not None:
        if not isinstance(name, str):
            raise wrong_kind(task, "results_field", name)
        result["results_field"] = name
    size = options.get("embedding_size")
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, int):
            raise wrong_kind(task, "embedding_size", size)
        if size <= 0:
            raise illegal_argument(f"[embedding_size] must be a number greater than 0; configured size [{size}]")
        result["embedding_size"] = size
    return {task: result}


def _tree_task(task: str, options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if key not in _TREE_DEFAULTS[task]:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [{task}] unknown field [{key}]")
        if value is not None and type(value) is not type(_TREE_DEFAULTS[task][key]):
            raise wrong_kind(task, key, value)
        if isinstance(value, int) and value < 0 and key == "num_top_feature_importance_values":
            raise illegal_argument(f"[{key}] must be greater than or equal to 0")
    kind = options.get("prediction_field_type")
    if kind is not None and kind not in ("string", "number", "boolean"):
        raise illegal_argument(f"unknown [prediction_field_type] [{kind}]")
    return {**_TREE_DEFAULTS[task], **{key: value for key, value in options.items() if value is not None}}


def stored_config(model_id: str, body: dict[str, Any], *, created: int) -> dict[str, Any]:
    """The configuration as PUT and GET show it, keys in the server's order; ``definition`` is that of a tree model."""
    pytorch = body.get("model_type") == "pytorch"
    config: dict[str, Any] = {"model_id": model_id, "model_type": "pytorch" if pytorch else "tree_ensemble"}
    if body.get("platform_architecture") is not None:
        config["platform_architecture"] = body["platform_architecture"]
    config |= {
        "created_by": "api_user",
        "version": "12.0.0",
        "create_time": created,
        "model_size_bytes": body.get("model_size_bytes") or body.get("estimated_heap_memory_usage_bytes") or 0,
        "estimated_operations": body.get("estimated_operations") or 0,
        "license_level": "platinum",
    }
    if body.get("description") is not None:
        config["description"] = body["description"]
    config["tags"] = list(body.get("tags") or [])
    if body.get("metadata") is not None:
        config["metadata"] = body["metadata"]
    config["input"] = body.get("input") or {"field_names": ["input"]}
    if body.get("default_field_map"):
        config["default_field_map"] = body["default_field_map"]
    config["inference_config"] = body["inference_config"]
    if pytorch or body.get("definition") is None:
        config["location"] = {"index": {"name": _LOCATION if pytorch else _TREE_LOCATION}}
    if prefixes := {key: body["prefix_strings"][key] for key in ("search", "ingest") if _given(body, key)}:
        config["prefix_strings"] = prefixes
    return config


def _given(body: dict[str, Any], prefix: str) -> bool:
    return (body.get("prefix_strings") or {}).get(prefix) is not None


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
    for name in ("do_lower_case", "with_special_tokens"):
        if not isinstance(options.get(name, True), bool | None):
            raise wrong_kind("bert_tokenization", name, options[name])
    longest = options.get("max_sequence_length")
    if longest is not None:
        if isinstance(longest, bool) or not isinstance(longest, int):
            raise wrong_kind("bert_tokenization", "max_sequence_length", longest)
        if longest <= 0:
            raise illegal_argument(f"[max_sequence_length] must be positive; was [{longest}]")
    defaults = {
        "do_lower_case": False,
        "with_special_tokens": True,
        "max_sequence_length": 512,
        "truncate": "first",
        "span": -1,
    }
    stored = {**defaults, **{key: value for key, value in options.items() if value is not None}}
    return {kind: {**stored, "truncate": truncation(stored["truncate"])}}
