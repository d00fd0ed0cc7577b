"""The other options of a search, several searches at once, and the small APIs beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.conftest import Api

Make = Callable[..., str]
COUNT = 12


@pytest.fixture(scope="module")
def index(http: Any) -> str:
    """Twelve documents, for questions only."""
    properties = {
        "n": {"type": "integer"},
        "a": {"type": "keyword"},
        "b": {"type": "keyword"},
        "c": {"type": "keyword"},
    }
    http.put("/r-one", json={"mappings": {"properties": properties}}).raise_for_status()
    for n in range(COUNT):
        source = {"n": n, "a": str(n % 2), "b": str(n % 3), "c": str(n % 4)}
        http.put(f"/r-one/_doc/{n}", json=source).raise_for_status()
    http.post("/r-one/_refresh")
    return "r-one"


@pytest.mark.parametrize(
    ("params", "body", "total"),
    [
        ("", {}, {"value": 12, "relation": "eq"}),
        ("", {"track_total_hits": 5}, {"value": 5, "relation": "gte"}),
        ("", {"track_total_hits": 12}, {"value": 12, "relation": "eq"}),
        ("", {"track_total_hits": False}, None),
        ("?track_total_hits=false", {}, None),
        ("?track_total_hits=3", {"track_total_hits": True}, {"value": 3, "relation": "gte"}),
        ("?rest_total_hits_as_int=true", {}, 12),
        ("?rest_total_hits_as_int=true", {"track_total_hits": False}, -1),
        ("", {"track_total_hits": -1}, None),
        ("", {"post_filter": {"term": {"a": "0"}}}, {"value": 6, "relation": "eq"}),
        ("", {"min_score": 1.5}, {"value": 0, "relation": "eq"}),
        ("?size=0", {}, {"value": 12, "relation": "eq"}),
    ],
)
def test_totals(api: Api, index: str, params: str, body: dict[str, Any], total: Any) -> None:
    assert api("POST", f"/{index}/_search{params}", body)["hits"].get("total") == total


def test_windows_and_early_ends(api: Api, index: str) -> None:
    page = api("POST", f"/{index}/_search", {"from": 10, "size": 5})["hits"]["hits"]
    assert [hit["_id"] for hit in page] == ["10", "11"]
    ended = api("POST", f"/{index}/_search?terminate_after=3", {"size": 2})
    assert (ended["terminated_early"], ended["hits"]["total"]["value"]) == (True, 3)
    assert api("POST", f"/{index}/_search", {"terminate_after": 12})["terminated_early"] is False
    assert "terminated_early" not in api("POST", f"/{index}/_search", {"timeout": "1s"})
    assert api("POST", f"/{index}/_search", {"size": 0})["hits"]["max_score"] is None


def test_nothing_to_search(api: Api) -> None:
    answer = api("POST", "/nothing-*/_search", {"sort": "n"})
    assert answer["_shards"] == {"total": 0, "successful": 0, "skipped": 0, "failed": 0}
    assert answer["hits"] == {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []}


def test_boosts_of_indices(api: Api, index: str, make: Make) -> None:
    other = make({"n": {"type": "integer"}}, {"x": {"n": 1}})
    body = {"query": {"term": {"n": 1}}, "indices_boost": [{other: 3}, {"r-*": 2}]}
    hits = api("POST", f"/{index},{other}/_search", body)["hits"]["hits"]
    assert [(hit["_id"], hit["_score"]) for hit in hits] == [("x", 3.0), ("1", 2.0)]
    api("PUT", f"/{other}/_alias/{other}-alias")
    body["indices_boost"] = [{f"{other}-*": 1}, {index: 4}]
    assert api("POST", f"/{index},{other}/_search", body)["hits"]["hits"][0]["_id"] == "1"
    assert (
        api("POST", f"/{index}/_search?ignore_unavailable=true", {"indices_boost": {"nope": 2}})["hits"]["max_score"]
        == 1.0
    )
    assert api("POST", f"/{index}/_search", {"indices_boost": {"nope": 2}}, code=404)["error"]["type"] == (
        "index_not_found_exception"
    )


@pytest.mark.parametrize(
    ("params", "body", "kind", "reason"),
    [
        ("", {"nope": 1}, "parsing_exception", "Unknown key for a VALUE_NUMBER in [nope]."),
        ("", {"query": [1]}, "parsing_exception", "Unknown key for a START_ARRAY in [query]."),
        ("", {"size": {}}, "parsing_exception", "Unknown key for a START_OBJECT in [size]."),
        ("", {"size": -5}, "illegal_argument_exception", "[size] parameter cannot be negative, found [-5]"),
        ("?from=-2", {}, "illegal_argument_exception", "[from] parameter cannot be negative but was [-2]"),
        ("?terminate_after=-1", {}, "illegal_argument_exception", "terminateAfter must be > 0"),
        ("?search_type=nope", {}, "illegal_argument_exception", "No search type for [nope]"),
        ("", {"track_total_hits": -2}, "illegal_argument_exception",
         "[track_total_hits] parameter must be positive or equals to -1, got -2"),
        ("?rest_total_hits_as_int=true", {"track_total_hits": 5}, "illegal_argument_exception",
         "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not accurate, got 5"),
        ("?search_type=query_then_fetch", {"knn": {"field": "n", "query_vector": [1]}}, "illegal_argument_exception",
         "cannot set [search_type] when using [knn] search, since the search type is determined automatically"),
    ],
)  # fmt: skip
def test_refusals(api: Api, index: str, params: str, body: dict[str, Any], kind: str, reason: str) -> None:
    assert api.error("POST", f"/{index}/_search{params}", body, code=400) == (kind, reason)


def test_a_window_that_is_too_large(api: Api, index: str) -> None:
    error = api("POST", f"/{index}/_search?from=10000", code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(
        "Result window is too large, from + size must be less than or equal to: [10000] but was [10010]."
    )


@pytest.mark.parametrize(
    "option", ["aggs", "highlight", "collapse", "retriever", "suggest", "rescore", "script_fields", "slice"]
)
def test_options_that_are_lacking_are_named(api: Api, index: str, option: str) -> None:
    assert f"the search option [{option}]" in api.error("POST", f"/{index}/_search", {option: {"x": 1}}, code=501)[1]


def test_several_searches(api: Api, index: str) -> None:
    lines = (
        '{}\n{"query": {"term": {"a": "0"}}, "size": 1}\n{"index": "nope"}\n{}\n'
        '{"index": ["r-one"], "ignore_unavailable": true}\n{"query": {"term": {"n": "x"}}}\n'
    )
    headers = {"content-type": "application/x-ndjson"}
    answer = api("POST", f"/{index}/_msearch?rest_total_hits_as_int=true", content=lines, headers=headers)
    assert [one["status"] for one in answer["responses"]] == [200, 404, 400]
    assert answer["responses"][0]["hits"]["total"] == 6
    assert answer["responses"][1]["error"]["type"] == "index_not_found_exception"
    for wrong, reason in {
        '{}\n{"size":1}': "The msearch request must be terminated by a newline [\n]",
        '{"x":1}\n{}\n': "key [x] is not supported in the metadata section",
        '{}\n{}\n{}\n{"query":{"boool":{}}}\n': "unknown query [boool] did you mean [bool]?",
    }.items():
        assert api.error("POST", "/_msearch", content=wrong, headers=headers, code=400)[1] == reason


def test_counts(api: Api, index: str) -> None:
    assert api("GET", f"/{index}/_count?q=a:1")["count"] == 6
    assert api("GET", f"/{index}/_count?min_score=2")["count"] == 0
    assert api("GET", f"/{index}/_count?terminate_after=5")["terminated_early"] is True
    assert api.error("GET", f"/{index}/_count?terminate_after=-1", code=400)[1] == "terminateAfter must be > 0"
    assert api.error("POST", f"/{index}/_count", {"size": 1}, code=400) == (
        "parsing_exception", "request does not support [size]",
    )  # fmt: skip


def test_whether_a_query_is_valid(api: Api, index: str) -> None:
    shards = {"total": 1, "successful": 1, "failed": 0}
    assert api("POST", f"/{index}/_validate/query", {"query": {"term": {"a": 1}}}) == {"_shards": shards, "valid": True}
    assert api("POST", f"/{index}/_validate/query", {"query": {"nope": {}}}) == {"valid": False}
    assert api("GET", f"/{index}/_validate/query?q=n:x")["valid"] is False
    assert api("POST", f"/{index}/_validate/query?explain=true", {}, code=501)


def test_what_fields_can_do(api: Api, index: str, make: Make) -> None:
    other = make(
        {"n": {"type": "keyword"}, "t": {"type": "text"}, "o": {"properties": {"x": {"type": "long", "index": False}}}}
    )
    shown = api("GET", f"/{index},{other}/_field_caps?fields=*&filters=-metadata")
    assert shown["indices"] == sorted([index, other])
    assert shown["fields"]["t"] == {
        "text": {"type": "text", "metadata_field": False, "searchable": True, "aggregatable": False}
    }
    assert {kind: one["indices"] for kind, one in shown["fields"]["n"].items()} == {
        "integer": [index],
        "keyword": [other],
    }
    assert shown["fields"]["o"]["object"]["searchable"] is False
    assert api("POST", f"/{index}/_field_caps", {"fields": ["a"]})["fields"].keys() == {"a"}
    assert api.error("GET", f"/{index}/_field_caps", code=400)[1] == "Validation Failed: 1: no fields specified;"


def _sets(query: dict[str, Any]) -> set[int]:
    """What a query of terms and bools matches, by sets."""
    ((kind, body),) = query.items()
    if kind == "term":
        ((name, value),) = body.items()
        return {n for n in range(COUNT) if str(n % {"a": 2, "b": 3, "c": 4}[name]) == value}
    everything = set(range(COUNT))
    found = set(everything)
    for clause in (*body.get("must", ()), *body.get("filter", ())):
        found &= _sets(clause)
    for clause in body.get("must_not", ()):
        found -= _sets(clause)
    if should := body.get("should"):
        needs = 0 if body.get("must") or body.get("filter") else 1
        least = max(needs, body.get("minimum_should_match", needs))
        held = [_sets(clause) for clause in should]
        found = {n for n in found if sum(n in one for one in held) >= least}
    elif body.get("minimum_should_match"):
        found = set()
    return found if any(body.get(key) for key in ("must", "filter", "must_not", "should")) else everything


_TERMS = st.builds(lambda name, value: {"term": {name: value}}, st.sampled_from("abc"), st.sampled_from("0123"))
_QUERIES = st.recursive(
    _TERMS,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={key: st.lists(inner, max_size=3) for key in ("must", "filter", "should", "must_not")}
        | {"minimum_should_match": st.integers(0, 3)},
    ).map(lambda body: {"bool": body}),
    max_leaves=8,
)


@given(_QUERIES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bools_are_sets(api: Api, index: str, query: dict[str, Any]) -> None:
    hits = api("POST", f"/{index}/_search", {"query": query, "size": COUNT})["hits"]["hits"]
    assert {int(hit["_id"]) for hit in hits} == _sets(query)


_TEXTS = st.sampled_from(["", "x", "1", "now", "é😀", "*", "_first"])
_NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["query", "knn", "field", "value", "match", "term", "bool", "must", "range", "n", "gte", "boost", "_name",
                         "k", "query_vector", "filter", "order", "missing", "format", "id", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_KEYS = ["query", "knn", "size", "from", "sort", "_source", "fields", "docvalue_fields", "stored_fields", "min_score", "pit",
         "track_total_hits", "post_filter", "search_after", "timeout", "terminate_after", "indices_boost"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=3))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_answered(api: Api, index: str, body: dict[str, Any]) -> None:
    answer = api.http.post(f"/{index}/_search", json=body)
    assert answer.status_code in (200, 400, 404, 501), (body, answer.text)
