"""Request bodies and responses, without a cluster."""

from __future__ import annotations

import pytest

from clipline.core.errors import UsageError
from clipline.search import queries
from clipline.search.hits import read_hits


@pytest.mark.parametrize("k", [0, -1, 10_001])
def test_numbers_of_hits_that_cannot_be(k: int) -> None:
    with pytest.raises(UsageError, match="--k must be between"):
        queries.by_vector([1.0], k=k)


@pytest.mark.parametrize(("k", "candidates"), [(1, 100), (50, 100), (60, 120), (9_000, 10_000)])
def test_candidates(k: int, candidates: int) -> None:
    body = queries.by_vector([1.0], k=k)
    assert body["knn"]["num_candidates"] == candidates
    assert body["size"] == body["knn"]["k"] == k


def test_text_is_embedded_in_the_cluster() -> None:
    knn = queries.by_text("ein Stern", model="clip-text", k=3)["knn"]
    assert knn["query_vector_builder"] == {"text_embedding": {"model_id": "clip-text", "model_text": "ein Stern"}}
    assert "query_vector" not in knn


def test_like_leaves_the_document_itself_out() -> None:
    wanted = [{"ids": {"values": ["me"]}}]
    assert queries.by_vector([1.0], k=3, without="me")["knn"]["filter"]["bool"]["must_not"] == wanted
    inner = queries.exact([1.0], k=3, without="me")["query"]["script_score"]["query"]
    assert inner["bool"]["must_not"] == wanted


def test_scores_of_both_searches_are_on_one_scale() -> None:
    def response(score: float) -> dict[str, object]:
        return {"hits": {"hits": [{"_id": "a", "_score": score, "fields": {"image_name": ["x"]}}]}}

    assert read_hits(response(0.9))[0].score == pytest.approx(0.9)
    assert read_hits(response(1.8), exact=True)[0].score == pytest.approx(0.9)
