"""``script_score``: what a script makes of the documents that match, and how it fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.emulator.conftest import Api

PROPERTIES = {
    "v": {"type": "dense_vector", "dims": 3, "index": False}, "n": {"type": "integer"}, "f": {"type": "double"},
    "k": {"type": "keyword"}, "b": {"type": "boolean"}, "t": {"type": "text"},
}  # fmt: skip
DOCUMENTS = {
    "1": {"v": [1.0, 0.0, 0.0], "n": 7, "f": 2.5, "k": "x", "b": True},
    "2": {"v": [0.0, 2.0, 0.0], "n": [3, 9], "f": 0.5, "k": "y", "b": False},
    "3": {"n": 1, "k": "x"},
}
QUERY = [1.0, 2.0, 0.0]
COSINES = [1 / np.sqrt(5), 2 / np.sqrt(5)]


@pytest.fixture(scope="module")
def index(http: Any) -> str:
    """An index of three documents, the last without vector."""
    api = Api(http)
    api("PUT", "/script-score", {"mappings": {"properties": PROPERTIES}})
    for doc_id, source in DOCUMENTS.items():
        api("PUT", f"/script-score/_doc/{doc_id}", source, code=201)
    api("POST", "/script-score/_refresh")
    return "script-score"


def _search(api: Api, index: str, source: str, wanted: str = "*", **params: Any) -> Any:
    inner: dict[str, Any] = {"exists": {"field": wanted}} if wanted != "*" else {"match_all": {}}
    script = {"source": source, "params": {"q": QUERY, "two": 2, "mode": "x", **params}}
    return {"query": {"script_score": {"query": inner, "script": script}}}


SCORES: dict[str, tuple[str, list[float]]] = {
    "cosineSimilarity(params.q, 'v') + 1.0": ("v", [1 + cosine for cosine in COSINES]),
    "dotProduct(params.q, 'v')": ("v", [1, 4]),
    "1 / (1 + l2norm(params.q, 'v'))": ("v", [1 / 3, 1 / 2]),
    "1 / (1 + l1norm(params['q'], 'v'))": ("v", [1 / 3, 1 / 2]),
    "dotProduct([1, 0, 0], 'v')": ("v", [1, 0]),
    "doc['v'].magnitude": ("v", [1, 2]),
    "_score * 2 + doc['n'].value": ("*", [9, 5, 3]),
    "doc['n'].value / 2": ("*", [3, 1, 0]),
    "doc['n'].value / params.two * 1.0 + doc.n.size()": ("*", [4, 3, 1]),
    "doc['n'].value % 4 / 2.0": ("*", [1.5, 1.5, 0.5]),
    "doc['v'].size() == 0 ? 0 : cosineSimilarity(params.q, 'v') + 1": ("*", [1 + COSINES[0], 1 + COSINES[1], 0]),
    "!doc['f'].isEmpty() && doc['f'].value > 1 ? 1 : 0": ("*", [1, 0, 0]),
    "doc['k'].value == params.mode ? 2 : 1": ("*", [2, 1, 2]),
    "if (doc['f'].empty) { return 5; } double s = doc['f'].value; s *= 2; return Math.max(s, 2)": ("*", [5, 2, 5]),
    "def s = 0; if (doc['k'].value == 'x') { s = 1.5; } else { s = 2; } s": ("*", [1.5, 2, 1.5]),
    "doc['b'].size() > 0 && doc['b'].value ? 3 : 4": ("*", [3, 4, 4]),
    "saturation(doc['n'].value, 7)": ("*", [0.5, 0.3, 0.125]),
    "sigmoid(_score, 1, 2)": ("*", [0.5, 0.5, 0.5]),
    "(int) 2.9 + Math.round(0.5)": ("*", [3, 3, 3]),
    "doc.containsKey('n') ? 1 : 2": ("*", [1, 1, 1]),
}


@pytest.mark.parametrize("source", SCORES)
def test_scores(api: Api, index: str, source: str) -> None:
    wanted, scores = SCORES[source]
    hits = api("POST", f"/{index}/_search", _search(api, index, source, wanted))["hits"]["hits"]
    found = {hit["_id"]: hit["_score"] for hit in hits}
    assert [found[key] for key in sorted(found)] == pytest.approx(scores, abs=1e-6)


FAILURES: dict[str, tuple[str, str]] = {
    "cosineSimilarity(params.q, 'v')": ("illegal_argument_exception", "A document doesn't have a value for a vector field!"),
    "dotProduct([1, 2], 'v')": (
        "illegal_argument_exception",
        "The query vector has a different number of dimensions [2] than the document vectors [3].",
    ),
    "doc['zz'].value": ("illegal_argument_exception", "No field found for [zz] in mapping"),
    "doc['f'].value": (
        "illegal_state_exception",
        "A document doesn't have a value for a field! Use doc[<field>].size()==0 to check if a document is missing a field!",
    ),
    "1 / 0": ("arithmetic_exception", "/ by zero"),
    "doc['k'].value - 1": (
        "class_cast_exception", "Cannot apply [-] operation to types [java.lang.String] and [java.lang.Integer].",
    ),
    "doc['k'].value": ("class_cast_exception", "Cannot cast from [java.lang.String] to [double]."),
    "params.two > 1": ("class_cast_exception", "Cannot cast from [java.lang.Boolean] to [double]."),
    "params.nothing + 1": (
        "null_pointer_exception", 'Cannot invoke "Object.getClass()" because "left" is null'
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", FAILURES)
def test_failures(api: Api, index: str, source: str) -> None:
    answer = api("POST", f"/{index}/_search", _search(api, index, source), code=400)
    failed = answer["error"]["failed_shards"][0]["reason"]
    assert (failed["type"], failed["reason"], failed["script"]) == ("script_exception", "runtime error", source)
    kind, reason = FAILURES[source]
    assert failed["caused_by"] == {"type": kind, "reason": reason}
    assert failed["script_stack"][0] == source


def test_a_score_is_not_negative(api: Api, index: str) -> None:
    answer = api("POST", f"/{index}/_search", _search(api, index, "-1.5"), code=400)
    reason = answer["error"]["failed_shards"][0]["reason"]["reason"]
    assert reason == "script_score script returned an invalid score [-1.5] for doc [0]. Must be a non-negative score!"


@pytest.mark.parametrize(
    ("source", "code"),
    [("foo + 1", 400), ("1 +", 400), ("for (int i = 0; i < 3; i++) { }", 501), ("hamming(params.q, 'v')", 501),
     ("doc['t'].value", 501), ("doc['k'].values.size()", 501), ("params.q.stream().count()", 501), ("unknown(1)", 400)],
)  # fmt: skip
def test_what_is_refused(api: Api, index: str, source: str, code: int) -> None:
    kind, _ = api.error("POST", f"/{index}/_search", _search(api, index, source), code=code)
    assert kind == ("emulator_unsupported_exception" if code == 501 else kind)
