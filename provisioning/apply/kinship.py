"""Whether two text models are of one vector space, asked of the two as they are deployed.

A model that agrees with its own files may still be of another space than the vectors in the index: a search would then find
pictures by chance, and no error would say so. Models of one space (a requantised one, one with longer texts, one trained
further) give a text vectors that are near each other; models of two spaces do not.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clipline.core.errors import ModelError
from provisioning.assets.model_asset import INPUT_FIELD
from provisioning.bundles.parity import cosine
from provisioning.bundles.probes import PROBES

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LEAST = 0.2
"""How near a text's two vectors must be in the mean, as ``nearness`` measures it.

Of unrelated weights it is 0, with a deviation of some hundredths (measured, on the tiny pair: -0.01 to 0.03); of weights that
were disturbed by half their spread 0.8 to 0.9. A model that knows a quarter of the probes' languages still has 0.25.
"""


_LEAST_TEXTS = 5
"""Fewer say nothing once their mean is taken off."""


def check_kinship(client: Elasticsearch, *, old: str, new: str, space: str) -> float | None:
    """Compare the vectors of two deployed models; returns their ``nearness``, ``None`` if ``old`` is not deployed
    or one of them refuses nearly all of the texts.

    Args:
        client: the cluster.
        old: the model id that the alias leads to.
        new: the deployment id of the one that shall take its place.
        space: the name of the space.

    Raises:
        ModelError: they are not of one space.
    """
    from elasticsearch import ConflictError, NotFoundError

    before, after = [], []
    for text in PROBES:
        try:
            vector = _vector(client, old, text)
        except (ConflictError, NotFoundError):
            return None  # not deployed (409), or gone (404): it serves nobody, and nothing can be asked of it
        other = _vector(client, new, text) if vector is not None else None
        if vector is not None and other is not None:
            before.append(vector)
            after.append(other)
    if len(before) < _LEAST_TEXTS:
        return None
    near = nearness(before, after)
    if not near >= LEAST:
        raise ModelError(
            f"its vectors are not of the space {space!r} of {old}, which it would take the place of: a text's two"
            f" vectors agree by {near:.2f} in the mean, and by {LEAST} at least in one space; the alias stays where it is",
            where=f"deployment/{new}",
            hint="the vectors in the index would not fit it: correct `source` in the model file, or name another `space`"
            " there and load the pictures into an index of their own",
        )
    return near


def nearness(before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]) -> float:
    """The mean cosine of the texts' two vectors, each model's mean vector taken off: what all texts have in common says nothing.

    1 for the same vectors, about 0 for those of two spaces; 0 where the vectors have other lengths.
    """
    pairs = zip(_centred(before), _centred(after), strict=True)
    return statistics.fmean(cosine(left, right) for left, right in pairs)


def _centred(vectors: Sequence[Sequence[float]]) -> list[list[float]]:
    middle = [statistics.fmean(column) for column in zip(*vectors, strict=True)]
    return [[value - mean for value, mean in zip(vector, middle, strict=True)] for vector in vectors]


def _vector(client: Elasticsearch, model: str, text: str) -> list[float] | None:
    """A text's vector; ``None`` where the model refuses the text (too long for one with ``truncate: none``)."""
    from elasticsearch import BadRequestError

    try:
        answer = client.ml.infer_trained_model(model_id=model, docs=[{INPUT_FIELD: text}], timeout="30s")
    except BadRequestError:
        return None
    vector: list[float] = answer["inference_results"][0]["predicted_value"]
    return vector
