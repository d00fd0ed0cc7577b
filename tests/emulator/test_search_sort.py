"""The order of hits, what their ``sort`` shows, and going on behind a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

Make = Callable[..., str]
PROPERTIES = {
    "i": {"type": "short"},
    "n": {"type": "long"}, "f": {"type": "double"}, "k": {"type": "keyword"}, "d": {"type": "date"}, "b": {"type": "boolean"},
    "t": {"type": "text"}, "raw": {"type": "keyword", "doc_values": False},
}  # fmt: skip
DOCS = {
    "1": {"n": 3, "i": 7, "f": 0.5, "k": "b", "d": "2024-01-02", "b": True, "t": "x x"},
    "2": {"n": [1, 9], "f": -1.0, "k": ["a", "z"], "d": "2023-01-01", "b": False, "t": "x"},
    "3": {"n": 2, "k": "c"},
    "4": {"f": 7.25, "d": "2025-01-01"},
}


@pytest.fixture(scope="module")
def index(http: Any) -> str:
    """The documents, for questions only."""
    http.put("/s-one", json={"mappings": {"properties": PROPERTIES}}).raise_for_status()
    for doc_id, source in DOCS.items():
        http.put(f"/s-one/_doc/{doc_id}", json=source).raise_for_status()
    http.post("/s-one/_refresh")
    return "s-one"


def hits(api: Api, body: dict[str, Any], **more: Any) -> list[tuple[str, list[Any]]]:
    answer = api("POST", "/s-one/_search", body, **more)
    return [(hit["_id"], hit.get("sort")) for hit in answer["hits"]["hits"]]


_MAX, _MIN = 2**63 - 1, -(2**63)


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("n", [("2", [1]), ("3", [2]), ("1", [3]), ("4", [_MAX])]),
        ({"n": "desc"}, [("2", [9]), ("1", [3]), ("3", [2]), ("4", [_MIN])]),
        ({"n": {"order": "asc", "mode": "max"}}, [("3", [2]), ("1", [3]), ("2", [9]), ("4", [_MAX])]),
        ({"n": {"mode": "avg"}}, [("3", [2]), ("1", [3]), ("2", [5]), ("4", [_MAX])]),
        ({"n": {"mode": "sum", "missing": "_first"}}, [("4", [_MIN]), ("3", [2]), ("1", [3]), ("2", [10])]),
        ({"n": {"missing": 2}}, [("2", [1]), ("3", [2]), ("4", [2]), ("1", [3])]),
        ("i", [("1", [7]), ("2", [2147483647]), ("3", [2147483647]), ("4", [2147483647])]),
        ({"i": "desc"}, [("1", [7]), ("2", [-2147483648]), ("3", [-2147483648]), ("4", [-2147483648])]),
        ("f", [("2", [-1.0]), ("1", [0.5]), ("4", [7.25]), ("3", ["Infinity"])]),
        ({"f": "desc"}, [("4", [7.25]), ("1", [0.5]), ("2", [-1.0]), ("3", ["-Infinity"])]),
        ("k", [("2", ["a"]), ("1", ["b"]), ("3", ["c"]), ("4", [None])]),
        ({"k": "desc"}, [("2", ["z"]), ("3", ["c"]), ("1", ["b"]), ("4", [None])]),
        ({"k": {"missing": "_first"}}, [("4", [None]), ("2", ["a"]), ("1", ["b"]), ("3", ["c"])]),
        ({"k": {"missing": "bb"}}, [("2", ["a"]), ("1", ["b"]), ("4", ["bb"]), ("3", ["c"])]),
        ({"d": {"order": "desc", "format": "strict_date_optional_time"}},
         [("4", ["2025-01-01T00:00:00.000Z"]), ("1", ["2024-01-02T00:00:00.000Z"]), ("2", ["2023-01-01T00:00:00.000Z"]),
          ("3", [None])]),
        (["d", "_doc"], [("2", [1672531200000, 1]), ("1", [1704153600000, 0]), ("4", [1735689600000, 3]), ("3", [_MAX, 2])]),
        ({"b": "desc"}, [("1", [1]), ("2", [0]), ("3", [_MIN]), ("4", [_MIN])]),
        ({"nope": {"unmapped_type": "long"}}, [("1", [_MAX]), ("2", [_MAX]), ("3", [_MAX]), ("4", [_MAX])]),
        ("_doc", [("1", [0]), ("2", [1]), ("3", [2]), ("4", [3])]),
        ([{"_score": "asc"}, "n"], [("2", [1.0, 1]), ("3", [1.0, 2]), ("1", [1.0, 3]), ("4", [1.0, _MAX])]),
        ("_score", [("1", None), ("2", None), ("3", None), ("4", None)]),
    ],
)  # fmt: skip
def test_order_and_values(api: Api, index: str, sort: Any, wanted: list[Any]) -> None:
    assert hits(api, {"sort": sort}) == wanted


@pytest.mark.parametrize(
    "sort",
    [
        "n",
        {"n": "desc"},
        "f",
        {"k": "desc"},
        {"k": {"missing": "_first"}},
        {"d": "desc"},
        {"d": {"format": "epoch_millis", "missing": "_first"}},
    ],
)
def test_pages_behind_each_hit_make_the_whole(api: Api, index: str, sort: Any) -> None:
    whole = hits(api, {"sort": [sort, "_doc"]})
    for number, (_, values) in enumerate(whole):
        assert hits(api, {"sort": [sort, "_doc"], "search_after": values}) == whole[number + 1 :]


@pytest.mark.parametrize(
    ("sort", "after", "wanted"),
    [
        ("n", [2], ["1", "4"]),
        ("n", ["2"], ["1", "4"]),
        ("n", [2.9], ["1", "4"]),
        ("k", ["aa"], ["1", "3", "4"]),
        ({"k": "desc"}, ["cc"], ["3", "1", "4"]),
        ("d", ["2023-06-01"], ["1", "4", "3"]),
        ({"d": {"format": "epoch_second"}}, ["1704153600"], ["4", "3"]),
        ("f", ["Infinity"], []),
        ("n", [1e300], []),
        ("n", [-1e300], ["2", "3", "1", "4"]),
        ({"n": {"missing": "-2147483648"}}, [1], ["3", "1"]),
    ],
)
def test_values_that_are_no_hits(api: Api, index: str, sort: Any, after: list[Any], wanted: list[str]) -> None:
    assert [doc_id for doc_id, _ in hits(api, {"sort": sort, "search_after": after})] == wanted


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"sort": "nope"}, "query_shard_exception", "No mapping found for [nope] in order to sort on"),
        ({"sort": "_id"}, "illegal_argument_exception",
         ("Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: "
         "indices.id_field_data.enabled")),
        ({"sort": "n", "search_after": [1, 2]}, "illegal_argument_exception", "search_after has 2 value(s) but sort has 1."),
        ({"search_after": [1]}, "illegal_argument_exception", "Sort must contain at least one field."),
        ({"sort": "n", "search_after": ["x"]}, "illegal_argument_exception",
         "Failed to parse search_after value for field [n]."),
        ({"sort": "d", "search_after": ["x"]}, "parse_exception",
         "failed to parse date field [x] with format [strict_date_optional_time||epoch_millis]"),
    ],
)  # fmt: skip
def test_refusals_of_the_shard(api: Api, index: str, body: dict[str, Any], kind: str, reason: str) -> None:
    root = api("POST", f"/{index}/_search", body, code=400)["error"]["root_cause"][0]
    assert (root["type"], root["reason"]) == (kind, reason)


def test_texts_have_no_order(api: Api, index: str) -> None:
    error = api("POST", f"/{index}/_search", {"sort": "t"}, code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(f"Fielddata is disabled on [t] in [{index}].")
    assert error["caused_by"]["caused_by"]["reason"] == error["root_cause"][0]["reason"]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"sort": {"n": {"order": "up"}}}, "illegal_argument_exception",
         "No enum constant org.elasticsearch.search.sort.SortOrder.UP"),
        ({"sort": {"n": {"nope": 1}}}, "x_content_parse_exception", "[1:1] [field_sort] unknown field [nope]"),
        ({"sort": "_shard_doc"}, "action_request_validation_exception",
         "Validation Failed: 1: [_shard_doc] sort field cannot be used without [point in time];"),
        ({"sort": "n", "search_after": []}, "illegal_argument_exception", "Values must contains at least one value."),
        ({"sort": "n", "search_after": [[1]]}, "parsing_exception",
         ("Expected [VALUE_STRING] or [VALUE_NUMBER] or [VALUE_BOOLEAN] or [VALUE_NULL] but found [START_ARRAY] inside "
         "search_after.")),
    ],
)  # fmt: skip
def test_refusals_of_the_request(api: Api, index: str, body: dict[str, Any], kind: str, reason: str) -> None:
    assert api.error("POST", f"/{index}/_search", body, code=400) == (kind, reason)


def test_scores_only_where_they_count(api: Api, index: str) -> None:
    plain = api("GET", f"/{index}/_search?sort=n:desc,_doc")["hits"]
    assert plain["max_score"] is None
    assert plain["hits"][0]["_score"] is None
    tracked = api("POST", f"/{index}/_search?track_scores=true", {"sort": "n"})["hits"]
    assert tracked["max_score"] == tracked["hits"][0]["_score"] == 1.0


def test_two_indices_are_sorted_as_one(api: Api, index: str, make: Make) -> None:
    other = make({"n": {"type": "integer"}}, {"x": {"n": 2}, "y": {"n": 4}})
    answer = api("POST", f"/{index},{other}/_search", {"sort": [{"n": {"missing": -1}}]})
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["4", "2", "3", "x", "1", "y"]
    api("PUT", f"/{other}/_doc/z?refresh=true", {}, code=201)
    answer = api("POST", f"/{index},{other}/_search", {"sort": "n"})
    assert [hit["sort"] for hit in answer["hits"]["hits"][-2:]] == [[2147483647], [_MAX]]
    unmapped = api("POST", f"/{index},{other}/_search", {"sort": "f"})
    assert unmapped["_shards"]["failed"] == 1
    assert len(unmapped["hits"]["hits"]) == 4
