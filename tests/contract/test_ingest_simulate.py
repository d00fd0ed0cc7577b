"""Simulating pipelines, and what happens to failures (reference, sections 4.3 and 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

SIMULATE = "ingest/90_simulate.yml"
PATH = "/_ingest/pipeline/_simulate"


def _results(cluster: Cluster, processors: list[Any], source: dict[str, Any], **pipeline: Any) -> list[dict[str, Any]]:
    body = {"pipeline": {"processors": processors, **pipeline}, "docs": [{"_source": source}]}
    results: list[dict[str, Any]] = cluster("POST", f"{PATH}?verbose", body)["docs"][0]["processor_results"]
    return results


def _source(cluster: Cluster, processors: list[Any], source: dict[str, Any], **pipeline: Any) -> dict[str, Any]:
    body = {"pipeline": {"processors": processors, **pipeline}, "docs": [{"_source": source}]}
    (answer,) = cluster("POST", PATH, body)["docs"]
    found: dict[str, Any] = answer["doc"]["_source"]
    return found


@fact("4.3", evidence="T", source=SIMULATE)
def test_simulate(cluster: Cluster) -> None:
    """A document comes back with its default names, its source and one entry of ingest metadata."""
    body = {"pipeline": {"processors": [{"set": {"field": "b", "value": 1}}]}, "docs": [{"_source": {"a": 1}}]}
    doc = cluster("POST", PATH, body)["docs"][0]["doc"]
    assert list(doc["_ingest"]) == ["timestamp"]
    assert (doc["_index"], doc["_id"], doc["_version"], doc["_source"]) == ("_index", "_id", "-3", {"a": 1, "b": 1})


@fact("4.3", evidence="T", source=SIMULATE)
def test_simulate_with_a_failure(cluster: Cluster) -> None:
    """A failing document is an error in its place, the others come through; a dropped one is null."""
    processors = [{"uppercase": {"field": "foo"}}, {"drop": {"if": "ctx.foo == 'GONE'"}}]
    docs = [{"_source": {"a": 1}}, {"_source": {"foo": "x"}}, {"_source": {"foo": "gone"}}]
    bad, good, gone = cluster("POST", PATH, {"pipeline": {"processors": processors}, "docs": docs})["docs"]
    assert bad["error"]["type"] == "illegal_argument_exception"
    assert bad["error"]["root_cause"][0]["reason"] == "field [foo] not present as part of path [foo]"
    assert good["doc"]["_source"] == {"foo": "X"}
    assert gone is None


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (PATH, {"docs": [{"_source": {}}]}, "[pipeline] required property is missing"),
        (PATH, {"pipeline": {"processors": []}}, "[docs] required property is missing"),
        (PATH, {"pipeline": {"processors": []}, "docs": []}, "must specify at least one document in [docs]"),
        (PATH, {"pipeline": {"processors": []}, "docs": [{}]}, "[_source] required property is missing"),
        ("/_ingest/pipeline/clipline-contract-none/_simulate", {"docs": [{"_source": {}}]},
         "pipeline [clipline-contract-none] does not exist"),
    ],
)  # fmt: skip
@fact("4.3", evidence="S", source=f"SimulatePipelineRequest; {SIMULATE}")
def test_a_wrong_simulation(cluster: Cluster, path: str, body: Any, reason: str) -> None:
    """Without pipeline, documents or sources there is nothing to simulate."""
    assert cluster.error("POST", path, body, code=400)[1] == reason


@fact("4.3", evidence="T", source=SIMULATE)
def test_simulate_step_by_step(cluster: Cluster) -> None:
    """Each step shows its type, tag, condition and outcome; a failure that nothing handles ends it."""
    results = _results(
        cluster,
        [
            {"set": {"tag": "t", "description": "d", "field": "a", "value": 1}},
            {"set": {"field": "b", "value": 1, "if": "ctx.a == 2"}},
            {"remove": {"field": "gone", "ignore_failure": True}},
            {"rename": {"field": "gone", "target_field": "c"}},
            {"set": {"field": "never", "value": 1}},
        ],
        {},
    )
    assert [result["status"] for result in results] == ["success", "skipped", "error_ignored", "error"]
    assert (results[0]["processor_type"], results[0]["tag"], results[0]["description"]) == ("set", "t", "d")
    assert sorted(results[0]["doc"]["_ingest"]) == ["pipeline", "timestamp"]
    assert results[0]["doc"]["_ingest"]["pipeline"] == "_simulate_pipeline"
    assert results[1]["if"] == {"condition": "ctx.a == 2", "result": False}
    assert results[2]["ignored_error"]["error"]["reason"] == "field [gone] not present as part of path [gone]"
    assert results[3]["error"]["reason"] == "field [gone] doesn't exist"


@fact("4.3", evidence="T", source=SIMULATE)
def test_inner_pipelines_step_by_step(cluster: Cluster, name: str) -> None:
    """A pipeline processor is a step of its own before those of its pipeline; a circle is found before anything runs."""
    rename = {"rename": {"field": "gone", "target_field": "c"}}
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [rename]})
    outer, inner = _results(cluster, [{"pipeline": {"name": name}}], {})
    assert (outer["processor_type"], outer["status"], inner["processor_type"]) == ("pipeline", "success", "rename")
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"pipeline": {"name": name}}]})
    (circle,) = _results(cluster, [{"pipeline": {"name": name}}], {})
    assert circle["error"]["reason"] == f"Cycle detected for pipeline: {name}"


@fact("4.3", evidence="T", source="simulate.ingest/10_basic.yml")
def test_simulate_into_an_index(cluster: Cluster, name: str) -> None:
    """The pipelines of the index run, its mapping is asked, and nothing is stored."""
    for kind in ("default", "final"):
        cluster("PUT", f"/_ingest/pipeline/{name}-{kind}", {"processors": []})
    settings = {"default_pipeline": f"{name}-default", "final_pipeline": f"{name}-final"}
    mappings = {"dynamic": "strict", "properties": {"foo": {"type": "text"}}}
    cluster("PUT", f"/{name}", {"settings": settings, "mappings": mappings})
    docs = [
        {"_index": name, "_id": "1", "_source": {"foob": "bar"}},
        {"_index": name, "_id": "2", "_source": {"foo": "rab"}},
    ]
    bad, good = cluster("POST", "/_ingest/_simulate", {"docs": docs})["docs"]
    assert bad["doc"]["executed_pipelines"] == [f"{name}-default", f"{name}-final"]
    assert bad["doc"]["error"]["type"] == "strict_dynamic_mapping_exception"
    assert (good["doc"]["_id"], good["doc"]["_index"], good["doc"]["_version"]) == ("2", name, -3)
    assert good["doc"]["_source"] == {"foo": "rab"}
    assert "error" not in good["doc"]
    cluster("POST", f"/{name}/_refresh")
    assert cluster("GET", f"/{name}/_count")["count"] == 0


@fact("4.5", evidence="S", source="CompoundProcessor.putFailureMetadata")
def test_what_a_handler_knows(cluster: Cluster) -> None:
    """A handler sees message, type and tag of what failed, and nothing of it is left afterwards."""
    value = "{{_ingest.on_failure_message}}|{{_ingest.on_failure_processor_type}}|{{_ingest.on_failure_processor_tag}}"
    handler = {"set": {"field": "why", "value": value}}
    source = _source(cluster, [{"fail": {"message": "m", "tag": "t", "on_failure": [handler]}}], {})
    assert source == {"why": "m|fail|t"}


@fact("4.5", evidence="S", source="ConditionalProcessor; CompoundProcessor")
def test_a_condition_that_fails(cluster: Cluster) -> None:
    """A condition stands outside of its processor: its failure is the pipeline's, under the type conditional."""
    value = "{{_ingest.on_failure_processor_type}}: {{_ingest.on_failure_message}}"
    processor = {"set": {"field": "a", "value": 1, "if": "ctx.x.y == 1", "ignore_failure": True}}
    source = _source(cluster, [processor], {}, on_failure=[{"set": {"field": "why", "value": value}}])
    assert source == {"why": "conditional: cannot access method/field [y] from a null def reference"}


@fact("4.5", evidence="S", source="ElasticsearchException.getRootCause; ConvertProcessor")
def test_the_deepest_message(cluster: Cluster) -> None:
    """The message that a handler sees is that of the deepest cause."""
    handler = {"set": {"field": "why", "value": "{{{_ingest.on_failure_message}}}"}}
    source = _source(cluster, [{"convert": {"field": "a", "type": "integer", "on_failure": [handler]}}], {"a": "x"})
    assert source["why"] == 'For input string: "x"'


@fact("4.5", evidence="U", source="CompoundProcessor: pipeline_origin of a single pipeline, by version")
def test_the_pipeline_of_a_failure(cluster: Cluster) -> None:
    """A handler sees the pipeline that failed, even when there is only one."""
    handler = {"set": {"field": "why", "value": "{{_ingest.on_failure_pipeline}}"}}
    assert _source(cluster, [{"fail": {"message": "m", "on_failure": [handler]}}], {})["why"] == "_simulate_pipeline"


@fact("4.5", evidence="S", source="PainlessScript.convertToScriptException; painless/WhenThingsGoWrongTests")
def test_a_script_that_fails(cluster: Cluster) -> None:
    """A failing script shows the statement and the place in it."""
    script = "def x = 1;\nctx.y = ctx.o.isEmpty()"
    body = {"pipeline": {"processors": [{"script": {"source": script}}]}, "docs": [{"_source": {}}]}
    error = cluster("POST", PATH, body)["docs"][0]["error"]
    assert (error["type"], error["reason"]) == ("script_exception", "runtime error")
    assert error["script_stack"][-2:] == ["ctx.y = ctx.o.isEmpty()", "             ^---- HERE"]
    assert error["caused_by"]["reason"] == "cannot access method/field [isEmpty] from a null def reference"


@fact("4.5", evidence="T", source="simulate.ingest/10_basic.yml; SimulateIngestService (the wording: S)")
def test_a_substitution_that_is_not_valid(cluster: Cluster, name: str) -> None:
    """An invalid pipeline in a simulation of a whole index is a failure of the server."""
    body = {
        "docs": [{"_index": name, "_source": {}}],
        "pipeline_substitutions": {name: {"processors": [{"no-such-processor": {}}]}},
    }
    error = cluster("POST", "/_ingest/_simulate", body, code=500)["error"]
    reason = "No processor type exists with name [no-such-processor]"
    assert (error["type"], error["caused_by"]["type"], error["caused_by"]["reason"]) == (
        "runtime_exception", "parse_exception", reason,
    )  # fmt: skip
