"""Pipelines of writes, and inference in them as far as no model is needed (reference, sections 4.4 and 4.7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml import put_model

NDJSON = {"content-type": "application/x-ndjson"}
INCOMPATIBLE = (
    "[target_field] option is incompatible with [input_output]. Use the [output_field] option to specify where to write the "
    "inference results to."
)
PAIR = {"input_field": "text", "output_field": "vector"}


def _set(field: str) -> dict[str, Any]:
    return {"processors": [{"set": {"field": field, "value": True}}]}


def _bulk(cluster: Cluster, query: str, *lines: Any) -> list[dict[str, Any]]:
    content = "".join(json.dumps(line) + "\n" for line in lines)
    items: list[dict[str, Any]] = cluster("POST", f"/_bulk{query}", content=content, headers=NDJSON)["items"]
    return items


@fact(
    "4.7",
    evidence="S",
    source="IngestService.resolvePipelines; T for each alone: ingest/200_default_pipeline.yml, 240_required_pipeline.yml",
)
def test_default_and_final_pipeline(cluster: Cluster, name: str) -> None:
    """The default pipeline runs unless the request names one or none; the final one always."""
    for kind in ("default", "final", "asked"):
        cluster("PUT", f"/_ingest/pipeline/{name}-{kind}", _set(kind))
    settings = {"default_pipeline": f"{name}-default", "final_pipeline": f"{name}-final"}
    cluster("PUT", f"/{name}", {"settings": settings})
    for query, wanted in (
        ("", {"default": True, "final": True}),
        (f"?pipeline={name}-asked", {"asked": True, "final": True}),
        ("?pipeline=_none", {"final": True}),
    ):
        cluster("PUT", f"/{name}/_doc/1{query}", {"a": 1}, code=200 if query else 201)
        assert cluster("GET", f"/{name}/_source/1") == {"a": 1, **wanted}


@fact("4.7", evidence="S", source="IngestService.executePipelines")
def test_a_pipeline_that_is_not_there(cluster: Cluster, name: str) -> None:
    """A write through a missing pipeline is refused."""
    error = cluster.error("PUT", f"/{name}/_doc/1?pipeline={name}", {"a": 1}, code=400)
    assert error == ("illegal_argument_exception", f"pipeline with id [{name}] does not exist")


@fact("4.7", evidence="S", source="BulkItemResponse, RestBulkAction (8.15)")
def test_executed_pipelines(cluster: Cluster, name: str) -> None:
    """A bulk item lists its pipelines when asked to; a failure fails its own item, a dropped document is a noop."""
    processors = [{"drop": {"if": "ctx.x == 'drop'"}}, {"rename": {"field": "a", "target_field": "b"}}]
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": processors})
    query = f"?pipeline={name}&list_executed_pipelines=true"
    lines = [line for source in ({"a": 1}, {"x": 1}, {"x": "drop"}) for line in ({"index": {"_index": name}}, source)]
    good, bad, dropped = (item["index"] for item in _bulk(cluster, query, *lines))
    assert (good["status"], good["executed_pipelines"]) == (201, [name])
    assert (bad["status"], bad["error"]["type"], bad["error"]["reason"]) == (
        400, "illegal_argument_exception", "field [a] doesn't exist"
    )  # fmt: skip
    assert (dropped["status"], dropped["result"], dropped["_version"]) == (200, "noop", -3)


@fact(
    "4.6",
    evidence="S",
    source="FailProcessorException is a RuntimeException; ingest/60_fail.yml asks for some error only",
)
def test_fail_is_a_500(cluster: Cluster, name: str) -> None:
    """The fail processor is an error of the server to the one who writes."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"fail": {"message": "no"}}]})
    error = cluster.error("PUT", f"/{name}/_doc/1?pipeline={name}", {"a": 1}, code=500)
    assert error == ("fail_processor_exception", "no")


@fact(
    "4.6",
    evidence="S",
    source="GraphStructureException (8.13); T with its former type: ingest/210_pipeline_processor.yml",
)
def test_pipelines_in_a_circle(cluster: Cluster, name: str) -> None:
    """Pipelines that call each other in a circle fail."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"pipeline": {"name": f"{name}-b"}}]})
    cluster("PUT", f"/_ingest/pipeline/{name}-b", {"processors": [{"pipeline": {"name": name}}]})
    error = cluster.error("PUT", f"/{name}/_doc/1?pipeline={name}", {"a": 1}, code=400)
    assert error == ("graph_structure_exception", f"Cycle detected for pipeline: {name}")


@fact("4.6", evidence="T", source="ingest/230_change_target_index.yml")
def test_another_index(cluster: Cluster, name: str) -> None:
    """A pipeline may send a document to another index."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"set": {"field": "_index", "value": f"{name}-b"}}]})
    assert cluster("PUT", f"/{name}-a/_doc/1?pipeline={name}", {"a": 1}, code=201)["_index"] == f"{name}-b"


@fact("4.7", evidence="T", source="ingest/300_stats.yml; IngestStats")
def test_pipelines_are_counted(cluster: Cluster, name: str) -> None:
    """``_nodes/stats/ingest`` counts a pipeline and its processors under type and tag."""
    processors = [{"set": {"tag": "a", "field": "a", "value": 1}}, {"set": {"field": "b", "value": 1, "if": "false"}}]
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": processors})
    cluster("PUT", f"/{name}/_doc/1?pipeline={name}", {"x": 1}, code=201)
    nodes = cluster("GET", "/_nodes/stats/ingest")["nodes"].values()
    (shown,) = [node["ingest"]["pipelines"][name] for node in nodes if node["ingest"]["pipelines"][name]["count"]]
    assert (shown["count"], shown["failed"], shown["current"]) == (1, 0, 0)
    assert shown["produced_as_first_pipeline_in_bytes"] > shown["ingested_as_first_pipeline_in_bytes"] > 0
    plain, conditional = shown["processors"]
    assert (plain["set:a"]["type"], plain["set:a"]["stats"]["count"]) == ("set", 1)
    assert (conditional["set"]["type"], conditional["set"]["stats"]["count"]) == ("conditional", 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"input_output": PAIR, "model_id": None}, "[model_id] required property is missing"),
        ({"input_output": []}, "[input_output] property cannot be empty at least one is required"),
        ({"input_output": "x"}, "[input_output] property isn't a map or list of maps"),
        ({"input_output": [PAIR, PAIR]}, "[input_field] names must be unique but [text] is repeated"),
        ({"input_output": {"input_field": "a"}}, "[output_field] required property is missing"),
        ({"input_output": PAIR, "target_field": "x"},
         INCOMPATIBLE),
    ],
)  # fmt: skip
@fact("4.4", evidence="S", source="InferenceProcessor.Factory")
def test_a_wrong_inference_processor(cluster: Cluster, name: str, options: dict[str, Any], reason: str) -> None:
    """An inference processor with wrong options is refused when its pipeline is put."""
    body = {"processors": [{"inference": {"model_id": "m", **options}}]}
    error = cluster("PUT", f"/_ingest/pipeline/{name}", body, code=400)["error"]
    assert (error["type"], error["reason"], error["processor_type"]) == ("parse_exception", reason, "inference")


@fact(
    "4.4",
    evidence="S",
    source="InferenceProcessor, TransportCoordinatedInferenceAction, TransportInternalInferModelAction",
)
def test_a_model_that_is_not_there(cluster: Cluster, name: str) -> None:
    """That there is no model is noticed when a document comes, in the words of the processor's style."""
    for style, wanted in (
        ({"input_output": PAIR}, f"[{name}] is not an inference service model or a deployed ml model"),
        ({"target_field": "x"}, f"Could not find trained model [{name}]"),
    ):
        cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": name, **style}}]})
        assert cluster.error("PUT", f"/{name}/_doc/1?pipeline={name}", {"text": "a"}, code=404)[1] == wanted


@fact(
    "4.4",
    evidence="S",
    source="TransportInternalInferModelAction; CoordinatedInferenceIngestIT asks it of a whole model",
)
def test_a_model_without_a_deployment(cluster: Cluster, name: str) -> None:
    """That a model is not deployed is noticed before its definition is looked for: a configuration alone is enough."""
    put_model(cluster, name)
    for options, wanted in (
        ({"input_output": PAIR}, f"[{name}] is not an inference service model or a deployed ml model"),
        (
            {"target_field": "x", "field_map": {"text": "text_field"}},
            f"Model [{name}] must be deployed to use. Please deploy with the start trained model deployment API.",
        ),
    ):
        pipeline = {"processors": [{"inference": {"model_id": name, **options}}]}
        body = {"pipeline": pipeline, "docs": [{"_source": {"text": "a"}}]}
        (answer,) = cluster("POST", "/_ingest/pipeline/_simulate", body)["docs"]
        assert (answer["error"]["type"], answer["error"]["reason"]) == ("status_exception", wanted)


@fact("4.7", evidence="T", source="ingest/270_set_processor.yml")
def test_an_alias_is_required_of_the_name_that_the_pipeline_chose(cluster: Cluster, name: str) -> None:
    """``require_alias`` is asked of the index that a document comes to, after its pipelines."""
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"set": {"field": "_index", "value": f"{name}-to"}}]})
    path = f"/{name}-from/_doc?pipeline={name}&require_alias=true"
    kind, reason = cluster.error("POST", path, {"a": 1}, code=404)
    assert kind == "index_not_found_exception"
    assert reason.startswith(f"no such index [{name}-to] and [require_alias] request flag is [true]")
    cluster("PUT", f"/{name}", {"aliases": {f"{name}-to": {}}})
    assert cluster("POST", path, {"a": 1}, code=201)["_index"] == name
    assert cluster.raw("HEAD", f"/{name}-from").status_code == 404
