"""Values that were left out of the index: shown apart, and found by the names of their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

Make = Callable[..., str]


@pytest.fixture
def index(api: Api, make: Make) -> str:
    short = {"type": "keyword", "ignore_above": 3}
    name = make({"n": {"type": "long", "ignore_malformed": True}, "d": {"type": "date", "ignore_malformed": True},
                 "k": short, "t": {"type": "text", "fields": {"raw": short}}})  # fmt: skip
    api(
        "PUT",
        f"/{name}/_doc/1",
        {"n": [1, "x", [2, ["y", None]]], "d": "2024", "k": ["abc", "abcd"], "t": "snow"},
        code=201,
    )
    api("PUT", f"/{name}/_doc/2", {"n": 2, "d": "bar"}, code=201)
    api("PUT", f"/{name}/_doc/3?refresh=true", {"n": 3, "k": "abc"}, code=201)
    return name


def hits(api: Api, index: str, body: dict[str, Any]) -> dict[str, Any]:
    return {hit["_id"]: hit for hit in api("POST", f"/{index}/_search", body)["hits"]["hits"]}


def test_they_stand_beside_the_fields(api: Api, index: str) -> None:
    found = hits(api, index, {"fields": ["*"], "_source": False})
    assert found["1"]["ignored_field_values"] == {"k": ["abcd"], "n": ["x", "y"], "t.raw": ["snow"]}
    assert found["1"]["fields"]["n"] == [1, 2]
    assert found["2"]["ignored_field_values"] == {"d": ["bar"]}
    assert "ignored_field_values" not in found["3"]


def test_only_those_of_the_fields_that_are_asked_for(api: Api, index: str) -> None:
    assert hits(api, index, {"fields": ["k"]})["1"]["ignored_field_values"] == {"k": ["abcd"]}
    assert "ignored_field_values" not in hits(api, index, {})["1"]
    assert "ignored_field_values" not in hits(api, index, {"fields": ["d"]})["1"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"exists": {"field": "_ignored"}}, {"1", "2"}),
        ({"term": {"_ignored": "d"}}, {"2"}),
        ({"terms": {"_ignored": ["k", "d"]}}, {"1", "2"}),
        ({"term": {"_ignored": "nope"}}, set()),
    ],
)
def test_documents_are_found_by_them(api: Api, index: str, query: dict[str, Any], ids: set[str]) -> None:
    assert hits(api, index, {"query": query}).keys() == ids


def test_unmapped_lists_within_lists_come_first(api: Api, name: str) -> None:
    mappings = {"properties": {"o": {"type": "object", "enabled": False}}}
    api("PUT", f"/{name}", {"mappings": mappings})
    api("PUT", f"/{name}/_doc/1?refresh=true", {"o": ["last", {"a": "b"}, [1, [2], 3]]}, code=201)
    fields = hits(api, name, {"fields": [{"field": "*", "include_unmapped": True}]})["1"]["fields"]
    assert fields == {"o": [2, 1, 3, "last"], "o.a": ["b"]}


def test_dates_with_nanoseconds_of_a_date_have_its_milliseconds(api: Api, make: Make) -> None:
    index = make({"at": {"type": "date", "format": "strict_date_optional_time_nanos"}})
    api("PUT", f"/{index}/_doc/1?refresh=true", {"at": "2024-05-17T09:41:03.123456789Z"}, code=201)
    shape = {"at": {"format": "strict_date_optional_time_nanos"}}
    hit = hits(api, index, {"sort": [shape], "fields": ["at"]})["1"]
    assert hit["sort"] == hit["fields"]["at"] == ["2024-05-17T09:41:03.123Z"]
    after = {"sort": [shape], "search_after": ["2024-05-17T09:41:03.122Z"]}
    assert hits(api, index, after).keys() == {"1"}
