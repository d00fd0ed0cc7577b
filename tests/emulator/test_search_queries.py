"""What each query matches and how it scores, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

PROPERTIES = {
    "tag": {"type": "keyword"},
    "low": {"type": "keyword", "normalizer": "lowercase"},
    "n": {"type": "integer"},
    "f": {"type": "float"},
    "on": {"type": "boolean"},
    "at": {"type": "date"},
    "t": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    "s": {"type": "text", "analyzer": "stop"},
    "o": {"properties": {"x": {"type": "keyword"}}},
    "v": {"type": "dense_vector", "dims": 2},
    "flat": {"type": "flattened"},
}
DOCS: dict[str, Any] = {
    "1": {"tag": "Red", "low": "Red", "n": 1, "f": 0.1, "on": True, "at": "2024-05-01", "t": "Quick brown fox", "o": {"x": "a"}},
    "2": {"tag": ["red", "blue"], "n": 2, "f": 2.5, "on": False, "at": "2024-05-01T23:30:00Z", "t": "brown quick quick dog",
          "flat": {"a": {"b": "c"}}},
    "3": {"tag": "b*d", "n": [5, 7], "at": "2024-06-15", "t": "the lazy dog", "s": "the quick and the dead", "v": [1, 2]},
    "4": {"tag": "", "n": -3, "at": "1969-12-31T23:59:59.999Z", "t": ["one two", "three four"]},
}  # fmt: skip

_SOON = "failed to parse date field [soon] with format [strict_date_optional_time||epoch_millis]"
_TERMS = (
    "The number of terms [65537] used in the Terms Query request has exceeded the allowed maximum of [65536]. This maximum "
    "can be set by changing the [index.max_terms_count] index level setting."
)


@pytest.fixture(scope="module")
def index(http: Any) -> str:
    """The documents, for questions only."""
    http.put("/q-one", json={"mappings": {"properties": PROPERTIES}, "aliases": {"q-alias": {}}}).raise_for_status()
    for doc_id, source in DOCS.items():
        http.put(f"/q-one/_doc/{doc_id}", json=source).raise_for_status()
    http.post("/q-one/_refresh")
    return "q-one"


def found(api: Api, query: dict[str, Any], index: str = "q-one", **more: Any) -> dict[str, float]:
    """id → score."""
    answer = api("POST", f"/{index}/_search", {"query": query, **more})
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"match_all": {}}, "1234"),
        ({"match_none": {}}, ""),
        ({"term": {"tag": "Red"}}, "1"),
        ({"term": {"tag": {"value": "red"}}}, "2"),
        ({"term": {"tag": {"value": "RED", "case_insensitive": True}}}, "12"),
        ({"term": {"tag": ""}}, "4"),
        ({"term": {"low": "RED"}}, "1"),
        ({"term": {"n": "5"}}, "3"),
        ({"term": {"n": 5.0}}, "3"),
        ({"term": {"n": 5.5}}, ""),
        ({"term": {"f": 0.1}}, "1"),
        ({"term": {"on": "true"}}, "1"),
        ({"term": {"at": "2024-05-01"}}, "12"),
        ({"term": {"at": "2024-05-01T23:30:00Z"}}, "2"),
        ({"term": {"_id": "3"}}, "3"),
        ({"term": {"_index": "q-one"}}, "1234"),
        ({"term": {"_index": "q-two"}}, ""),
        ({"term": {"nope": 1}}, ""),
        ({"term": {"flat.a.b": "c"}}, "2"),
        ({"term": {"flat": "c"}}, "2"),
        ({"terms": {"tag": ["blue", "b*d", "x"]}}, "23"),
        ({"terms": {"n": [1, "7"], "boost": 2}}, "13"),
        ({"terms": {"tag": []}}, ""),
        ({"terms": {"t": ["fox", "lazy"]}}, "13"),
        ({"ids": {"values": ["1", "9"]}}, "1"),
        ({"ids": {"values": "2"}}, "2"),
        ({"exists": {"field": "v"}}, "3"),
        ({"exists": {"field": "o"}}, "1"),
        ({"exists": {"field": "f*"}}, "12"),
        ({"exists": {"field": "nope"}}, ""),
        ({"exists": {"field": "_seq_no"}}, "1234"),
        ({"exists": {"field": "_routing"}}, ""),
        ({"range": {"n": {"gte": 2, "lt": 7}}}, "23"),
        ({"range": {"n": {"gt": 1.5}}}, "23"),
        ({"range": {"n": {"from": 1, "to": 2, "include_upper": False}}}, "1"),
        ({"range": {"n": {}}}, "1234"),
        ({"range": {"f": {"lte": 0.1}}}, "1"),
        ({"range": {"tag": {"gte": "b", "lt": "c"}}}, "23"),
        ({"range": {"t": {"gt": "quick", "lte": "three"}}}, "34"),
        ({"range": {"at": {"gt": "2024-05-01"}}}, "3"),
        ({"range": {"at": {"gte": "2024-05-01", "lte": "2024-05-01"}}}, "12"),
        ({"range": {"at": {"lt": "2024-05-01||+1d/d"}}}, "124"),
        ({"range": {"at": {"gte": "2024-05-31||/M", "lte": "2024-05-02||/M"}}}, "12"),
        ({"range": {"at": {"gte": "2024-05-02", "time_zone": "+01:00"}}}, "23"),
        ({"range": {"at": {"gte": "2024-05-02", "time_zone": "Europe/Paris"}}}, "23"),
        ({"range": {"at": {"lt": 0}}}, "4"),
        ({"range": {"at": {"lte": "now"}}}, "1234"),
        ({"range": {"at": {"gt": "now-1d/d"}}}, ""),
        ({"range": {"at": {"gte": 1714521600, "lte": 1714521600, "format": "epoch_second"}}}, "1"),
        ({"prefix": {"tag": "b"}}, "23"),
        ({"prefix": {"tag": {"value": "RE", "case_insensitive": True}}}, "12"),
        ({"prefix": {"t": "qu"}}, "12"),
        ({"wildcard": {"tag": "*"}}, "1234"),
        ({"wildcard": {"tag": "b\\*?"}}, "3"),
        ({"wildcard": {"tag": {"wildcard": "?e?"}}}, "12"),
        ({"wildcard": {"tag": "[a-z]*"}}, ""),
        ({"match": {"t": "FOX lazy"}}, "13"),
        ({"match": {"t": {"query": "quick brown", "operator": "AND"}}}, "12"),
        ({"match": {"t": {"query": "quick fox dog", "minimum_should_match": "67%"}}}, "12"),
        ({"match": {"t": {"query": "fox", "minimum_should_match": 2}}}, "1"),
        ({"match": {"t": {"query": "..."}}}, ""),
        ({"match": {"t": {"query": "...", "zero_terms_query": "all"}}}, "1234"),
        ({"match": {"t": {"query": "Quick", "analyzer": "whitespace"}}}, ""),
        ({"match": {"t.raw": "Quick brown fox"}}, "1"),
        ({"match": {"n": 5}}, "3"),
        ({"match": {"n": {"query": "x", "lenient": True}}}, ""),
        ({"match": {"s": "the dead"}}, "3"),
        ({"match": {"_index": "q-one"}}, "1234"),
        ({"match_phrase": {"t": "quick brown"}}, "1"),
        ({"match_phrase": {"t": "two three"}}, ""),
        ({"match_phrase": {"t": "three four"}}, "4"),
        ({"match_phrase": {"s": "quick and the dead"}}, "3"),
        ({"match_phrase": {"s": "quick dead"}}, ""),
        ({"multi_match": {"query": "red", "fields": ["tag", "t"]}}, "2"),
        ({"multi_match": {"query": "dog"}}, "23"),
        ({"multi_match": {"query": "fox", "fields": ["t*"], "type": "most_fields"}}, "1"),
        ({"dis_max": {"queries": [{"term": {"n": 1}}, {"term": {"n": 2}}]}}, "12"),
        ({"boosting": {"positive": {"match": {"t": "dog"}}, "negative": {"term": {"n": 5}}, "negative_boost": 0.5}}, "23"),
        ({"constant_score": {"filter": {"term": {"n": 1}}}}, "1"),
        ({"bool": {}}, "1234"),
        ({"bool": {"must_not": {"term": {"n": 1}}}}, "234"),
        ({"bool": {"should": [{"term": {"n": 1}}, {"term": {"on": True}}], "minimum_should_match": 2}}, "1"),
        ({"bool": {"should": [{"term": {"n": 1}}], "minimum_should_match": 0}}, "1"),
        ({"bool": {"must": {"exists": {"field": "n"}}, "should": [{"term": {"n": 1}}]}}, "1234"),
        ({"bool": {"filter": [{"term": {"on": True}}], "should": {"term": {"n": 2}}, "minimum_should_match": 1}}, ""),
        ({"bool": {"minimum_should_match": "1<-50% 3<2", "should": [{"term": {"n": n}} for n in (1, 2, -3)]}}, ""),
        ({"script_score": {"query": {"exists": {"field": "v"}}, "script": {"source": "2"}, "min_score": 2}}, "3"),
    ],
)  # fmt: skip
def test_what_matches(api: Api, index: str, query: dict[str, Any], ids: str) -> None:
    assert sorted(found(api, query)) == list(ids)
    assert api("POST", f"/{index}/_count", {"query": query})["count"] == len(ids)


@pytest.mark.parametrize(
    ("query", "score"),
    [
        ({"match_all": {"boost": 2.5}}, 2.5),
        ({"term": {"n": {"value": 1, "boost": 3}}}, 3.0),
        ({"terms": {"tag": ["Red"], "boost": 4}}, 4.0),
        ({"bool": {"filter": {"term": {"n": 1}}}}, 0.0),
        ({"bool": {"must": [{"term": {"n": 1}}, {"ids": {"values": ["1"]}}], "boost": 2}}, 4.0),
        ({"constant_score": {"filter": {"match": {"t": "fox"}}, "boost": 1.5}}, 1.5),
        ({"dis_max": {"queries": [{"term": {"n": 1}}, {"match_all": {"boost": 3}}], "tie_breaker": 0.5}}, 3.5),
        ({"boosting": {"positive": {"match_all": {}}, "negative": {"term": {"n": 1}}, "negative_boost": 0.25}}, 0.25),
        ({"prefix": {"tag": {"value": "R", "boost": 2}}}, 2.0),
        ({"range": {"n": {"lte": 1, "boost": 7}}}, 7.0),
    ],
)
def test_scores_that_are_constant(api: Api, index: str, query: dict[str, Any], score: float) -> None:
    assert found(api, query)["1"] == score


def test_named_queries_are_listed(api: Api, index: str) -> None:
    query = {"bool": {"should": [
        {"match": {"t": {"query": "fox", "_name": "a fox"}}},
        {"bool": {"must_not": {"term": {"n": {"value": 1, "_name": "inside"}}}, "_name": "outside"}},
        {"terms": {"tag": ["Red"], "_name": "red"}},
    ]}}  # fmt: skip
    body = {"query": query, "post_filter": {"ids": {"values": ["1", "2"], "_name": "either"}}, "sort": "n"}
    hits = api("POST", f"/{index}/_search", body)["hits"]["hits"]
    assert {hit["_id"]: sorted(hit["matched_queries"]) for hit in hits} == {
        "1": ["a fox", "either", "inside", "red"], "2": ["either", "outside"],
    }  # fmt: skip
    scored = api(
        "POST",
        f"/{index}/_search?include_named_queries_score=true",
        {"query": {"term": {"n": {"value": 1, "_name": "x"}}}},
    )
    assert scored["hits"]["hits"][0]["matched_queries"] == {"x": 1.0}


@pytest.mark.parametrize(
    ("query", "kind", "reason"),
    [
        ({"mtach": {}}, "parsing_exception", "unknown query [mtach] did you mean [match]?"),
        ({}, "illegal_argument_exception", "query malformed, empty clause found"),
        ({"term": {}}, "parsing_exception", "[term] No field name specified"),
        ({"term": {"a": None}}, "illegal_argument_exception", "value cannot be null"),
        ({"term": {"a": [1]}}, "parsing_exception", "[term] query does not support array of values"),
        ({"term": {"a": 1, "b": 2}}, "parsing_exception", "[term] query doesn't support multiple fields, found [a] and [b]"),
        ({"terms": {"a": 1}}, "parsing_exception", "[terms] query does not support [a]"),
        ({"match": {"a": {"query": 1, "foo": 2}}}, "parsing_exception", "[match] query does not support [foo]"),
        ({"match": {"a": {"query": 1, "operator": "x"}}}, "illegal_argument_exception",
         "No enum constant org.elasticsearch.index.query.Operator.X"),
        ({"bool": {"shoud": []}}, "x_content_parse_exception", "[1:1] [bool] unknown field [shoud] did you mean [should]?"),
        ({"bool": {"minimum_should_match": "x"}}, "number_format_exception", 'For input string: "x"'),
        ({"constant_score": {}}, "parsing_exception", "[constant_score] requires a 'filter' element"),
        ({"dis_max": {}}, "parsing_exception", "[dis_max] requires 'queries' field with at least one clause"),
        ({"exists": {}}, "parsing_exception", "[exists] must be provided with a [field]"),
        ({"range": {"n": {"gte": 1, "nope": 2}}}, "parsing_exception", "[range] query does not support [nope]"),
        ({"match_all": {}, "term": {}}, "parsing_exception",
         "[match_all] malformed query, expected [END_OBJECT] but found [FIELD_NAME]"),
        ({"script_score": {"query": {"match_all": {}}}}, "illegal_argument_exception", "Required [script]"),
    ],
)  # fmt: skip
def test_what_is_wrong_everywhere(api: Api, index: str, query: dict[str, Any], kind: str, reason: str) -> None:
    assert api.error("POST", f"/{index}/_search", {"query": query}, code=400) == (kind, reason)


@pytest.mark.parametrize(
    ("query", "cause", "reason"),
    [
        ({"term": {"n": "x"}}, "number_format_exception", 'failed to create query: For input string: "x"'),
        ({"term": {"v": 1}}, "illegal_argument_exception",
         "failed to create query: Field [v] of type [dense_vector] doesn't support term queries"),
        ({"range": {"at": {"gte": "now-1x"}}}, "parse_exception",
         "failed to create query: unit [x] not supported for date math [-1x]"),
        ({"range": {"at": {"gte": "soon"}}}, "parse_exception",
         f"failed to create query: {_SOON}: [{_SOON}]"),
        ({"range": {"n": {"gte": 1, "relation": "disjoint"}}}, "illegal_argument_exception",
         "failed to create query: Field [n] of type [integer] does not support DISJOINT ranges"),
        ({"exists": {"field": "_source"}}, None, "The _source field is not searchable"),
        ({"prefix": {"n": "1"}}, None,
         "Can only use prefix queries on keyword, text and wildcard fields - not on [n] which is of type [integer]"),
        ({"match": {"t": {"query": "x", "analyzer": "nope"}}}, None, "[match] analyzer [nope] not found"),
        ({"term": {"n": {"value": 1, "case_insensitive": True}}}, None,
         "[n] field which is of type [integer], does not support case insensitive term queries"),
        ({"terms": {"n": list(range(65_537))}}, "illegal_argument_exception",
         f"failed to create query: {_TERMS}"),
    ],
)  # fmt: skip
def test_what_is_wrong_on_the_shard(
    api: Api, index: str, query: dict[str, Any], cause: str | None, reason: str
) -> None:
    error = api("POST", f"/{index}/_search", {"query": query}, code=400)["error"]
    assert error["type"] == "search_phase_execution_exception"
    assert error["phase"] == "query"
    shard = error["failed_shards"][0]["reason"]
    assert (shard["type"], shard["reason"]) == ("query_shard_exception", reason)
    assert shard.get("caused_by", {}).get("type") == cause


@pytest.mark.parametrize("kind", ["intervals", "regexp", "nested", "function_score", "query_string", "more_like_this"])
def test_queries_that_are_lacking_are_named(api: Api, index: str, kind: str) -> None:
    _, reason = api.error("POST", f"/{index}/_search", {"query": {kind: {"a": "b"}}}, code=501)
    assert f"the query [{kind}]" in reason


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [("q=fox", "1"), ("q=lazy+dog", "23"), ("q=lazy+dog&default_operator=and", "3"), ("q=tag:red", "2"), ("q=*", "1234"),
     ("q=*:*", "1234"), ("q=5", "3"), ("q=quick&df=t", "12"),
     ("q=t:QUI*", "12"), ("q=tag:RE*", ""), ("q=t:fox+tag:red", "12"), ("q=t:brown+tag:red&default_operator=AND", "2"),
     ("q=n:x&lenient=true", ""), ("q=t:lazy+fox+dog", "123")],
)  # fmt: skip
def test_words_as_a_parameter(api: Api, index: str, parameters: str, ids: str) -> None:
    hits = api("GET", f"/{index}/_search?{parameters}")["hits"]["hits"]
    assert sorted(hit["_id"] for hit in hits) == list(ids)


def test_an_index_that_fails_leaves_the_others(api: Api, index: str, make: Callable[..., str]) -> None:
    other = make({"n": {"type": "keyword"}}, {"x": {"n": "x"}})
    answer = api("POST", f"/{index},{other}/_search", {"query": {"term": {"n": "x"}}})
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["x"]
    assert answer["_shards"]["failed"] == 1
    assert answer["_shards"]["failures"][0]["reason"]["type"] == "query_shard_exception"
    path = f"/{index},{other}/_search?allow_partial_search_results=false"
    assert api("POST", path, {"query": {"term": {"n": "x"}}}, code=400)["error"]["reason"] == "Partial shards failure"


@pytest.mark.parametrize(
    ("bounds", "ids"),
    [
        ({"gt": 0, "lte": 1.79e308}, {"high", "one"}),
        ({"gte": -1.79e308, "lt": 0}, {"low"}),
        ({"gt": "LOW", "lt": 2}, {"one"}),
        ({"gte": "LOW", "lt": "HIGH"}, {"low", "one"}),
        ({"gte": "1" * 400}, set()),
    ],
)
@pytest.mark.parametrize(("kind", "most"), [("half_float", 65504), ("float", 3.4028235e38), ("double", 1.7e308)])
def test_ranges_at_the_ends_of_a_type(
    api: Api, make: Callable[..., str], kind: str, most: float, bounds: dict[str, Any], ids: set[str]
) -> None:
    index = make({"f": {"type": kind}})
    for doc_id, value in (("low", -most), ("one", 1), ("high", most)):
        api("PUT", f"/{index}/_doc/{doc_id}?refresh=true", {"f": value}, code=201)
    given = {key: {"LOW": -most, "HIGH": most}.get(str(value), value) for key, value in bounds.items()}
    hits = api("POST", f"/{index}/_search", {"query": {"range": {"f": given}}})["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == ids
