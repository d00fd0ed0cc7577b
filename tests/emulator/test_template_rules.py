"""The rules of templates: what is refused in which words, and how the parts merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.indices.composition import merge_for_template
from tests.emulator.conftest import Api

FIELDS = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["keyword", "long"])}),
    lambda inner: st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3)}),
    max_leaves=6,
)
MAPPINGS = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.dictionaries(st.sampled_from("abc"), FIELDS, max_size=3),
        "dynamic": st.sampled_from(["true", "strict"]),
        "_meta": st.dictionaries(st.sampled_from("xy"), st.integers(0, 3)),
    },
)


@given(MAPPINGS, MAPPINGS)
def test_the_later_mapping_wins_and_nothing_else_is_lost(low: dict[str, Any], high: dict[str, Any]) -> None:
    merged = merge_for_template(low, high)
    assert set(merged) == set(low) | set(high)
    assert merged.get("dynamic") == high.get("dynamic", low.get("dynamic"))
    assert merged.get("_meta", {}) == {**low.get("_meta", {}), **high.get("_meta", {})}
    for name, field in merged.get("properties", {}).items():
        before, after = (part.get("properties", {}).get(name) for part in (low, high))
        if after is None or before is None:
            assert field == (after or before)
        elif "type" in after or "type" in before:
            assert field == after
    assert merge_for_template(merged, high) == merged
    assert merge_for_template({}, high) == high


def test_dynamic_templates_merge_by_name() -> None:
    low = {"dynamic_templates": [{"a": {"match": "x", "mapping": {"type": "long"}}}, {"b": {"mapping": {}}}]}
    high = {"dynamic_templates": [{"c": {"mapping": {}}}, {"a": {"mapping": {"type": "keyword"}}}]}
    assert merge_for_template(low, high)["dynamic_templates"] == [
        {"a": {"match": "x", "mapping": {"type": "keyword"}}}, {"b": {"mapping": {}}}, {"c": {"mapping": {}}},
    ]  # fmt: skip


def test_other_lists_are_joined_the_later_first() -> None:
    low = {"dynamic_date_formats": ["MM", "yyyy"], "_meta": {"by": ["ann"], "of": {"a": [1]}}}
    high = {"dynamic_date_formats": ["yyyy"], "_meta": {"by": ["bob"], "of": {"b": 2}}}
    assert merge_for_template(low, high) == {
        "dynamic_date_formats": ["yyyy", "MM"],
        "_meta": {"by": ["bob", "ann"], "of": {"a": [1], "b": 2}},
    }


def test_what_is_said_of_an_object_is_said_anew() -> None:
    low = {"properties": {"o": {"dynamic": "strict", "properties": {"a": {"type": "long"}}}}}
    high = {"properties": {"o": {"properties": {"b": {"type": "long"}}}}}
    assert merge_for_template(low, high)["properties"] == {
        "o": {"properties": {"a": {"type": "long"}, "b": {"type": "long"}}}
    }
    leaf = {"properties": {"o": {"type": "keyword"}}}
    assert merge_for_template(low, leaf) == leaf
    assert merge_for_template(leaf, high) == high


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"index_patterns": ["{name}*"], "composed_of": ["x"], "ignore_missing_component_templates": ["y"]},
        "invalid_index_template_exception",
        (
            "index_template [{name}] invalid, cause [index template [{name}] specifies a missing component templates [x] that "
            "does not exist and is not part of 'ignore_missing_component_templates']"
        ),
    ),
    (
        {"index_patterns": ["*"], "priority": 7001, "template": {"settings": {"index": {"hidden": True}}}},
        "invalid_index_template_exception",
        "index_template [{name}] invalid, cause [global composable templates may not specify the setting index.hidden]",
    ),
    (
        {"index_patterns": ["a b", "c:d"], "priority": 7002},
        "invalid_index_template_exception",
        (
            "index_template [{name}] invalid, cause [Validation Failed: 1: index_patterns [a b] must not contain a space;2: "
            "index_pattern [a b] must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|'];3: "
            "index_pattern [c:d] must not contain a ':';]"
        ),
    ),
    (
        {"index_patterns": ["{name}*"], "template": {"lifecycle": {"data_retention": "7d"}}},
        "illegal_argument_exception",
        (
            "index template [{name}] specifies lifecycle configuration that can only be used in combination with a data stream"
        ),
    ),
    (
        {"index_patterns": ["logs-{name}-*"], "priority": 100},
        "illegal_argument_exception",
        (
            "index template [{name}] has index patterns [logs-{name}-*] matching patterns from existing templates [logs] with "
            "patterns (logs => [logs-*-*]) that have the same priority [100], multiple index templates may not match during "
            "index creation, please use a different priority"
        ),
    ),
    (
        {"index_patterns": ["{name}*"], "created_date": "x"},
        "x_content_parse_exception",
        "[1:1] [index_template] unknown field [created_date] did you mean [created_date_millis]?",
    ),
    (
        {"index_patterns": ["{name}*"], "modified_date_millis": 0},
        "invalid_index_template_exception",
        (
            "index_template [{name}] invalid, cause [provided a template property which is managed by the system: "
            "modified_date]"
        ),
    ),
    (
        {"index_patterns": ["{name}*"], "priority": "soon"},
        "x_content_parse_exception",
        "[1:1] [index_template] failed to parse field [priority]",
    ),
    (
        {"index_patterns": ["{name}*"], "template": {"aliases": {"a": {"filter": {"nope": {}}}}}},
        "illegal_argument_exception",
        "composable template [{name}] template after composition is invalid",
    ),
]


def filled(value: Any, name: str) -> Any:
    """A body with the test's own name in it."""
    if isinstance(value, dict):
        return {key: filled(child, name) for key, child in value.items()}
    if isinstance(value, list):
        return [filled(child, name) for child in value]
    return value.replace("{name}", name) if isinstance(value, str) else value


@pytest.mark.parametrize(("body", "kind", "reason"), REFUSED)
def test_refused(api: Api, name: str, body: dict[str, Any], kind: str, reason: str) -> None:
    found = api.error("PUT", f"/_index_template/{name}", filled(body, name), code=400)
    assert found == (kind, reason.replace("{name}", name))
    api("GET", f"/_index_template/{name}", code=404)


def test_a_name_that_cannot_be(api: Api, name: str) -> None:
    for path, body in (
        ("_index_template", {"index_patterns": [f"{name}*"]}),
        ("_component_template", {"template": {}}),
    ):
        assert api.error("PUT", f"/{path}/{name}%20X", body, code=400)[1] == (
            f"index_template [{name} X] invalid, cause [Validation Failed: 1: name must not contain a space;2: name must be "
            "lower cased;]"
        )


def test_a_bad_mapping_is_told_by_its_causes(api: Api, name: str) -> None:
    body = {"index_patterns": [f"{name}*"], "template": {"mappings": {"properties": {"a": {"type": "nope"}}}}}
    error = api("PUT", f"/_index_template/{name}", body, code=400)["error"]
    assert error["caused_by"]["reason"] == f"invalid composite mappings for [{name}]"
    assert error["caused_by"]["caused_by"]["type"] == "mapper_parsing_exception"
    component = api.error("PUT", f"/_component_template/{name}", {"template": body["template"]}, code=400)
    assert component[0] == "mapper_parsing_exception"


def test_a_component_may_not_spoil_its_users(api: Api, name: str) -> None:
    api("PUT", f"/_component_template/{name}", {"template": {"settings": {"number_of_shards": 1}}})
    body = {"index_patterns": [f"{name}*"], "composed_of": [name], "template": {"aliases": {"{index}-x": {}}}}
    api("PUT", f"/_index_template/{name}", body)
    spoiled = {"template": {"mappings": {"properties": {"a": {"type": "long", "ignore_above": 1}}}}}
    api.error("PUT", f"/_component_template/{name}", spoiled, code=400)
    assert api("GET", f"/_component_template/{name}")["component_templates"][0]["component_template"]["template"] == {
        "settings": {"index": {"number_of_shards": "1"}}
    }
    api("PUT", f"/{name}-1")
    assert set(api("GET", f"/{name}-1/_alias")[f"{name}-1"]["aliases"]) == {f"{name}-1-x"}


def test_names_and_patterns_of_get_and_delete(api: Api, name: str) -> None:
    for number in range(3):
        api("PUT", f"/_index_template/{name}-{number}", {"index_patterns": [f"{name}-{number}*"]})
        api("PUT", f"/_component_template/{name}-{number}", {"template": {}})
    for path, key in (("_index_template", "index_templates"), ("_component_template", "component_templates")):
        assert [one["name"] for one in api("GET", f"/{path}/{name}-*")[key]] == [f"{name}-{n}" for n in range(3)]
        assert api("GET", f"/{path}/{name}-x*", code=404) == {key: []}
        api("HEAD", f"/{path}/{name}-x*", code=404)
        missing = api.error("DELETE", f"/{path}/{name}-0,{name}-9", code=404)
        assert f"{name}-9" in missing[1]
        assert f"{name}-0" not in missing[1]
        api("DELETE", f"/{path}/{name}-0,{name}-1")
        api("DELETE", f"/{path}/{name}-*")
        assert api.error("DELETE", f"/{path}/{name}-*", code=404)


def test_dates(api: Api, name: str) -> None:
    path, body = f"/_index_template/{name}", {"index_patterns": [f"{name}*"]}

    def dates() -> tuple[int, int]:
        (found,) = api("GET", path)["index_templates"]
        return found["index_template"]["created_date_millis"], found["index_template"]["modified_date_millis"]

    api("PUT", path, body)
    first = dates()
    assert first[0] == first[1]
    api("PUT", path, body)
    assert dates() == first
    api("PUT", path, {**body, "version": 2})
    assert dates()[0] == first[0]
    (human,) = api("GET", f"{path}?human=true")["index_templates"]
    assert human["index_template"]["created_date"].endswith("Z")


def test_simulation_with_a_body(api: Api, name: str) -> None:
    stored = {"index_patterns": [f"{name}*"], "priority": 10, "template": {"settings": {"number_of_shards": 4}}}
    api("PUT", f"/_index_template/{name}-stored", stored)
    api("PUT", f"/_component_template/{name}-c", {"template": {"settings": {"number_of_replicas": 2}}})
    template = {"settings": {"blocks.write": True}, "aliases": {"a": {"routing": "1"}}}
    body = {"index_patterns": [f"{name}-*"], "priority": 15, "composed_of": [f"{name}-c"], "template": template}
    for path in (f"_simulate_index/{name}-1", "_simulate", f"_simulate/{name}-new"):
        found = api("POST", f"/_index_template/{path}", body)
        assert found["template"]["aliases"] == {"a": {"index_routing": "1", "search_routing": "1"}}
        shown = found["template"]["settings"]["index"]
        assert (shown["blocks"], shown["number_of_replicas"]) == ({"write": "true"}, "2")
        assert found["overlapping"] == [{"name": f"{name}-stored", "index_patterns": [f"{name}*"]}]
    replaced = api("POST", f"/_index_template/_simulate/{name}-stored", {**body, "priority": 10})
    assert replaced["overlapping"] == []
    assert api.error("POST", "/_index_template/_simulate", code=400)[1] == (
        "Validation Failed: 1: either index name or index template body must be specified for simulation;"
    )
    same = {"index_patterns": [f"{name}*"], "priority": 10}
    assert "have the same priority [10]" in api.error("POST", "/_index_template/_simulate", same, code=400)[1]
    assert len(api("GET", f"/_index_template/{name}*")["index_templates"]) == 1


def test_templates_of_data_streams(api: Api, name: str) -> None:
    body = {"index_patterns": [f"{name}-*"], "data_stream": {}, "template": {"lifecycle": {"data_retention": "7d"}}}
    api("PUT", f"/_index_template/{name}", body)
    (found,) = api("GET", f"/_index_template/{name}")["index_templates"]
    assert found["index_template"]["data_stream"] == {"hidden": False, "allow_custom_routing": False}
    assert found["index_template"]["template"] == {"lifecycle": {"enabled": True, "data_retention": "7d"}}
    for index, template in ((f"{name}-1", name), ("logs-app-prod", "logs")):
        assert api.error("PUT", f"/{index}", code=400)[1] == (
            f"cannot create index with name [{index}], because it matches with template [{template}] that creates data "
            "streams only, use create data stream api instead"
        )
        assert "data streams" in api.error("POST", f"/{index}/_doc", {"a": 1}, code=501)[1]
    assert api.error("POST", f"/_index_template/_simulate/{name}", code=501)
    assert api.error("GET", "/_index_template/logs", code=501)


def test_a_template_that_forbids_indices_made_by_writes(api: Api, name: str) -> None:
    api("PUT", f"/_index_template/{name}", {"index_patterns": [f"{name}-*"], "allow_auto_create": False})
    assert api.error("PUT", f"/{name}-1/_doc/1", {"a": 1}, code=404) == (
        "index_not_found_exception",
        f"no such index [{name}-1] and composable template [{name}-*] forbids index auto creation",
    )
    api("PUT", f"/{name}-1")
    api("PUT", f"/{name}-1/_doc/1", {"a": 1}, code=201)


def test_a_hidden_index_gets_no_template_of_everything(api: Api, name: str) -> None:
    api(
        "PUT",
        f"/_index_template/{name}",
        {"index_patterns": ["*"], "priority": 9000, "template": {"aliases": {name: {}}}},
    )
    try:
        api("PUT", f"/{name}-seen")
        api("PUT", f"/{name}-hidden", {"settings": {"hidden": True}})
        assert set(api("GET", f"/_alias/{name}")) == {f"{name}-seen"}
    finally:
        api("DELETE", f"/_index_template/{name}")


def test_deprecated_components_are_warned_of(api: Api, http: httpx.Client, name: str) -> None:
    api("PUT", f"/_component_template/{name}", {"template": {}, "deprecated": True})
    answer = http.put(f"/_index_template/{name}", json={"index_patterns": [f"{name}*"], "composed_of": [name]})
    assert f"index template [{name}] uses deprecated component template [{name}]" in answer.headers["Warning"]


@pytest.fixture
def old(api_of: Callable[..., Api]) -> Api:
    """The server of the 8.19 line that all tests share."""
    return api_of("8.19.20")


def test_before_9_2_there_are_no_dates(old: Api, name: str) -> None:
    old("PUT", f"/_index_template/{name}", {"index_patterns": [f"{name}*"]})
    (found,) = old("GET", f"/_index_template/{name}")["index_templates"]
    assert found["index_template"] == {"index_patterns": [f"{name}*"], "composed_of": []}
    body = {"index_patterns": [f"{name}*"], "created_date_millis": 1}
    assert old.error("PUT", f"/_index_template/{name}", body, code=400)[1] == (
        "[1:1] [index_template] unknown field [created_date_millis]"
    )
