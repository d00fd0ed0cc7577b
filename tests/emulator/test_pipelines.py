"""Pipelines: stored, shown, deleted, simulated; what each processor does, and what is refused when one is stored."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from tests.emulator.conftest import Api

SET = {"set": {"field": "seen", "value": True}}


def _run(api: Api, processors: list[dict[str, Any]], source: dict[str, Any], **pipeline: Any) -> dict[str, Any]:
    """What becomes of one document: its source, or the error."""
    body = {"pipeline": {"processors": processors, **pipeline}, "docs": [{"_source": source}]}
    (answer,) = api("POST", "/_ingest/pipeline/_simulate", body)["docs"]
    result: dict[str, Any] = answer["error"] if "error" in answer else answer["doc"]["_source"]
    return result


def test_put_get_and_delete(client: Elasticsearch, name: str) -> None:
    body: dict[str, Any] = {"description": "d", "processors": [SET], "version": 3, "_meta": {"a": {"b": [1, None]}}}
    client.ingest.put_pipeline(id=name, **{key.removeprefix("_"): value for key, value in body.items()})
    shown = client.ingest.get_pipeline(id=name)[name]
    assert {key: shown[key] for key in body} == body
    assert shown["created_date_millis"] == shown["modified_date_millis"]
    assert client.ingest.get_pipeline(id=f"{name[:-1]}*,none")[name] == shown
    assert client.ingest.get_pipeline(summary=True)[name] == {}
    client.ingest.put_pipeline(id=name, **{key.removeprefix("_"): value for key, value in body.items()})
    assert client.ingest.get_pipeline(id=name)[name] == shown, "the same body again changes nothing"
    assert client.ingest.delete_pipeline(id=name)["acknowledged"]
    with pytest.raises(NotFoundError) as missing:
        client.ingest.get_pipeline(id=name)
    assert missing.value.body == {}
    with pytest.raises(NotFoundError, match=rf"pipeline \[{name}\] is missing"):
        client.ingest.delete_pipeline(id=name)


def test_versions_guard_against_a_second_writer(api: Api, name: str) -> None:
    path = f"/_ingest/pipeline/{name}"
    kind, reason = api.error("PUT", f"{path}?if_version=1", {"processors": []}, code=400)
    assert reason == f"version conflict, required version [1] for pipeline [{name}] but no pipeline was found"
    api("PUT", path, {"processors": [], "version": 1})
    api("PUT", f"{path}?if_version=1", {"processors": [SET]})
    assert api("GET", path)[name]["version"] == 2
    kind, reason = api.error("PUT", f"{path}?if_version=1", {"processors": []}, code=400)
    assert kind == "illegal_argument_exception"
    assert reason == f"version conflict, required version [1] for pipeline [{name}] but current version is [2]"


def test_a_pipeline_that_an_index_uses_stays(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [SET]})
    api("PUT", f"/{name}", {"settings": {"default_pipeline": name}})
    api("PUT", f"/{name}/_doc/1", {"a": 1}, code=201)
    assert api("GET", f"/{name}/_source/1") == {"a": 1, "seen": True}
    _, reason = api.error("DELETE", f"/_ingest/pipeline/{name}", code=400)
    assert reason == (
        f"pipeline [{name}] cannot be deleted because it is the default pipeline for 1 index(es) including [{name}]"
    )
    api("DELETE", f"/{name}")
    api("DELETE", f"/_ingest/pipeline/{name}")


def test_simulate_a_stored_pipeline(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [SET, {"drop": {"if": "ctx.away == true"}}]})
    docs = [{"_index": "i", "_id": "7", "_source": {"a": 1}}, {"_source": {"away": True}}]
    kept, dropped = api("POST", f"/_ingest/pipeline/{name}/_simulate", {"docs": docs})["docs"]
    assert list(kept["doc"].pop("_ingest")) == ["timestamp"]
    assert kept == {"doc": {"_index": "i", "_id": "7", "_version": "-3", "_source": {"a": 1, "seen": True}}}
    assert dropped is None


def test_simulate_verbosely(api: Api) -> None:
    processors = [
        {"set": {"field": "a", "value": 1, "tag": "first", "description": "why"}},
        {"set": {"field": "b", "value": 1, "if": "ctx.a == 2"}},
        {"remove": {"field": "gone", "ignore_failure": True}},
        {"rename": {"field": "gone", "target_field": "c"}},
        {"set": {"field": "never", "value": 1}},
    ]
    body = {"pipeline": {"processors": processors}, "docs": [{"_source": {}}]}
    (answer,) = api("POST", "/_ingest/pipeline/_simulate?verbose", body)["docs"]
    first, skipped, ignored, failed = answer["processor_results"]
    assert (first["status"], first["tag"], first["description"]) == ("success", "first", "why")
    assert first["doc"]["_source"] == {"a": 1}
    assert first["doc"]["_ingest"]["pipeline"] == "_simulate_pipeline"
    assert skipped == {"processor_type": "set", "status": "skipped", "if": {"condition": "ctx.a == 2", "result": False}}
    assert ignored["status"] == "error_ignored"
    assert ignored["ignored_error"]["error"]["reason"] == "field [gone] not present as part of path [gone]"
    assert (failed["processor_type"], failed["status"]) == ("rename", "error")
    assert failed["error"]["reason"] == "field [gone] doesn't exist"


def test_simulate_refusals(api: Api) -> None:
    path = "/_ingest/pipeline/_simulate"
    pipeline: dict[str, Any] = {"processors": []}
    for body, reason in (
        ({"docs": []}, "[pipeline] required property is missing"),
        ({"pipeline": pipeline}, "[docs] required property is missing"),
        ({"pipeline": pipeline, "docs": [{}]}, "[_source] required property is missing"),
        ({"pipeline": pipeline, "docs": ["x"]}, "malformed [docs] section, should include an inner object"),
    ):
        kind, found = api.error("POST", path, body, code=400)
        assert kind == ("illegal_argument_exception" if "malformed" in reason else "parse_exception")
        assert reason in found
    _, reason = api.error("POST", "/_ingest/pipeline/none/_simulate", {"docs": [{"_source": {}}]}, code=400)
    assert reason == "pipeline [none] does not exist"


RESULTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | str]] = {
    "set": ({"set": {"field": "a.b", "value": "{{c}}!"}}, {"c": "x"}, {"a": {"b": "x!"}, "c": "x"}),
    "set keeps": ({"set": {"field": "a", "value": 2, "override": False}}, {"a": 1}, {"a": 1}),
    "set fills a null": ({"set": {"field": "a", "value": 2, "override": False}}, {"a": None}, {"a": 2}),
    "set a copy": ({"set": {"field": "b", "copy_from": "a"}}, {"a": [1]}, {"a": [1], "b": [1]}),
    "set below a text": (
        {"set": {"field": "a.b", "value": 1}},
        {"a": "x"},
        "cannot set [b] with parent object of type [java.lang.String] as part of path [a.b]",
    ),
    "remove": ({"remove": {"field": ["a", "b.c"]}}, {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2}}),
    "remove nothing": ({"remove": {"field": "a"}}, {}, "field [a] not present as part of path [a]"),
    "remove what may lack": ({"remove": {"field": "a", "ignore_missing": True}}, {"b": 1}, {"b": 1}),
    "rename": ({"rename": {"field": "a", "target_field": "b.c"}}, {"a": 1}, {"b": {"c": 1}}),
    "rename onto": ({"rename": {"field": "a", "target_field": "b"}}, {"a": 1, "b": 2}, "field [b] already exists"),
    "rename over": ({"rename": {"field": "a", "target_field": "b", "override": True}}, {"a": 1, "b": 2}, {"b": 1}),
    "fail": ({"fail": {"message": "no {{a}}"}}, {"a": "dogs"}, "no dogs"),
    "if": ({"set": {"field": "b", "value": 1, "if": "ctx.a != null && ctx.a.startsWith('x')"}}, {"a": "xy"},
           {"a": "xy", "b": 1}),
    "if not": ({"set": {"field": "b", "value": 1, "if": "ctx?.a?.c == 'x'"}}, {"z": 1}, {"z": 1}),
    "ignore_failure": ({"fail": {"message": "m", "ignore_failure": True}}, {"a": 1}, {"a": 1}),
    "on_failure": (
        {"fail": {"message": "m", "tag": "t", "on_failure": [
            {"set": {"field": "why", "value": "{{_ingest.on_failure_message}} {{_ingest.on_failure_processor_type}} "
                                              "{{_ingest.on_failure_processor_tag}}"}}]}},
        {}, {"why": "m fail t"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("processor", "source", "wanted"), RESULTS.values(), ids=RESULTS)
def test_a_processor(api: Api, processor: dict[str, Any], source: dict[str, Any], wanted: dict[str, Any] | str) -> None:
    result = _run(api, [processor], source)
    if isinstance(wanted, str):
        assert result["reason"] == wanted
    else:
        assert result == wanted


def test_the_on_failure_of_a_pipeline_ends_it(api: Api) -> None:
    rescue = {"set": {"field": "error", "value": "{{_ingest.on_failure_message}}"}}
    processors = [{"fail": {"message": "broken"}}, SET]
    assert _run(api, processors, {"a": 1}, on_failure=[rescue]) == {"a": 1, "error": "broken"}


def test_a_failure_fails_its_document_only(api: Api, name: str) -> None:
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"rename": {"field": "a", "target_field": "b"}}]})
    lines = f'{{"index":{{"_index":"{name}","_id":"1"}}}}\n{{"x":1}}\n{{"index":{{"_index":"{name}","_id":"2"}}}}\n{{"a":1}}\n'
    headers = {"content-type": "application/x-ndjson"}
    bad, good = api("POST", f"/_bulk?pipeline={name}&refresh=true", content=lines, headers=headers)["items"]
    assert bad["index"]["status"] == 400
    assert bad["index"]["error"] == {"type": "illegal_argument_exception", "reason": "field [a] doesn't exist"}
    assert good["index"]["status"] == 201
    assert api("GET", f"/{name}/_count")["count"] == 1


REFUSALS: dict[str, tuple[dict[str, Any], int, str]] = {
    "unknown processor": ({"sett": {}}, 400, "No processor type exists with name [sett]"),
    "one that is not emulated": ({"grok": {"field": "a", "patterns": []}}, 501, "the ingest processor [grok]"),
    "unknown option": (
        {"set": {"field": "a", "value": 1, "fieldd": 1, "b": 2}}, 400,
        "processor [set] doesn't support one or more provided configuration parameters [fieldd, b]",
    ),
    "missing option": ({"rename": {"field": "a"}}, 400, "[target_field] required property is missing"),
    "wrong kind": ({"set": {"field": 5, "value": 1}}, 400, "[field] property isn't a string, but of type [java.lang.Integer]"),
    "empty on_failure": ({"drop": {"on_failure": []}}, 400, "[on_failure] processors list cannot be empty"),
    "no map": ({"set": "x"}, 400, "property isn't a map, but of type [java.lang.String]"),
    "Painless beyond ours": ({"drop": {"if": "ctx.a.stream().anyMatch(x -> x > 1)"}}, 501, "does not support"),
}  # fmt: skip


@pytest.mark.parametrize(("processor", "code", "wanted"), REFUSALS.values(), ids=REFUSALS)
def test_a_processor_is_refused(api: Api, name: str, processor: dict[str, Any], code: int, wanted: str) -> None:
    kind, reason = api.error("PUT", f"/_ingest/pipeline/{name}", {"processors": [processor]}, code=code)
    assert kind == ("parse_exception" if code == 400 else "emulator_unsupported_exception")
    assert wanted in reason
    api("GET", f"/_ingest/pipeline/{name}", code=404)
