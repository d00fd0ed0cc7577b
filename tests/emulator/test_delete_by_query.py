"""``_delete_by_query``: batches, conflicts, limits, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

ALL = {"query": {"match_all": {}}}
DOCS = {str(number): {"k": "even" if number % 2 == 0 else "odd"} for number in range(5)}
KEYWORD = {"k": {"type": "keyword"}}
PACE = "[requests_per_second] must be a float greater than 0. Use -1 to disable throttling."
REMOTE = "Cross-cluster calls are not supported in this context but remote indices were requested: [far:{}]"
SLICES = '[slices] must be a positive integer or the string "auto"'


@pytest.fixture
def index(make: Callable[..., str]) -> str:
    """Five documents."""
    return make(KEYWORD, DOCS, settings={"refresh_interval": "-1"})


def test_the_answer(api: Api, index: str) -> None:
    answer = api("POST", f"/{index}/_delete_by_query?refresh", {"query": {"term": {"k": "even"}}})
    assert answer.pop("took") >= 0
    assert answer == {
        "timed_out": False,
        "total": 3,
        "deleted": 3,
        "batches": 1,
        "version_conflicts": 0,
        "noops": 0,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": 0,
        "requests_per_second": -1.0,
        "throttled_until_millis": 0,
        "failures": [],
    }
    assert api("GET", f"/{index}/_count")["count"] == 2
    again = api("POST", f"/{index}/_delete_by_query", {"query": {"term": {"k": "even"}}})
    assert (again["total"], again["batches"]) == (0, 0)


@pytest.mark.parametrize(
    ("params", "body", "deleted", "batches"),
    [
        ("scroll_size=2", {}, 5, 3),
        ("max_docs=2", {}, 2, 1),
        ("", {"max_docs": 3}, 3, 1),
        ("max_docs=3&scroll_size=1", {}, 3, 3),
        ("max_docs=2", {"max_docs": 2}, 2, 1),
        ("", {"max_docs": 2.9}, 2, 1),
        ("slices=auto&requests_per_second=-1&wait_for_completion=true", {}, 5, 1),
    ],
)
def test_limits(api: Api, index: str, params: str, body: dict[str, Any], deleted: int, batches: int) -> None:
    answer = api("POST", f"/{index}/_delete_by_query?refresh=true&{params}", {**ALL, **body})
    assert (answer["deleted"], answer["batches"], answer["total"]) == (deleted, batches, deleted)
    assert api("GET", f"/{index}/_count")["count"] == 5 - deleted


def test_a_pace_is_held(api: Api, index: str) -> None:
    started = time.monotonic()
    answer = api("POST", f"/{index}/_delete_by_query?requests_per_second=25&scroll_size=1", ALL)
    # Five documents at 25 a second; how much of that was waited for depends on how long the deletions took.
    assert time.monotonic() - started >= 0.199
    assert answer["took"] >= 199
    assert answer["requests_per_second"] == 25.0
    assert 0 < answer["throttled_millis"] <= 200


def test_a_conflict_ends_it_after_the_batch(api: Api, index: str) -> None:
    for doc_id in "01":
        api("PUT", f"/{index}/_doc/{doc_id}", {"k": "even"})
    answer = api("POST", f"/{index}/_delete_by_query?scroll_size=3", ALL, code=409)
    assert (answer["total"], answer["deleted"], answer["version_conflicts"], answer["batches"]) == (5, 1, 2, 1)
    failure = answer["failures"][0]
    assert (failure["index"], failure["id"], failure["status"]) == (index, "0", 409)
    assert failure["cause"]["type"] == "version_conflict_engine_exception"
    assert failure["cause"]["reason"].startswith("[0]: version conflict, required seqNo [0], primary term [1].")
    answer = api("POST", f"/{index}/_delete_by_query?conflicts=proceed&scroll_size=3&refresh", ALL)
    assert (answer["deleted"], answer["version_conflicts"], answer["failures"]) == (2, 3, [])
    assert api("GET", f"/{index}/_count")["count"] == 2


def test_a_block_is_a_failure(api: Api, index: str) -> None:
    api("PUT", f"/{index}/_settings", {"index.blocks.write": True})
    answer = api("POST", f"/{index}/_delete_by_query", ALL, code=403)
    assert (answer["deleted"], answer["version_conflicts"]) == (0, 0)
    assert {failure["cause"]["type"] for failure in answer["failures"]} == {"cluster_block_exception"}


@pytest.mark.parametrize(
    ("params", "body", "reason"),
    [
        ("", {}, "Validation Failed: 1: query is missing;"),
        (
            "",
            {"stored_fields": ["_id"]},
            "Validation Failed: 1: stored_fields is not supported in this context;2: query is missing;",
        ),
        ("conflicts=cat", ALL, 'conflicts may only be "proceed" or "abort" but was [cat]'),
        ("max_docs=-4", ALL, "[max_docs] parameter cannot be negative, found [-4]"),
        ("max_docs=1&slices=2", ALL, "[max_docs] should be >= [slices]"),
        ("max_docs=2", {**ALL, "max_docs": 3}, "[max_docs] set to two different values [3] and [2]"),
        ("scroll_size=asdf", ALL, "Failed to parse int parameter [scroll_size] with value [asdf]"),
        *((f"requests_per_second={value}", ALL, PACE) for value in ("", "-12", "0", "unlimited", "nan", "inf")),
        *((f"slices={value}", ALL, SLICES) for value in ("junk", "0", "-1", "")),
        ("", {**ALL, "foo": 1}, "Unknown key for a VALUE_NUMBER in [foo]."),
        ("", {"query": {"foo": {}}}, "unknown query [foo]"),
        ("refresh=wait_for", ALL, "Failed to parse value [wait_for] as only [true] or [false] are allowed."),
    ],
)
def test_what_is_refused(api: Api, index: str, params: str, body: dict[str, Any], reason: str) -> None:
    assert api.error("POST", f"/{index}/_delete_by_query?{params}", body, code=400)[1] == reason
    assert api("GET", f"/{index}/_count")["count"] == 5


@pytest.mark.parametrize(
    ("params", "body"),
    [
        ("slices=2", ALL),
        ("wait_for_completion=false", ALL),
        ("wait_for_active_shards=4", ALL),
        ("wait_for_active_shards=all", ALL),
        ("", {**ALL, "size": 1}),
        ("", {**ALL, "max_docs": "2"}),
        ("", {**ALL, "max_docs": True}),
        ("sort=k:asc", ALL),
        ("", {**ALL, "slice": {"id": 0, "max": 2}}),
    ],
)
def test_what_is_not_emulated(api: Api, index: str, params: str, body: dict[str, Any]) -> None:
    api.error("POST", f"/{index}/_delete_by_query?{params}", body, code=501)
    assert api("GET", f"/{index}/_count")["count"] == 5


@pytest.mark.parametrize(
    ("target", "params", "reason"),
    [
        ("{}", "slices=junk", SLICES),
        ("{}", "max_docs=1&slices=2", "[max_docs] should be >= [slices]"),
        (
            "{},far:{}",
            "",
            f"Validation Failed: 1: {REMOTE};",
        ),
    ],
)
def test_what_is_refused_before_the_index_is_looked_for(
    api: Api, name: str, target: str, params: str, reason: str
) -> None:
    path = f"/{target.replace('{}', name)}/_delete_by_query?{params}"
    assert api.error("POST", path, ALL, code=400)[1] == reason.replace("{}", name)


@pytest.mark.parametrize(
    ("params", "body"),
    [("q=k:odd", {}), ("q=odd&df=k", ALL), ("routing=odd", ALL), ("routing=odd,odd&q=*", {})],
)
def test_the_query_and_the_shards_of_the_parameters(api: Api, name: str, params: str, body: dict[str, Any]) -> None:
    api("PUT", f"/{name}", {"settings": {"number_of_shards": 5}, "mappings": {"properties": KEYWORD}})
    for number in range(4):
        kind = "odd" if number % 2 else "even"
        api("PUT", f"/{name}/_doc/{number}?refresh=true&routing={kind}", {"k": kind}, code=201)
    assert api("POST", f"/{name}/_delete_by_query?refresh=true&{params}", body)["deleted"] == 2
    hits = api("GET", f"/{name}/_search")["hits"]["hits"]
    assert {hit["_source"]["k"] for hit in hits} == {"even"}


def test_a_missing_index(api: Api, name: str) -> None:
    assert api.error("POST", f"/{name}/_delete_by_query", ALL, code=404)[0] == "index_not_found_exception"
    answer = api("POST", f"/{name}/_delete_by_query?ignore_unavailable=true", ALL)
    assert (answer["total"], answer["batches"]) == (0, 0)
