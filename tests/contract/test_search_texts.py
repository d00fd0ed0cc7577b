"""Texts by likeness, by their beginnings and by similarities of an index (reference, section 7.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Index = Callable[..., str]
YAML = "rest-api-spec/test/search"
ONE_SHARD = {"number_of_shards": 1}


def scores(cluster: Cluster, name: str, query: dict[str, Any]) -> dict[str, float]:
    hits = cluster("POST", f"/{name}/_search", {"query": query})["hits"]["hits"]
    return {hit["_id"]: hit["_score"] for hit in hits}


@pytest.fixture
def texts(index: Index) -> str:
    docs = {"1": {"t": "quick", "k": "quick"}, "2": {"t": "quack", "k": "quack"}, "3": {"t": "brown fox", "k": "fox"},
            "4": {"t": "brwon fog", "k": "fog"}}  # fmt: skip
    return index({"t": {"type": "text"}, "k": {"type": "keyword"}, "n": {"type": "integer"}}, docs, settings=ONE_SHARD)


@fact("7.6", evidence="S", source="FuzzyTermsEnum, TopTermsBlendedFreqScoringRewrite")
def test_words_that_are_spelled_nearly_alike(cluster: Cluster, texts: str) -> None:
    """One edit of five letters counts four fifths; an exchange of neighbours is one edit; short words allow none."""
    found = scores(cluster, texts, {"match": {"t": {"query": "quick", "fuzziness": "AUTO"}}})
    assert found == {"1": pytest.approx(found["1"]), "2": pytest.approx(0.8 * found["1"], rel=1e-5)}
    assert scores(cluster, texts, {"match": {"t": {"query": "brown", "fuzziness": 1}}}).keys() == {"3", "4"}
    exact = {"query": "brown", "fuzziness": 1, "fuzzy_transpositions": False}
    assert scores(cluster, texts, {"match": {"t": exact}}).keys() == {"3"}
    assert scores(cluster, texts, {"fuzzy": {"k": {"value": "fix"}}}).keys() == {"3"}
    assert scores(cluster, texts, {"fuzzy": {"k": {"value": "fo"}}}) == {}


@fact("7.6", evidence="S", source="MatchQueryParser, MultiMatchQueryParser")
def test_all_fields_are_asked_leniently(cluster: Cluster, texts: str) -> None:
    """Where no field is named, what cannot be compared is passed over; where one is, it is an error."""
    options = {"query": "quikc", "fuzziness": "AUTO"}
    assert scores(cluster, texts, {"multi_match": options}).keys() == {"1"}
    error = cluster("POST", f"/{texts}/_search", {"query": {"match": {"n": options}}}, code=400)["error"]
    assert "Can only use fuzzy queries on keyword and text fields - not on [n]" in error["root_cause"][0]["reason"]


@fact("7.6", evidence="S", source="MultiPhrasePrefixQuery")
def test_the_beginning_of_a_phrase(cluster: Cluster, texts: str) -> None:
    """The last word of a phrase may be the beginning of one."""
    assert scores(cluster, texts, {"match_phrase_prefix": {"t": "brown f"}}).keys() == {"3"}
    assert scores(cluster, texts, {"match_phrase_prefix": {"t": "qu"}}).keys() == {"1", "2"}
    error = cluster("POST", f"/{texts}/_search", {"query": {"match_phrase_prefix": {"k": "f"}}}, code=400)["error"]
    assert "Can only use phrase prefix queries on text fields - not on [k]" in error["root_cause"][0]["reason"]


@fact("7.6", evidence="S", source="QueryParserHelper, IndexSettings")
def test_the_fields_that_an_index_asks_by_default(cluster: Cluster, index: Index) -> None:
    """Without fields, those of the index are asked, with their boosts."""
    fields = {name: {"type": "text"} for name in "abc"}
    docs = {name: {name: "snow"} for name in "abc"}
    name = index(fields, docs, settings={**ONE_SHARD, "query.default_field": ["a", "b^3"]})
    found = scores(cluster, name, {"multi_match": {"query": "snow"}})
    assert found == {"a": pytest.approx(found["b"] / 3), "b": found["b"]}
    hits = cluster("GET", f"/{name}/_search?q=snow")["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {"a", "b"}


@fact("7.6", evidence="S", source="SimilarityService, SimilarityProviders")
def test_similarities_of_an_index(cluster: Cluster, index: Index) -> None:
    """Without b, lengths do not count; boolean scores the boost; an unknown one is refused."""
    settings = {**ONE_SHARD, "similarity": {"flat": {"type": "BM25", "b": 0}}}
    fields = {"t": {"type": "text", "similarity": "flat"}, "u": {"type": "text", "similarity": "boolean"}}
    docs = {"1": {"t": "snow", "u": "snow"}, "2": {"t": "snow on the mountain", "u": "snow on the mountain"}}
    made = index(fields, docs, settings=settings)
    found = scores(cluster, made, {"match": {"t": "snow"}})
    assert found["1"] == found["2"]
    assert scores(cluster, made, {"match": {"u": {"query": "snow", "boost": 2}}}) == {"1": 2.0, "2": 2.0}
    mappings = {"properties": {"t": {"type": "text", "similarity": "none"}}}
    error = cluster("PUT", f"/{made}-refused", {"mappings": mappings}, code=400)["error"]
    assert error["reason"] == "Failed to parse mapping: Unknown Similarity type [none] for field [t]"


@fact("7.6", evidence="T", source=f"{YAML}/170_terms_query.yml")
def test_terms_of_another_document(cluster: Cluster, index: Index) -> None:
    """Terms can be those of a document, and there may be too many of them."""
    docs = {"1": {"k": "a", "more": ["b", "c"]}, "2": {"k": "b", "more": ["a", "b", "c"]}, "3": {"k": "c"}}
    keyword = {"type": "keyword"}
    name = index({"k": keyword, "more": keyword}, docs, settings={**ONE_SHARD, "max_terms_count": 2})
    place = {"index": name, "id": "1", "path": "more"}
    assert scores(cluster, name, {"terms": {"k": place}}) == {"2": 1.0, "3": 1.0}
    assert scores(cluster, name, {"terms": {"k": {**place, "id": "none"}}}) == {}
    cluster("POST", f"/{name}/_search", {"query": {"terms": {"k": {**place, "id": "2"}}}}, code=400)


@fact("7.6", evidence="T", source=f"{YAML}/200_ignore_malformed.yml")
def test_values_that_were_left_out(cluster: Cluster, index: Index) -> None:
    """Malformed values are shown beside the fields, and their documents found by the names of the fields."""
    fields = {"n": {"type": "long", "ignore_malformed": True}}
    name = index(fields, {"1": {"n": 1}, "2": {"n": "x"}}, settings=ONE_SHARD)
    body = {"query": {"term": {"_ignored": "n"}}, "fields": ["n"]}
    (hit,) = cluster("POST", f"/{name}/_search", body)["hits"]["hits"]
    assert (hit["_id"], hit["_ignored"], hit["ignored_field_values"]) == ("2", ["n"], {"n": ["x"]})
    assert scores(cluster, name, {"exists": {"field": "_ignored"}}).keys() == {"2"}
