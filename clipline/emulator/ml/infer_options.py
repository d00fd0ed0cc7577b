"""What an ``inference_config`` in a request or a processor changes for one inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, status_error, unsupported

TASKS = ("classification", "regression", "fill_mask", "ner", "pass_through", "question_answering",
         "text_classification", "text_embedding", "text_expansion", "text_similarity", "zero_shot_classification")  # fmt: skip
TRUNCATIONS = ("first", "second", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferOptions:
    """The name of the result, and changed tokenization options."""

    results_field: str
    tokenization: Mapping[str, Any] = field(default_factory=dict)


def infer_options(model_id: str, config: Mapping[str, Any], override: Mapping[str, Any] | None) -> InferOptions:
    """A model's own options with a request's on top.

    Raises:
        ApiError: 400 for an override of another task, 501 for another task at all and for ``span``.
    """
    ((task, own),) = config["inference_config"].items()
    given: Mapping[str, Any] = {}
    if override is not None:
        wanted, given = checked_override(override)
        if wanted != task:
            raise status_error(
                400, f"Trained model [{model_id}] is configured for task [{task}] but called with task [{wanted}]"
            )
    return InferOptions(
        results_field=given.get("results_field") or own.get("results_field") or "predicted_value",
        tokenization=_tokenization(given.get("tokenization") or {}),
    )


def checked_override(override: Any) -> tuple[str, Mapping[str, Any]]:
    """The one task of an override and its options.

    Raises:
        ApiError: 400 when it is no such object, 501 for tasks that are not emulated.
    """
    if not isinstance(override, Mapping) or len(override) != 1:
        raise status_error(400, "inference_config must be an object with one inference type mapped to an object.")
    ((task, options),) = override.items()
    if task not in TASKS:
        raise status_error(
            400, f"unrecognized inference configuration type [{task}]. Supported types [{', '.join(TASKS)}]"
        )
    if not isinstance(options, Mapping):
        raise status_error(400, "inference_config must be an object with one inference type mapped to an object.")
    if task == "text_embedding":
        for key in options:
            if key not in ("results_field", "tokenization"):
                raise _unknown("text_embedding", key)
        _tokenization(options.get("tokenization") or {})
    return task, options


def _tokenization(kinds: Any) -> dict[str, Any]:
    if not kinds:
        return {}
    if not isinstance(kinds, Mapping) or len(kinds) != 1:
        raise status_error(400, "[tokenization] must be an object with one tokenization type")
    ((kind, options),) = kinds.items()
    if kind != "bert":
        raise unsupported(f"an update of the tokenization [{kind}]")
    if not isinstance(options, Mapping):
        raise status_error(400, f"[{kind}] must be an object")
    for key in options:
        if key not in ("truncate", "span"):
            raise _unknown("bert_tokenization_update", key)
    check_tokenization(options)
    return dict(options)


def check_tokenization(options: Mapping[str, Any]) -> None:
    """Check the values that a stored and an overriding tokenization share.

    Raises:
        ApiError: 400, or 501 for ``span``.
    """
    truncate, span = options.get("truncate"), options.get("span")
    if truncate is not None and truncate not in TRUNCATIONS:
        raise illegal_argument(f"[truncate] is [{truncate}]; it must be one of [{', '.join(TRUNCATIONS)}]")
    if span is not None:
        if not isinstance(span, int) or isinstance(span, bool) or span < -1:
            raise illegal_argument(f"[span] must be greater than or equal to 0 or [-1]; was [{span}]")
        if span >= 0:
            raise unsupported("the tokenization option [span]")


def _unknown(parser: str, name: str) -> ApiError:
    return ApiError(400, "x_content_parse_exception", f"[1:1] [{parser}] unknown field [{name}]")
