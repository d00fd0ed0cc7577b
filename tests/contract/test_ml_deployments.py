"""Deployments: start, update, stop, statistics (reference, sections 2.5 to 2.7, 2.9, 2.11b).

What a start is refused for is in ``test_ml_starts``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml import entries, put_model, put_whole, start, stop

MODELS = "/_ml/trained_models"


@dataclass(frozen=True, slots=True)
class Started:
    """A model of so many bytes with two deployments: one of its own name, another of low priority, with no cache."""

    model: str
    size: int
    own: dict[str, Any]
    """The assignment that answered the first start, which asked for a cache of ``10kb`` and nothing else."""
    other: dict[str, Any]
    """The assignment of the deployment whose name has ``other`` at its end."""


@pytest.fixture(scope="module")
def started(target: Cluster) -> Iterator[Started]:
    """A deployed model that the facts of this file share; none of them changes it."""
    target.need_ml()
    model = f"clipline-contract-{uuid.uuid4().hex[:6]}-started"
    try:
        size = put_whole(target, model)
        target.made.clear()  # it is not the first fact's to delete
        own = start(target, model, "&cache_size=10kb")
        yield Started(model, size, own, start(target, model, f"&deployment_id={model}other&priority=low&cache_size=0"))
    finally:
        for name in (model, f"{model}other"):
            target("POST", f"{MODELS}/{name}/deployment/_stop?force=true")
        target("DELETE", f"{MODELS}/{model}?force=true")


@fact("2.5", evidence="T", source="3rd_party_deployment.yml")
def test_an_assignment(cluster: Cluster, started: Started) -> None:
    """A start answers the assignment; a size is echoed as it was given."""
    for assignment, deployment, cache_size, priority in (
        (started.own, started.model, "10kb", "normal"),
        (started.other, f"{started.model}other", "0", "low"),
    ):
        assert assignment["task_parameters"] == {
            "model_id": started.model,
            "deployment_id": deployment,
            "model_bytes": started.size,
            "threads_per_allocation": 1,
            "number_of_allocations": 1,
            "queue_capacity": assignment["task_parameters"]["queue_capacity"],
            "cache_size": cache_size,
            "priority": priority,
            "per_deployment_memory_bytes": 0,
            "per_allocation_memory_bytes": 0,
        }
        assert assignment["assignment_state"] == "started"
        (routing,) = assignment["routing_table"].values()
        assert routing == {"current_allocations": 1, "target_allocations": 1, "routing_state": "started", "reason": ""}
        kind, reason = cluster.error(
            "POST", f"{MODELS}/{started.model}/deployment/_start?deployment_id={deployment}", code=400
        )
        assert kind == "status_exception"
        assert reason.endswith(f"because an existing deployment with the same id [{deployment}] exist")


@fact("2.5", evidence="S", source="StartTrainedModelDeploymentAction.DEFAULT_QUEUE_CAPACITY", since=(8, 16))
def test_the_queue_by_default(cluster: Cluster, started: Started) -> None:
    """A queue holds 10 000 requests unless told otherwise, whatever the documentation says."""
    assert started.own["task_parameters"]["queue_capacity"] == 10_000


@fact("2.5", evidence="T", source="3rd_party_deployment.yml")
def test_no_cache(cluster: Cluster, started: Started) -> None:
    """A cache of ``0`` is shown as ``0`` in the assignment and as ``0b`` in the statistics."""
    assert started.other["task_parameters"]["cache_size"] == "0"
    assert entries(cluster, f"{started.model}other")[0]["deployment_stats"]["cache_size"] == "0b"


@fact("2.6", evidence="S", source="TrainedModelAssignmentClusterService.updateDeployment")
def test_an_update(cluster: Cluster, started: Started, name: str) -> None:
    """The same number of allocations is no change; an unknown deployment is 404; more than the node has is 429."""
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_update", {"number_of_allocations": 4}, code=404)
    assert (kind, reason) == ("resource_not_found_exception", f"No known model deployment with id [{name}]")
    path = f"{MODELS}/{started.model}/deployment/_update"
    same = cluster("POST", path, {"number_of_allocations": 1})["assignment"]["task_parameters"]
    assert (same["model_id"], same["number_of_allocations"]) == (started.model, 1)
    reason = cluster.error("POST", path, {"number_of_allocations": 0}, code=400)[1]
    assert "[number_of_allocations] must be a positive integer" in reason
    kind, reason = cluster.error("POST", path, {"number_of_allocations": 257}, code=429)
    assert (
        reason
        == "Could not update deployment because there are not enough resources to provide all requested allocations"
    )


@fact("2.7", evidence="T", source="3rd_party_deployment.yml")
def test_stopping_what_is_not_deployed(cluster: Cluster, name: str) -> None:
    """Nothing to stop is no error, unless ``allow_no_match`` is false."""
    stop(cluster, name)
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_stop?allow_no_match=false", code=404)
    assert (kind, reason) == ("resource_not_found_exception", f"No known model deployment with id [{name}]")


@fact("2.7", evidence="S", source="TransportStopTrainedModelDeploymentAction: the id of the request is not expanded")
def test_a_stop_knows_no_wildcards(cluster: Cluster, started: Started) -> None:
    """A wildcard stands for no deployment, so that it stops none."""
    stop(cluster, f"{started.model}*")
    assert entries(cluster, started.model)[0]["deployment_stats"]["state"] == "started"


@fact("2.7", evidence="S", source="TransportStopTrainedModelDeploymentAction")
def test_a_deployment_in_use_is_kept(cluster: Cluster, name: str) -> None:
    """A deployment that a pipeline names, or whose id is the model of an alias that one names, is stopped by force."""
    put_whole(cluster, name)
    start(cluster, name, "&wait_for=starting")
    alias = f"{name}alias"
    cluster("PUT", f"{MODELS}/{name}/model_aliases/{alias}")
    for used, said in (
        (name, f"Cannot stop deployment [{name}] as it is referenced by ingest processors; use force"),
        (
            alias,
            f"Cannot stop deployment [{name}] as it has a model_alias [{alias}] that is still referenced by ingest",
        ),
    ):
        cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": used}}]})
        kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_stop", code=409)
        assert kind == "status_exception"
        assert reason.startswith(said)
    stop(cluster, name, "?force=true")


@fact("2.11b", evidence="S", source="TransportStopTrainedModelDeploymentAction.getModelAliases(request.getId())")
def test_an_alias_does_not_hold_a_deployment_of_another_name(cluster: Cluster, name: str) -> None:
    """A deployment whose id is not its model's is stopped though a pipeline uses it through the model's alias."""
    put_whole(cluster, name)
    start(cluster, name, f"&deployment_id={name}dep&wait_for=starting")
    cluster("PUT", f"{MODELS}/{name}/model_aliases/{name}alias")
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": f"{name}alias"}}]})
    stop(cluster, f"{name}dep")


@fact("2.9", evidence="T", source="3rd_party_deployment.yml; AssignmentStats.toXContent")
def test_one_entry_for_each_deployment(cluster: Cluster, started: Started, name: str) -> None:
    """Statistics have an entry for each deployment, by id, and count models."""
    put_whole(cluster, name)
    (idle,) = entries(cluster, name)
    assert idle["pipeline_count"] == 0
    assert {"deployment_stats", "ingest"}.isdisjoint(idle)
    answer = cluster("GET", f"{MODELS}/{started.model}/_stats")
    assert answer["count"] == 1
    shown = [entry["deployment_stats"] for entry in answer["trained_model_stats"]]
    assert [entry["deployment_id"] for entry in shown] == [started.model, f"{started.model}other"]
    assert answer["trained_model_stats"][0]["model_size_stats"]["model_size_bytes"] == started.size
    assert shown[0]["allocation_status"] == {
        "allocation_count": 1,
        "target_allocation_count": 1,
        "state": "fully_allocated",
    }
    for entry in shown:
        _check_node(entry["nodes"][0])


def _check_node(node: dict[str, Any]) -> None:
    assert {"node", "routing_state", "inference_count", "inference_cache_hit_count", "number_of_pending_requests",
            "start_time", "threads_per_allocation", "number_of_allocations", "peak_throughput_per_minute",
            "throughput_last_minute"} <= set(node)  # fmt: skip
    assert "average_inference_time_ms" not in node
    assert node["routing_state"] == {"routing_state": "started"}


@fact("2.9", evidence="T", source="get_trained_model_stats.yml")
def test_statistics_by_expression(cluster: Cluster, name: str) -> None:
    """Statistics are found by id, list, wildcard and alias; a concrete name that is missing is 404."""
    for letter in "ab":
        put_model(cluster, f"{name}{letter}")
    cluster("PUT", f"{MODELS}/{name}b/model_aliases/{name}alias")
    path = MODELS + "/{}/_stats"
    for expression, expected in (
        (f"{name}*", ["a", "b"]),
        (f"{name}alias", ["b"]),
        (f"{name}alias,{name}a", ["a", "b"]),
        (f"{name}y*", []),
    ):
        answer = cluster("GET", path.format(expression))
        assert [entry["model_id"] for entry in answer["trained_model_stats"]] == [f"{name}{one}" for one in expected]
        assert answer["count"] == len(expected)
    assert cluster("GET", path.format(f"{name}*") + "?from=1&size=1")["count"] == 2
    for missing in (f"{name}y", f"{name}y*"):
        query = "?allow_no_match=false" if "*" in missing else ""
        assert cluster.error("GET", path.format(missing) + query, code=404)[0] == "resource_not_found_exception"


@fact("2.9", evidence="S", source="GetTrainedModelsStatsAction.Response.TrainedModelStats.toXContent")
def test_pipelines_of_a_model(cluster: Cluster, name: str) -> None:
    """A model that pipelines use shows how many, and their counters."""
    put_model(cluster, name)
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": name}}]})
    (entry,) = entries(cluster, name)
    assert entry["pipeline_count"] == 1
    assert entry["ingest"]["total"]["count"] == 0
    assert list(entry["ingest"]["pipelines"]) == [name]
