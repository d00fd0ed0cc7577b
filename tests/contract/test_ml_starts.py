"""What a start of a deployment is refused for (reference, sections 2.5, 2.6)."""

from __future__ import annotations

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


@fact("2.5", evidence="S", source="TrainedModelAssignmentClusterService.isScalingPossible", shared=True)
@pytest.mark.parametrize("wait_for", ["starting", "started", "fully_allocated"])
def test_a_start_waits_for_a_node_that_may_come(cluster: Cluster, name: str, wait_for: str) -> None:
    """Where another ML node may come, a start that finds no room is answered at once, and waits with a reason."""
    put_whole(cluster, name)
    nodes = cluster("GET", "/_nodes")["nodes"].values()
    more = 1 + sum("ml" in node["roles"] for node in nodes)
    # Nobody has a node with room for a thousand times 32 threads.
    wanted = f"&number_of_allocations=1000&threads_per_allocation=32&wait_for={wait_for}"
    lazy = "xpack.ml.max_lazy_ml_nodes"
    assert "429" in str(cluster("POST", f"{MODELS}/{name}/deployment/_start?timeout=60s{wanted}", code=429)["status"])
    cluster("PUT", "/_cluster/settings", {"persistent": {lazy: more}})
    try:
        assignment = start(cluster, name, wanted)
    finally:
        cluster("PUT", "/_cluster/settings", {"persistent": {lazy: None}})
    assert assignment["assignment_state"] == "starting"
    assert assignment["routing_table"] == {}
    assert assignment["reason"]
    found = entries(cluster, name)[0]["deployment_stats"]
    assert (found["state"], found["nodes"], found["reason"]) == ("starting", [], assignment["reason"])
    assert found["allocation_status"] == {"allocation_count": 0, "target_allocation_count": 1000, "state": "starting"}
    stop(cluster, name)


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
