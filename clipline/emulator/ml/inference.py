"""What one inference does: the text of a document, its tokens, the queue, the result's shape."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, not_found, status_error, unsupported
from clipline.emulator.ml.infer_options import InferOptions, infer_options
from clipline.emulator.ml.process import Answer, InferenceFailed
from clipline.emulator.ml.tokenizer import BertTokenizer, Encoded
from clipline.emulator.ml.worker import NORMAL

if TYPE_CHECKING:
    from clipline.emulator.ml.deployment import Deployment
    from clipline.emulator.ml.store import ModelStore

Input = str | Mapping[str, Any]
"""A text, or a document that has it in the model's input field."""

STOPPING = "inference canceled as process is stopping"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One input on its way."""

    answer: Future[Answer]
    encoded: Encoded
    options: InferOptions


def infer(
    deployment: Deployment,
    inputs: Sequence[Input],
    *,
    prefix: str | None,
    override: Mapping[str, Any] | None,
    timeout: str | None,
    seconds: float | None,
    priority: int = NORMAL,
) -> list[dict[str, Any]]:
    """The inference results of some inputs, in their order; ``timeout`` is what ``seconds`` are called in messages.

    Raises:
        ApiError: the error of the first input that fails, once every one is done: an input is wrong, the queue is full,
            the time is over, or the model failed.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    asked = [_ask(deployment, item, prefix=prefix, override=override, priority=priority) for item in inputs]
    done = [item if isinstance(item, ApiError) else _wait(deployment, item, deadline, timeout) for item in asked]
    for result in done:
        if isinstance(result, ApiError):
            raise result
    return [result for result in done if not isinstance(result, ApiError)]


def make_tokenizer(store: ModelStore, model_id: str, config: Mapping[str, Any]) -> BertTokenizer:
    """The tokenizer of a stored model.

    Raises:
        ApiError: 404 without a vocabulary, 409 without the special tokens in it, 501 for a tokenization that is not
            emulated.
    """
    vocabulary = store.vocabulary(model_id)
    if vocabulary is None:
        raise not_found(f"[{model_id}] Could not find vocabulary document [{model_id}_vocabulary] for model ")
    ((_, task),) = config["inference_config"].items()
    ((kind, options),) = task["tokenization"].items()
    if kind != "bert":
        raise unsupported(f"the tokenization [{kind}]")
    return BertTokenizer(vocabulary["vocabulary"], options)


def _ask(
    deployment: Deployment, item: Input, *, prefix: str | None, override: Mapping[str, Any] | None, priority: int
) -> _Asked | ApiError:
    try:
        options = infer_options(deployment.model_id, deployment.config, override)
        worker, tokenizer = deployment.serving()
        worker.check_room()
        encoded = tokenizer.encode(_text(deployment.config, item, prefix), options.tokenization)
        return _Asked(worker.submit(tokenizer.arguments(encoded), priority=priority), encoded, options)
    except ApiError as error:
        return error


def _wait(
    deployment: Deployment, asked: _Asked, deadline: float | None, timeout: str | None
) -> dict[str, Any] | ApiError:
    try:
        answer = asked.answer.result(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        asked.answer.cancel()
        deployment.counters.timed_out()
        return status_error(408, f"timeout [{timeout}] waiting for inference result")
    except ApiError as error:
        return error
    except Exception as error:
        # A process that dies is told as one that is stopped (seen in elastic/elasticsearch#109778).
        text = str(error) if isinstance(error, InferenceFailed) else STOPPING
        return status_error(500, f"Error in inference process: [{text}]")
    try:
        matrix = answer.result[0]
        value: Any = matrix if asked.options.task == "pass_through" else matrix[0]
    except IndexError:  # a model may answer with no rows at all; Java's arrays say so, too
        return ApiError(500, "array_index_out_of_bounds_exception", "Index 0 out of bounds for length 0")
    truncated = {"is_truncated": True} if asked.encoded.truncated else {}
    return {asked.options.results_field: value, **truncated}


def _text(config: Mapping[str, Any], item: Input, prefix: str | None) -> str:
    text = item if isinstance(item, str) else _field(config["input"]["field_names"][0], item)
    prefixes = config.get("prefix_strings") or {}
    return f"{prefixes.get(prefix) or ''}{text}" if prefix else text


def _field(field: str, doc: Mapping[str, Any]) -> str:
    value = extract(field.split("."), doc)
    if value is None:
        raise status_error(400, f"Input field [{field}] does not exist in the source document")
    if not isinstance(value, str):
        raise status_error(400, f"Input value [{java_text(value)}] for field [{field}] must be a string")
    return value


def extract(path: Sequence[str], value: Any) -> Any:
    """The value under a dotted path, whose steps may stand in one key together (XContentMapValues.extractValue)."""
    if isinstance(value, list):
        return [found for item in value if (found := extract(path, item)) is not None]
    if not path:
        return value
    if not isinstance(value, Mapping):
        return None
    for end in range(1, len(path) + 1):
        key = ".".join(path[:end])
        if key in value:
            if value[key] is None:
                return None
            found = extract(path[end:], value[key])
            if found is not None:
                return found
    return None


def java_text(value: Any) -> str:
    """A value of JSON as Java writes it into a message: ``[a, b]``, ``{key=value}``, ``true``."""
    if isinstance(value, list):
        return f"[{', '.join(map(java_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}={java_text(item)}' for key, item in value.items())}}}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
