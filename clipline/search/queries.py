"""Request bodies of searches. Pure.

Example::

    {"knn": {"field": "image_embedding", "query_vector": [...], "k": 10, "num_candidates": 100},
     "size": 10, "_source": false, "fields": ["image_name", "relative_path", ...]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clipline.core.errors import UsageError
from clipline.core.records import VECTOR_FIELD

MAX_K = 10_000
"""``num_candidates`` cannot be more (``KnnSearchBuilder``), nor can a result window."""

_LEAST_CANDIDATES = 100
SHOWN_FIELDS = ("image_id", "image_name", "relative_path", "source", "caption", "exif.date", "exif.location")


def check_k(k: int) -> None:
    """Refuse a number of hits that no search can have.

    Raises:
        UsageError: below 1 or above ``MAX_K``.
    """
    if not 1 <= k <= MAX_K:
        raise UsageError(f"--k must be between 1 and {MAX_K}, but is {k}")


def by_vector(vector: Sequence[float], *, k: int, without: str | None = None) -> dict[str, Any]:
    """Approximate search by a vector; ``without`` leaves one document out."""
    return _knn({"query_vector": list(vector)}, k=k, without=without)


def by_text(text: str, *, model: str, k: int) -> dict[str, Any]:
    """Approximate search by a text, which the model in the cluster turns into a vector."""
    builder = {"text_embedding": {"model_id": model, "model_text": text}}
    return _knn({"query_vector_builder": builder}, k=k, without=None)


def exact(vector: Sequence[float], *, k: int, without: str | None = None) -> dict[str, Any]:
    """Comparison with every document that has a vector; scores are ``cosine + 1``."""
    query: dict[str, Any] = {"bool": {"filter": [{"exists": {"field": VECTOR_FIELD}}]}}
    if without is not None:
        query["bool"]["must_not"] = [{"ids": {"values": [without]}}]
    script = {
        "source": f"cosineSimilarity(params.query_vector, '{VECTOR_FIELD}') + 1.0",
        "params": {"query_vector": list(vector)},
    }
    return {"query": {"script_score": {"query": query, "script": script}}, **_shown(k)}


def _knn(vector: dict[str, Any], *, k: int, without: str | None) -> dict[str, Any]:
    check_k(k)
    knn: dict[str, Any] = {
        "field": VECTOR_FIELD,
        **vector,
        "k": k,
        "num_candidates": min(MAX_K, max(_LEAST_CANDIDATES, 2 * k)),
    }
    if without is not None:
        knn["filter"] = {"bool": {"must_not": [{"ids": {"values": [without]}}]}}
    return {"knn": knn, **_shown(k)}


def _shown(k: int) -> dict[str, Any]:
    return {"size": k, "source": False, "fields": list(SHOWN_FIELDS)}
