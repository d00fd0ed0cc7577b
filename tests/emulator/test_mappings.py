"""Mappings: what GET shows of them, what is refused, what may be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

JSON = {"Content-Type": "application/json"}

SHOWN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "keyword", "index": True, "ignore_above": "10"}, {"type": "keyword", "ignore_above": 10}),
    ({"type": "keyword", "norms": False, "doc_values": "false"}, {"type": "keyword", "doc_values": False}),
    ({"type": "keyword", "meta": {"b": "2", "a": "1"}}, {"type": "keyword", "meta": {"a": "1", "b": "2"}}),
    ({"type": "keyword", "copy_to": "g"}, {"type": "keyword", "copy_to": ["g"]}),
    ({"type": "keyword", "null_value": 5}, {"type": "keyword", "null_value": "5"}),
    ({"type": "keyword", "normalizer": "lowercase"}, {"type": "keyword", "normalizer": "lowercase"}),
    ({"type": "date", "format": "strict_date_optional_time||epoch_millis"}, {"type": "date"}),
    ({"type": "date", "format": "yyyy-MM-dd HH:mm:ss"}, {"type": "date", "format": "yyyy-MM-dd HH:mm:ss"}),
    # What was said in so many words is shown, even where it is the default.
    ({"type": "long", "coerce": True, "index": True}, {"type": "long", "coerce": True}),
    ({"type": "geo_point", "ignore_z_value": "true"}, {"type": "geo_point", "ignore_z_value": True}),
    ({"type": "text", "analyzer": "standard"}, {"type": "text", "analyzer": "standard"}),
    ({"type": "object"}, {"type": "object"}),
    ({"type": "object", "enabled": False}, {"type": "object", "enabled": False}),
    ({"enabled": False}, {"type": "object", "enabled": False}),
    ({"properties": {}, "dynamic": "STRICT"}, {"type": "object", "dynamic": "strict"}),
    (
        {"properties": {"b": {"type": "long", "index": "false"}}},
        {"properties": {"b": {"type": "long", "index": False}}},
    ),
    ({"properties": {"b.c": {"type": "long"}}}, {"properties": {"b": {"properties": {"c": {"type": "long"}}}}}),
    (
        {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    ),
    ({"type": "flattened", "depth_limit": 3}, {"type": "flattened", "depth_limit": 3}),
]


@pytest.mark.parametrize(("given", "shown"), SHOWN)
def test_a_field_is_shown_without_its_defaults(
    api: Api, make: Callable[..., str], given: dict[str, Any], shown: dict[str, Any]
) -> None:
    index = make({"f": given})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == shown
    api("PUT", f"/{index}/_mapping", {"properties": {"f": given}})
    assert api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]["f"] == shown


ROOTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"dynamic": True, "date_detection": "false"}, {"dynamic": "true", "date_detection": False}),
    ({"_source": {"excludes": "a.*"}}, {"_source": {"excludes": ["a.*"]}}),
    ({"_routing": {"required": "true"}}, {"_routing": {"required": True}}),
    ({"_source": {"enabled": True}, "_routing": {"required": False}, "properties": {}}, {}),
    (
        {"dynamic_templates": [{"k": {"match": "k_*", "mapping": {"type": "keyword"}}}]},
        {"dynamic_templates": [{"k": {"match": "k_*", "mapping": {"type": "keyword"}}}]},
    ),
]


@pytest.mark.parametrize(("given", "shown"), ROOTS)
def test_the_root_of_a_mapping(
    api: Api, make: Callable[..., str], given: dict[str, Any], shown: dict[str, Any]
) -> None:
    index = make(mappings=given)
    assert api("GET", f"/{index}/_mapping")[index]["mappings"] == shown


M, A = "mapper_parsing_exception", "illegal_argument_exception"
BAD_FIELDS: list[tuple[Any, str, str]] = [
    (
        {"type": "nope"},
        M,
        (
            "The mapper type [nope] declared on field [f] does not exist. It might have been created within a future version or "
            "requires a plugin to be installed. Check the documentation."
        ),
    ),
    ({"type": "keyword", "foo": 1}, M, "unknown parameter [foo] on mapper [f] of type [keyword]"),
    ({"type": "keyword", "index": None}, M, "[index] on mapper [f] of type [keyword] must not have a [null] value"),
    ({"type": "keyword", "index": "no"}, A, "Failed to parse value [no] as only [true] or [false] are allowed."),
    ({"type": "keyword", "ignore_above": -1}, A, "[ignore_above] must be positive, got [-1]"),
    ({"type": "keyword", "ignore_above": "x"}, "number_format_exception", 'For input string: "x"'),
    ({"type": "keyword", "normalizer": "x"}, M, "normalizer [x] not found for field [f]"),
    ({"type": "keyword", "meta": {"a": 1}}, M, "[meta] values can only be strings, but got Integer[1] for field [f]"),
    ({"type": "text", "analyzer": "mine"}, A, "analyzer [mine] has not been configured in mappings"),
    (
        {"type": "date", "format": "jjj"},
        A,
        "Error parsing [format] on field [f]: Invalid format: [jjj]: Unknown pattern letter: j",
    ),
    ({"type": "date", "format": ""}, A, "Error parsing [format] on field [f]: No date pattern provided"),
    (
        {"type": "date", "format": "date||"},
        A,
        "Error parsing [format] on field [f]: Cannot have empty element in multi date format pattern: date||",
    ),
    (
        {"type": "date", "null_value": "x"},
        M,
        (
            "Error parsing [null_value] on field [f]: failed to parse date field [x] with format "
            "[strict_date_optional_time||epoch_millis]"
        ),
    ),
    ({"index": True}, M, "No type specified for field [f]"),
    ({}, M, "No type specified for field [f]"),
    ("x", M, "Expected map for property [fields] on field [f] but got a class java.lang.String"),
    ({"type": "object", "foo": 1}, M, "Mapping definition for [f] has unsupported parameters:  [foo : 1]"),
    ({"type": "object", "dynamic": "maybe"}, A, "Could not convert [dynamic.dynamic] to boolean"),
    ({"properties": "x"}, "parse_exception", "properties must be a map type"),
    (
        {"type": "text", "fields": {"a": {"type": "text", "fields": {"b": {"type": "text"}}}}},
        A,
        "Encountered a multi-field [a] which itself contains a multi-field. Defining chained multi-fields is not supported.",
    ),
    ({"type": "text", "fields": {"a": {}}}, M, "no type specified for property [a]"),
    ({"type": "text", "fields": {"a": {"type": "object"}}}, M, "Type [object] cannot be used in multi field"),
    (
        {"type": "text", "fields": {"a": {"type": "dense_vector"}}},
        M,
        "Field [a] of type [dense_vector] can't be used in multifields",
    ),
]


@pytest.mark.parametrize(("field", "kind", "reason"), BAD_FIELDS)
def test_refused_fields(api: Api, name: str, field: Any, kind: str, reason: str) -> None:
    error = api("PUT", f"/{name}", {"mappings": {"properties": {"f": field}}}, code=400)["error"]
    assert (error["type"], error["reason"]) == (M, f"Failed to parse mapping: {reason}")
    assert error["caused_by"] == {"type": kind, "reason": reason}
    own = kind in (M, "parse_exception")
    assert error["root_cause"] == [error["caused_by"] if own else {"type": M, "reason": error["reason"]}]
    api("GET", f"/{name}", code=404)


BAD_ROOTS: list[tuple[dict[str, Any], str]] = [
    ({"foo": {"a": 1}}, "Failed to parse mapping: Root mapping definition has unsupported parameters:  [foo : {a=1}]"),
    ({"properties": {"": {"type": "long"}}}, "Failed to parse mapping: name cannot be empty string"),
    ({"date_detection": 1}, "Failed to parse mapping: Could not convert [date_detection] to boolean"),
    (
        {"dynamic_templates": {}},
        "Failed to parse mapping: Dynamic template syntax error. An array of named objects is expected.",
    ),
]


@pytest.mark.parametrize(("mappings", "reason"), BAD_ROOTS)
def test_refused_roots(api: Api, name: str, mappings: dict[str, Any], reason: str) -> None:
    assert api.error("PUT", f"/{name}", {"mappings": mappings}, code=400) == (M, reason)


def test_there_are_no_types(api: Api, make: Callable[..., str], name: str) -> None:
    typed = {"_doc": {"properties": {"a": {"type": "long"}}}}
    assert api.error("PUT", f"/{name}", {"mappings": typed}, code=400) == (
        A,
        "The mapping definition cannot be nested under a type [_doc] unless include_type_name is set to true.",
    )
    wanted = (A, "Types cannot be provided in put mapping requests")
    assert api.error("PUT", f"/{make()}/_mapping", typed, code=400) == wanted


@pytest.mark.parametrize(
    "mappings",
    [
        {"properties": {"f": {"type": "nested"}}},
        {"properties": {"f": {"type": "text", "analyzer": "english"}}},
        {"properties": {"f": {"type": "long", "time_series_dimension": True}}},
        {"properties": {"f": {"type": "date", "format": "week_date"}}},
        {"properties": {"f": {"type": "object", "subobjects": False}}},
        {"properties": {"f": {"type": "date", "format": "8yyyy"}}},
        {"properties": {"f": {"type": "date", "format": "yyyyyy-MM"}}},
        {"properties": {"f": {"type": "keyword", "copy_to": "a..b"}}},
        {"properties": {"f": {"type": "keyword", "copy_to": ["g", ""]}}},
        {"properties": {"f": {"type": "keyword", "copy_to": ["g"]}, "g": {"type": "flattened"}}},
        {"properties": {"f": {"type": "keyword", "copy_to": ["g"]}, "g": {"type": "dense_vector", "dims": 2}}},
        {"dynamic_templates": [{"a": {"match": "*", "runtime": {}}}]},
        {"_source": {"enabled": False}},
        {"dynamic": "runtime"},
    ],
)
def test_mapping_features_that_are_not_emulated(api: Api, name: str, mappings: dict[str, Any]) -> None:
    assert api.error("PUT", f"/{name}", {"mappings": mappings}, code=501)[0] == "emulator_unsupported_exception"


def test_too_many_fields_and_too_deep(api: Api, make: Callable[..., str], name: str) -> None:
    index = make(settings={"index.mapping.total_fields.limit": 3})
    api("PUT", f"/{index}/_mapping", {"properties": {"a": {"type": "long"}, "b": {"type": "long"}}})
    body = {"properties": {"c": {"type": "long"}, "d": {"type": "long"}}}
    wanted = "Limit of total fields [3] has been exceeded"
    assert api.error("PUT", f"/{index}/_mapping", body, code=400)[1] == wanted
    added = api("PUT", f"/{index}/_doc/1", content=b'{"c":1,"d":2,"e":3}', headers=JSON, code=400)["error"]
    assert added["reason"] == f"[1:12] failed to parse: {wanted} while adding new fields [2]"
    deep: dict[str, Any] = {"type": "long"}
    for _ in range(21):
        deep = {"properties": {"o": deep}}
    assert api.error("PUT", f"/{name}-deep", {"mappings": deep}, code=400) == (
        "illegal_argument_exception",
        f"Limit of mapping depth [20] has been exceeded due to object field [{'.'.join('o' * 20)}]",
    )


def test_single_fields(api: Api, make: Callable[..., str]) -> None:
    fields = {
        "t1": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "o": {"properties": {"t1": {"type": "long"}}},
    }
    index = make({**fields, "x": {"type": "date"}})
    path = f"/{index}/_mapping/field"
    assert api("GET", f"{path}/*t1,nothing")[index]["mappings"] == {
        "o.t1": {"full_name": "o.t1", "mapping": {"t1": {"type": "long"}}},
        "t1": {"full_name": "t1", "mapping": {"t1": fields["t1"]}},
    }
    assert api("GET", f"{path}/t1.raw")[index]["mappings"] == {
        "t1.raw": {"full_name": "t1.raw", "mapping": {"raw": {"type": "keyword"}}}
    }
    assert api("GET", f"{path}/nothing") == {index: {"mappings": {}}}
    assert api("GET", "/nothing-*/_mapping/field/x", code=404) == {}
    assert api.error("GET", f"{path}/*", code=501)


def test_limits_of_depth_and_names(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"index.mapping.depth.limit": 2, "index.mapping.field_name_length.limit": 5})
    api("PUT", f"/{index}/_mapping", {"properties": {"a.b": {"type": "long"}, "12345": {"type": "long"}}})
    for name, reason in (
        ("a.c.d", "Limit of mapping depth [2] has been exceeded due to object field [a.c]"),
        ("123456", "Field name [123456] is longer than the limit of [5] characters"),
    ):
        body = {"properties": {name: {"type": "long"}}}
        assert api.error("PUT", f"/{index}/_mapping", body, code=400) == (A, reason)
        assert api.error("PUT", f"/{index}/_doc/1", {name: 1}, code=400)


@pytest.mark.parametrize("depth", [25, 900])
def test_documents_that_are_too_deep(api: Api, make: Callable[..., str], depth: int) -> None:
    raw = b'{"a":' * depth + b"1" + b"}" * depth
    reason = f"Limit of mapping depth [20] has been exceeded due to object field [{'.'.join('a' * 20)}]"
    error = api("PUT", f"/{make()}/_doc/1", content=raw, headers=JSON, code=400)["error"]
    assert error["reason"].endswith(f" failed to parse: {reason}")
    assert error["caused_by"] == {"type": A, "reason": reason}


@pytest.mark.parametrize("field", [{"type": "keyword"}, {"type": "flattened"}, {"type": "object", "enabled": False}])
def test_a_thousand_levels_break_nothing(api: Api, make: Callable[..., str], field: dict[str, Any]) -> None:
    index = make({"a": field})
    for raw in (b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a":' + b"[" * 900 + b"1" + b"]" * 900 + b"}"):
        answer = api.http.put(f"/{index}/_doc/1", content=raw, headers=JSON)
        assert answer.status_code in (400, 501), answer.text
        # Nothing is there that no answer could show.
        api("GET", f"/{index}/_doc/1", code=404)
