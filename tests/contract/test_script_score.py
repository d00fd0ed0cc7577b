"""Exact search by a script (reference, section 7.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

PROPERTIES = {"v": {"type": "dense_vector", "dims": 2, "index": False}, "n": {"type": "integer"}}
DOCUMENTS = {"1": {"v": [1.0, 0.0], "n": 7}, "2": {"v": [0.0, 2.0], "n": 3}}


def _query(script: str, **params: Any) -> dict[str, Any]:
    source = {"source": script, "params": {"q": [3.0, 4.0], **params}}
    return {"query": {"script_score": {"query": {"match_all": {}}, "script": source}}}


@pytest.mark.parametrize(
    ("script", "scores"),
    [
        ("cosineSimilarity(params.q, 'v') + 1.0", [1.6, 1.8]),
        ("dotProduct(params.q, 'v')", [3, 8]),
        ("1 / (1 + l1norm(params.q, 'v'))", [1 / 7, 1 / 6]),
        ("1 / (1 + l2norm(params.q, 'v'))", [1 / (1 + 20**0.5), 1 / (1 + 13**0.5)]),
        ("doc['v'].magnitude", [1, 2]),
        ("doc['n'].value / 2", [3, 1]),
        ("doc['n'].value > 5 ? 1 : 0.5", [1, 0.5]),
        ("double s = doc['n'].value; if (s > 5) { s = s * 2; } return s + _score", [15, 4]),
        ("saturation(doc['n'].value, 7)", [0.5, 0.3]),
    ],
)
@fact("7.5", evidence="S", source="script_score documentation; ScoreScriptUtils")
def test_scores(cluster: Cluster, index: Callable[..., str], script: str, scores: list[float]) -> None:
    """A script scores documents by vectors and fields, whole numbers dividing as Java's do."""
    name = index(PROPERTIES, DOCUMENTS)
    hits = cluster("POST", f"/{name}/_search", _query(script))["hits"]["hits"]
    found = {hit["_id"]: hit["_score"] for hit in hits}
    assert [found["1"], found["2"]] == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("dotProduct([1, 2, 3], 'v')",
         "The query vector has a different number of dimensions [3] than the document vectors [2]."),
        ("doc['zz'].value", "No field found for [zz] in mapping"),
    ],
)  # fmt: skip
@fact("7.5", evidence="S", source="VectorScoreScriptUtils; LeafDocLookup")
def test_failures(cluster: Cluster, index: Callable[..., str], script: str, reason: str) -> None:
    """A script that fails is a script_exception of each shard."""
    name = index(PROPERTIES, DOCUMENTS)
    shard = cluster("POST", f"/{name}/_search", _query(script), code=400)["error"]["failed_shards"][0]["reason"]
    assert (shard["type"], shard["reason"], shard["lang"]) == ("script_exception", "runtime error", "painless")
    assert shard["caused_by"]["reason"] == reason


@fact("7.5", evidence="S", source="VectorScoreScriptUtils")
def test_a_document_without_vector(cluster: Cluster, index: Callable[..., str]) -> None:
    """A document without the vector fails the shard; asking for the size first spares it."""
    name = index(PROPERTIES, {**DOCUMENTS, "3": {"n": 1}})
    answer = cluster("POST", f"/{name}/_search", _query("dotProduct(params.q, 'v')"), code=400)
    reason = answer["error"]["failed_shards"][0]["reason"]["caused_by"]["reason"]
    assert reason == "A document doesn't have a value for a vector field!"
    spared = _query("doc['v'].size() == 0 ? 0 : dotProduct(params.q, 'v')")
    assert len(cluster("POST", f"/{name}/_search", spared)["hits"]["hits"]) == 3


@fact("7.5", evidence="S", source="ScriptScoreQuery")
def test_a_score_is_not_negative(cluster: Cluster, index: Callable[..., str]) -> None:
    """A negative score is an error."""
    name = index(PROPERTIES, DOCUMENTS)
    answer = cluster("POST", f"/{name}/_search", _query("-1.5"), code=400)
    reason = answer["error"]["failed_shards"][0]["reason"]["reason"]
    assert reason.startswith("script_score script returned an invalid score [-1.5] for doc [")
