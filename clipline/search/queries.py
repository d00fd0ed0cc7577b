"""Request bodies of searches, as they could be pasted after ``GET my-image-embeddings/_search``. Pure.

Example::

    {"knn": {"field": "image_embedding", "query_vector": [...], "k": 10, "num_candidates": 100},
     "size": 10, "_source": false, "fields": ["image_name", "relative_path", ...]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clipline.core.errors import UsageError
from clipline.core.records import VECTOR_FIELD

MAX_K = 10_000
"""``num_candidates`` cannot be more (``KnnSearchBuilder``), nor can a result window."""

SHOWN_FIELDS = ("image_id", "image_name", "relative_path", "source", "caption", "exif.date", "exif.location")
_LEAST_CANDIDATES = 100


def check_k(k: int) -> None:
    """Refuse a number of hits that no search can have.

    Raises:
        UsageError: below 1 or above ``MAX_K``.
    """
    if not 1 <= k <= MAX_K:
        raise UsageError(f"--k must be between 1 and {MAX_K}, but is {k}")


def by_vector(
    vector: Sequence[float], *, k: int, without: str | None = None, only: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Approximate search by a vector.

    ``without`` leaves one document out; ``only`` is a query that every hit has to match. Both are part of the kNN
    search, so there are still ``k`` hits where the index has them.
    """
    return _knn({"query_vector": list(vector)}, k=k, clauses=_clauses(without, only))


def by_text(text: str, *, model: str, k: int, only: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Approximate search by a text, which the model (id, alias or deployment) in the cluster turns into a vector."""
    builder = {"text_embedding": {"model_id": model, "model_text": text}}
    return _knn({"query_vector_builder": builder}, k=k, clauses=_clauses(None, only))


def exact(
    vector: Sequence[float], *, k: int, without: str | None = None, only: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Comparison with every document that has a vector; the scores are ``cosine + 1``, twice those of kNN."""
    clauses = _clauses(without, only)
    clauses["filter"] = [{"exists": {"field": VECTOR_FIELD}}, *clauses.get("filter", [])]
    script = {
        "source": f"cosineSimilarity(params.query_vector, '{VECTOR_FIELD}') + 1.0",
        "params": {"query_vector": list(vector)},
    }
    return {"query": {"script_score": {"query": {"bool": clauses}, "script": script}}, **_shown(k)}


def vector_of(document_id: str) -> dict[str, Any]:
    """The vector of one document, for indices that leave vectors out of ``_source``."""
    return {"query": {"ids": {"values": [document_id]}}, "size": 1, "_source": False, "fields": [VECTOR_FIELD]}


def _clauses(without: str | None, only: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    clauses: dict[str, list[Any]] = {}
    if only is not None:
        clauses["filter"] = [dict(only)]
    if without is not None:
        clauses["must_not"] = [{"ids": {"values": [without]}}]
    return clauses


def _knn(vector: Mapping[str, Any], *, k: int, clauses: Mapping[str, Any]) -> dict[str, Any]:
    knn: dict[str, Any] = {
        "field": VECTOR_FIELD,
        **vector,
        "k": k,
        "num_candidates": min(MAX_K, max(_LEAST_CANDIDATES, 2 * k)),
    }
    if clauses:
        knn["filter"] = {"bool": dict(clauses)}
    return {"knn": knn, **_shown(k)}


def _shown(k: int) -> dict[str, Any]:
    check_k(k)
    return {"size": k, "_source": False, "fields": list(SHOWN_FIELDS)}
