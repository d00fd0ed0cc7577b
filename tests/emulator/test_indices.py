"""Indices, their mappings and their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


SHOWN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "keyword", "index": True, "ignore_above": "10"}, {"type": "keyword", "ignore_above": 10}),
    ({"type": "date", "format": "strict_date_optional_time||epoch_millis"}, {"type": "date"}),
    ({"type": "object"}, {"type": "object"}),
    (
        {"properties": {"b": {"type": "long", "index": "false"}}},
        {"properties": {"b": {"type": "long", "index": False}}},
    ),
    (
        {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    ),
    (
        {"type": "dense_vector", "dims": 4},
        {
            "type": "dense_vector",
            "dims": 4,
            "index": True,
            "similarity": "cosine",
            "index_options": {"type": "int8_hnsw", "m": 16, "ef_construction": 100},
        },
    ),
    (
        {"type": "dense_vector", "dims": 384},
        {
            "type": "dense_vector",
            "dims": 384,
            "index": True,
            "similarity": "cosine",
            "index_options": {
                "type": "bbq_hnsw",
                "m": 16,
                "ef_construction": 100,
                "rescore_vector": {"oversample": 3.0},
            },
        },
    ),
    ({"type": "dense_vector", "dims": 4, "index": False}, {"type": "dense_vector", "dims": 4, "index": False}),
]


@pytest.mark.parametrize(("given", "shown"), SHOWN)
def test_a_mapping_is_shown_with_and_without_its_defaults(
    api: Api, make: Callable[..., str], given: dict[str, Any], shown: dict[str, Any]
) -> None:
    index = make({"f": given})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == shown
    api("PUT", f"/{index}/_mapping", {"properties": {"f": given}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == shown


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    (
        {"type": "nope"},
        (
            "The mapper type [nope] declared on field [f] does not exist. It might have been created within a future version "
            "or requires a plugin to be installed. Check the documentation."
        ),
    ),
    ({"type": "keyword", "foo": 1}, "unknown parameter [foo] on mapper [f] of type [keyword]"),
    ({"type": "dense_vector", "foo": 1}, "unknown parameter [foo] on mapper [f] of type [dense_vector]"),
    ({"index": True}, "No type specified for field [f]"),
    (
        {"type": "dense_vector", "dims": 5000},
        "The number of dimensions should be in the range [1, 4096] but was [5000]",
    ),
    ({"type": "dense_vector", "dims": "x"}, "Property [dims] on field [f] must be an integer but got [x]"),
    (
        {"type": "dense_vector", "dims": 3, "index": False, "similarity": "cosine"},
        "Field [similarity] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    (
        {"type": "dense_vector", "dims": 3, "index": False, "index_options": {"type": "hnsw"}},
        "Field [index_options] can only be specified for a field of type [dense_vector] when it is indexed",
    ),
    (
        {"type": "dense_vector", "dims": 3, "index_options": {"type": "int4_hnsw"}},
        "int4_hnsw only supports even dimensions; provided=3",
    ),
    (
        {"type": "dense_vector", "dims": 32, "index_options": {"type": "bbq_hnsw"}},
        "bbq_hnsw does not support dimensions fewer than 64; provided=32",
    ),
]


@pytest.mark.parametrize(("field", "reason"), BAD_FIELDS)
def test_refused_fields(api: Api, name: str, field: dict[str, Any], reason: str) -> None:
    error = api("PUT", f"/{name}", {"mappings": {"properties": {"f": field}}}, code=400)["error"]
    assert (error["type"], error["reason"]) == ("mapper_parsing_exception", f"Failed to parse mapping: {reason}")
    assert error["caused_by"] == {"type": "mapper_parsing_exception", "reason": reason}
    api("GET", f"/{name}", code=404)


@pytest.mark.parametrize(
    "mappings",
    [
        {"properties": {"f": {"type": "nested"}}},
        {"properties": {"f": {"type": "dense_vector", "element_type": "byte"}}},
        {"properties": {"f": {"type": "text", "analyzer": "english"}}},
        {"properties": {"f": {"type": "keyword", "copy_to": "g"}}},
        {"properties": {"f": {"type": "integer", "coerce": False}}},
        {"properties": {"f": {"type": "date", "format": "yyyy"}}},
        {"dynamic_templates": []},
        {"_source": {"enabled": False}},
        {"dynamic": "runtime"},
    ],
)
def test_mapping_features_that_are_not_emulated(api: Api, name: str, mappings: dict[str, Any]) -> None:
    assert api.error("PUT", f"/{name}", {"mappings": mappings}, code=501)[0] == "emulator_unsupported_exception"


def test_fields_are_added_and_meta_is_replaced_whole(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"_meta": {"a": 1, "b": 2}, "properties": {"x": {"properties": {"y": {"type": "long"}}}}})
    api("PUT", f"/{index}/_mapping", {"properties": {"x.z": {"type": "keyword"}}})
    api("PUT", f"/{index}/_mapping", {"_meta": {"c": 3}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"] == {
        "_meta": {"c": 3},
        "properties": {"x": {"properties": {"y": {"type": "long"}, "z": {"type": "keyword"}}}},
    }


VECTOR = {"type": "dense_vector", "dims": 4, "index_options": {"type": "int8_hnsw", "m": 32}}
CONFLICTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "text"}, {"type": "keyword"}, "mapper [f] cannot be changed from type [text] to [keyword]"),
    (
        {"properties": {"a": {"type": "long"}}},
        {"type": "long"},
        "can't merge a non object mapping [f] with an object mapping",
    ),
    (
        {"type": "keyword"},
        {"type": "keyword", "index": False},
        "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [index] from [true] to [false]",
    ),
    (
        VECTOR,
        {"type": "dense_vector", "dims": 6, "index_options": {"type": "int8_hnsw", "m": 32}},
        "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [dims] from [4] to [6]",
    ),
    (
        VECTOR,
        {**VECTOR, "similarity": "dot_product"},
        (
            "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [similarity] from [cosine] to "
            "[dot_product]"
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


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ({"type": "int8_hnsw"}, {"type": "int4_hnsw"}, True),
        ({"type": "flat"}, {"type": "hnsw"}, True),
        ({"type": "hnsw"}, {"type": "flat"}, False),
        ({"type": "int8_hnsw", "m": 32}, {"type": "int8_hnsw"}, False),
        ({"type": "int8_hnsw"}, {"type": "int8_hnsw", "ef_construction": 300}, True),
    ],
)
def test_index_options_move_along_the_graph_only(
    api: Api, make: Callable[..., str], old: dict[str, Any], new: dict[str, Any], allowed: bool
) -> None:
    index = make({"f": {"type": "dense_vector", "dims": 4, "index_options": old}})
    body = {"properties": {"f": {"type": "dense_vector", "dims": 4, "index_options": new}}}
    answer = api("PUT", f"/{index}/_mapping", body, code=200 if allowed else 400)
    if not allowed:
        assert "Cannot update parameter [index_options] from [{type=" in answer["error"]["reason"]


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
    final = api.error("PUT", path, {"number_of_shards": 2}, code=400)
    assert final[1] == f"final {index} setting [index.number_of_shards], not updateable"
    assert api.error("PUT", path, {"index.analysis.analyzer.x.type": "custom"}, code=501)


def test_too_many_fields(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"index.mapping.total_fields.limit": 3})
    api("PUT", f"/{index}/_mapping", {"properties": {"a": {"type": "long"}, "b": {"type": "long"}}})
    body = {"properties": {"c": {"type": "long"}, "d": {"type": "long"}}}
    assert api.error("PUT", f"/{index}/_mapping", body, code=400)[1] == (
        "Limit of total fields [3] has been exceeded while adding new fields [2]"
    )


def test_a_write_block(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"index.blocks.write": True})
    assert api.error("PUT", f"/{index}/_doc/1", {"a": 1}, code=403) == (
        "cluster_block_exception",
        f"index [{index}] blocked by: [FORBIDDEN/8/index write (api)];",
    )
