"""Component and index templates: what is stored, what they compose to, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.emulator.conftest import Api


def test_component_template_round_trip(client: Elasticsearch, name: str) -> None:
    template = {
        "settings": {"number_of_replicas": 0, "index.refresh_interval": "5s"},
        "mappings": {"properties": {"a": {"type": "keyword"}}},
    }
    client.cluster.put_component_template(name=name, template=template, version=3, meta={"by": "us"})
    (found,) = client.cluster.get_component_template(name=name)["component_templates"]
    body = found["component_template"]
    assert found["name"] == name
    assert body["template"]["settings"] == {"index": {"number_of_replicas": "0", "refresh_interval": "5s"}}
    assert body["template"]["mappings"] == {"properties": {"a": {"type": "keyword"}}}
    assert (body["version"], body["_meta"]) == (3, {"by": "us"})
    assert client.cluster.exists_component_template(name=name)
    client.cluster.delete_component_template(name=name)
    assert not client.cluster.exists_component_template(name=name)


def test_an_index_gets_components_in_order_and_the_template_last(api: Api, name: str) -> None:
    for number in (1, 2):
        body = {
            "settings": {"number_of_shards": number, "priority": number},
            "mappings": {
                "_meta": {f"c{number}": True},
                "properties": {"f": {"type": "keyword", "ignore_above": number}, f"c{number}": {"type": "long"}},
            },
        }
        api("PUT", f"/_component_template/{name}-c{number}", {"template": body})
    own = {
        "settings": {"number_of_replicas": 0},
        "mappings": {"dynamic": "strict", "properties": {"o": {"properties": {"x": {"type": "date"}}}}},
        "aliases": {f"{name}-alias": {}},
    }
    body = {"index_patterns": f"{name}-i*", "composed_of": [f"{name}-c1", f"{name}-c2"], "template": own, "priority": 5}
    api("PUT", f"/_index_template/{name}", body)
    api("PUT", f"/{name}-i1", {"settings": {"index.priority": 9}})
    index = api("GET", f"/{name}-i1")[f"{name}-i1"]
    shown = {key: index["settings"]["index"][key] for key in ("number_of_shards", "number_of_replicas", "priority")}
    assert shown == {"number_of_shards": "2", "number_of_replicas": "0", "priority": "9"}
    assert index["mappings"] == {
        "dynamic": "strict",
        "_meta": {"c1": True, "c2": True},
        "properties": {
            "c1": {"type": "long"},
            "c2": {"type": "long"},
            "f": {"type": "keyword", "ignore_above": 2},
            "o": {"properties": {"x": {"type": "date"}}},
        },
    }
    assert index["aliases"] == {f"{name}-alias": {}}
    (found,) = api("GET", f"/_index_template/{name}")["index_templates"]
    assert found["index_template"]["index_patterns"] == [f"{name}-i*"]
    assert found["index_template"]["composed_of"] == [f"{name}-c1", f"{name}-c2"]


def test_the_highest_priority_wins_alone(api: Api, name: str) -> None:
    low = {"template": {"settings": {"priority": 1, "refresh_interval": "9s"}}}
    api("PUT", f"/_index_template/{name}-low", {"index_patterns": [f"{name}*"], "priority": 1, **low})
    high = {"template": {"settings": {"priority": 2}}}
    api("PUT", f"/_index_template/{name}-high", {"index_patterns": [f"{name}-x*"], "priority": 2, **high})
    simulated = api("POST", f"/_index_template/_simulate_index/{name}-x1")
    assert simulated["template"]["settings"]["index"] == {
        "priority": "2",
        "routing": {"allocation": {"include": {"_tier_preference": "data_content"}}},
    }
    assert simulated["template"]["mappings"] == {}
    assert simulated["overlapping"] == [{"name": f"{name}-low", "index_patterns": [f"{name}*"]}]
    assert api("POST", f"/_index_template/_simulate/{name}-low")["template"]["settings"]["index"]["priority"] == "1"
    assert api("POST", "/_index_template/_simulate_index/no-template-for-this") == {}
    assert api.error("POST", "/_index_template/_simulate/absent", code=400) == (
        "illegal_argument_exception",
        "unable to simulate template [absent] that does not exist",
    )


def test_a_template_in_a_body_is_simulated_and_not_stored(api: Api, name: str) -> None:
    body = {"index_patterns": [f"{name}*"], "template": {"mappings": {"properties": {"a": {"type": "text"}}}}}
    simulated = api("POST", "/_index_template/_simulate", body)
    assert simulated["template"]["mappings"] == {"properties": {"a": {"type": "text"}}}
    api("GET", f"/_index_template/{name}", code=404)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"index_patterns": ["x*"], "composed_of": ["absent"]},
        "invalid_index_template_exception",
        (
            "index_template [{name}] invalid, cause [index template [{name}] specifies component templates [absent] that do "
            "not exist]"
        ),
    ),
    (
        {"index_patterns": ["_x*"]},
        "invalid_index_template_exception",
        "index_template [{name}] invalid, cause [Validation Failed: 1: index_pattern [_x*] must not start with '_';]",
    ),
    ({}, "illegal_argument_exception", "Required [index_patterns]"),
    (
        {"index_patterns": ["x*"], "foo": 1},
        "x_content_parse_exception",
        "[1:1] [index_template] unknown field [foo]",
    ),
    (
        {"index_patterns": ["x*"], "priority": -1},
        "action_request_validation_exception",
        "Validation Failed: 1: index template priority must be >= 0;",
    ),
    (
        {"index_patterns": ["x*"], "template": {"settings": {"zzz": 1}}},
        "invalid_index_template_exception",
        (
            "index_template [{name}] invalid, cause [Validation Failed: 1: unknown setting [index.zzz] please check that any "
            "required plugins are installed, or check the breaking changes documentation for removed settings;]"
        ),
    ),
    (
        {"index_patterns": ["x*"], "template": {"mappings": {"properties": {"a": {"type": "nope"}}}}},
        "illegal_argument_exception",
        "composable template [{name}] template after composition is invalid",
    ),
]


@pytest.mark.parametrize(("body", "kind", "reason"), REFUSED)
def test_refused_index_templates(api: Api, name: str, body: dict[str, Any], kind: str, reason: str) -> None:
    found = api.error("PUT", f"/_index_template/{name}", body or {"version": 1}, code=400)
    assert found == (kind, reason.format(name=name))
    api("GET", f"/_index_template/{name}", code=404)


def test_overlap_with_the_same_priority(api: Api, name: str) -> None:
    api("PUT", f"/_index_template/{name}-1", {"index_patterns": [f"{name}-a*"], "priority": 10})
    kind, reason = api.error(
        "PUT", f"/_index_template/{name}-2", {"index_patterns": [f"{name}-*b"], "priority": 10}, code=400
    )
    assert kind == "illegal_argument_exception"
    assert reason == (
        f"index template [{name}-2] has index patterns [{name}-*b] matching patterns from existing templates [{name}-1] "
        f"with patterns ({name}-1 => [{name}-a*]) that have the same priority [10], multiple index templates may not match "
        "during index creation, please use a different priority"
    )


def test_create_only_and_missing(api: Api, name: str) -> None:
    api("PUT", f"/_index_template/{name}", {"index_patterns": [f"{name}*"]})
    path = f"/_index_template/{name}?create=true"
    assert api.error("PUT", path, {"index_patterns": [f"{name}*"]}, code=400)[1] == (
        f"index template [{name}] already exists"
    )
    assert api.error("GET", "/_index_template/absent", code=404) == (
        "resource_not_found_exception",
        "index template matching [absent] not found",
    )
    assert api.error("DELETE", "/_index_template/absent", code=404)[0] == "index_template_missing_exception"
    assert api.error("GET", "/_component_template/absent", code=404) == (
        "resource_not_found_exception",
        "component template matching [absent] not found",
    )


def test_a_component_in_use_stays_and_stays_valid(api: Api, name: str) -> None:
    api("PUT", f"/_component_template/{name}", {"template": {}})
    template = {"mappings": {"properties": {"a": {"type": "keyword"}}}}
    body = {"index_patterns": [f"{name}*"], "composed_of": [name], "template": template}
    api("PUT", f"/_index_template/{name}-user", body)
    assert api.error("DELETE", f"/_component_template/{name}", code=400)[1] == (
        f"component templates [{name}] cannot be removed as they are still in use by index templates [{name}-user]"
    )
