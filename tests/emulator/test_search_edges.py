"""Searches at their edges: what would be a failure of the server, take for ever, or be answered without being meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.search.ranges import _wildcards
from tests.emulator.conftest import Api

NDJSON = {"content-type": "application/x-ndjson"}
Make = Callable[..., str]


@pytest.mark.parametrize("slices", ["²", "-1", "1" * 5000, "", "1.5"])
def test_slices_that_are_no_number(api: Api, make: Make, slices: str) -> None:
    path = f"/{make()}/_delete_by_query"
    api("POST", path, {"query": {"match_all": {}}}, params={"slices": slices}, code=400)


def test_an_index_to_analyse_by_is_one_and_is_there(api: Api, name: str) -> None:
    assert api.error("POST", f"/{name}*/_analyze", {"text": "a"}, code=404)[1] == f"no such index [{name}*]"


def test_the_header_of_a_search_may_hold_other_values(api: Api, make: Make) -> None:
    lines = f'{{"index":"{make()}","preference":[1,true]}}\n{{}}\n'
    (answer,) = api("POST", "/_msearch", content=lines.encode(), headers=NDJSON)["responses"]
    assert answer["status"] == 200


def test_only_a_query_can_be_validated(api: Api, make: Make) -> None:
    assert api("POST", f"/{make()}/_validate/query", {"size": 1}) == {"valid": False}


def test_a_field_that_is_nowhere_is_sorted_as_some_type_that_there_is(api: Api, make: Make) -> None:
    path = f"/{make()}/_search"
    api("POST", path, {"sort": [{"x": {"unmapped_type": "float"}}]})
    assert "No mapper found for type [foo]" in str(
        api("POST", path, {"sort": [{"x": {"unmapped_type": "foo"}}]}, code=400)
    )
    api("POST", path, {"sort": [{"x": {"unmapped_type": "ip"}}]}, code=501)


def test_default_fields_that_cannot_be_read(api: Api, make: Make) -> None:
    name = make(settings={"index.query.default_field": "[x"})
    assert api("GET", f"/{name}")[name]["settings"]["index"]["query"] == {"default_field": "[x"}
    assert (
        "default_field"
        in api.error("POST", f"/{name}/_search", {"query": {"multi_match": {"query": "a"}}}, code=501)[1]
    )


@pytest.mark.parametrize("boost", ["NaN", "Infinity"])
def test_a_boost_that_is_not_finite(api: Api, make: Make, boost: str) -> None:
    body = {"query": {"match_all": {"boost": boost}}}
    assert f"the boost [{boost}]" in api.error("POST", f"/{make()}/_search", body, code=501)[1]


def test_a_pattern_of_many_stars_takes_no_time(api: Api, make: Make) -> None:
    name = make({"k": {"type": "keyword"}}, {"1": {"k": "a" * 5000}})
    for pattern, found in (("*a" * 30 + "*b", 0), ("*a" * 30 + "*", 1)):
        body = {"query": {"wildcard": {"k": {"value": pattern, "case_insensitive": True}}}}
        assert api("POST", f"/{name}/_search", body, timeout=10)["hits"]["total"]["value"] == found


@given(st.text("ab*?\\", max_size=8), st.text("ab*", max_size=8))
def test_wildcards_match_as_if_every_way_was_tried(pattern: str, text: str) -> None:
    every = "".join(
        ".*" if one == "*" else "." if one == "?" else re.escape(one[-1]) for one in re.findall(r"\\.|.", pattern)
    )
    assert bool(re.match(_wildcards(pattern), text, re.DOTALL)) is bool(re.fullmatch(every, text, re.DOTALL))


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        ("_score + params.v", 400, "[java.lang.Double] and [java.util.ArrayList]"),
        ("params.v < _score", 400, "[java.util.ArrayList] and [java.lang.Double]"),
        ("params.v", 400, "Cannot cast from [java.util.ArrayList] to [double]."),
        ("Math.max(params.v, 1)", 400, "Cannot cast the argument to [double]."),
        ("_score * params.nothing", 400, "is null"),
        ("params.flags ? 1 : 2", 400, "[java.util.ArrayList] to [boolean]"),
        ("params.v == _score ? 1 : 0", 200, ""),
        ("def v = params.v; 1", 501, "a list, an object or null"),
        ("_score > 0 ? params.v : 1", 501, "a list, an object or null"),
        ("doc['n'].value > 1 ? true : 0.5", 501, "values of several kinds"),
        ("doc['k'].value + _score", 501, "texts in the arithmetic"),
        ("doc.containsKey(params.v) ? 1 : 0", 200, ""),
    ],
)
def test_a_list_in_a_script_is_not_one_number_for_each_document(
    api: Api, make: Make, source: str, code: int, reason: str
) -> None:
    properties: dict[str, Any] = {"n": {"type": "long"}, "k": {"type": "keyword"}}
    name = make(properties, {"1": {"n": 1, "k": "x"}, "2": {"n": 2, "k": "y"}})
    script = {"source": source, "params": {"v": [1, 2], "flags": [True, False]}}
    body = {"query": {"script_score": {"query": {"match_all": {}}, "script": script}}}
    answer = api("POST", f"/{name}/_search", body, code=code)
    assert reason in str(answer)
    if code == 200:
        assert [hit["_score"] for hit in answer["hits"]["hits"]] == [0.0, 0.0]


def _named(answer: Any) -> dict[str, list[str]]:
    return {hit["_id"]: hit.get("matched_queries", []) for hit in answer["hits"]["hits"]}


def test_a_named_clause_matches_what_is_nearest_of_all_shards(api: Api, make: Make) -> None:
    properties = {"v": {"type": "dense_vector", "dims": 1, "similarity": "l2_norm"}}
    name = make(properties, {str(n): {"v": [n]} for n in range(12)}, settings={"number_of_shards": 3})
    knn = {"field": "v", "query_vector": [0], "k": 2, "num_candidates": 12, "_name": "near"}
    answer = api("POST", f"/{name}/_search", {"knn": knn, "query": {"match_all": {}}, "size": 12})
    assert {doc_id for doc_id, names in _named(answer).items() if names == ["near"]} == {"0", "1"}


def test_a_named_query_sees_what_an_alias_lets_through(api: Api, make: Make) -> None:
    properties = {"v": {"type": "dense_vector", "dims": 1, "similarity": "l2_norm"}}
    seen = {"filter": {"ids": {"values": ["2", "3"]}}}
    name = make(properties, {str(n): {"v": [n]} for n in range(4)})
    api("POST", "/_aliases", {"actions": [{"add": {"index": name, "alias": f"{name}-a", **seen}}]})
    knn = {"field": "v", "query_vector": [0], "k": 1, "num_candidates": 4, "_name": "near"}
    assert _named(api("POST", f"/{name}-a/_search", {"query": {"knn": knn}})) == {"2": ["near"]}


def test_a_missing_number_is_exact(api: Api, make: Make) -> None:
    name = make({"n": {"type": "long"}}, {"1": {"a": 1}})
    for missing, shown in ((2**60 + 1, 2**60 + 1), ("-7", -7), (1.9, 1)):
        body = {"sort": [{"n": {"missing": missing}}]}
        assert api("POST", f"/{name}/_search", body)["hits"]["hits"][0]["sort"] == [shown]
    answer = api("POST", f"/{name}/_search", {"sort": [{"n": {"missing": "1.5"}}]}, code=400)
    assert answer["error"]["root_cause"][0]["reason"] == 'For input string: "1.5"'


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ({"timeout": "x"}, 400,
         "failed to parse setting [timeout] with value [x] as a time value: unit is missing or unrecognized"),
        ({"min_score": "x"}, 400, 'For input string: "x"'),
        ({"size": "x"}, 400, 'For input string: "x"'),
        ({"size": 1.5}, 400, "1.5 cannot be converted to Integer without data loss"),
        ({"size": True}, 501, "the clipline emulator does not support a boolean where [size] wants a number"),
        ({"indices_boost": [{"_all": -2}]}, 501, "the clipline emulator does not support the boost [-2.0] in [indices_boost]"),
        ({"indices_boost": [{"_all": "NaN"}]}, 501, "the clipline emulator does not support the boost [nan] in [indices_boost]"),
    ],
)  # fmt: skip
def test_numbers_and_times_are_refused_in_the_words_of_their_place(
    api: Api, make: Make, body: dict[str, Any], code: int, reason: str
) -> None:
    assert api.error("POST", f"/{make()}/_search", body, code=code)[1] == reason


def test_a_number_of_the_url_is_refused_as_one(api: Api, make: Make) -> None:
    _, reason = api.error("GET", f"/{make()}/_search?size=1.0", code=400)
    assert reason == "Failed to parse int parameter [size] with value [1.0]"


def test_one_filter_need_not_be_a_list(api: Api) -> None:
    answer = api("POST", "/_analyze", {"text": "A", "tokenizer": "standard", "filter": "lowercase"})
    assert [token["token"] for token in answer["tokens"]] == ["a"]


@pytest.mark.parametrize(("source", "shown"), [("Math.log(0)", "-Infinity"), ("0.0 / 0", "NaN"), ("-1", "-1.0")])
def test_a_score_that_is_none_is_shown_as_java_shows_it(api: Api, make: Make, source: str, shown: str) -> None:
    name = make({"n": {"type": "long"}}, {"1": {"n": 1}})
    body = {"query": {"script_score": {"query": {"match_all": {}}, "script": source}}}
    error = api("POST", f"/{name}/_search", body, code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(
        f"script_score script returned an invalid score [{shown}] for doc"
    )
