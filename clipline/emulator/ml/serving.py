"""Who answers to a name: alias → model → a deployment of that id, else one of the model's."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, not_found, status_error, unsupported, validation_failed
from clipline.emulator.licence import require
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.inference import Input, infer
from clipline.emulator.ml.names import BUILT_IN
from clipline.emulator.ml.worker import HIGH, NORMAL

if TYPE_CHECKING:
    from clipline.emulator.ml.models import Models

_BEST_FIRST = ("started", "starting", "stopping", "failed")
_RESULTS = {"text_embedding": "text_embedding_result", "pass_through": "pass_through_result"}


def serving(models: Models, name: str) -> Deployment | None:
    """The deployment that a name is answered by; of several that are equally far one by chance, as in the server."""
    name = models.store.aliases().get(name, name)
    if (deployment := models.deployments.get(name)) is not None:
        return deployment
    found = models.deployments_of(name)
    for state in _BEST_FIRST:
        if best := [item for item in found if item.state == state]:
            return random.choice(best)
    return None


def infer_docs(
    models: Models,
    name: str,
    docs: Sequence[Input],
    *,
    prefix: str | None,
    override: Mapping[str, Any] | None,
    timeout: str | None = None,
    seconds: float | None = None,
) -> list[dict[str, Any]]:
    """The results of documents, as the API and the old style of the processor ask for them.

    Raises:
        ApiError: unknown, not deployed, or a document failed.
    """
    if not models.node.licence.allows("ml") and models.store.config(name) is None:
        raise not_found(f"Could not find trained model [{name}]")  # without a licence nothing but a model's id is known
    require(models.node, "ml")
    deployment = serving(models, name)
    if deployment is None:
        _check_kind(models, name)
        if models.resolve_model(name) is None:
            raise not_found(f"Could not find trained model [{name}]")
        raise status_error(
            409, f"Model [{name}] must be deployed to use. Please deploy with the start trained model deployment API."
        )
    if deployment.state != "started":
        raise deployment.not_serving(name)
    if not docs:
        raise validation_failed("at least one document is required ")
    return infer(deployment, docs, prefix=prefix, override=override, timeout=timeout, seconds=seconds)


def infer_text(
    models: Models,
    name: str,
    text: str,
    *,
    prefix: str,
    override: Mapping[str, Any] | None = None,
    timeout: str | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """The result of a text, as the coordinated action asks for it; a search goes before what is ingested.

    Raises:
        ApiError: 404 when the name is neither deployed nor an endpoint.
    """
    deployment = serving(models, name)
    if deployment is None:
        _check_kind(models, name)
        raise status_error(404, f"[{name}] is not an inference service model or a deployed ml model")
    require(models.node, "ml")
    if deployment.state != "started":
        raise deployment.not_serving(name)
    priority = HIGH if prefix == "search" else NORMAL
    (result,) = infer(
        deployment, [text], prefix=prefix, override=override, timeout=timeout, seconds=seconds, priority=priority
    )
    return result


def _check_kind(models: Models, name: str) -> None:
    """501 for models that are kept and cannot be run: those that Elasticsearch runs without a deployment."""
    config = models.store.config(models.resolve_model(name) or name)
    if name == BUILT_IN or (config is not None and config["model_type"] != "pytorch"):
        raise unsupported(f"inference with [{name}], which is no model of PyTorch")


def embed_query(models: Models, name: str, text: str) -> list[float]:
    """The vector of a query text.

    Raises:
        ApiError: not deployed, or not a text embedding model.
    """
    result = infer_text(models, name, text, prefix="search", timeout="10s", seconds=10.0)
    value = next(iter(result.values()))
    deployment = serving(models, name)
    task = next(iter(deployment.config["inference_config"])) if deployment else "text_embedding"
    if task != "text_embedding":
        raise illegal_argument(
            f"expected a result of type [{_RESULTS['text_embedding']}] received [{_RESULTS[task]}]. Is [{name}] a text "
            "embedding model?"
        )
    vector: list[float] = value
    return vector
