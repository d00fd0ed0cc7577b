"""What an ``inference_config`` in a request or a processor changes for one inference.

Read from TextEmbeddingConfigUpdate, BertTokenizationUpdate and Tokenization. A processor's is checked here; that of a
request goes through another parser of Elasticsearch's, with other words (``infer_request``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, status_error, unsupported

TASKS = ("classification", "regression", "fill_mask", "ner", "pass_through", "question_answering",
         "text_classification", "text_embedding", "text_expansion", "text_similarity", "zero_shot_classification")  # fmt: skip
EMULATED = ("text_embedding", "pass_through")
TRUNCATIONS = ("first", "second", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferOptions:
    """The task, the name of the result, and the tokenization options that hold."""

    task: str
    results_field: str
    tokenization: Mapping[str, Any] = field(default_factory=dict)


def infer_options(model_id: str, config: Mapping[str, Any], override: Mapping[str, Any] | None) -> InferOptions:
    """A model's own options with a request's on top; ``override`` has been checked.

    Raises:
        ApiError: 403 for an override of another task, 400 for options that do not go together.
    """
    ((task, own),) = config["inference_config"].items()
    ((_, tokenization),) = own["tokenization"].items()
    given: Mapping[str, Any] = {}
    if override is not None:
        ((wanted, given),) = override.items()
        if wanted != task:
            raise status_error(
                403, f"Trained model [{model_id}] is configured for task [{task}] but called with task [{wanted}]"
            )
    return InferOptions(
        task=task,
        results_field=given.get("results_field") or own.get("results_field") or "predicted_value",
        tokenization=_updated(tokenization, (given.get("tokenization") or {}).get("bert") or {}),
    )


def checked_override(override: Any) -> tuple[str, Mapping[str, Any]]:
    """The one task of a processor's override and its options.

    Raises:
        ApiError: 400 when it is no such object, 501 for tokenizations that are not emulated.
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
    if task not in EMULATED:
        return task, options
    kinds = options.get("tokenization") or {}
    if kinds:
        _check_tokenization_update(kinds)
    name = options.get("results_field")
    if name is not None and not isinstance(name, str):
        raise illegal_argument("[results_field] must be a string")
    if unknown := [key for key in options if key not in ("results_field", "tokenization")]:
        raise status_error(400, f"Unrecognized fields [{', '.join(unknown)}].")
    return task, options


def check_tokenization(options: Mapping[str, Any]) -> None:
    """Check a tokenization's options together; those that are missing are the defaults.

    Raises:
        ApiError: 400, or 501 for what only some versions have.
    """
    truncate, span = truncation(options.get("truncate")) or "first", options.get("span", -1)
    longest = options.get("max_sequence_length")
    for name, value in (("span", span), ("max_sequence_length", longest)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise illegal_argument(f"[{name}] must be a whole number")
    if longest is not None and longest <= 0:
        raise illegal_argument("[max_sequence_length] must be positive")
    if span is None or span == -1:
        return
    if span < 0:
        raise illegal_argument(
            "[span] must be non-negative to indicate span length or [-1] to indicate no windowing should occur"
        )
    if span > (longest or 512):
        raise illegal_argument(
            f"[span] provided [{span}] must not be greater than [max_sequence_length] provided [{longest or 512}]"
        )
    _check_pair(truncate, span)


def truncation(value: Any) -> str | None:
    """A value of ``truncate`` in small letters.

    Raises:
        ApiError: 400, or 501 for ``balanced``, which only the newest versions have.
    """
    if value is None:
        return None
    text = str(value).lower()
    if text == "balanced":
        raise unsupported("the truncation [balanced]")
    if text not in TRUNCATIONS:
        raise illegal_argument(
            "No enum constant org.elasticsearch.xpack.core.ml.inference.trainedmodel.Tokenization.Truncate."
            + str(value).upper()
        )
    return text


def _updated(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A tokenization with an update applied, as BertTokenizationUpdate does it.

    A ``truncate`` of ``none`` takes the windows away, also when the update brings a ``span`` itself; so windows are to
    be had by an update only on a model that is configured with ``none``.
    """
    truncate, span = truncation(given.get("truncate")), given.get("span")
    if truncate is None and span is None:
        return dict(own)
    if span not in (None, -1) and truncate is not None:
        _check_pair(truncate, span)
    if truncate == "none":
        return {**own, "truncate": truncate, "span": -1}
    changed = {
        **own,
        "truncate": truncate or own.get("truncate", "first"),
        "span": own.get("span", -1) if span is None else span,
    }
    check_tokenization(changed)
    return changed


def _check_tokenization_update(kinds: Any) -> None:
    if not isinstance(kinds, Mapping) or len(kinds) != 1:
        raise status_error(400, "[tokenization] must be an object with one tokenization type")
    ((kind, options),) = kinds.items()
    if kind != "bert":
        raise unsupported(f"an update of the tokenization [{kind}]")
    if not isinstance(options, Mapping):
        raise status_error(400, f"[{kind}] must be an object")
    for key in options:
        if key not in ("truncate", "span"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [bert_tokenization_update] unknown field [{key}]")
    truncation(options.get("truncate"))
    span = options.get("span")
    if span is not None and (isinstance(span, bool) or not isinstance(span, int)):
        raise illegal_argument("[span] must be a whole number")


def _check_pair(truncate: str, span: int) -> None:
    if span != -1 and truncate != "none":
        raise illegal_argument(f"[span] must not be provided when [truncate] is [{truncate}]")
