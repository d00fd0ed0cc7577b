"""Indices, their mappings and their settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from elasticsearch import Elasticsearch

from tests.emulator.conftest import Api


def test_create_show_delete(client: Elasticsearch, name: str) -> None:
    made = client.indices.create(index=name, settings={"number_of_replicas": 0}, aliases={f"{name}-a": {}})
    assert made.body == {"acknowledged": True, "shards_acknowledged": True, "index": name}
    assert client.indices.exists(index=name)
    body = client.indices.get(index=f"{name}-a")[name]
    settings = body["settings"]["index"]
    assert (settings["number_of_shards"], settings["number_of_replicas"], settings["provided_name"]) == ("1", "0", name)
    assert body["mappings"] == {}
    client.indices.delete(index=name)
    assert not client.indices.exists(index=name)


def test_existing_and_missing(api: Api, make: Callable[..., str]) -> None:
    index = make()
    uuid = api("GET", f"/{index}")[index]["settings"]["index"]["uuid"]
    error = api("PUT", f"/{index}", code=400)["error"]
    assert error["type"] == "resource_already_exists_exception"
    assert (error["reason"], error["index_uuid"]) == (f"index [{index}/{uuid}] already exists", uuid)
    missing = api("GET", "/nothing-here", code=404)["error"]
    assert missing["reason"] == "no such index [nothing-here]"
    assert missing["resource.type"] == "index_or_alias"
    assert api("GET", "/nothing-here,*?ignore_unavailable=true") is not None
    assert api("GET", "/nothing-*") == {}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("Upper", "must be lowercase"),
        ("-x", "must not start with '_', '-', or '+'"),
        ("a%23b", "must not contain '#'"),
        ("a%20b", "must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']"),
        ("x" * 256, "index name is too long, (256 > 255)"),
    ],
)
def test_names(api: Api, bad: str, why: str) -> None:
    kind, reason = api.error("PUT", f"/{bad}", code=400)
    assert kind == "invalid_index_name_exception"
    assert reason.endswith(f", {why}")


def test_delete_takes_no_wildcards_and_no_aliases(api: Api, make: Callable[..., str]) -> None:
    index = make(aliases={"deletable": {}})
    assert api.error("DELETE", f"/{index}*", code=400)[1] == "Wildcard expressions or all indices are not allowed"
    assert api.error("DELETE", "/deletable", code=400)[1] == (
        "The provided expression [deletable] matches an alias, specify the corresponding concrete indices instead."
    )
    api("DELETE", f"/{index}")


def test_wildcards_pass_hidden_indices_by(api: Api, name: str) -> None:
    api("PUT", f"/{name}-a")
    api("PUT", f"/{name}-b", {"settings": {"index.hidden": True}})
    assert set(api("GET", f"/{name}-*")) == {f"{name}-a"}
    assert set(api("GET", f"/{name}-*?expand_wildcards=all")) == {f"{name}-a", f"{name}-b"}
    assert set(api("GET", f"/{name}-b")) == {f"{name}-b"}


def test_settings_are_text_below_index(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"index.refresh_interval": "30s", "index": {"mapping": {"exclude_source_vectors": False}}})
    api("PUT", f"/{index}/_settings", {"number_of_replicas": 0, "index.max_result_window": 20})
    settings = api("GET", f"/{index}/_settings")[index]["settings"]["index"]
    assert settings["number_of_replicas"] == "0"
    assert settings["max_result_window"] == "20"
    assert settings["mapping"] == {"exclude_source_vectors": "false"}
    api("PUT", f"/{index}/_settings", {"index": {"number_of_replicas": None, "refresh_interval": None}})
    settings = api("GET", f"/{index}/_settings")[index]["settings"]["index"]
    assert settings["number_of_replicas"] == "1"
    assert "refresh_interval" not in settings


def test_refused_settings(api: Api, make: Callable[..., str]) -> None:
    index = make()
    uuid = api("GET", f"/{index}")[index]["settings"]["index"]["uuid"]
    path = f"/{index}/_settings"
    unknown = api.error("PUT", path, {"index": {"nonsense": 1}}, code=400)
    assert unknown[1].startswith("unknown setting [index.nonsense] please check that any required plugins")
    static = api.error("PUT", path, {"index.mapping.exclude_source_vectors": False}, code=400)
    assert static == (
        "illegal_argument_exception",
        f"Can't update non dynamic settings [[index.mapping.exclude_source_vectors]] for open indices [[{index}/{uuid}]]",
    )
    assert api.error("PUT", path, {"number_of_shards": 2}, code=400)[1] == (
        f"Can't update non dynamic settings [[index.number_of_shards]] for open indices [[{index}/{uuid}]]"
    )
    final = api.error("PUT", f"{path}?reopen=true", {"number_of_shards": 2}, code=400)
    assert final[1] == f"final {index} setting [index.number_of_shards], not updateable"
    assert api.error("PUT", path, {"index.analysis.analyzer.x.type": "custom"}, code=501)


def test_a_write_block(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"index.blocks.write": True})
    assert api.error("PUT", f"/{index}/_doc/1", {"a": 1}, code=403) == (
        "cluster_block_exception",
        f"index [{index}] blocked by: [FORBIDDEN/8/index write (api)];",
    )
