"""Deployments over time: slow starts, adaptive allocations, who may be stopped and deleted, and the licence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_calls import infer, refusal, stats, until
from tests.emulator.ml_tiny import put_tiny

DELAY = 1.0


@pytest.fixture(scope="module")
def es(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A client of an emulator whose deployments take their time; the model ``tiny`` is there."""
    with (
        running_emulator(tmp_path_factory.mktemp("slow"), "--start-delay", str(DELAY), "--version", "9.5.2") as url,
        Elasticsearch(url, request_timeout=60, max_retries=0) as client,
    ):
        put_tiny(client, "tiny", metadata={"per_deployment_memory_bytes": 1000, "per_allocation_memory_bytes": 20})
        yield client


@pytest.fixture(autouse=True)
def _stopped(es: Elasticsearch) -> Iterator[None]:
    yield
    for entry in es.ml.get_trained_models_stats()["trained_model_stats"]:
        if deployment := entry.get("deployment_stats"):
            es.ml.stop_trained_model_deployment(model_id=deployment["deployment_id"], force=True)


def _start(client: Elasticsearch, model_id: str = "tiny", **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.ml.start_trained_model_deployment(model_id=model_id, **options)["assignment"]
    return answer


def test_a_start_takes_its_time_and_goes_on_when_it_is_waited_for_in_vain(es: Elasticsearch) -> None:
    begun = time.monotonic()
    reason = (
        "Timed out after [200ms] waiting for trained model deployment [tiny] to start. Use the trained model stats API"
    )
    refusal(408, "model_deployment_timeout_exception", reason, _start, es, timeout="200ms")
    shown = stats(es, "tiny")["deployment_stats"]
    assert shown["allocation_status"] == {"allocation_count": 0, "target_allocation_count": 1, "state": "starting"}
    (node,) = shown["nodes"]
    assert set(node) == {"node", "routing_state", "peak_throughput_per_minute", "throughput_last_minute"}
    refusal(
        409, "status_exception", "cannot update deployment that is not in [started] state",
        es.ml.update_trained_model_deployment, model_id="tiny", number_of_allocations=2,
    )  # fmt: skip
    # Nothing to change is no conflict.
    assert es.ml.update_trained_model_deployment(model_id="tiny", number_of_allocations=1)
    refusal(409, "status_exception", "[tiny] is not allocated to any nodes", infer, es, "tiny")
    until(lambda: stats(es, "tiny")["deployment_stats"]["state"] == "started")
    assert time.monotonic() - begun >= DELAY
    # The node tells when it started the process, which is after it was asked to.
    shown = stats(es, "tiny")["deployment_stats"]
    assert shown["start_time"] <= shown["nodes"][0]["start_time"] <= int(time.time() * 1000) - int(DELAY * 1000) + 50


def test_a_stop_ends_a_start_that_somebody_waits_for(es: Elasticsearch) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_start, es)
        until(lambda: "deployment_stats" in stats(es, "tiny"))
        es.ml.stop_trained_model_deployment(model_id="tiny")
        refusal(
            400, "status_exception", "The trained model assignment was removed while waiting", waiting.result
        )  # fmt: skip
    assert "deployment_stats" not in stats(es, "tiny")


def test_a_failed_start_that_nobody_waited_for_stays_to_be_seen(es: Elasticsearch) -> None:
    put_tiny(es, "garbage", kind="garbage")
    _start(es, "garbage", wait_for="starting")
    until(lambda: stats(es, "garbage")["deployment_stats"]["state"] == "failed")
    shown = stats(es, "garbage")["deployment_stats"]
    assert shown["reason"]
    assert "allocation_status" not in shown
    refusal(400, "status_exception", "existing deployment with the same id [garbage] exist", _start, es, "garbage")
    es.ml.stop_trained_model_deployment(model_id="garbage")
    es.ml.delete_trained_model(model_id="garbage")


def test_a_model_for_other_machines(es: Elasticsearch) -> None:
    put_tiny(es, "foreign", platform_architecture="windows-x86_64")
    reason = "([foreign]) is platform specific and incompatible with ML nodes in the cluster; expected [windows-x86_64]"
    refusal(500, "status_exception", reason, _start, es, "foreign")
    es.ml.delete_trained_model(model_id="foreign")


def test_adaptive_allocations_are_kept_and_shown(es: Elasticsearch) -> None:
    bounds = {"enabled": True, "min_number_of_allocations": 2, "max_number_of_allocations": 4}
    refusal(
        400, "action_request_validation_exception",
        "1: [number_of_allocations] cannot be set if adaptive allocations is enabled;",
        _start, es, number_of_allocations=1, adaptive_allocations=bounds,
    )  # fmt: skip
    for wrong, reason in (
        ({"min_number_of_allocations": -2}, "[min_number_of_allocations] must be a non-negative integer or null"),
        ({"max_number_of_allocations": 0}, "[max_number_of_allocations] must be a positive integer or null"),
        ({"min_number_of_allocations": 5}, "must not be larger than [max_number_of_allocations]"),
    ):
        refusal(
            400, "action_request_validation_exception", reason, _start, es, adaptive_allocations={**bounds, **wrong}
        )
    refusal(400, "x_content_parse_exception", "unknown field [x]", _start, es, adaptive_allocations={"x": 1})
    started = _start(es, adaptive_allocations=bounds)
    assert (started["adaptive_allocations"], started["max_assigned_allocations"]) == (bounds, 2)
    update = es.ml.update_trained_model_deployment
    refusal(
        400, "validation_exception", "[number_of_allocations] cannot be set if adaptive allocations is enabled",
        update, model_id="tiny", number_of_allocations=3,
    )  # fmt: skip
    changed = update(model_id="tiny", adaptive_allocations={"enabled": False, "max_number_of_allocations": None})
    assert changed["assignment"]["adaptive_allocations"] == {"enabled": False, "min_number_of_allocations": 2}
    assert (
        stats(es, "tiny")["deployment_stats"]["adaptive_allocations"] == changed["assignment"]["adaptive_allocations"]
    )
    reset = es.perform_request(
        "POST", "/_ml/trained_models/tiny/deployment/_update", body={"adaptive_allocations": None, "number_of_allocations": 1},
        headers={"content-type": "application/json", "accept": "application/json"},
    )["assignment"]  # fmt: skip
    assert "adaptive_allocations" not in reset
    assert reset["task_parameters"]["number_of_allocations"] == 1


def test_the_hole_in_the_stop(es: Elasticsearch) -> None:
    es.ml.put_trained_model_alias(model_id="tiny", model_alias="nick")
    es.ingest.put_pipeline(id="p", processors=[{"inference": {"model_id": "nick"}}])
    for name in ("other", "tiny"):
        assignment = _start(es, deployment_id=name, wait_for="starting")
        assert assignment["assignment_state"] == "starting"
        assert assignment["task_parameters"]["per_allocation_memory_bytes"] == 20
    stop = es.ml.stop_trained_model_deployment
    # The alias reaches both, but it is compared with the deployment's id only.
    refusal(409, "status_exception", "as it has a model_alias [nick] that is still referenced", stop, model_id="tiny")
    assert stop(model_id="other") == {"stopped": True}
    es.ingest.put_pipeline(id="p", processors=[{"inference": {"model_id": "other"}}])
    _start(es, deployment_id="other", wait_for="starting")
    refusal(409, "status_exception", "Cannot stop deployment [other] as it is referenced by", stop, model_id="other")
    es.ingest.delete_pipeline(id="p")
    es.ml.delete_trained_model_alias(model_id="tiny", model_alias="nick")


def test_a_deletion_by_force_stops_only_the_deployment_of_that_name(es: Elasticsearch) -> None:
    put_tiny(es, "gone")
    _start(es, "gone", deployment_id="stays")
    refusal(409, "status_exception", "as it is currently deployed", es.ml.delete_trained_model, model_id="gone")
    assert es.ml.delete_trained_model(model_id="gone", force=True) == {"acknowledged": True}
    assert infer(es, "stays")
    refusal(
        400, "status_exception", "the id is the same as an current model deployment",
        put_tiny, es, "stays",
    )  # fmt: skip
    assert es.ml.stop_trained_model_deployment(model_id="stays") == {"stopped": True}
    refusal(404, "resource_not_found_exception", "[stays]", infer, es, "stays")


def test_stop_reads_its_body_or_its_query(es: Elasticsearch) -> None:
    def stop(body: Any = None, **params: Any) -> Any:
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body is not None else {})
        path = "/_ml/trained_models/nothing/deployment/_stop"
        return es.perform_request("POST", path, params=params, body=body, headers=headers)

    assert stop({"allow_no_match": True}) == stop({"id": "nothing"}) == {"stopped": True}
    refusal(404, "resource_not_found_exception", "[nothing]", stop, {"allow_no_match": False})
    refusal(400, "status_exception", "Inconsistent id; 'x' specified in the body", stop, {"id": "x"})
    refusal(400, "x_content_parse_exception", "unknown field [x]", stop, {"x": 1})
    refusal(400, "illegal_argument_exception", "unrecognized parameter: [force]", stop, {"id": "nothing"}, force="true")


def test_a_licence_without_machine_learning(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url) as client:
        put_tiny(client, "tiny")
    with running_emulator(tmp_path, "--license", "basic") as url, Elasticsearch(url, max_retries=0) as client:
        assert client.ml.get_trained_models(model_id="tiny")["count"] == 1
        for call, options in (
            (client.ml.start_trained_model_deployment, {"model_id": "none"}),
            (client.ml.put_trained_model_alias, {"model_id": "tiny", "model_alias": "nick"}),
            (client.ml.put_trained_model_vocabulary, {"model_id": "none", "vocabulary": ["a"]}),
            (
                client.ml.put_trained_model,
                {"model_id": "n", "model_type": "pytorch", "inference_config": {"text_embedding": {}}},
            ),
        ):
            with pytest.raises(ApiError, match="non-compliant for \\[ml\\]") as caught:
                call(**options)
            error = caught.value.body["error"]
            assert (caught.value.status_code, error["type"]) == (403, "security_exception")
            assert error["license.expired.feature"] == "ml"
        # What a request lacks by itself is said first.
        refusal(400, "action_request_validation_exception", "[threads_per_allocation] must be a power of 2",
                _start, client, threads_per_allocation=3)  # fmt: skip
        assert client.ml.delete_trained_model(model_id="tiny") == {"acknowledged": True}
