"""Aliases: their forms, their atomic changes, writing and searching through them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from elasticsearch import Elasticsearch

from tests.emulator.conftest import Api


@pytest.fixture
def pair(api: Api, name: str) -> tuple[str, str]:
    """Two indices."""
    for suffix in "ab":
        api("PUT", f"/{name}-{suffix}")
    return f"{name}-a", f"{name}-b"


def test_the_short_forms(client: Elasticsearch, pair: tuple[str, str], name: str) -> None:
    a, _ = pair
    client.indices.put_alias(index=a, name=name, is_write_index=True)
    assert client.indices.get_alias(name=name).body == {a: {"aliases": {name: {"is_write_index": True}}}}
    assert client.indices.exists_alias(name=name)
    client.indices.delete_alias(index=a, name=name)
    assert not client.indices.exists_alias(name=name)


def test_a_missing_alias_is_a_text_error(api: Api) -> None:
    assert api("GET", "/_alias/nope", code=404) == {"error": "alias [nope] missing", "status": 404}


def test_a_swap_is_one_request(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    api("PUT", f"/{a}/_alias/{name}", {"is_write_index": True})
    actions = [
        {"add": {"index": b, "alias": name, "is_write_index": True}},
        {"remove": {"index": a, "alias": name}},
    ]
    assert api("POST", "/_aliases", {"actions": actions}) == {"acknowledged": True, "errors": False}
    assert set(api("GET", f"/_alias/{name}")) == {b}


def test_all_actions_or_none(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    actions = [{"add": {"index": a, "alias": name}}, {"remove": {"index": b, "alias": "absent", "must_exist": True}}]
    error = api("POST", "/_aliases", {"actions": actions}, code=404)["error"]
    assert (error["type"], error["reason"]) == ("aliases_not_found_exception", "aliases [absent] missing")
    assert (error["resource.type"], error["resource.id"]) == ("aliases", "absent")
    api("GET", f"/_alias/{name}", code=404)
    actions = [{"add": {"index": b, "alias": name}}, {"remove_index": {"index": "absent"}}]
    api("POST", "/_aliases", {"actions": actions}, code=404)
    api("GET", f"/_alias/{name}", code=404)


def test_an_index_gives_way_to_an_alias_of_its_name(api: Api, pair: tuple[str, str]) -> None:
    a, b = pair
    assert api.error("PUT", f"/{a}/_alias/{b}", code=400) == (
        "invalid_alias_name_exception",
        f"Invalid alias name [{b}]: an index or data stream exists with the same name as the alias",
    )
    actions = [{"remove_index": {"index": b}}, {"add": {"index": a, "alias": f"{b}-x"}}]
    api("POST", "/_aliases", {"actions": actions})
    api("GET", f"/{b}", code=404)


def test_no_two_write_indices(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    actions = [{"add": {"index": index, "alias": name, "is_write_index": True}} for index in pair]
    assert api.error("POST", "/_aliases", {"actions": actions}, code=500) == (
        "illegal_state_exception",
        f"alias [{name}] has more than one write index [{a},{b}]",
    )
    api("GET", f"/_alias/{name}", code=404)


def test_writing_through_an_alias(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    for index in pair:
        api("PUT", f"/{index}/_alias/{name}")
    assert api.error("PUT", f"/{name}/_doc/1", {"x": 1}, code=400)[1].startswith(
        f"no write index is defined for alias [{name}]."
    )
    assert api.error("GET", f"/{name}/_doc/1", code=400)[1] == (
        f"alias [{name}] has more than one index associated with it [{a}, {b}], can't execute a single index op"
    )
    api("PUT", f"/{b}/_alias/{name}", {"is_write_index": True})
    assert api("PUT", f"/{name}/_doc/1?refresh=true", {"x": 1}, code=201)["_index"] == b
    assert api("GET", f"/{name}/_count")["count"] == 1


def test_a_filter_chooses_for_queries_knn_and_deletion(api: Api, make: Callable[..., str], name: str) -> None:
    properties = {"c": {"type": "keyword"}, "v": {"type": "dense_vector", "dims": 2}}
    docs = {"1": {"c": "red", "v": [1, 0]}, "2": {"c": "blue", "v": [1, 0.1]}}
    index = make(properties, docs)
    api("PUT", f"/{index}/_alias/{name}-red", {"filter": {"term": {"c": "red"}}})
    assert api("GET", f"/{name}-red/_count")["count"] == 1
    knn = {"field": "v", "query_vector": [1, 0.1], "k": 1}
    found = api("POST", f"/{name}-red/_search", {"knn": knn})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]
    assert api("POST", f"/{name}-red,{index}/_search", {"knn": knn})["hits"]["hits"][0]["_id"] == "2"
    gone = api("POST", f"/{name}-red/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    assert gone["deleted"] == 1
    assert api("GET", f"/{index}/_count")["count"] == 1
