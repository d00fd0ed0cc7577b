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


def test_results_of_each_action_when_one_found_nothing(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    actions = [{"add": {"index": f"{name}-*", "alias": name}}, {"remove": {"index": b, "aliases": ["absent"]}}]
    found = api("POST", "/_aliases", {"actions": actions})
    assert (found["acknowledged"], found["errors"]) == (True, True)
    done, missed = found["action_results"]
    assert done == {"action": {"type": "add", "indices": [a, b], "aliases": [name]}, "status": 200}
    assert (missed["status"], missed["error"]["type"]) == (404, "aliases_not_found_exception")
    assert set(api("GET", f"/_alias/{name}")) == {a, b}
    alone = api("POST", "/_aliases", {"actions": actions[1:]}, code=404)["error"]
    assert (alone["reason"], alone["resource.id"]) == ("aliases [absent] missing", "absent")


def test_options_are_shown_as_they_are_kept(api: Api, pair: tuple[str, str], name: str) -> None:
    body = {"filter": {"term": {"a": 1}}, "routing": "1", "search_routing": "2", "is_write_index": False, "foo": 1}
    api("PUT", f"/{pair[0]}/_alias/{name}", body)
    assert api("GET", f"/{pair[0]}/_alias")[pair[0]]["aliases"] == {
        name: {"filter": {"term": {"a": 1}}, "index_routing": "1", "search_routing": "2", "is_write_index": False}
    }
    api(
        "PUT",
        f"/{name}-c",
        {"aliases": {f"{name}-r": {"routing": 3, "is_hidden": "true"}, f"{name}-n": {"filter": {}}}},
    )
    assert api("GET", f"/{name}-c/_alias")[f"{name}-c"]["aliases"] == {
        f"{name}-r": {"index_routing": "3", "search_routing": "3", "is_hidden": True},
        f"{name}-n": {},
    }


def test_forms_without_an_index_or_a_name_in_the_path(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    api("PUT", "/_alias", {"index": a, "alias": f"{name}-1"})
    api("POST", f"/_alias/{name}-2", {"index": f"{a},{b}"})
    api("PUT", f"/{b}/_alias", {"alias": f"{name}-3"})
    api("PUT", f"/{name}-*/_aliases/{name}-4")
    assert set(api("GET", f"/{a}/_alias")[a]["aliases"]) == {f"{name}-{number}" for number in (1, 2, 4)}
    assert set(api("GET", f"/{b}/_alias")[b]["aliases"]) == {f"{name}-{number}" for number in (2, 3, 4)}
    assert api.error("PUT", "/_alias/x", code=400)[1] == "[indices] can't be empty"
    api("DELETE", f"/{name}-*/_alias/{name}-2,{name}-4")
    assert set(api("GET", f"/{a}/_alias")[a]["aliases"]) == {f"{name}-1"}
    api("DELETE", f"/{a}/_aliases/*")
    assert api("GET", f"/{a}/_alias") == {a: {"aliases": {}}}
    assert api.error("DELETE", f"/{a}/_alias/{name}-1", code=404)[0] == "aliases_not_found_exception"


def test_getting(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    for alias in ("one", "two", "other"):
        api("PUT", f"/{a}/_alias/{name}-{alias}")
    assert api("GET", f"/{name}-*/_alias") == {
        a: {"aliases": {f"{name}-{alias}": {} for alias in ("one", "other", "two")}},
        b: {"aliases": {}},
    }
    assert set(api("GET", f"/_alias/{name}-o*")[a]["aliases"]) == {f"{name}-one", f"{name}-other"}
    assert set(api("GET", f"/_alias/{name}-*,-{name}-o*")[a]["aliases"]) == {f"{name}-two"}
    assert b not in api("GET", f"/{name}-*/_alias/_all")
    some = api("GET", f"/{a}/_alias/{name}-one,{name}-z,{name}-x", code=404)
    assert some == {
        "error": f"aliases [{name}-x,{name}-z] missing", "status": 404, a: {"aliases": {f"{name}-one": {}}},
    }  # fmt: skip
    assert api("GET", f"/{a}/_alias/zz*") == {}
    assert api.error("GET", f"/{name}-none/_alias/x", code=404)[0] == "index_not_found_exception"
    api("HEAD", f"/{a}/_alias/{name}-one")
    api("HEAD", f"/{b}/_alias/{name}-one", code=404)


MALFORMED: list[tuple[dict[str, object], str, str]] = [
    ({}, "illegal_argument_exception", "Required [actions]"),
    ({"actions": []}, "action_request_validation_exception", "Must specify at least one alias action"),
    ({"action": []}, "x_content_parse_exception", "[aliases] unknown field [action] did you mean [actions]?"),
    ({"actions": [{"ad": {}}]}, "x_content_parse_exception", "[alias_action] unknown field [ad] did you mean [add]?"),
    ({"actions": [{"add": {"indx": "x"}}]}, "x_content_parse_exception", "[add] unknown field [indx] did you mean"),
    ({"actions": [{"add": {"index": "x"}}]}, "x_content_parse_exception", "Failed to build [aliases]"),
    (
        {"actions": [{"add": {"index": "x", "indices": ["y"]}}]},
        "x_content_parse_exception",
        "[add] failed to parse field",
    ),
    (
        {"actions": [{"add": {"index": "x", "alias": "a", "must_exist": True}}]},
        "x_content_parse_exception",
        "[must_exist]",
    ),
    ({"actions": [{"add": {}, "remove": {}}]}, "x_content_parse_exception", "Failed to build [alias_action]"),
]


@pytest.mark.parametrize(("body", "kind", "reason"), MALFORMED)
def test_malformed_actions(api: Api, body: dict[str, object], kind: str, reason: str) -> None:
    error = api("POST", "/_aliases", body, code=400)["error"]
    assert error["type"] == kind
    assert reason in error["root_cause"][0]["reason"]


@pytest.mark.parametrize(
    ("alias", "body", "kind", "reason"),
    [
        (
            "a%20b",
            {},
            "invalid_alias_name_exception",
            "Invalid alias name [a b]: must not contain the following characters",
        ),
        ("_x", {}, "invalid_alias_name_exception", "Invalid alias name [_x]: must not start with '_', '-', or '+'"),
        ("A", {"index_routing": "1,2"}, "illegal_argument_exception", "alias [A] has several index routing values"),
        ("f", {"filter": {"nope": {}}}, "illegal_argument_exception", "failed to parse filter for alias [f]"),
        (
            "w",
            {"is_write_index": "maybe"},
            "illegal_argument_exception",
            "Failed to parse value [maybe] as only [true]",
        ),
    ],
)
def test_aliases_that_cannot_be(
    api: Api, pair: tuple[str, str], alias: str, body: dict[str, object], kind: str, reason: str
) -> None:
    found = api.error("PUT", f"/{pair[0]}/_alias/{alias}", body, code=400)
    assert (found[0], found[1][: len(reason)]) == (kind, reason)


def test_an_alias_takes_the_name_of_an_index_that_goes(api: Api, pair: tuple[str, str]) -> None:
    a, b = pair
    actions = [{"add": {"index": a, "alias": b}}, {"remove_index": {"index": b}}]
    assert api("POST", "/_aliases", {"actions": actions})["errors"] is False
    assert set(api("GET", f"/_alias/{b}")) == {a}
    assert api.error("PUT", f"/{b}", code=400)[1] == f"Invalid index name [{b}], already exists as alias"
    assert api.error("PUT", f"/{b}/_alias/x", code=400)[1].startswith(f"The provided expression [{b}] matches an alias")


def test_hidden_on_all_or_on_none(api: Api, pair: tuple[str, str], name: str) -> None:
    a, b = pair
    api("PUT", f"/{a}/_alias/{name}", {"is_hidden": True})
    kind, reason = api.error("PUT", f"/{b}/_alias/{name}", code=500)
    assert kind == "illegal_state_exception"
    assert reason.endswith("alias must have the same is_hidden setting on all indices")
    assert set(api("GET", f"/_alias/{name}")) == {a}


def test_routing_of_an_alias(api: Api, name: str) -> None:
    settings = {"number_of_shards": 5}
    api("PUT", f"/{name}-i", {"settings": settings, "aliases": {name: {"routing": "7"}, f"{name}-all": {}}})
    for number in range(20):
        api("PUT", f"/{name}-all/_doc/{number}", {"n": number}, code=201)
    api("PUT", f"/{name}/_doc/mine", {"n": -1}, code=201)
    api("POST", f"/{name}/_refresh")
    assert api("GET", f"/{name}/_doc/mine")["_routing"] == "7"
    assert api("GET", f"/{name}-i/_doc/mine?routing=7")["found"] is True
    assert api("GET", f"/{name}-all/_count")["count"] == 21
    assert 0 < api("GET", f"/{name}/_count")["count"] < 21
    assert api.error("PUT", f"/{name}/_doc/x?routing=8", {}, code=400)[1] == (
        f"Alias [{name}] has index routing associated with it [7], and was provided with routing value [8], rejecting "
        "operation"
    )
