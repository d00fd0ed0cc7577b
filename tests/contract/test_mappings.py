"""Mappings and the values of documents (reference, sections 5.4 and 5.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

CONFLICT = "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter"


def field_of(cluster: Cluster, index: str, field: str = "f") -> Any:
    """A field as GET shows it."""
    return cluster("GET", f"/{index}/_mapping")[index]["mappings"]["properties"][field]


@fact("5.5", evidence="K", source="TransportPutMappingAction")
def test_a_mapping_update_is_acknowledged(cluster: Cluster, index: Callable[..., str]) -> None:
    """Adding a field to a live mapping is acknowledged, and the field is there."""
    name = index({"a": {"type": "long"}})
    body = {"properties": {"f": {"type": "keyword"}}}
    assert cluster("PUT", f"/{name}/_mapping", body) == {"acknowledged": True}
    assert field_of(cluster, name) == {"type": "keyword"}


@fact("5.5", evidence="S", source="RootObjectMapper.merge, Mapping.merge")
def test_what_is_replaced_whole(cluster: Cluster, index: Callable[..., str]) -> None:
    """An update of a live mapping replaces ``_meta`` and the dynamic templates, and what it does not name stays."""
    template = {"match": "a*", "mapping": {"type": "keyword"}}
    name = index(mappings={"dynamic_templates": [{"x": template}, {"y": template}], "_meta": {"a": 1, "b": 2}})
    cluster("PUT", f"/{name}/_mapping", {"dynamic_templates": [{"y": template}]})
    assert cluster("GET", f"/{name}/_mapping")[name]["mappings"]["dynamic_templates"] == [{"y": template}]
    cluster("PUT", f"/{name}/_mapping", {"_meta": {"a": 3}})
    found = cluster("GET", f"/{name}/_mapping")[name]["mappings"]
    assert (found["_meta"], found["dynamic_templates"]) == ({"a": 3}, [{"y": template}])


@fact("5.5", evidence="S", source="DynamicTemplate.toXContent")
def test_how_dynamic_templates_are_shown(cluster: Cluster, index: Callable[..., str]) -> None:
    """A list of one pattern comes back as the pattern, and no default comes back."""
    given = {"match": ["a*"], "unmatch": ["ab*", "ac*"], "match_pattern": "simple", "match_mapping_type": "*"}
    mapping = {"mapping": {"type": "keyword"}}
    name = index(
        mappings={"dynamic_templates": [{"x": {**given, **mapping}}, {"y": {"match_mapping_type": "*", **mapping}}]}
    )
    assert cluster("GET", f"/{name}/_mapping")[name]["mappings"]["dynamic_templates"] == [
        {"x": {"match": "a*", "unmatch": ["ab*", "ac*"], **mapping}},
        {"y": {"match_mapping_type": "*", **mapping}},
    ]


@fact("5.5", evidence="T", source="KeywordFieldMapper: testTypeChange in MapperTestCase")
def test_a_type_stays(cluster: Cluster, index: Callable[..., str]) -> None:
    """A live field cannot change its type; the refusal names both."""
    name = index({"f": {"type": "text"}})
    found = cluster.error("PUT", f"/{name}/_mapping", {"properties": {"f": {"type": "keyword"}}}, code=400)
    assert found == (
        "illegal_argument_exception",
        "mapper [f] cannot be changed from type [text] to [keyword]",
    )


@fact("5.5", evidence="S", source="FieldMapper.Conflicts")
def test_parameters_that_stay(cluster: Cluster, index: Callable[..., str]) -> None:
    """A parameter that a live field cannot change is refused with one line for each, from what to what."""
    name = index({"f": {"type": "keyword"}})
    body = {"properties": {"f": {"type": "keyword", "index": False}}}
    assert cluster.error("PUT", f"/{name}/_mapping", body, code=400) == (
        "illegal_argument_exception",
        f"{CONFLICT} [index] from [true] to [false]",
    )


@fact("5.5", evidence="S", source="ObjectMapper, MapperErrors")
def test_an_object_stays_an_object(cluster: Cluster, index: Callable[..., str]) -> None:
    """An object cannot become a leaf field, nor a leaf field an object."""
    name = index({"f": {"properties": {"a": {"type": "long"}}}})
    found = cluster.error("PUT", f"/{name}/_mapping", {"properties": {"f": {"type": "long"}}}, code=400)
    assert found[1] == "can't merge a non object mapping [f] with an object mapping"


@fact("5.5", evidence="K", source="Mapping.merge")
def test_meta_is_replaced_whole(cluster: Cluster, index: Callable[..., str]) -> None:
    """An update's ``_meta`` takes the place of the old one."""
    name = index(mappings={"_meta": {"a": 1, "b": 2}})
    cluster("PUT", f"/{name}/_mapping", {"_meta": {"c": 3}})
    assert cluster("GET", f"/{name}/_mapping")[name]["mappings"]["_meta"] == {"c": 3}


@fact("5.4", evidence="T", source="DenseVectorFieldMapperTests, ParametrizedMapperTests")
def test_a_bad_mapping_says_so_twice(cluster: Cluster, name: str) -> None:
    """A mapping that cannot be parsed is a mapper_parsing_exception around the reason itself."""
    body = {"mappings": {"properties": {"f": {"type": "keyword", "foo": 1}}}}
    error = cluster("PUT", f"/{name}", body, code=400)["error"]
    reason = "unknown parameter [foo] on mapper [f] of type [keyword]"
    assert (error["type"], error["reason"]) == ("mapper_parsing_exception", f"Failed to parse mapping: {reason}")
    assert error["caused_by"] == {"type": "mapper_parsing_exception", "reason": reason}


@fact("5.4", evidence="K", source="ObjectMapper.TypeParser")
def test_an_unknown_type(cluster: Cluster, name: str) -> None:
    """A field type that does not exist is refused with a hint at plugins and later versions."""
    found = cluster.error("PUT", f"/{name}", {"mappings": {"properties": {"f": {"type": "nope"}}}}, code=400)
    assert found == (
        "mapper_parsing_exception",
        (
            "Failed to parse mapping: The mapper type [nope] declared on field [f] does not exist. It might have been created "
            "within a future version or requires a plugin to be installed. Check the documentation."
        ),
    )


@fact("5.5", evidence="S", source="FieldMapper.Parameter, Explicit")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"type": "keyword", "index": True, "doc_values": "true"}, {"type": "keyword"}),
        ({"type": "keyword", "ignore_above": "10"}, {"type": "keyword", "ignore_above": 10}),
        ({"type": "keyword", "copy_to": "g"}, {"type": "keyword", "copy_to": ["g"]}),
        ({"type": "long", "coerce": True}, {"type": "long", "coerce": True}),
    ],
)
def test_what_get_shows(
    cluster: Cluster, index: Callable[..., str], given: dict[str, Any], shown: dict[str, Any]
) -> None:
    """Defaults are left out but where they are explicit flags; numbers and flags come back typed, copy_to as an array."""
    assert field_of(cluster, index({"f": given})) == shown


@fact("5.5", evidence="S", source="DynamicFieldsBuilder")
@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "text"), (True, "boolean"), (7, "long"), (7.5, "float"), ("2024-05-17", "date"), ("2024", "text")],
)
def test_dynamic_fields(cluster: Cluster, index: Callable[..., str], value: Any, kind: str) -> None:
    """The first value of an unmapped field decides its type."""
    name = index(docs={"1": {"f": value}})
    assert field_of(cluster, name)["type"] == kind


@fact("5.5", evidence="S", source="StrictDynamicMappingException")
def test_strict(cluster: Cluster, index: Callable[..., str]) -> None:
    """A strict mapping refuses a document with a field that it does not have, and says which within what."""
    name = index(mappings={"dynamic": "strict"})
    kind, reason = cluster.error("PUT", f"/{name}/_doc/1", {"f": 1}, code=400)
    assert kind == "strict_dynamic_mapping_exception"
    assert reason.endswith("mapping set to strict, dynamic introduction of [f] within [_doc] is not allowed")


@fact("5.5", evidence="S", source="FieldMapper.rethrowAsDocumentParsingException, NumberFieldMapper")
def test_a_value_that_is_refused(cluster: Cluster, index: Callable[..., str]) -> None:
    """A refused value is named with its field, its document, a preview and the cause."""
    name = index({"f": {"type": "integer"}})
    error = cluster("PUT", f"/{name}/_doc/1", {"f": "2147483648"}, code=400)["error"]
    assert error["type"] == "document_parsing_exception"
    assert error["reason"].endswith(
        "failed to parse field [f] of type [integer] in document with id '1'. Preview of field's value: '2147483648'"
    )
    reason = "Value [2147483648] is out of range for an integer"
    assert error["caused_by"] == {"type": "illegal_argument_exception", "reason": reason}


@fact("5.5", evidence="S", source="DocumentParser.throwOnConcreteValue")
def test_a_value_where_an_object_is_wanted(cluster: Cluster, index: Callable[..., str]) -> None:
    """A concrete value in an object field is refused."""
    name = index({"f": {"properties": {"a": {"type": "long"}}}})
    reason = cluster.error("PUT", f"/{name}/_doc/1", {"f": 1}, code=400)[1]
    assert reason.endswith("object mapping for [f] tried to parse field [f] as object, but found a concrete value")


@fact("5.5", evidence="K", source="IgnoredFieldMapper")
def test_ignored_values_are_named(cluster: Cluster, index: Callable[..., str]) -> None:
    """A hit names the fields of which a value was left out."""
    name = index({"f": {"type": "long", "ignore_malformed": True}}, {"1": {"f": "x"}})
    assert cluster("POST", f"/{name}/_search", {})["hits"]["hits"][0]["_ignored"] == ["f"]


@fact("5.5", evidence="S", source="PutMappingRequest, UpdateSettingsRequest: allow_no_indices is false")
@pytest.mark.parametrize(
    ("path", "body"),
    [("_mapping", {"properties": {"x": {"type": "keyword"}}}), ("_settings", {"refresh_interval": "5s"})],
)
def test_a_change_of_nothing(cluster: Cluster, name: str, path: str, body: dict[str, Any]) -> None:
    """A pattern that finds no index to change is 404, unless the request allows it."""
    error = cluster("PUT", f"/{name}*/{path}", body, code=404)["error"]
    assert (error["type"], error["reason"]) == ("index_not_found_exception", f"no such index [{name}*]")
    assert cluster("PUT", f"/{name}*/{path}?allow_no_indices=true", body) == {"acknowledged": True}


@fact("5.5", evidence="S", source="RestGetMappingAction, RestPutMappingAction")
def test_the_plural_path(cluster: Cluster, index: Callable[..., str]) -> None:
    """``_mappings`` is ``_mapping``."""
    name = index()
    cluster("PUT", f"/{name}/_mappings", {"properties": {"x": {"type": "keyword"}}})
    assert cluster("GET", f"/{name}/_mappings") == cluster("GET", f"/{name}/_mapping")
