"""Objects and fields that the mapping does not have: dynamic true, false and strict, templates, detection, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

JSON = {"Content-Type": "application/json"}
TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
GUESSES: list[tuple[Any, dict[str, Any] | None]] = [
    ("a", TEXT), (True, {"type": "boolean"}), (7, {"type": "long"}), (7.5, {"type": "float"}), ([None, 7], {"type": "long"}),
    ("2024-05", {"type": "date"}), ("2024", TEXT), ("7.5", TEXT), (None, None), ([], None), ({"x": 1}, None),
    ("2024/05/17", {"type": "date", "format": "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis"}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "definition"), GUESSES)
def test_guesses(api: Api, make: Callable[..., str], value: Any, definition: dict[str, Any] | None) -> None:
    index = make()
    api("PUT", f"/{index}/_doc/1", {"f": value}, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"].get("properties", {})
    if value == {"x": 1}:
        definition = {"properties": {"x": {"type": "long"}}}
    assert found == ({"f": definition} if definition else {})


def test_numbers_in_texts_are_detected_where_wanted(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"numeric_detection": True, "date_detection": False})
    api("PUT", f"/{index}/_doc/1", {"a": "7", "b": "7.5", "c": "2024-05-17"}, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]
    assert found == {"a": {"type": "long"}, "b": {"type": "float"}, "c": TEXT}


def test_dates_in_formats_of_ones_own(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"dynamic_date_formats": "dd.MM.yyyy"})
    api("PUT", f"/{index}/_doc/1", {"a": "17.05.2024", "b": "2024-05-17"}, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"]
    assert found["properties"] == {"a": {"type": "date", "format": "dd.MM.yyyy"}, "b": TEXT}
    assert found["dynamic_date_formats"] == ["dd.MM.yyyy"]


@pytest.mark.parametrize(
    ("raw", "place", "leaf", "within"),
    [
        ('{"a":1}', "1:6", "a", "_doc"),
        ('{"a":null}', "1:6", "a", "_doc"),
        ('{"a":[]}', "1:6", "a", "_doc"),
        ('{"o":{"p":1,"a":[1]}}', "1:17", "a", "o"),
        ('{"p":1,\n "o.a": "x"}', "2:9", "a", "o"),
    ],
)
def test_strict(api: Api, make: Callable[..., str], raw: str, place: str, leaf: str, within: str) -> None:
    number = {"type": "long"}
    index = make(mappings={"dynamic": "strict", "properties": {"p": number, "o": {"properties": {"p": number}}}})
    assert api.error("PUT", f"/{index}/_doc/1", content=raw.encode(), headers=JSON, code=400) == (
        "strict_dynamic_mapping_exception",
        f"[{place}] mapping set to strict, dynamic introduction of [{leaf}] within [{within}] is not allowed",
    )


def test_what_is_not_dynamic_is_kept_and_not_indexed(api: Api, make: Callable[..., str]) -> None:
    fields = {"o": {"dynamic": "true", "properties": {}}, "off": {"type": "object", "enabled": False}}
    index = make(mappings={"dynamic": False, "properties": fields})
    source = {"a": 1, "b": {"c": 1}, "o": {"x": 1}, "off": 5}
    api("PUT", f"/{index}/_doc/1", source, code=201)
    api("PUT", f"/{index}/_doc/2", {"off": [{"x": {}}]}, code=201)
    assert api("GET", f"/{index}/_doc/1")["_source"] == source
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"] == {
        "o": {"dynamic": "true", "properties": {"x": {"type": "long"}}},
        "off": {"type": "object", "enabled": False},
    }


def test_templates(api: Api, make: Callable[..., str]) -> None:
    templates = [
        {
            "ids": {
                "match": "*_id",
                "match_mapping_type": "string",
                "mapping": {"type": "keyword", "copy_to": "{name}_all"},
            }
        },
        {"raw": {"path_match": "raw.*", "unmatch": "x*", "mapping": {"type": "{dynamic_type}", "index": False}}},
        {"words": {"match_pattern": "regex", "match": "^w\\d+$", "mapping": {"type": "text"}}},
        {"vectors": {"match": "*vec", "match_mapping_type": "double", "mapping": {"type": "double"}}},
    ]
    index = make(mappings={"dynamic_templates": templates})
    source = {"a_id": "x", "n_id": 7, "raw": {"a": 1, "x1": 1}, "w12": "word", "myvec": [0.5] * 128}
    api("PUT", f"/{index}/_doc/1", source, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]
    assert found == {
        "a_id": {"type": "keyword", "copy_to": ["a_id_all"]},
        "a_id_all": TEXT,
        "myvec": {"type": "double"},
        "n_id": {"type": "long"},
        "raw": {"properties": {"a": {"type": "long", "index": False}, "x1": {"type": "long"}}},
        "w12": {"type": "text"},
    }


def test_templates_of_vectors_and_points(api: Api, make: Callable[..., str]) -> None:
    vector = {"type": "dense_vector", "similarity": "l2_norm", "index_options": {"type": "flat"}}
    templates = [
        {"v": {"match": "*_vector", "mapping": vector}},
        {"p": {"match": "at", "mapping": {"type": "geo_point"}}},
    ]
    index = make(mappings={"dynamic_templates": templates})
    api("PUT", f"/{index}/_doc/1?refresh=true", {"image_vector": [1, 2.5], "at": [11.5, 48.5]}, code=201)
    found = api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]
    assert found == {"image_vector": {**vector, "dims": 2, "index": True}, "at": {"type": "geo_point"}}
    knn = {"field": "image_vector", "query_vector": [1, 2], "k": 1}
    assert api("POST", f"/{index}/_search", {"knn": knn})["hits"]["hits"][0]["_score"] == pytest.approx(0.8)


OBJECTS: list[tuple[str, str]] = [
    ('{"o":5}', "[1:6] object mapping for [o] tried to parse field [o] as object, but found a concrete value"),
    ('{"o":[{},5]}', "[1:10] object mapping for [o] tried to parse field [null] as object, but found a concrete value"),
    (
        '{"o":{"p":"x"}}',
        "[1:11] object mapping for [o.p] tried to parse field [p] as object, but found a concrete value",
    ),
    ('{"":1}', "[1:5] failed to parse: field name cannot be an empty string"),
    ('{"..":1}', "[1:7] failed to parse: field name cannot contain only dots"),
    ('{"a..b":1}', "[1:9] failed to parse: field name cannot contain only whitespace: ['a..b']"),
    (
        '{"a. .b":1}',
        "[1:10] failed to parse: field name starting or ending with a [.] makes object resolution ambiguous: [a. .b]",
    ),
    (
        '{"_id":"x"}',
        (
            "[1:8] Field [_id] is a metadata field and cannot be added inside a document. Use the index API request "
            "parameters."
        ),
    ),
]


@pytest.mark.parametrize(("raw", "reason"), OBJECTS)
def test_objects_and_names(api: Api, make: Callable[..., str], raw: str, reason: str) -> None:
    index = make({"o": {"properties": {"p": {"properties": {"q": {"type": "long"}}}}}})
    found = api.error("PUT", f"/{index}/_doc/1", content=raw.encode(), headers=JSON, code=400)
    assert found == ("document_parsing_exception", reason)


def test_one_array_of_two_kinds(api: Api, make: Callable[..., str]) -> None:
    index = make()
    assert api.error("PUT", f"/{index}/_doc/1", {"a": [1, "b"]}, code=400) == (
        "illegal_argument_exception",
        "mapper [a] cannot be changed from type [long] to [text]",
    )
    assert api("GET", f"/{index}/_mapping")[index]["mappings"] == {}


def test_what_the_mapping_keeps_out_of_the_source(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"_source": {"excludes": ["secret", "o.*"]}, "properties": {"o.a": {"type": "long"}}})
    api("PUT", f"/{index}/_doc/1?refresh=true", {"secret": "s", "o": {"a": 7}, "b": 1}, code=201)
    assert api("GET", f"/{index}/_doc/1")["_source"] == {"o": {}, "b": 1}
    for query in ({"term": {"o.a": 7}}, {"match": {"secret": "s"}}):
        assert api("POST", f"/{index}/_count", {"query": query})["count"] == 1


@pytest.mark.parametrize("key", ["match", "unmatch", "path_match", "path_unmatch"])
def test_regular_expressions_that_are_none(api: Api, name: str, key: str) -> None:
    def put(pattern: str, code: int) -> str:
        template = {"t": {"match": "x", "match_pattern": "regex", key: pattern, "mapping": {"type": "keyword"}}}
        return api.error("PUT", f"/{name}", {"mappings": {"dynamic_templates": [template]}}, code=code)[1]

    reason = "Pattern [*a] of type [regex] is invalid. Cannot create dynamic template [t]."
    assert put("*a", 400) == f"Failed to parse mapping: {reason}"
    for pattern in (r"\p{L}+", "[a-z&&[^x]]", "(?<n>a)", "(?i)a"):
        assert "regular expression" in put(pattern, 501)
