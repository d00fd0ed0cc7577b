"""The proof that a deployed model is the model that was bundled: every probe through ``_infer``, compared by cosine."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clipline.core.errors import ModelError
from provisioning.assets.model_asset import INPUT_FIELD
from provisioning.bundles.bundle import Bundle

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LEAST_COSINE = 0.999
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """One probe and the cosine of the deployed model's vector and the source model's."""

    text: str
    cosine: float

    @property
    def holds(self) -> bool:
        """Whether they agree; a NaN does not."""
        return self.cosine >= LEAST_COSINE


def prove(client: Elasticsearch, bundle: Bundle, *, deployment_id: str) -> float:
    """Compare every probe; returns the lowest cosine.

    Raises:
        ModelError: a probe's cosine is below ``LEAST_COSINE``; the message shows which, and the likely reason.
    """
    found = []
    for probe in bundle.probes():
        answer = client.ml.infer_trained_model(model_id=deployment_id, docs=[{INPUT_FIELD: probe.text}], timeout="30s")
        vector = answer["inference_results"][0]["predicted_value"]
        found.append(Agreement(probe.text, cosine(vector, probe.vector)))
    differing = sorted((item for item in found if not item.holds), key=_by_cosine)
    if differing:
        worst = ", ".join(f"{item.cosine:.4f} for {_shortened(item.text)!r}" for item in differing[:_SHOWN])
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise ModelError(
            f"the deployed model does not agree with its bundle in {len(differing)} of {len(found)} probes: cosine {worst}{more}",
            where=f"deployment/{deployment_id}",
            hint=f"{likely_reason(found)}; build the bundle again",
        )
    return min((item.cosine for item in found), default=1.0)


def likely_reason(found: Sequence[Agreement]) -> str:
    """What the probes that differ have in common, and those that agree do not all have: the narrowest that fits."""
    differing = [item.text for item in found if not item.holds]
    agreeing = [item.text for item in found if item.holds]
    if not agreeing:
        return "no probe agrees: special tokens, the pooling or the weights are another model's"
    for has, reason in _TRAITS:
        if all(map(has, differing)) and not all(map(has, agreeing)):
            return reason
    return "the model or its vocabulary was altered"


def _is_long(text: str) -> bool:
    return len(text) > 500


def _has_marks(text: str) -> bool:
    return any(unicodedata.combining(character) for character in unicodedata.normalize("NFD", text))


def _has_capitals(text: str) -> bool:
    return text != text.lower()


_TRAITS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_long, "only long texts differ: max_sequence_length or truncate is not the source model's"),
    (
        _has_marks,
        "only texts with accents or other marks differ: the tokenizer strips them on one side (do_lower_case does)",
    ),
    (_has_capitals, "only texts with capital letters differ: do_lower_case is not the source model's"),
)


def _by_cosine(item: Agreement) -> float:
    return -1.0 if math.isnan(item.cosine) else item.cosine


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    """The cosine of two vectors of one length; 0 when the lengths differ or one is all zeros."""
    if len(left) != len(right):
        return 0.0
    norm = math.sqrt(math.fsum(x * x for x in left)) * math.sqrt(math.fsum(x * x for x in right))
    return math.fsum(x * y for x, y in zip(left, right, strict=True)) / norm if norm else 0.0
