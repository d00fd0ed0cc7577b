"""What may be changed of a live mapping, and the words for what may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

A = "illegal_argument_exception"


def test_fields_are_added_and_meta_is_replaced_whole(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"_meta": {"a": 1, "b": 2}, "properties": {"x": {"properties": {"y": {"type": "long"}}}}})
    api("PUT", f"/{index}/_mapping", {"properties": {"x.z": {"type": "keyword"}}})
    api("PUT", f"/{index}/_mapping", {"_meta": {"c": 3}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"] == {
        "_meta": {"c": 3},
        "properties": {"x": {"properties": {"y": {"type": "long"}, "z": {"type": "keyword"}}}},
    }


def test_an_update_of_several_indices_is_all_or_none(api: Api, name: str) -> None:
    for number, kind in enumerate(("long", "keyword"), 1):
        api("PUT", f"/{name}-{number}", {"mappings": {"properties": {"f": {"type": kind}}}})
    body = {"properties": {"f": {"type": "long"}, "new": {"type": "long"}}}
    assert api.error("PUT", f"/{name}-*/_mapping", body, code=400)
    assert "new" not in api("GET", f"/{name}-1/_mapping")[f"{name}-1"]["mappings"]["properties"]


def test_a_limit_of_one_index_keeps_an_update_from_all(api: Api, name: str) -> None:
    api("PUT", f"/{name}-1")
    api("PUT", f"/{name}-2", {"settings": {"mapping.total_fields.limit": 1}})
    body = {"properties": {"x": {"type": "long"}, "y": {"type": "long"}}}
    reason = api.error("PUT", f"/{name}-1,{name}-2/_mapping", body, code=400)[1]
    assert reason == "Limit of total fields [1] has been exceeded"
    assert api("GET", f"/{name}-1/_mapping") == {f"{name}-1": {"mappings": {}}}


def test_dynamic_templates_are_replaced_whole(api: Api, make: Callable[..., str]) -> None:
    old, new = {"match": "a", "mapping": {"type": "long"}}, {"match": "b", "mapping": {"type": "long"}}
    index = make(mappings={"dynamic_templates": [{"x": old}, {"y": old}]})
    api("PUT", f"/{index}/_mapping", {"dynamic_templates": [{"z": new}, {"x": new}]})
    shown = api("GET", f"/{index}/_mapping")[index]["mappings"]["dynamic_templates"]
    assert shown == [{"z": new}, {"x": new}]


CONFLICTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "text"}, {"type": "keyword"}, "mapper [f] cannot be changed from type [text] to [keyword]"),
    (
        {"properties": {"a": {"type": "long"}}},
        {"type": "long"},
        "can't merge a non object mapping [f] with an object mapping",
    ),
    (
        {"type": "keyword"},
        {"type": "keyword", "index": False, "doc_values": False},
        (
            "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [index] from [true] to [false]"
            "\n\tCannot update parameter [doc_values] from [true] to [false]"
        ),
    ),
    (
        {"type": "keyword"},
        {"type": "keyword", "norms": True},
        "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [norms] from [false] to [true]",
    ),
    (
        {"type": "date", "format": "epoch_millis"},
        {"type": "date"},
        (
            "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [format] from [epoch_millis] to "
            "[strict_date_optional_time||epoch_millis]"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "reason"), CONFLICTS)
def test_mapping_conflicts(
    api: Api, make: Callable[..., str], old: dict[str, Any], new: dict[str, Any], reason: str
) -> None:
    index = make({"f": old})
    found = api.error("PUT", f"/{index}/_mapping", {"properties": {"f": new}}, code=400)
    assert found == ("illegal_argument_exception", reason)


UPDATES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "keyword", "ignore_above": 5}, {"type": "keyword", "ignore_above": 9}),
    ({"type": "keyword", "ignore_above": 5}, {"type": "keyword"}),
    ({"type": "keyword", "norms": True}, {"type": "keyword"}),
    ({"type": "long"}, {"type": "long", "coerce": False, "ignore_malformed": True}),
    ({"type": "long", "meta": {"unit": "m"}}, {"type": "long", "copy_to": ["g"]}),
]


@pytest.mark.parametrize(("old", "new"), UPDATES)
def test_mapping_updates(api: Api, make: Callable[..., str], old: dict[str, Any], new: dict[str, Any]) -> None:
    index = make({"f": old})
    api("PUT", f"/{index}/_mapping", {"properties": {"f": new}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == new


def test_what_is_said_of_source_and_routing_stays(api: Api, make: Callable[..., str]) -> None:
    index = make({"a": {"type": "long"}})
    for name, value, change in (
        ("_routing", {"required": True}, "[required] from [false] to [true]"),
        ("_source", {"excludes": ["a"]}, "[excludes] from [[]] to [[a]]"),
    ):
        wanted = f"Mapper for [{name}] conflicts with existing mapper:\n\tCannot update parameter {change}"
        assert api.error("PUT", f"/{index}/_mapping", {name: value}, code=400) == (A, wanted)


def test_copies_go_to_leaf_fields(api: Api, name: str) -> None:
    targets = {
        "o": {"properties": {"a": {"type": "long"}}},
        "t": {"type": "text", "fields": {"r": {"type": "keyword"}}},
    }
    for target, reason in (
        ("o", "Cannot copy to field [o] since it is mapped as an object"),
        ("t.r", "[copy_to] may not be used to copy to a multi-field: [t.r]"),
    ):
        fields = {**targets, "f": {"type": "keyword", "copy_to": target}}
        assert api.error("PUT", f"/{name}", {"mappings": {"properties": fields}}, code=400) == (A, reason)


def test_enabled_stays(api: Api, make: Callable[..., str]) -> None:
    index = make({"f": {"type": "object"}})
    found = api.error("PUT", f"/{index}/_mapping", {"properties": {"f": {"enabled": False}}}, code=500)
    assert found == ("mapper_exception", "the [enabled] parameter can't be updated for the object mapping [f]")
