"""Words that are spelled nearly alike, beginnings of phrases, and the fields that are asked where none is named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.search.fuzzy import Fuzziness, distance
from tests.emulator.conftest import Api

TEXTS = {
    "1": "the quick brown fox",
    "2": "the quack of a brown duck",
    "3": "quick quicker quickest",
    "4": "a brwon fox, quickly",
    "5": "nothing of the kind",
}


@pytest.fixture(scope="module")
def index(http: httpx.Client) -> str:
    api = Api(http)
    properties = {"t": {"type": "text"}, "k": {"type": "keyword"}, "n": {"type": "integer"}, "d": {"type": "date"},
                  "v": {"type": "dense_vector", "dims": 2}, "g": {"type": "geo_point"}}  # fmt: skip
    api("PUT", "/spelling", {"mappings": {"properties": properties}})
    for doc_id, text in TEXTS.items():
        api("PUT", f"/spelling/_doc/{doc_id}", {"t": text, "k": text.split()[1], "n": int(doc_id)}, code=201)
    api("POST", "/spelling/_refresh")
    return "spelling"


def found(api: Api, index: str, query: Any) -> dict[str, float]:
    hits = api("POST", f"/{index}/_search", {"query": query})["hits"]["hits"]
    return {hit["_id"]: hit["_score"] for hit in hits}


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_a_distance_of_one_is_one_edit(one: str, other: str) -> None:
    edits = {one[:at] + letter + one[at:] for at in range(len(one) + 1) for letter in "abc"}
    edits |= {one[:at] + one[at + 1 :] for at in range(len(one))}
    edits |= {one[:at] + letter + one[at + 1 :] for at in range(len(one)) for letter in "abc"}
    assert (distance(one, other, transpositions=False) <= 1) == (other in {one, *edits})
    edits |= {one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1)}
    assert (distance(one, other, transpositions=True) <= 1) == (other in {one, *edits})
    assert distance(one, other, transpositions=True) == distance(other, one, transpositions=True)


def test_no_letter_is_touched_twice() -> None:
    assert distance("ca", "abc", transpositions=True) == 3


@pytest.mark.parametrize(("length", "edits"), [(0, 0), (2, 0), (3, 1), (5, 1), (6, 2), (40, 2)])
def test_auto_looks_at_the_length(length: int, edits: int) -> None:
    assert Fuzziness().edits("x" * length) == edits


def test_the_best_expansions_are_kept_in_the_order_of_their_bytes() -> None:
    words = ["abcd", "abcz", "abc", "abcdef", "zbcd", "azcd", "abdc"]
    assert Fuzziness(most=3).expanded("abcd", words) == [("abcd", 1.0), ("abcz", 0.75), ("abdc", 0.75)]
    assert Fuzziness(prefix=1, most=9).expanded("abcd", words) == [
        ("abc", pytest.approx(2 / 3)), ("abcd", 1.0), ("abcz", 0.75), ("abdc", 0.75), ("azcd", 0.75)
    ]  # fmt: skip


def expected(words: dict[str, float]) -> dict[str, float]:
    """BM25 of words with their boosts, all as rare as the most frequent of them."""
    split = {doc_id: text.replace(",", "").split() for doc_id, text in TEXTS.items()}
    average = sum(map(len, split.values())) / len(split)
    holding = max(sum(word in tokens for tokens in split.values()) for word in words)
    idf = math.log(1 + (len(split) - holding + 0.5) / (holding + 0.5))
    scores: dict[str, float] = {}
    for (doc_id, tokens), (word, boost) in itertools.product(split.items(), words.items()):
        if times := tokens.count(word):
            part = boost * 2.2 * idf * times / (times + 1.2 * (0.25 + 0.75 * len(tokens) / average))
            scores[doc_id] = scores.get(doc_id, 0.0) + part
    return scores


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"query": "quick", "fuzziness": "AUTO"}, {"quick": 1.0, "quack": 0.8}),
        ({"query": "Quickly", "fuzziness": 2}, {"quick": 0.6, "quicker": 5 / 7, "quickly": 1.0}),
        ({"query": "brown", "fuzziness": "auto"}, {"brown": 1.0, "brwon": 0.8}),
        ({"query": "brown", "fuzziness": 1, "fuzzy_transpositions": False}, {"brown": 1.0}),
        ({"query": "quick", "fuzziness": 1, "prefix_length": 3}, {"quick": 1.0}),
        ({"query": "quick", "fuzziness": "AUTO:6,9"}, {"quick": 1.0}),
        ({"query": "quick", "fuzziness": 0}, {"quick": 1.0}),
    ],
)
def test_fuzziness_of_a_match(api: Api, index: str, options: dict[str, Any], words: dict[str, float]) -> None:
    wanted = pytest.approx(expected(words), rel=1e-5)
    assert found(api, index, {"match": {"t": options}}) == wanted
    assert found(api, index, {"multi_match": {**options, "fields": ["t"]}}) == wanted


@pytest.mark.parametrize(("operator", "ids"), [("and", {"1"}), ("or", {"1", "2", "3"})])
def test_each_word_is_a_clause_of_its_own(api: Api, index: str, operator: str, ids: set[str]) -> None:
    options = {"query": "quikc browm", "fuzziness": 1, "operator": operator}
    assert found(api, index, {"match": {"t": options}}).keys() == ids


def test_a_fuzzy_text_in_all_fields_finds_texts_and_keywords(api: Api, index: str) -> None:
    hits = found(api, index, {"multi_match": {"query": "quik", "fuzziness": "AUTO", "type": "most_fields"}})
    assert hits.keys() == {"1", "3"}
    keyword = found(api, index, {"fuzzy": {"k": {"value": "quik"}}})
    assert keyword.keys() == {"1"}
    assert hits["1"] == pytest.approx(keyword["1"] + found(api, index, {"fuzzy": {"t": "quik"}})["1"])


def test_the_query_fuzzy_does_not_analyse(api: Api, index: str) -> None:
    assert found(api, index, {"fuzzy": {"t": "quick"}}) == pytest.approx(
        expected({"quick": 1.0, "quack": 0.8}), rel=1e-5
    )
    assert found(api, index, {"fuzzy": {"t": {"value": "QUICK"}}}) == {}
    assert found(api, index, {"fuzzy": {"nope": "quick"}}) == {}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("the qui", {"1"}),
        ("the qu", {"1", "2"}),
        ("QUIC", {"1", "3", "4"}),
        ("brown f", {"1"}),
        ("fox qu", {"4"}),
        ("quick z", set()),
        ("zebra", set()),
        ("...", set()),
    ],
)
def test_the_beginning_of_a_phrase(api: Api, index: str, query: str, ids: set[str]) -> None:
    assert found(api, index, {"match_phrase_prefix": {"t": query}}).keys() == ids
    multi = {"multi_match": {"query": query, "type": "phrase_prefix", "fields": ["t"]}}
    assert found(api, index, multi).keys() == ids


def test_a_beginning_alone_scores_all_that_begins_so(api: Api, index: str) -> None:
    words = ("quick", "quicker", "quickest", "quickly")
    alone = [found(api, index, {"term": {"t": word}}).get("3", 0.0) for word in words]
    assert found(api, index, {"match_phrase_prefix": {"t": "quick"}})["3"] == pytest.approx(sum(alone), rel=1e-5)
    one = {"match_phrase_prefix": {"t": {"query": "quick", "max_expansions": 1}}}
    assert found(api, index, one).keys() == {"1", "3"}


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"query": "quick bro"}, {"1", "2", "3"}),
        ({"query": "quick bro", "operator": "and"}, {"1"}),
        ({"query": "quick fox bro", "minimum_should_match": 3}, {"1"}),
        ({"query": "QUICK"}, {"1", "3", "4"}),
        ({"query": "quikc bro", "fuzziness": 1, "operator": "and"}, {"1"}),
        ({"query": "QUICK bro", "analyzer": "whitespace"}, {"1", "2"}),
        ({"query": ""}, set()),
    ],
)
def test_the_last_word_may_be_a_beginning(api: Api, index: str, options: dict[str, Any], ids: set[str]) -> None:
    assert found(api, index, {"match_bool_prefix": {"t": options}}).keys() == ids
    multi = {"multi_match": {**options, "type": "bool_prefix", "fields": ["t"]}}
    assert found(api, index, multi).keys() == ids


def test_a_beginning_scores_one_beside_the_words(api: Api, index: str) -> None:
    word = found(api, index, {"match": {"t": "quick"}})
    both = found(api, index, {"match_bool_prefix": {"t": {"query": "quick bro", "boost": 2}}})
    assert both == pytest.approx({"1": 2 * (word["1"] + 1), "2": 2.0, "3": 2 * word["3"]}, rel=1e-5)
    assert found(api, index, {"match_bool_prefix": {"k": "qui"}}) == {"1": 1.0, "3": 1.0}
    assert found(api, index, {"match_bool_prefix": {"n": 4}}) == {"4": 1.0}


def test_a_phrase_in_several_fields(api: Api, index: str) -> None:
    assert found(api, index, {"multi_match": {"query": "brown fox", "type": "phrase"}}).keys() == {"1"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"match": {"n": {"query": 1, "fuzziness": 1}}}, "Can only use fuzzy queries on keyword and text fields - not on [n]"),
        ({"match_phrase_prefix": {"k": "x"}}, "Can only use phrase prefix queries on text fields - not on [k]"),
        ({"match": {"v": "x"}}, "Field [v] of type [dense_vector] does not support match queries"),
        ({"match_phrase": {"g": "x"}}, "Field [g] of type [geo_point] does not support match queries"),
    ],
)  # fmt: skip
def test_fields_that_cannot(api: Api, index: str, query: Any, reason: str) -> None:
    error = api("POST", f"/{index}/_search", {"query": query}, code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(f"failed to create query: {reason}")
    ((kind, options),) = query.items()
    ((field, value),) = options.items()
    text = value["query"] if isinstance(value, dict) else value
    if kind == "match":
        lenient = {"match": {field: {"query": text, "lenient": True, **({"fuzziness": 1} if field == "n" else {})}}}
        assert found(api, index, lenient) == {}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"match": {"t": {"query": "x", "fuzziness": "AUTO:5,3"}}}, 400),
        ({"match": {"t": {"query": "x", "fuzziness": 1, "prefix_length": -1}}}, 400),
        ({"match": {"t": {"query": "x", "fuzziness": 1, "max_expansions": 0}}}, 400),
        ({"match": {"t": {"query": "x", "fuzziness": 1, "fuzzy_rewrite": "scoring_boolean"}}}, 501),
        ({"match": {"t": {"query": "x", "fuzziness": "0.7"}}}, 501),
        ({"multi_match": {"query": "x", "type": "phrase", "fuzziness": 1}}, 400),
        ({"multi_match": {"query": "x", "type": "cross_fields"}}, 501),
        ({"multi_match": {"query": "x", "type": "bool_prefix", "slop": 1}}, 400),
        ({"match_bool_prefix": {"t": {"query": "x", "lenient": True}}}, 400),
        ({"fuzzy": {"t": {"fuzziness": 1}}}, 400),
        ({"match_phrase_prefix": {"t": {"query": "x", "slop": 1}}}, 501),
        ({"match_phrase_prefix": {"t": {"query": "x", "max_expansions": -1}}}, 400),
    ],
)
def test_refusals(api: Api, index: str, query: Any, status: int) -> None:
    api("POST", f"/{index}/_search", {"query": query}, code=status)


def test_fields_that_are_asked_where_none_is_named(api: Api, name: str) -> None:
    settings = {"index.query.default_field": ["a", "b^3"]}
    properties = {field: {"type": "text"} for field in "abc"} | {"n": {"type": "long"}}
    api("PUT", f"/{name}", {"settings": settings, "mappings": {"properties": properties}})
    for field in "abc":
        api("PUT", f"/{name}/_doc/{field}?refresh=true", {field: "snow"}, code=201)
    shown = api("GET", f"/{name}/_settings")[name]["settings"]["index"]
    assert shown["query"] == {"default_field": ["a", "b^3"]}
    scores = found(api, name, {"multi_match": {"query": "snow"}})
    assert scores == {"a": pytest.approx(scores["b"] / 3), "b": scores["b"]}
    hits = api("GET", f"/{name}/_search?q=snow")["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {"a", "b"}
    api("PUT", f"/{name}/_settings", {"index.query.default_field": "n"})
    assert api("GET", f"/{name}/_search?q=snow", code=400)["error"]["type"] == "search_phase_execution_exception"
    assert api("GET", f"/{name}/_search?q=snow&lenient=true")["hits"]["hits"] == []
    assert found(api, name, {"multi_match": {"query": "snow", "fields": ["*"]}}).keys() == {"a", "b", "c"}
    api("PUT", f"/{name}/_settings", {"index.query.default_field": None})
    assert found(api, name, {"multi_match": {"query": "snow"}}).keys() == {"a", "b", "c"}


def test_a_field_named_twice_counts_its_boosts_together(api: Api, index: str) -> None:
    once = found(api, index, {"multi_match": {"query": "fox", "fields": ["t"]}})
    twice = found(api, index, {"multi_match": {"query": "fox", "fields": ["t^2", "t*^3"]}})
    assert twice == pytest.approx({doc_id: score * 6 for doc_id, score in once.items()})


def test_limits_that_an_index_sets(api: Api, name: str) -> None:
    limits = {"index.max_terms_count": 2, "index.max_docvalue_fields_search": 1}
    api(
        "PUT",
        f"/{name}",
        {"settings": limits, "mappings": {"properties": {"n": {"type": "long"}, "m": {"type": "long"}}}},
    )
    api("POST", f"/{name}/_search", {"query": {"terms": {"n": [1, 2]}}, "docvalue_fields": ["n"]})
    for body, reason in (
        ({"query": {"terms": {"n": [1, 2, 3]}}}, "failed to create query: The number of terms [3]"),
        ({"docvalue_fields": ["n", "m"]}, "Trying to retrieve too many docvalue_fields. Must be less than or equal to: [1]"),
        ({"docvalue_fields": ["*"]}, "Trying to retrieve too many docvalue_fields. Must be less than or equal to: [1]"),
    ):  # fmt: skip
        error = api("POST", f"/{name}/_search", body, code=400)["error"]
        assert error["root_cause"][0]["reason"].startswith(reason)


def test_phrases_have_an_analyzer_of_their_own(api: Api, name: str) -> None:
    analyzers = {"analyzer": "standard", "search_quote_analyzer": "whitespace"}
    api("PUT", f"/{name}", {"mappings": {"properties": {"t": {"type": "text", **analyzers}}}})
    api("PUT", f"/{name}/_doc/1?refresh=true", {"t": "Snow falls"}, code=201)
    assert found(api, name, {"match": {"t": "Snow"}}).keys() == {"1"}
    assert found(api, name, {"match_phrase": {"t": "Snow falls"}}) == {}
    assert found(api, name, {"match_phrase": {"t": "snow falls"}}).keys() == {"1"}


def test_values_of_flattened_fields_are_spelled_nearly_alike_as_keywords_are(
    api: Api, make: Callable[..., str]
) -> None:
    index = make({"f": {"type": "flattened"}})
    api("PUT", f"/{index}/_doc/1?refresh=true", {"f": {"a": "snow", "b": {"c": "rain"}}}, code=201)
    for query in ({"fuzzy": {"f": "snwo"}}, {"multi_match": {"query": "rian", "fuzziness": 1}}):
        assert found(api, index, query).keys() == {"1"}
    error = api("POST", f"/{index}/_search", {"query": {"fuzzy": {"f.a": "snow"}}}, code=400)["error"]
    assert error["root_cause"][0]["reason"].endswith("not currently supported on keyed [flattened] fields.")
