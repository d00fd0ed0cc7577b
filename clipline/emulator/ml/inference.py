"""What one inference does: the text of a document, its tokens, the native process, the result's shape."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import not_found, status_error, unsupported
from clipline.emulator.ml.infer_options import infer_options
from clipline.emulator.ml.process import InferenceFailed, ProcessDied
from clipline.emulator.ml.tokenizer import BertTokenizer

if TYPE_CHECKING:
    from clipline.emulator.ml.deployment import Deployment
    from clipline.emulator.ml.store import ModelStore


def infer(
    deployment: Deployment,
    doc: Mapping[str, Any],
    *,
    prefix: str | None,
    override: Mapping[str, Any] | None,
    timeout: float,
) -> dict[str, Any]:
    """The inference result of one document.

    Raises:
        ApiError: the input is wrong, the queue is full, or the model failed.
    """
    options = infer_options(deployment.model_id, deployment.config, override)
    text = _text(deployment.config, doc, prefix)
    process, tokenizer = deployment.serving()
    encoded = tokenizer.encode(text, options.tokenization)
    counters = deployment.counters
    begun = time.perf_counter()
    future = deployment.ask(process, tokenizer.arguments(encoded))
    try:
        answer = future.result(timeout)
    except TimeoutError:
        counters.timed_out()
        raise status_error(408, f"timeout [{timeout:g}s] waiting for inference result") from None
    except (InferenceFailed, ProcessDied) as error:
        counters.failed()
        # A process that dies is told as one that is stopped (seen in elastic/elasticsearch#109778).
        text = str(error) if isinstance(error, InferenceFailed) else "inference canceled as process is stopping"
        raise status_error(500, f"Error in inference process: [{text}]") from error
    counters.inferred(time.perf_counter() - begun)
    return {options.results_field: answer.result[0][0], **({"is_truncated": True} if encoded.truncated else {})}


def make_tokenizer(store: ModelStore, model_id: str, config: Mapping[str, Any]) -> BertTokenizer:
    """The tokenizer of a stored model.

    Raises:
        ApiError: 404 without a vocabulary, 501 for a tokenization that is not emulated.
    """
    vocabulary = store.vocabulary(model_id)
    if vocabulary is None:
        raise not_found(f"[{model_id}] Could not find vocabulary document [{model_id}_vocabulary] for model ")
    ((_, task),) = config["inference_config"].items()
    ((kind, options),) = task["tokenization"].items()
    if kind != "bert":
        raise unsupported(f"the tokenization [{kind}]")
    return BertTokenizer(vocabulary["vocabulary"], options)


def _text(config: Mapping[str, Any], doc: Mapping[str, Any], prefix: str | None) -> str:
    field = config["input"]["field_names"][0]
    value: Any = doc.get(field)
    if value is None and "." in field:
        value = doc
        for key in field.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        raise status_error(400, f"Input field [{field}] does not exist in the source document")
    if not isinstance(value, str):
        raise status_error(400, f"Input value [{value}] for field [{field}] must be a string")
    prefixes = config.get("prefix_strings") or {}
    return f"{prefixes.get(prefix, '')}{value}" if prefix else value
