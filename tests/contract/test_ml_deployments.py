"""Deployments: start, update, stop, statistics (reference, sections 2.5 to 2.7, 2.9, 2.11b)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml import BODY, entries, put_model, put_part, put_whole, start, stop

MODELS = "/_ml/trained_models"

WRONG: dict[str, tuple[str, str]] = {
    "allocations": ("number_of_allocations=0", "[number_of_allocations] must be a positive integer"),
    "threads": ("threads_per_allocation=3", "[threads_per_allocation] must be a power of 2 less than or equal to 32"),
    "many threads": (
        "threads_per_allocation=64",
        "[threads_per_allocation] must be a power of 2 less than or equal to",
    ),
    "queue": ("queue_capacity=0", "[queue_capacity] must be a positive integer"),
    "low": ("priority=low&number_of_allocations=2", "[number_of_allocations] must be 1 when [priority] is low"),
    "low threads": (
        "priority=low&threads_per_allocation=2",
        "[threads_per_allocation] must be 1 when [priority] is low",
    ),
    "timeout": ("timeout=0s", "[timeout] must be positive"),
}


@fact("2.5", evidence="S", source="StartTrainedModelDeploymentAction.Request.validate")
@pytest.mark.parametrize("case", WRONG)
def test_settings_of_a_start(cluster: Cluster, name: str, case: str) -> None:
    """What a start asks for is checked before the model is looked for."""
    query, said = WRONG[case]
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start?{query}", code=400)
    assert kind == "action_request_validation_exception"
    assert said in reason


@fact("2.5", evidence="S", source="StartTrainedModelDeploymentAction.Request.MAX_QUEUE_CAPACITY", since=(8, 16))
def test_the_longest_queue(cluster: Cluster, name: str) -> None:
    """A queue holds 100 000 requests at most."""
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start?queue_capacity=100001", code=400)
    assert kind == "action_request_validation_exception"
    assert "[queue_capacity] must be less than 100000" in reason


@fact("2.5", evidence="S", source="TransportStartTrainedModelDeploymentAction")
def test_what_cannot_be_started(cluster: Cluster, name: str) -> None:
    """No model, a model of another type, no definition, half a definition: each has its own refusal."""
    path = MODELS + "/{}/deployment/_start"
    for model, code, kind, said in (
        (name, 404, "resource_not_found_exception", f"No known trained model with model_id [{name}]"),
        ("lang_ident_model_1", 400, "status_exception", "of type [lang_ident] cannot be deployed. Only PyTorch models"),
    ):
        found = cluster.error("POST", path.format(model), code=code)
        assert found[0] == kind
        assert said in found[1]
    put_model(cluster, name)
    found = cluster.error("POST", path.format(name), code=404)
    assert found == ("resource_not_found_exception", f"Could not find trained model definition [{name}]")
    put_part(cluster, name, 0, b"abc", length=6, parts=2)
    found = cluster.error("POST", path.format(name), code=400)
    assert found[1] == f"Model definition truncated. Unable to deserialize trained model definition [{name}]"


@fact("2.5", evidence="S", source="TransportStartTrainedModelDeploymentAction.step3VerifyModelPartsArePresent")
def test_parts_must_agree_on_the_whole(cluster: Cluster, name: str) -> None:
    """Parts with different total lengths: the later one is named first."""
    put_model(cluster, name)
    for part, length in ((0, 6), (1, 7)):
        put_part(cluster, name, part, b"abc", length=length, parts=2)
    reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start", code=400)[1]
    assert "The value [7] in model definition part [1] does not match the value [6] in part [0]." in reason


@fact("2.5", evidence="T", source="3rd_party_deployment.yml")
def test_an_assignment(cluster: Cluster, name: str) -> None:
    """A start answers the assignment; a size is echoed as it was given."""
    size = put_whole(cluster, name)
    assignment = start(cluster, name, "&cache_size=10kb&priority=low")
    assert assignment["task_parameters"] == {
        "model_id": name,
        "deployment_id": name,
        "model_bytes": size,
        "threads_per_allocation": 1,
        "number_of_allocations": 1,
        "queue_capacity": assignment["task_parameters"]["queue_capacity"],
        "cache_size": "10kb",
        "priority": "low",
        "per_deployment_memory_bytes": 0,
        "per_allocation_memory_bytes": 0,
    }
    assert assignment["assignment_state"] == "started"
    (routing,) = assignment["routing_table"].values()
    assert routing == {"current_allocations": 1, "target_allocations": 1, "routing_state": "started", "reason": ""}
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start", code=400)
    assert kind == "status_exception"
    assert reason.endswith(f"because an existing deployment with the same id [{name}] exist")


@fact("2.5", evidence="S", source="StartTrainedModelDeploymentAction.DEFAULT_QUEUE_CAPACITY", since=(8, 16))
def test_the_queue_by_default(cluster: Cluster, name: str) -> None:
    """A queue holds 10 000 requests unless told otherwise, whatever the documentation says."""
    put_whole(cluster, name)
    assert start(cluster, name, "&wait_for=starting")["task_parameters"]["queue_capacity"] == 10_000


@fact("2.5", evidence="T", source="3rd_party_deployment.yml")
def test_no_cache(cluster: Cluster, name: str) -> None:
    """A cache of ``0`` is shown as ``0`` in the assignment and as ``0b`` in the statistics."""
    put_whole(cluster, name)
    assert start(cluster, name, "&cache_size=0&wait_for=starting")["task_parameters"]["cache_size"] == "0"
    assert entries(cluster, name)[0]["deployment_stats"]["cache_size"] == "0b"


@fact("2.5", evidence="T", source="3rd_party_deployment.yml")
def test_a_deployment_is_not_called_like_another_model(cluster: Cluster, name: str) -> None:
    """A deployment's id may be its own model's, and no other model's; nor may a model take a deployment's id."""
    put_whole(cluster, name)
    put_model(cluster, f"{name}other")
    said = f"Deployment id [{name}other] is the same as an another model which is not the model being deployed."
    assert said in cluster.error("POST", f"{MODELS}/{name}/deployment/_start?deployment_id={name}other", code=400)[1]
    start(cluster, name, f"&deployment_id={name}dep&wait_for=starting")
    reason = cluster.error("PUT", f"{MODELS}/{name}dep", BODY, code=400)[1]
    assert reason == f"Cannot create model [{name}dep] the id is the same as an current model deployment"
    stop(cluster, f"{name}dep")


@fact("2.5", evidence="S", source="StartTrainedModelDeploymentAction; ErrorTypes of the native process")
def test_a_definition_that_does_not_load(cluster: Cluster, name: str) -> None:
    """A definition that the native process refuses is 500 with its reason, and leaves no deployment."""
    put_model(cluster, name)
    put_part(cluster, name, 0, b"no TorchScript", length=14, parts=1)
    cluster("PUT", f"{MODELS}/{name}/vocabulary", {"vocabulary": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]})
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start?timeout=60s", code=500)
    assert kind == "status_exception"
    assert reason.startswith("Could not start trained model deployment, the following nodes failed with errors [{")
    assert "deployment_stats" not in entries(cluster, name)[0]


@fact("2.5", evidence="S", source="MlPlatformArchitecturesUtil.verifyMlNodesAndModelArchitectures")
def test_a_model_for_other_machines(cluster: Cluster, name: str) -> None:
    """A model that was made for another platform than the node's does not start."""
    put_whole(cluster, name, platform_architecture="windows-x86_64")
    reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_start?timeout=60s", code=500)[1]
    assert f"The model being deployed ([{name}]) is platform specific and incompatible with ML nodes" in reason


@fact("2.6", evidence="S", source="TrainedModelAssignmentClusterService.updateDeployment")
def test_an_update(cluster: Cluster, name: str) -> None:
    """The same number of allocations is no change; an unknown deployment is 404; more than the node has is 429."""
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_update", {"number_of_allocations": 4}, code=404)
    assert (kind, reason) == ("resource_not_found_exception", f"No known model deployment with id [{name}]")
    put_whole(cluster, name)
    start(cluster, name)
    path = f"{MODELS}/{name}/deployment/_update"
    same = cluster("POST", path, {"number_of_allocations": 1})["assignment"]["task_parameters"]
    assert (same["model_id"], same["number_of_allocations"]) == (name, 1)
    reason = cluster.error("POST", path, {"number_of_allocations": 0}, code=400)[1]
    assert "[number_of_allocations] must be a positive integer" in reason
    kind, reason = cluster.error("POST", path, {"number_of_allocations": 257}, code=429)
    assert (
        reason
        == "Could not update deployment because there are not enough resources to provide all requested allocations"
    )


@fact("2.6", evidence="S", source="AdaptiveAllocationsSettings.validate", since=(8, 16))
def test_bounds_of_adaptive_allocations(cluster: Cluster, name: str) -> None:
    """The bounds of adaptive allocations are checked, and exclude a number of allocations."""
    path = f"{MODELS}/{name}/deployment/_start"
    for query, settings, said in (
        (
            "",
            {"min_number_of_allocations": 3, "max_number_of_allocations": 2},
            "must not be larger than [max_number_of_",
        ),
        ("", {"max_number_of_allocations": 0}, "[max_number_of_allocations] must be a positive integer or null"),
        ("?number_of_allocations=1", {}, "[number_of_allocations] cannot be set if adaptive allocations is enabled"),
    ):
        body = {"adaptive_allocations": {"enabled": True, **settings}}
        assert said in cluster.error("POST", f"{path}{query}", body, code=400)[1]


@fact("2.7", evidence="T", source="3rd_party_deployment.yml")
def test_stopping_what_is_not_deployed(cluster: Cluster, name: str) -> None:
    """Nothing to stop is no error, unless ``allow_no_match`` is false."""
    stop(cluster, name)
    kind, reason = cluster.error("POST", f"{MODELS}/{name}/deployment/_stop?allow_no_match=false", code=404)
    assert (kind, reason) == ("resource_not_found_exception", f"No known model deployment with id [{name}]")


@fact("2.7", evidence="S", source="TransportStopTrainedModelDeploymentAction: the id of the request is not expanded")
def test_a_stop_knows_no_wildcards(cluster: Cluster, name: str) -> None:
    """A wildcard stands for no deployment, so that it stops none."""
    put_whole(cluster, name)
    start(cluster, name, "&wait_for=starting")
    stop(cluster, f"{name}*")
    assert entries(cluster, name)[0]["deployment_stats"]["state"] in ("starting", "started")


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
def test_one_entry_for_each_deployment(cluster: Cluster, name: str) -> None:
    """Statistics have an entry for each deployment, by id, and count models."""
    size = put_whole(cluster, name)
    (idle,) = entries(cluster, name)
    assert idle["pipeline_count"] == 0
    assert {"deployment_stats", "ingest"}.isdisjoint(idle)
    for deployment in ("search", "ingest"):
        start(cluster, name, f"&deployment_id={name}{deployment}&priority=low")
    answer = cluster("GET", f"{MODELS}/{name}/_stats")
    assert answer["count"] == 1
    shown = [entry["deployment_stats"] for entry in answer["trained_model_stats"]]
    assert [entry["deployment_id"] for entry in shown] == [f"{name}ingest", f"{name}search"]
    assert answer["trained_model_stats"][0]["model_size_stats"]["model_size_bytes"] == size
    assert shown[0]["allocation_status"] == {
        "allocation_count": 1,
        "target_allocation_count": 1,
        "state": "fully_allocated",
    }
    _check_node(shown[0]["nodes"][0])
    for deployment in ("search", "ingest"):
        stop(cluster, f"{name}{deployment}")


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
