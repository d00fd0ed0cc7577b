"""Deployments, asked by the genuine client; the native process is a real one. Inference has tests of its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_calls import infer, refusal, stats
from tests.emulator.ml_tiny import LONGEST, archive, expected, ids, put_tiny, sentence_model


@pytest.fixture(scope="module")
def es(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A client of an emulator with the tiny model deployed as ``tiny``; other names belong to one test each."""
    with (
        running_emulator(tmp_path_factory.mktemp("deployments")) as url,
        Elasticsearch(url, request_timeout=60) as client,
    ):
        put_tiny(client, "tiny")
        client.ml.start_trained_model_deployment(model_id="tiny")
        yield client


def _start(client: Elasticsearch, model_id: str, **params: Any) -> Any:
    return client.perform_request(
        "POST",
        f"/_ml/trained_models/{model_id}/deployment/_start",
        params=params,
        headers={"accept": "application/json"},
    )


def test_start_answers_the_assignment(es: Elasticsearch) -> None:
    answer = es.ml.start_trained_model_deployment(
        model_id="tiny", deployment_id="named", number_of_allocations=2, cache_size="10kb", wait_for="fully_allocated"
    )["assignment"]
    size = len(archive("embedding"))
    assert answer["task_parameters"] == {
        "model_id": "tiny",
        "deployment_id": "named",
        "model_bytes": size,
        "threads_per_allocation": 1,
        "number_of_allocations": 2,
        "queue_capacity": 10000,
        "cache_size": "10kb",
        "priority": "normal",
        "per_deployment_memory_bytes": 0,
        "per_allocation_memory_bytes": 0,
    }
    (routing,) = answer["routing_table"].values()
    assert routing == {"current_allocations": 2, "target_allocations": 2, "routing_state": "started", "reason": ""}
    assert (answer["assignment_state"], answer["max_assigned_allocations"]) == ("started", 2)
    both = es.ml.get_trained_models_stats(model_id="tiny")
    assert both["count"] == 1
    assert [entry["deployment_stats"]["deployment_id"] for entry in both["trained_model_stats"]] == ["named", "tiny"]
    assert stats(es, "named")["deployment_stats"]["deployment_id"] == "named"
    assert infer(es, "named") == infer(es, "tiny")
    es.ml.stop_trained_model_deployment(model_id="named")
    refusal(404, "resource_not_found_exception", "[named]", es.ml.get_trained_models_stats, model_id="named")


# What is refused for its operators is in test_ml_native: torch has to load it first.
START_REFUSALS: dict[str, tuple[str, dict[str, Any], int, str, str]] = {
    "twice": ("tiny", {}, 400, "status_exception", "existing deployment with the same id [tiny] exist"),
    "missing": ("none", {}, 404, "resource_not_found_exception", "No known trained model with model_id [none]"),
    "two": ("tiny,bare", {"deployment_id": "x"}, 400, "status_exception", "matches models [bare, tiny]"),
    "language": ("lang_ident_model_1", {}, 400, "status_exception", "of type [lang_ident] cannot be deployed."),
    "other": ("tiny", {"deployment_id": "bare"}, 400, "status_exception", "[bare] is the same as an another model"),
    "bare": ("bare", {}, 404, "resource_not_found_exception", "Could not find trained model definition [bare]"),
    "half": ("half", {}, 400, "status_exception", "Model definition truncated. Unable to deserialize trained model"),
    "mixed": ("mixed", {}, 400, "status_exception", "[total_definition_length] must be the same in all model definition"),
    "allocations": (
        "tiny", {"number_of_allocations": 0}, 400, "action_request_validation_exception",
        "[number_of_allocations] must be a positive integer",
    ),
    "threads": (
        "tiny", {"threads_per_allocation": 3}, 400, "action_request_validation_exception",
        "[threads_per_allocation] must be a power of 2 less than or equal to 32",
    ),
    "queue": (
        "tiny", {"queue_capacity": 100001}, 400, "action_request_validation_exception",
        "[queue_capacity] must be less than 100000",
    ),
    "low": (
        "tiny", {"priority": "low", "number_of_allocations": 2}, 400, "action_request_validation_exception",
        "[number_of_allocations] must be 1 when [priority] is low",
    ),
    "wait": ("tiny", {"wait_for": "stopping"}, 400, "action_request_validation_exception", "state [stopping]; must be"),
    "text": ("tiny", {"queue_capacity": "many"}, 400, "illegal_argument_exception", "[queue_capacity]"),
    "vocabulary": ("mute", {}, 500, "status_exception", "Could not find vocabulary document [mute_vocabulary]"),
    "garbage": ("garbage", {}, 500, "status_exception", "the following nodes failed with errors [{"),
    "hook": ("hooked", {}, 500, "status_exception", "custom state hooks: __getstate__, __setstate__"),
}  # fmt: skip


def test_start_refusals(es: Elasticsearch) -> None:
    text: dict[str, Any] = {"text_embedding": {}}
    for name in ("bare", "half", "mixed"):
        es.ml.put_trained_model(model_id=name, model_type="pytorch", inference_config=text)
    part: dict[str, Any] = {"definition": "AAAA", "total_parts": 2}
    es.ml.put_trained_model_definition_part(model_id="half", part=0, total_definition_length=6, **part)
    for number in (0, 1):
        es.ml.put_trained_model_definition_part(
            model_id="mixed", part=number, total_definition_length=6 + number, **part
        )
    put_tiny(es, "mute", vocabulary=False)
    for kind in ("garbage", "hooked"):
        put_tiny(es, kind, kind=kind)
    for name, (model_id, params, status, kind, reason) in START_REFUSALS.items():
        try:
            refusal(status, kind, reason, _start, es, model_id, **params)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    # A start that failed leaves no deployment behind.
    every = es.ml.get_trained_models_stats()["trained_model_stats"]
    assert [entry["model_id"] for entry in every if "deployment_stats" in entry] == ["tiny"]


def test_start_does_not_wait_longer_than_asked(es: Elasticsearch) -> None:
    put_tiny(es, "late")
    refusal(
        408, "model_deployment_timeout_exception",
        "Timed out after [1ms] waiting for trained model deployment [late] to start.",
        _start, es, "late", timeout="1ms",
    )  # fmt: skip
    assert stats(es, "late")["deployment_stats"]["allocation_status"]["state"] == "starting"
    refusal(409, "status_exception", "[late] is not allocated to any nodes", infer, es, "late")
    es.ml.stop_trained_model_deployment(model_id="late")  # ends the start, however far it is
    assert "deployment_stats" not in stats(es, "late")


def test_inference_and_its_counters(es: Elasticsearch) -> None:
    before = stats(es, "tiny")["deployment_stats"]["nodes"][0]["inference_count"]
    answer = es.ml.infer_trained_model(
        model_id="tiny", docs=[{"text_field": "red dog"}, {"text_field": "red dog runs, runs, runs", "other": 1}]
    )
    assert answer["inference_results"] == [
        {"predicted_value": expected(*ids("red", "dog"))},
        {"predicted_value": expected(*ids("red", "dog", "runs", ",", "runs", ",")), "is_truncated": True},
    ]
    shown = stats(es, "tiny")
    (node,) = shown["deployment_stats"]["nodes"]
    assert node["inference_count"] == before + 2 == shown["inference_stats"]["inference_count"]
    assert node["average_inference_time_ms"] > 0
    assert (node["routing_state"], node["number_of_pending_requests"]) == ({"routing_state": "started"}, 0)
    assert shown["deployment_stats"]["allocation_status"] == {
        "allocation_count": 1,
        "target_allocation_count": 1,
        "state": "fully_allocated",
    }
    size = len(archive("embedding"))
    assert shown["model_size_stats"] == {
        "model_size_bytes": size,
        "required_native_memory_bytes": 240 * 1024 * 1024 + 2 * size,
    }


def test_update(es: Elasticsearch) -> None:
    update = es.ml.update_trained_model_deployment
    refusal(404, "resource_not_found_exception", "deployment with id [none]", update, model_id="none")
    assert update(model_id="tiny", number_of_allocations=2)["assignment"]["max_assigned_allocations"] == 2
    assert stats(es, "tiny")["deployment_stats"]["allocation_status"]["allocation_count"] == 2
    with ThreadPoolExecutor(8) as pool:
        assert all(result == infer(es, "tiny") for result in pool.map(lambda _: infer(es, "tiny"), range(24)))
    less = update(model_id="tiny", number_of_allocations=1)["assignment"]
    assert (less["task_parameters"]["number_of_allocations"], less["max_assigned_allocations"]) == (1, 2)
    refusal(
        400, "action_request_validation_exception", "must be a positive integer",
        update, model_id="tiny", number_of_allocations=0,
    )  # fmt: skip


def test_numbers_of_a_body_are_read_by_its_parser(es: Elasticsearch) -> None:
    def update(number: Any) -> Any:
        headers = {"content-type": "application/json", "accept": "application/json"}
        body = {"number_of_allocations": number}
        return es.perform_request("POST", "/_ml/trained_models/tiny/deployment/_update", body=body, headers=headers)

    for number in ("1", 1.9, 1):
        assert update(number)["assignment"]["task_parameters"]["number_of_allocations"] == 1
    for number in ("many", 1 << 31, "1_0"):
        refusal(400, "x_content_parse_exception", "failed to parse field [number_of_allocations]", update, number)
    refusal(400, "x_content_parse_exception", "support values of type: VALUE_BOOLEAN", update, True)


def test_stop(es: Elasticsearch) -> None:
    stop = es.ml.stop_trained_model_deployment
    assert stop(model_id="none") == {"stopped": True}
    refusal(404, "resource_not_found_exception", "id [none]", stop, model_id="none", allow_no_match=False)
    # A deployment is stopped by its id; these are ids that none has.
    for several in ("*", "_all", "tiny,other"):
        assert stop(model_id=several) == {"stopped": True}
        refusal(404, "resource_not_found_exception", f"id [{several}]", stop, model_id=several, allow_no_match=False)
    assert stats(es, "tiny")["deployment_stats"]["state"] == "started"
    put_tiny(es, "used")
    es.ml.start_trained_model_deployment(model_id="used", wait_for="starting")
    es.ml.put_trained_model_alias(model_id="used", model_alias="used-by-name")
    for name, reason in (
        ("used", "Cannot stop deployment [used] as it is referenced by ingest processors; use force"),
        (
            "used-by-name",
            "Cannot stop deployment [used] as it has a model_alias [used-by-name] that is still referenced",
        ),
    ):
        es.ingest.put_pipeline(id="user", processors=[{"inference": {"model_id": name}}])
        refusal(409, "status_exception", reason, stop, model_id="used")
    assert stop(model_id="used", force=True) == {"stopped": True}
    es.ingest.delete_pipeline(id="user")


def test_eland_model_equals_sentence_transformers(es: Elasticsearch, tmp_path: Path) -> None:
    import numpy as np
    from eland.ml.pytorch import PyTorchModel
    from eland.ml.pytorch.transformers import TransformerModel
    from sentence_transformers import SentenceTransformer

    folder = sentence_model()
    # What the libraries below find deprecated in each other is not ours to mend.
    warnings.simplefilter("ignore")
    traced = TransformerModel(model_id=str(folder), task_type="text_embedding", es_version=(9, 2, 0))
    file, config, vocabulary = traced.save(str(tmp_path))
    model = PyTorchModel(es, "sentences")
    model.import_model(model_path=file, config_path=None, vocab_path=vocabulary, config=config)
    model.start()
    texts = ["a red dog runs", "猫", "über the sea, naïve!", "house", "dog " * 40]
    answer = es.ml.infer_trained_model(model_id="sentences", docs=[{"text_field": text} for text in texts])
    assert [bool(result.get("is_truncated")) for result in answer["inference_results"]] == [False] * 4 + [True]
    reference = SentenceTransformer(str(folder), device="cpu")
    assert reference.max_seq_length == LONGEST
    for text, result in zip(texts, answer["inference_results"], strict=True):
        ours, theirs = np.array(result["predicted_value"]), reference.encode(text)
        assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) >= 0.9999, text
        assert np.allclose(ours, theirs, atol=1e-5), text
    model.stop()
    model.delete()
