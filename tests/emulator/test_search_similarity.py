"""``index.similarity``: BM25 with other numbers, and scores that are boosts alone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.emulator.conftest import Api

TEXTS = ["snow snow on the mountain", "snow", "a river in the valley below the mountain"]


def filled(api: Api, name: str, settings: dict[str, Any], field: dict[str, Any]) -> None:
    api("PUT", f"/{name}", {"settings": {"similarity": settings}, "mappings": {"properties": {"t": field}}})
    for number, text in enumerate(TEXTS):
        api("PUT", f"/{name}/_doc/{number}?refresh=true", {"t": text}, code=201)


def scores(api: Api, name: str, query: Any) -> dict[int, float]:
    hits = api("POST", f"/{name}/_search", {"query": query})["hits"]["hits"]
    return {int(hit["_id"]): hit["_score"] for hit in hits}


def bm25(word: str, k1: float, b: float) -> dict[int, float]:
    tokens = [text.split() for text in TEXTS]
    average, holding = sum(map(len, tokens)) / len(tokens), sum(word in one for one in tokens)
    idf = math.log(1 + (len(tokens) - holding + 0.5) / (holding + 0.5))
    return {
        number: (k1 + 1) * idf * one.count(word) / (one.count(word) + k1 * (1 - b + b * len(one) / average))
        for number, one in enumerate(tokens)
        if word in one
    }


@pytest.mark.parametrize(("k1", "b"), [(2.0, 0.3), (0, 0.5), (1.2, 0), (0.5, 1)])
@pytest.mark.parametrize("chosen", ["mild", "default"])
def test_bm25_with_other_numbers(api: Api, name: str, k1: float, b: float, chosen: str) -> None:
    own = {"similarity": "mild"} if chosen == "mild" else {}
    filled(api, name, {chosen: {"type": "BM25", "k1": k1, "b": b}}, {"type": "text", **own})
    assert scores(api, name, {"match": {"t": "snow"}}) == pytest.approx(bm25("snow", k1, b), rel=1e-5)
    shown = api("GET", f"/{name}")[name]
    assert shown["settings"]["index"]["similarity"] == {chosen: {"type": "BM25", "k1": str(k1), "b": str(b)}}
    assert shown["mappings"]["properties"]["t"] == {"type": "text", **own}


def test_numbers_that_are_not_given_are_those_of_bm25(api: Api, name: str) -> None:
    filled(api, name, {"mild": {"type": "BM25", "b": 0.3}}, {"type": "text", "similarity": "mild"})
    assert scores(api, name, {"match": {"t": "snow"}}) == pytest.approx(bm25("snow", 1.2, 0.3), rel=1e-5)


def test_the_default_is_not_for_a_field_with_one_of_its_own(api: Api, name: str) -> None:
    filled(api, name, {"default": {"type": "BM25", "k1": 3}}, {"type": "text", "similarity": "BM25"})
    assert scores(api, name, {"match": {"t": "snow"}}) == pytest.approx(bm25("snow", 1.2, 0.75), rel=1e-5)


@pytest.mark.parametrize("kind", ["text", "keyword"])
def test_boolean_scores_are_boosts(api: Api, name: str, kind: str) -> None:
    filled(api, name, {}, {"type": kind, "similarity": "boolean"})
    text = "snow mountain" if kind == "text" else "snow"
    wanted = {0: 4.0, 1: 2.0, 2: 2.0} if kind == "text" else {1: 2.0}
    assert scores(api, name, {"match": {"t": {"query": text, "boost": 2}}}) == wanted


@pytest.mark.parametrize(
    ("similarity", "status", "reason"),
    [
        ({"BM25": {"type": "BM25"}}, 400, "illegal value for [index.similarity.BM25] cannot redefine built-in similarity"),
        ({"mild": {"k1": 1}}, 400, "Similarity [mild] must have an associated type"),
        ({"mild": {"type": "classic"}}, 400, "Unknown Similarity type [classic] for [mild]"),
        ({"mild": {"type": "BM25", "c": 1}}, 400, "Unknown settings for similarity of type [BM25]: [c]"),
        ({"mild": {"type": "BM25", "k1": -1}}, 400, "illegal k1 value: -1.0, must be a non-negative finite value"),
        ({"mild": {"type": "BM25", "b": 1.5}}, 400, "illegal b value: 1.5, must be between 0 and 1"),
        ({"mild": "BM25"}, 501, "the clipline emulator does not support the setting [index.similarity.mild]"),
        ({"mild": {"type": "DFR"}}, 501, "the clipline emulator does not support the similarity [DFR]"),
        ({"mild": {"type": "BM25", "b": "x"}}, 501, "the clipline emulator does not support the setting [index."),
    ],
)  # fmt: skip
def test_similarities_that_are_none(api: Api, name: str, similarity: Any, status: int, reason: str) -> None:
    error = api("PUT", f"/{name}", {"settings": {"similarity": similarity}}, code=status)["error"]
    assert error["reason"].startswith(reason)


def test_a_similarity_that_the_index_does_not_have(api: Api, name: str) -> None:
    field = {"type": "text", "similarity": "mild"}
    reason = "Failed to parse mapping: Unknown Similarity type [mild] for field [t]"
    error = api("PUT", f"/{name}", {"mappings": {"properties": {"t": field}}}, code=400)["error"]
    assert (error["type"], error["reason"]) == ("mapper_parsing_exception", reason)
    api("PUT", f"/{name}")
    assert (
        api("PUT", f"/{name}/_mapping", {"properties": {"t": field}}, code=400)["error"]["root_cause"][0]["reason"]
        in reason
    )


def test_it_is_fixed_with_the_index(api: Api, name: str) -> None:
    api("PUT", f"/{name}")
    error = api("PUT", f"/{name}/_settings", {"similarity.mild.type": "BM25"}, code=400)["error"]
    assert error["reason"].startswith("Can't update non dynamic settings [[index.similarity.mild.type]]")
    api("PUT", f"/{name}/_settings?reopen=true", {"similarity.mild.type": "BM25"}, code=501)
