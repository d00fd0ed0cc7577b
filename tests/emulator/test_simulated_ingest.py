"""``_ingest/_simulate``: pipelines and mapping of an index or of its template, with substitutes, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Api


def _set(field: str, value: Any = True) -> dict[str, Any]:
    return {"processors": [{"set": {"field": field, "value": value}}]}


@pytest.fixture
def index(api: Api, name: str) -> str:
    """An index with a strict mapping, a default and a final pipeline."""
    for kind in ("default", "final"):
        api("PUT", f"/_ingest/pipeline/{name}-{kind}", _set(kind))
    fields = {"foo": {"type": "keyword"}, "default": {"type": "boolean"}, "final": {"type": "boolean"}}
    settings = {"default_pipeline": f"{name}-default", "final_pipeline": f"{name}-final"}
    api("PUT", f"/{name}", {"settings": settings, "mappings": {"dynamic": "strict", "properties": fields}})
    return name


def _one(api: Api, index: str, source: dict[str, Any], query: str = "", **body: Any) -> dict[str, Any]:
    answer = api("POST", f"/_ingest/{index}/_simulate{query}", {"docs": [{"_id": "1", "_source": source}], **body})
    doc: dict[str, Any] = answer["docs"][0]["doc"]
    return doc


def test_the_pipelines_of_an_index(api: Api, index: str) -> None:
    doc = _one(api, index, {"foo": "bar"})
    assert doc.pop("effective_mapping")["_doc"]["properties"]["foo"] == {"type": "keyword"}
    assert doc == {
        "_id": "1", "_index": index, "_version": -3, "_source": {"foo": "bar", "default": True, "final": True},
        "executed_pipelines": [f"{index}-default", f"{index}-final"],
    }  # fmt: skip
    assert api("GET", f"/{index}/_count")["count"] == 0


def test_a_document_without_id_has_none(api: Api, index: str) -> None:
    docs = [{"_index": index, "_source": {"foo": "bar"}}]
    (answer,) = api("GET", "/_ingest/_simulate", {"docs": docs})["docs"]
    assert answer["doc"]["_id"] == "<n/a>"


def test_the_mapping_is_asked(api: Api, index: str) -> None:
    doc = _one(api, index, {"baz": 1})
    assert doc["error"]["type"] == "strict_dynamic_mapping_exception"
    assert "dynamic introduction of [baz] within [_doc] is not allowed" in doc["error"]["reason"]
    assert doc["_source"]["baz"] == 1
    added = _one(api, index, {"baz": 1}, mapping_addition={"properties": {"baz": {"type": "long"}}})
    assert "error" not in added
    changed = _one(api, index, {"foo": "x"}, mapping_addition={"properties": {"foo": {"type": "long"}}})
    assert changed["error"]["reason"] == "mapper [foo] cannot be changed from type [keyword] to [long]"
    api("PUT", f"/{index}/_doc/1", {"baz": 1}, code=400)


def test_substitutes(api: Api, index: str) -> None:
    name = f"{index}-default"
    doc = _one(
        api, index, {"foo": "bar"}, pipeline_substitutions={name: {"processors": [{"uppercase": {"field": "foo"}}]}}
    )
    assert doc["_source"] == {"foo": "BAR", "final": True}
    assert api("GET", f"/_ingest/pipeline/{name}")[name]["processors"] == _set("default")["processors"]
    other = _one(api, index, {"foo": "bar"}, "?pipeline=other", pipeline_substitutions={"other": {"processors": []}})
    assert other["executed_pipelines"] == ["other", f"{index}-final"]


def test_templates(api: Api, name: str) -> None:
    component = {
        "template": {"mappings": {"dynamic": "strict", "properties": {"foo": {"type": "keyword", "ignore_above": 2}}}}
    }
    template = {"index_patterns": [f"{name}-*"], "composed_of": ["c"], "priority": 900, "template": {}}
    wanted = {"component_template_substitutions": {"c": component}, "index_template_substitutions": {"t": template}}
    assert _one(api, f"{name}-1", {"bar": 1}, **wanted)["error"]["type"] == "strict_dynamic_mapping_exception"
    assert _one(api, f"{name}-1", {"foo": "long"}, **wanted)["ignored_fields"] == [{"field": "foo"}]
    assert _one(api, f"{name}-1", {"bar": 1})["effective_mapping"] == {}
    api("GET", f"/{name}-1", code=404)
    api("GET", "/_index_template/t", code=404)


def test_failures_and_dropped_documents(api: Api, index: str) -> None:
    failing = _one(
        api,
        index,
        {"foo": 1},
        pipeline_substitutions={f"{index}-default": {"processors": [{"fail": {"message": "no"}}]}},
    )
    assert failing == {"_id": "1", "_index": index, "error": {"type": "fail_processor_exception", "reason": "no"}}
    dropped = _one(api, index, {"foo": 1}, pipeline_substitutions={f"{index}-default": {"processors": [{"drop": {}}]}})
    assert (dropped["result"], dropped["_version"]) == ("noop", -3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "[docs] required property is missing"),
        ({"docs": []}, "must specify at least one document in [docs]"),
        ({"docs": [{}]}, "[_source] required property is missing"),
        ({"docs": [{"_source": {}}]}, "Validation Failed: 1: index is missing;"),
    ],
)
def test_refusals(api: Api, body: dict[str, Any], reason: str) -> None:
    assert api.error("POST", "/_ingest/_simulate", body, code=400)[1] == reason


@pytest.mark.parametrize(
    ("pipeline", "kind", "java", "reason"),
    [
        (
            {},
            "parse_exception",
            "org.elasticsearch.ElasticsearchParseException",
            "[processors] required property is missing",
        ),
        (
            {"processors": [{"no-such": {}}]},
            "parse_exception",
            "org.elasticsearch.ElasticsearchParseException",
            "No processor type exists with name [no-such]",
        ),
    ],
)
def test_an_invalid_substitution_is_a_failure_of_the_server(
    api: Api, pipeline: dict[str, Any], kind: str, java: str, reason: str
) -> None:
    body = {"docs": [{"_index": "i", "_source": {}}], "pipeline_substitutions": {"p": pipeline}}
    answer = api("POST", "/_ingest/_simulate", body, code=500)
    assert answer["error"]["root_cause"] == [{"type": "runtime_exception", "reason": f"{java}: {reason}"}]
    assert answer["error"]["type"] == "runtime_exception"
    assert (answer["error"]["caused_by"]["type"], answer["error"]["caused_by"]["reason"]) == (kind, reason)
    assert answer["status"] == 500


@pytest.mark.parametrize(
    ("substitutions", "reason"),
    [
        ({"index_template_substitutions": {"t": {"index_patterns": 1}}},
         "[1:1] [index_template] index_patterns doesn't support values of type: VALUE_NUMBER"),
        ({"index_template_substitutions": {"t": {"index_patterns": ["i"], "composed_of": 5}}},
         "[1:1] [index_template] composed_of doesn't support values of type: VALUE_NUMBER"),
        ({"component_template_substitutions": {"c": {"template": {"settings": []}}}},
         "[1:1] [component_template] failed to parse field [template]"),
        ({"component_template_substitutions": {"c": {}}}, "Required [template]"),
    ],
)  # fmt: skip
def test_a_substitute_that_is_no_template(api: Api, substitutions: dict[str, Any], reason: str) -> None:
    body = {"docs": [{"_index": "i", "_source": {}}], **substitutions}
    assert api.error("POST", "/_ingest/_simulate", body, code=400)[1] == reason


def test_a_substitution_that_is_not_emulated_is_told_so(api: Api) -> None:
    pipeline = {"processors": [{"grok": {"field": "a", "patterns": ["b"]}}]}
    body = {"docs": [{"_index": "i", "_source": {}}], "pipeline_substitutions": {"p": pipeline}}
    assert api.error("POST", "/_ingest/_simulate", body, code=501)[0] == "emulator_unsupported_exception"
