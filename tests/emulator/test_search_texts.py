"""Tokens as Lucene's grammar cuts them, and BM25 against its plain formula."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.search.analysis import ANALYZERS, lower, standard
from clipline.emulator.search.similarity import stored_length
from tests.emulator.conftest import Api

Make = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The 2 QUICK Brown-Foxes jumped over the lazy dog's bone.",
         ["the", "2", "quick", "brown", "foxes", "jumped", "over", "the", "lazy", "dog's", "bone"]),
        ("3.14 1,000.5 a.b a.1 1.a U.S.A.", ["3.14", "1,000.5", "a.b", "a", "1", "1", "a", "u.s.a"]),
        ("foo_bar __ _a_ a_1 1_2", ["foo_bar", "_a_", "a_1", "1_2"]),
        ("O’Reilly can't 'quoted' x@y.com", ["o’reilly", "can't", "quoted", "x", "y.com"]),
        ("カタカナ ﾊﾝｶｸ", ["カタカナ", "ﾊﾝｶｸ"]),
        ("ひらがな漢字", ["ひ", "ら", "が", "な", "漢", "字"]),
        ("한국어 텍스트", ["한국어", "텍스트"]),
        ("ภาษาไทย", ["ภาษาไทย"]),
        ("👩‍👩‍👧 😀 🇩🇪🇫🇷 ©️ © 1️⃣ 👍🏽a", ["👩‍👩‍👧", "😀", "🇩🇪", "🇫🇷", "©️", "1️⃣", "👍🏽", "a"]),
        ("İSTANBUL ΣΊΣΥΦΟΣ Straße", ["istanbul", "σίσυφοσ", "straße"]),
        ("e\u0301a हिन्दी עִבְרִית", ["e\u0301a", "हिन्दी", "עִבְרִית"]),
        ("x" * 300, ["x" * 255, "x" * 45]),
        ("... --- !!!", []),
        ("", []),
    ],
)  # fmt: skip
def test_the_standard_analyzer(text: str, tokens: list[str]) -> None:
    assert ANALYZERS["standard"].terms(text) == tokens


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("simple", ["the", "x", "fox", "s", "y", "z"]),
        ("whitespace", ["The", "2x", "Fox's", "y_z!"]),
        ("keyword", ["The 2x Fox's y_z!"]),
        ("stop", ["x", "fox", "s", "y", "z"]),
    ],
)
def test_other_analyzers(name: str, tokens: list[str]) -> None:
    assert ANALYZERS[name].terms("The 2x Fox's y_z!") == tokens


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_tokens_are_parts_of_the_text_in_order(text: str) -> None:
    for analyzer in ANALYZERS.values():
        tokens = analyzer.tokens(text)
        assert all(token.start < token.end for token in tokens)
        assert [token.position for token in tokens] == sorted({token.position for token in tokens})
        assert all(lower(text[token.start : token.end]) == lower(token.term) for token in tokens)
        assert all(one.end <= two.start for one, two in itertools.pairwise(tokens))


@given(st.text(alphabet="aB1_.,:;'\" -#*", max_size=20))
@settings(max_examples=500, deadline=None)
def test_ascii_is_cut_by_the_same_grammar(text: str) -> None:
    plain = [token.term for token in standard(text)]
    assert plain == [token.term for token in standard(f"{text} é")][:-1]
    placed = ANALYZERS["standard"].placed(text)
    assert placed == [(token.term, token.position) for token in ANALYZERS["standard"].tokens(text)]


def test_the_api_shows_tokens(api: Api, make: Make) -> None:
    shown = api("POST", "/_analyze", {"text": "😀 Snow crash"})["tokens"]
    assert shown[1] == {"token": "snow", "start_offset": 3, "end_offset": 7, "type": "<ALPHANUM>", "position": 1}
    several = api("POST", "/_analyze", {"analyzer": "whitespace", "text": ["a b", "c"]})["tokens"]
    assert [(one["token"], one["start_offset"], one["position"]) for one in several] == [
        ("a", 0, 0),
        ("b", 2, 1),
        ("c", 4, 102),
    ]
    custom = api("POST", "/_analyze", {"tokenizer": "letter", "filter": ["uppercase"], "text": "a1b"})["tokens"]
    assert [one["token"] for one in custom] == ["A", "B"]
    name = make({"s": {"type": "text", "analyzer": "stop"}, "k": {"type": "keyword"}})
    assert len(api("POST", f"/{name}/_analyze", {"field": "s", "text": "the snow"})["tokens"]) == 1
    assert len(api("POST", f"/{name}/_analyze", {"field": "k", "text": "the snow"})["tokens"]) == 1


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ({}, 400, "Validation Failed: 1: text is missing;"),
        ({"text": "a", "nope": 1}, 400, "[1:1] [analyze_request] unknown field [nope]"),
        ({"text": "a", "analyzer": "nope"}, 400, "failed to find global analyzer [nope]"),
        ({"text": "a", "analyzer": "english"}, 501, "the clipline emulator does not support the analyzer [english]"),
        (
            {"text": "a", "tokenizer": "ngram"},
            501,
            "the clipline emulator does not support the tokenizer [ngram] of _analyze",
        ),
    ],
)
def test_the_api_refuses(api: Api, body: dict[str, Any], code: int, reason: str) -> None:
    assert api.error("POST", "/_analyze", body, code=code)[1] == reason


WORDS = ["snow", "crash", "star", "ship", "moon", "rain"]


def bm25(texts: list[str], wanted: list[str], *, boost: float = 1.0) -> dict[int, float]:
    """The plain formula in double precision; lengths as the index keeps them."""
    tokens = [text.split() for text in texts]
    having = [one for one in tokens if one]
    average = sum(map(len, having)) / len(having)
    scores: dict[int, float] = {}
    for word in wanted:
        holding = sum(word in one for one in tokens)
        idf = math.log(1 + (len(having) - holding + 0.5) / (holding + 0.5))
        for number, one in enumerate(tokens):
            if frequency := Counter(one)[word]:
                norm = 1.2 * (0.25 + 0.75 * stored_length(len(one)) / average)
                scores[number] = scores.get(number, 0) + boost * 2.2 * idf * frequency / (frequency + norm)
    return scores


@pytest.mark.parametrize("seed", range(4))
def test_scores_by_the_formula(api: Api, make: Make, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 120))) for _ in range(30)]
    name = make({"t": {"type": "text"}}, {str(n): {"t": text} for n, text in enumerate(texts)})
    wanted = [str(word) for word in rng.choice(WORDS, 3)]
    query = {"match": {"t": {"query": " ".join(wanted), "boost": 1.5}}}
    hits = api("POST", f"/{name}/_search", {"query": query, "size": 50})["hits"]["hits"]
    expected = bm25(texts, wanted, boost=1.5)
    assert {int(hit["_id"]) for hit in hits} == set(expected)
    for hit in hits:
        assert hit["_score"] == pytest.approx(expected[int(hit["_id"])], rel=1e-5)
    assert [hit["_score"] for hit in hits] == sorted((hit["_score"] for hit in hits), reverse=True)


def test_known_scores(api: Api, make: Make) -> None:
    """Two documents, one of which has the word: Lucene's well-known 0.2876821 and 0.6931471."""
    name = make({"t": {"type": "text"}, "k": {"type": "keyword"}}, {"1": {"t": "snow", "k": "a"}})
    assert api("POST", f"/{name}/_search", {"query": {"match": {"t": "snow"}}})["hits"]["max_score"] == 0.2876821
    assert api("POST", f"/{name}/_search", {"query": {"term": {"k": "a"}}})["hits"]["max_score"] == 0.2876821
    api("PUT", f"/{name}/_doc/2?refresh=true", {"t": "rain", "k": "b"}, code=201)
    assert api("POST", f"/{name}/_search", {"query": {"match": {"t": "snow"}}})["hits"]["max_score"] == 0.6931471
    assert api("POST", f"/{name}/_search", {"query": {"term": {"k": "b"}}})["hits"]["max_score"] == 0.6931471


def test_each_shard_has_statistics_of_its_own(api: Api, make: Make) -> None:
    docs = {str(n): {"t": "snow" if n == 0 else "rain"} for n in range(20)}
    name = make({"t": {"type": "text"}}, docs, settings={"number_of_shards": 4})
    best = api("POST", f"/{name}/_search", {"query": {"match": {"t": "snow"}}})["hits"]["max_score"]
    counts = [api("POST", f"/{name}/_count?routing={n}", {"query": {"match_all": {}}})["count"] for n in range(20)]
    assert best == pytest.approx(math.log(1 + (counts[0] - 0.5) / 1.5), rel=1e-5)
    assert sum({n: counts[n] for n in range(20)}.values()) >= 20
    _, reason = api.error("POST", f"/{name}/_search?search_type=dfs_query_then_fetch", {}, code=501)
    assert "dfs_query_then_fetch" in reason
