"""The proof that a deployed model is the model that was bundled: every probe through ``_infer``, compared by cosine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clipline.core.errors import ModelError
from provisioning.assets.model_asset import INPUT_FIELD
from provisioning.bundles.bundle import Bundle

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LEAST_COSINE = 0.999


def prove(client: Elasticsearch, bundle: Bundle, *, deployment_id: str) -> float:
    """Compare every probe; returns the lowest cosine.

    Raises:
        ModelError: a probe's cosine is below ``LEAST_COSINE``; the message shows which.
    """
    lowest, worst = 1.0, ""
    for probe in bundle.probes():
        answer = client.ml.infer_trained_model(model_id=deployment_id, docs=[{INPUT_FIELD: probe.text}], timeout="30s")
        found = answer["inference_results"][0]["predicted_value"]
        similarity = cosine(found, probe.vector)
        if not similarity >= lowest:  # also when it is NaN
            lowest, worst = similarity, probe.text
    if not lowest >= LEAST_COSINE:
        raise ModelError(
            f"the deployed model does not agree with its bundle: cosine {lowest:.4f} for {worst[:60]!r}",
            where=f"deployment/{deployment_id}",
            hint="the tokenizer's case, accents or truncation differ, or the model was altered: build the bundle again",
        )
    return lowest


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    """The cosine of two vectors of one length; 0 when the lengths differ or one is all zeros."""
    if len(left) != len(right):
        return 0.0
    norm = math.sqrt(math.fsum(x * x for x in left)) * math.sqrt(math.fsum(x * x for x in right))
    return math.fsum(x * y for x, y in zip(left, right, strict=True)) / norm if norm else 0.0
