"""The body of ``_infer``, read as InferModelAction.Request's parser reads it::

    {"docs": [{"text_field": "a red dog"}], "inference_config": {"text_embedding": {"results_field": "vector"}},
     "timeout": "5s"}

The parser takes a single document for a list of one, and what is no object at all for a document without fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, status_error, unsupported, wrong_kind
from clipline.emulator.http.wire import Call
from clipline.emulator.ml.infer_options import EMULATED, TASKS, truncation
from clipline.emulator.ml.times import seconds, time_text

_PARSER = "cluster:internal/xpack/ml/inference/infer"
_TOKENIZATIONS = ("bert", "bert_ja", "mpnet", "roberta", "xlm_roberta", "deberta_v2")


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What is asked: documents, perhaps an override (one task → its options), the time to wait in words and in seconds."""

    docs: list[Mapping[str, Any]]
    override: Mapping[str, Any] | None
    timeout: str
    seconds: float


def infer_request(call: Call) -> InferRequest:
    """Read a request.

    Raises:
        ApiError: 400 for what the parser refuses, 501 for tokenizations that are not emulated.
    """
    if not call.raw.strip():
        raise status_error(400, "requires body")
    body = call.body
    for name in body:
        if name not in ("id", "docs", "timeout", "inference_config"):
            raise _parse_error(f"[{_PARSER}] unknown field [{name}]")
    for name in ("id", "timeout"):
        if name in body and not isinstance(body[name], str):
            raise wrong_kind(_PARSER, name, body[name])
    override = _override(body["inference_config"]) if "inference_config" in body else None
    docs = _docs(body.get("docs"))
    timeout = call.params.get("timeout", body.get("timeout", "10s"))
    return InferRequest(docs, override, time_text(timeout), seconds("timeout", timeout))


def _docs(given: Any) -> list[Mapping[str, Any]]:
    if given is None:
        raise illegal_argument("[docs] must not be null.")
    if not isinstance(given, dict | list):
        raise wrong_kind(_PARSER, "docs", given)
    items = [given] if isinstance(given, dict) else given
    if any(isinstance(item, list) for item in items):
        raise _parse_error(f"[{_PARSER}] docs doesn't support values of type: END_ARRAY")
    return [item if isinstance(item, dict) else {} for item in items]


def _override(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise wrong_kind(_PARSER, "inference_config", given)
    task, options = next(iter(given.items()), ("inference_config", None))
    try:
        if task not in TASKS or len(given) > 1:
            unknown = task if task not in TASKS else list(given)[1]
            raise ApiError(400, "named_object_not_found_exception", f"[1:1] unknown field [{unknown}]")
        if task in EMULATED:
            _check_update(task, options)
    except ApiError as error:
        if error.status != 400:
            raise
        inner = _wrapped(error, f"[inference_config] failed to parse field [{task}]")
        raise _wrapped(inner, f"[{_PARSER}] failed to parse field [inference_config]") from error
    return {task: options if isinstance(options, dict) else {}}


def _check_update(task: str, options: Any) -> None:
    if not isinstance(options, dict):
        raise _parse_error(f"[{task}] Expected START_OBJECT but was: {_token(options)}")
    for name, value in options.items():
        if name == "results_field":
            if not isinstance(value, str):
                raise wrong_kind(task, name, value)
        elif name == "tokenization":
            _check_tokenization(task, value)
        else:
            raise _parse_error(f"[{task}] unknown field [{name}]")


def _check_tokenization(task: str, given: Any) -> None:
    if not isinstance(given, dict):
        raise wrong_kind(task, "tokenization", given)
    kind, options = next(iter(given.items()), ("tokenization", {}))
    if kind not in _TOKENIZATIONS:
        raise ApiError(400, "named_object_not_found_exception", f"[1:1] unknown field [{kind}]")
    if kind != "bert":
        raise unsupported(f"an update of the tokenization [{kind}]")
    parser = "bert_tokenization_update"
    if not isinstance(options, dict):
        raise _parse_error(f"[{parser}] Expected START_OBJECT but was: {_token(options)}")
    for name, value in options.items():
        if name not in ("truncate", "span"):
            raise _parse_error(f"[{parser}] unknown field [{name}]")
        wanted = str if name == "truncate" else int
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise wrong_kind(parser, name, value)
    try:
        truncation(options.get("truncate"))
    except ApiError as error:
        if error.status != 400:
            raise
        raise _wrapped(error, f"Failed to build [{parser}] after last required field arrived") from error


def _token(value: Any) -> str:
    return wrong_kind("", "", value).reason.rpartition(" ")[2]


def _parse_error(reason: str) -> ApiError:
    return ApiError(400, "x_content_parse_exception", f"[1:1] {reason}")


def _wrapped(error: ApiError, reason: str) -> ApiError:
    """An error around another; the innermost error of the parser is the root."""
    roots = error.root_cause
    if roots is None and error.type.endswith(("parse_exception", "found_exception")):
        roots = [{"type": error.type, "reason": error.reason}]
    if roots is None:
        roots = [{"type": "x_content_parse_exception", "reason": f"[1:1] {reason}"}]
    return ApiError(400, "x_content_parse_exception", f"[1:1] {reason}", caused_by=error.cause(), root_cause=roots)
