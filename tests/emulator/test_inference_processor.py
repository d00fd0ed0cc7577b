"""The ``inference`` processor of pipelines with a deployed model, asked by the genuine client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.ml_tiny import expected, ids, put_tiny

VECTOR = expected(*ids("red", "dog"))
PAIR = {"input_field": "text", "output_field": "deep.vector"}


@pytest.fixture(scope="module")
def es(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A client of an emulator with the tiny model deployed as ``tiny``."""
    with (
        running_emulator(tmp_path_factory.mktemp("inference")) as url,
        Elasticsearch(url, request_timeout=60, max_retries=0) as client,
    ):
        put_tiny(client, "tiny")
        client.ml.start_trained_model_deployment(model_id="tiny")
        yield client


def _run(client: Elasticsearch, options: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    processors = [{"inference": {"model_id": "tiny", **options}}]
    (answer,) = client.ingest.simulate(pipeline={"processors": processors}, docs=[{"_source": source}])["docs"]
    result: dict[str, Any] = answer["error"] if "error" in answer else answer["doc"]["_source"]
    return result


def test_the_vector_stands_where_it_was_wanted(es: Elasticsearch) -> None:
    assert _run(es, {"input_output": PAIR}, {"text": "red dog"}) == {
        "text": "red dog",
        "deep": {"vector": VECTOR, "model_id": "tiny"},
    }


def test_only_the_first_pair_names_the_model(es: Elasticsearch) -> None:
    second = {"input_field": "title", "output_field": "other"}
    result = _run(es, {"input_output": [PAIR, second]}, {"text": "red dog", "title": "dog"})
    assert result["deep"] == {"vector": VECTOR, "model_id": "tiny"}
    assert result["other"] == expected(*ids("dog"))
    assert "model_id" not in result


def test_a_vector_that_is_there_already_is_appended_to(es: Elasticsearch) -> None:
    result = _run(es, {"input_output": {**PAIR, "output_field": "v"}}, {"text": "red dog", "v": [0.5]})
    assert result["v"] == [0.5, *VECTOR]


def test_what_fails_for_one_pair_changes_nothing(es: Elasticsearch) -> None:
    second = {"input_field": "title", "output_field": "other"}
    whole = {"text_embedding": {"tokenization": {"bert": {"truncate": "none"}}}}
    rescue = [{"set": {"field": "failed", "value": True}}]
    options = {"input_output": [PAIR, second], "inference_config": whole, "on_failure": rescue}
    source = {"text": "red dog", "title": "red " * 20}
    assert _run(es, options, source) == {**source, "failed": True}


def test_what_was_cut_off_is_told(es: Elasticsearch) -> None:
    assert _run(es, {"input_output": PAIR}, {"text": "red " * 20})["deep"]["is_truncated"] is True


def test_the_older_form(es: Elasticsearch) -> None:
    options = {"target_field": "found", "field_map": {"caption": "text_field"}}
    result = _run(es, options, {"caption": "red dog"})
    assert result["found"] == {"predicted_value": VECTOR, "model_id": "tiny"}


def test_input_that_is_missing_or_no_text(es: Elasticsearch) -> None:
    assert _run(es, {"input_output": PAIR}, {})["reason"] == "field [text] not present as part of path [text]"
    assert _run(es, {"input_output": PAIR, "ignore_missing": True}, {"a": 1}) == {"a": 1}
    wrong = _run(es, {"input_output": PAIR}, {"text": 5})
    assert wrong["reason"] == "input field [text] cannot be processed because it is not a text field"


def test_a_condition_spares_the_model(es: Elasticsearch) -> None:
    options = {"input_output": PAIR, "if": "ctx.text != null && !ctx.text.isEmpty()"}
    before = es.ml.get_trained_models_stats(model_id="tiny")["trained_model_stats"][0]["deployment_stats"]
    assert _run(es, options, {"text": ""}) == {"text": ""}
    after = es.ml.get_trained_models_stats(model_id="tiny")["trained_model_stats"][0]["deployment_stats"]
    assert after["inference_count"] == before["inference_count"]


def test_a_model_that_is_not_there_is_noticed_when_it_is_asked(es: Elasticsearch) -> None:
    es.ingest.put_pipeline(id="none", processors=[{"inference": {"model_id": "none", "input_output": PAIR}}])
    with pytest.raises(ApiError) as caught:
        es.index(index="i", id="1", pipeline="none", document={"text": "dog"})
    assert caught.value.status_code == 404
    assert caught.value.body["error"]["reason"] == "[none] is not an inference service model or a deployed ml model"
    rescue = [{"set": {"field": "failure", "value": "{{_ingest.on_failure_processor_type}}"}}]
    inference = {"model_id": "none", "input_output": PAIR, "on_failure": rescue}
    es.ingest.put_pipeline(id="none", processors=[{"inference": inference}])
    es.index(index="i", id="1", pipeline="none", document={"text": "dog"})
    assert es.get(index="i", id="1")["_source"] == {"text": "dog", "failure": "inference"}


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"model_id": None, "input_output": PAIR}, "[model_id] required property is missing"),
    "unknown option": ({"input_output": PAIR, "b": 1}, "doesn't support one or more provided configuration parameters [b]"),
    "two forms": ({"input_output": PAIR, "target_field": "x"}, "[target_field] option is incompatible with [input_output]"),
    "no pairs": ({"input_output": []}, "[input_output] property cannot be empty at least one is required"),
    "half a pair": ({"input_output": {"input_field": "a"}}, "[output_field] required property is missing"),
    "twice": ({"input_output": [PAIR, PAIR]}, "[input_field] names must be unique but [text] is repeated"),
    "text": ({"input_output": "text"}, "[input_output] property isn't a map or list of maps"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(es: Elasticsearch, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        es.ingest.put_pipeline(id="refused", processors=[{"inference": {"model_id": "tiny", **options}}])
    error = caught.value.body["error"]
    assert (error["type"], error["processor_type"]) == ("parse_exception", "inference")
    assert reason in error["reason"]
