"""Model aliases, the table of models, the node's memory (reference, sections 1.7, 2.11, 2.12)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml import put_model, put_whole, start, stop

MODELS = "/_ml/trained_models"


@fact("2.11", evidence="S", source="PutTrainedModelAliasAction.Request.validate")
@pytest.mark.parametrize("alias", ["ends1", "Capital", "-dash"])
def test_names_of_aliases(cluster: Cluster, name: str, alias: str) -> None:
    """An alias begins with a letter or digit and ends with a letter."""
    kind, reason = cluster.error("PUT", f"{MODELS}/{name}/model_aliases/{alias}", code=400)
    assert kind == "action_request_validation_exception"
    assert f"Invalid model_alias; '{alias}' can contain lowercase alphanumeric (a-z and 0-9)" in reason
    assert reason.endswith("must start with alphanumeric and cannot end with numbers;")


@fact("2.11", evidence="S", source="TransportPutTrainedModelAliasAction")
def test_an_alias_is_moved_only_when_asked(cluster: Cluster, name: str) -> None:
    """An alias that is taken, even by the same model, is set again with ``reassign`` only."""
    for letter in "ab":
        put_model(cluster, f"{name}{letter}")
    alias = f"/model_aliases/{name}alias"
    assert cluster("PUT", f"{MODELS}/{name}a{alias}") == {"acknowledged": True}
    for letter in "ab":
        reason = cluster.error("PUT", f"{MODELS}/{name}{letter}{alias}", code=400)[1]
        assert reason == (
            f"cannot assign model_alias [{name}alias] to model_id [{name}{letter}] as model_alias already refers to "
            f"[{name}a]. Set parameter [reassign] to [true] if model_alias should be reassigned."
        )
    assert cluster("PUT", f"{MODELS}/{name}b{alias}?reassign=true") == {"acknowledged": True}
    (config,) = cluster("GET", f"{MODELS}/{name}alias")["trained_model_configs"]
    assert (config["model_id"], config["metadata"]["model_aliases"]) == (f"{name}b", [f"{name}alias"])


@fact("2.11", evidence="S", source="TransportPutTrainedModelAliasAction")
def test_an_alias_is_no_model(cluster: Cluster, name: str) -> None:
    """An alias cannot have the name of a model, and no model that of an alias."""
    for letter in "ab":
        put_model(cluster, f"{name}{letter}")
    reason = cluster.error("PUT", f"{MODELS}/{name}a/model_aliases/{name}b", code=400)[1]
    assert reason == "model_alias cannot be the same as an existing trained model_id"
    assert cluster.error("PUT", f"{MODELS}/{name}c/model_aliases/{name}alias", code=404) == (
        "resource_not_found_exception",
        f"No known trained model with model_id [{name}c]",
    )
    cluster("PUT", f"{MODELS}/{name}a/model_aliases/{name}alias")
    body = {"model_type": "pytorch", "inference_config": {"text_embedding": {}}}
    reason = cluster.error("PUT", f"{MODELS}/{name}alias", body, code=400)[1]
    assert reason.startswith(f"requested model_id [{name}alias] is the same as an existing model_alias.")


@fact("2.11", evidence="S", source="TransportPutTrainedModelAliasAction")
def test_an_alias_keeps_its_task(cluster: Cluster, name: str) -> None:
    """An alias does not move to a model with another task."""
    put_model(cluster, f"{name}a")
    put_model(cluster, f"{name}b", inference_config={"pass_through": {}})
    cluster("PUT", f"{MODELS}/{name}a/model_aliases/{name}alias")
    reason = cluster.error("PUT", f"{MODELS}/{name}b/model_aliases/{name}alias?reassign=true", code=400)[1]
    assert reason == (
        f"cannot reassign model_alias [{name}alias] to model [{name}b] with inference config type [pass_through] from "
        f"model [{name}a] with type [text_embedding]"
    )


@fact("2.11", evidence="T", source="3rd_party_deployment.yml")
def test_an_alias_does_not_leave_a_deployed_model_for_one_that_is_not(cluster: Cluster, name: str) -> None:
    """The alias of a deployed model moves only to a model that is deployed."""
    put_whole(cluster, f"{name}a")
    put_model(cluster, f"{name}b")
    start(cluster, f"{name}a", "&wait_for=starting")
    cluster("PUT", f"{MODELS}/{name}a/model_aliases/{name}alias")
    reason = cluster.error("PUT", f"{MODELS}/{name}b/model_aliases/{name}alias?reassign=true", code=400)[1]
    assert f"to model [{name}b] from model [{name}a] as it is not yet deployed" in reason
    stop(cluster, f"{name}a", "?force=true")


@fact("2.11", evidence="S", source="TransportDeleteTrainedModelAliasAction")
def test_deleting_an_alias(cluster: Cluster, name: str) -> None:
    """An alias is deleted by its name and its model's, unless a pipeline uses it."""
    put_model(cluster, name)
    path = f"{MODELS}/{name}/model_aliases/{name}alias"
    assert f"model_alias [{name}alias] could not be found" in cluster.error("DELETE", path, code=404)[1]
    cluster("PUT", path)
    wrong = f"{MODELS}/{name}x/model_aliases/{name}alias"
    assert cluster.error("DELETE", wrong, code=409)[1].startswith(
        f"model_alias [{name}alias] does not refer to provided"
    )
    cluster("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"inference": {"model_id": f"{name}alias"}}]})
    assert "as it is still referenced by ingest processors" in cluster.error("DELETE", path, code=409)[1]
    cluster("DELETE", f"/_ingest/pipeline/{name}")
    assert cluster("DELETE", path) == {"acknowledged": True}


@fact("2.12", evidence="T", source="trained_model_cat_apis.yml")
def test_the_table_of_models(cluster: Cluster, name: str) -> None:
    """``_cat/ml/trained_models`` shows seven columns, others by their names or short names."""
    put_model(cluster, name)
    text = cluster.raw("GET", f"/_cat/ml/trained_models/{name}?v=true").text
    head, row, rest = text.split("\n")
    assert head.split() == [
        "id", "heap_size", "operations", "create_time", "type", "ingest.pipelines", "data_frame.id",
    ]  # fmt: skip
    assert re.fullmatch(rf"{name}\s+0b\s+0\s+\S+\s+pytorch\s+0\s+__none__\s*", row), row
    assert rest == ""
    assert cluster("GET", f"/_cat/ml/trained_models/{name}?h=id,ip,dfid&format=json") == [
        {"id": name, "ip": "0", "dfid": "__none__"}
    ]


@fact("1.7", evidence="T", source="ml_info.yml")
def test_machine_learning_on_a_cluster(cluster: Cluster) -> None:
    """``_ml/info`` tells the defaults of jobs and the limits of the cluster."""
    info = cluster("GET", "/_ml/info")
    detectors = info["defaults"]["anomaly_detectors"]
    assert detectors["categorization_analyzer"]["tokenizer"] == "ml_standard"
    assert detectors["categorization_examples_limit"] == 4
    assert info["defaults"]["datafeeds"] == {"scroll_size": 1000}
    assert info["upgrade_mode"] is False
    assert re.fullmatch(r"\d+mb", info["limits"]["total_ml_memory"])


@fact("2.12", evidence="T", source="get_memory_stats.yml; MlMemoryAction.Response")
def test_the_memory_of_the_nodes(cluster: Cluster) -> None:
    """``_ml/memory/_stats`` tells for each node what machine learning may use and uses."""
    answer = cluster("GET", "/_ml/memory/_stats?human=true")
    assert answer["_nodes"]["failed"] == 0
    node_id, node = next(iter(answer["nodes"].items()))
    assert {"name", "ephemeral_id", "transport_address", "attributes", "roles", "mem", "jvm"} == set(node)
    assert {"max", "max_in_bytes", "native_code_overhead_in_bytes", "anomaly_detectors_in_bytes",
            "data_frame_analytics_in_bytes", "native_inference_in_bytes"} <= set(node["mem"]["ml"])  # fmt: skip
    assert node["jvm"]["heap_max_in_bytes"] > 0
    assert list(cluster("GET", f"/_ml/memory/{node_id}/_stats")["nodes"]) == [node_id]


@fact("1.7", evidence="T", source="ml_info.yml; TransportMlInfoAction (the equal shares of limits: S)", shared=True)
def test_the_limit_of_jobs_is_told(cluster: Cluster) -> None:
    """``xpack.ml.max_model_memory_limit`` is shown, and bounds the default and what a job can have at most."""

    def limited(value: str | None) -> tuple[Any, Any, Any]:
        settings = {"persistent": {"xpack.ml.max_model_memory_limit": value}}
        cluster("PUT", "/_cluster/settings", settings)
        info = cluster("GET", "/_ml/info")
        limits = info["limits"]
        usual = info["defaults"]["anomaly_detectors"]["model_memory_limit"]
        return usual, limits.get("max_model_memory_limit"), limits["effective_max_model_memory_limit"]

    try:
        effective = limited(None)[2]
        assert limited("512mb")[:2] == ("512mb", "512mb")
        assert limited("6gb")[:2] == ("1gb", "6gb")
        assert limited("1mb") == ("1mb", "1mb", "1mb")
    finally:
        assert limited(None) == ("1gb", None, effective)
