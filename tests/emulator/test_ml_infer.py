"""``_infer``: bodies, overrides, shapes of results, inputs, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Api
from tests.emulator.ml_archives import ask, deployed, node_stats, put, scripted, start
from tests.emulator.ml_tiny import ids

BASE = "/_ml/trained_models"
DOG = {"docs": [{"text": "dog"}]}
PARSER = "[1:1] [cluster:internal/xpack/ml/inference/infer]"


@pytest.fixture(scope="module")
def moody(ml: Api) -> str:
    """The path of a model with two deployments, ``one`` and ``two``: it fails for two words and has no rows for none."""
    put(ml, "moody", scripted("moody"))
    ml("PUT", f"{BASE}/moody/model_aliases/nick")
    for deployment in ("one", "two"):
        start(ml, "moody", deployment_id=deployment)
    return f"{BASE}/moody"


@pytest.fixture(scope="module")
def windows(ml: Api) -> str:
    """The path of an embedding model that cuts long texts into windows; its input is the field ``a.b``."""
    return deployed(ml, "windows", "facts", options={"input": {"field_names": ["a.b"]}}, truncate="none", span=1)


def facts(*tokens: str) -> list[float]:
    return [float(sum(ids(*tokens))), len(tokens) + 2.0, len(tokens) + 2.0]


def test_several_documents_in_their_order(ml: Api) -> None:
    assert ask(ml, f"{BASE}/facts", "red", "red dog", "", "red") == [
        {"predicted_value": facts("red")},
        {"predicted_value": facts("red", "dog")},
        {"predicted_value": facts()},
        {"predicted_value": facts("red")},
    ]


def test_any_document_that_fails_fails_the_request(ml: Api) -> None:
    docs = [{"text": "red"}, {"other": 1}, {"text": 7}]
    error = ml.error("POST", f"{BASE}/facts/_infer", {"docs": docs}, code=400)
    assert error == ("status_exception", "Input field [text] does not exist in the source document")


def test_cut_off(ml: Api) -> None:
    (result,) = ask(ml, f"{BASE}/facts", "dog " * 9)
    assert result == {"predicted_value": facts(*["dog"] * 6), "is_truncated": True}
    name = {"inference_config": {"text_embedding": {"results_field": "vector"}}}
    (result,) = ask(ml, f"{BASE}/facts", "dog " * 9, **name)
    assert result == {"vector": facts(*["dog"] * 6), "is_truncated": True}


def override(**options: Any) -> dict[str, Any]:
    return {"inference_config": {"text_embedding": {"tokenization": {"bert": options}}}}


def test_truncate_none(ml: Api) -> None:
    assert ask(ml, f"{BASE}/facts", "red dog", **override(truncate="NONE")) == ask(ml, f"{BASE}/facts", "red dog")
    docs = {"docs": [{"text": "dog " * 7}]}
    too_long = "Input too large. The tokenized input length [9] exceeds the maximum sequence length [8]"
    # An update with none takes windows away, even those it asks for itself.
    for changed in (override(truncate="none"), override(truncate="none", span=2)):
        assert ml.error("POST", f"{BASE}/facts/_infer", {**docs, **changed}, code=400) == ("status_exception", too_long)
    for changed, truncate in ((override(span=2), "first"), (override(truncate="second", span=0), "second")):
        reason = f"[span] must not be provided when [truncate] is [{truncate}]"
        assert ml.error("POST", f"{BASE}/facts/_infer", {**docs, **changed}, code=400)[1] == reason


def test_windows_answer_with_the_first_one(ml: Api, windows: str) -> None:
    first = facts(*["dog"] * 6)
    (result,) = ml("POST", f"{windows}/_infer", {"docs": {"a.b": "dog " * 9}})["inference_results"]
    assert result == {"predicted_value": first}  # and nothing is cut off
    matrix = f"{BASE}/passes"
    # windows of six tokens that share one; the last one is filled up
    second = facts(*["dog"] * 4)
    assert ask(ml, matrix, "dog " * 9) == [{"predicted_value": [first, [second[0], 8.0, 6.0]]}]
    (result,) = ask(ml, matrix, "dog " * 9, inference_config={"pass_through": {"tokenization": {"bert": {"span": 5}}}})
    assert len(result["predicted_value"]) == 4
    error = ml.error(
        "POST", f"{matrix}/_infer",
        {"docs": [{"text": "dog " * 9}], "inference_config": {"pass_through": {"tokenization": {"bert": {"span": 6}}}}},
        code=501,
    )  # fmt: skip
    assert "leaves no room" in error[1]


def test_an_error_in_the_model_fails_the_request_only(ml: Api, moody: str) -> None:
    before = node_stats(ml, "one")
    error = ml.error("POST", f"{BASE}/one/_infer", {"docs": [{"text": "dog"}, {"text": "red dog"}]}, code=500)
    assert error[0] == "status_exception"
    assert error[1].startswith("Error in inference process: [")
    assert "no more than one word" in error[1]
    stats = node_stats(ml, "one")
    assert (stats["error_count"], stats["inference_count"]) == (1, before["inference_count"] + 1)
    assert stats["routing_state"] == {"routing_state": "started"}
    assert ask(ml, f"{BASE}/one", "dog") == [{"predicted_value": [1.0, 1.0]}]


def test_a_result_without_rows(ml: Api, moody: str) -> None:
    error = ml.error("POST", f"{moody}/_infer", {"docs": [{"text": ""}]}, code=500)
    assert error == ("array_index_out_of_bounds_exception", "Index 0 out of bounds for length 0")


INPUTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "nested": ({"a": {"b": "dog"}}, None),
    "dotted": ({"a.b": "dog"}, None),
    "both": ({"a": {"c": "x"}, "a.b": "dog"}, None),
    "missing": ({"a": {"c": "dog"}}, "Input field [a.b] does not exist in the source document"),
    "null": ({"a": {"b": None}}, "Input field [a.b] does not exist in the source document"),
    "number": ({"a.b": 7}, "Input value [7] for field [a.b] must be a string"),
    "boolean": ({"a.b": True}, "Input value [true] for field [a.b] must be a string"),
    "list": ({"a": [{"b": "x"}, {"b": "y"}]}, "Input value [[x, y]] for field [a.b] must be a string"),
    "object": ({"a.b": {"c": [1, None]}}, "Input value [{c=[1, null]}] for field [a.b] must be a string"),
    "through a text": ({"a": "b"}, "Input field [a.b] does not exist in the source document"),
}


def test_inputs(ml: Api, windows: str) -> None:
    path = windows
    for name, (doc, reason) in INPUTS.items():
        if reason is None:
            assert ml("POST", f"{path}/_infer", {"docs": [doc]})["inference_results"] == [
                {"predicted_value": facts("dog")}
            ], name
        else:
            assert ml.error("POST", f"{path}/_infer", {"docs": [doc]}, code=400) == ("status_exception", reason), name


BODIES: dict[str, tuple[Any, int, str, str]] = {
    "no docs": ({}, 400, "illegal_argument_exception", "[docs] must not be null."),
    "null docs": ({"docs": None}, 400, "illegal_argument_exception", "[docs] must not be null."),
    "empty docs": ({"docs": []}, 400, "action_request_validation_exception",
                   "Validation Failed: 1: at least one document is required ;"),
    "text docs": ({"docs": "dog"}, 400, "x_content_parse_exception",
                  f"{PARSER} docs doesn't support values of type: VALUE_STRING"),
    "texts": ({"docs": ["dog"]}, 400, "status_exception", "Input field [text] does not exist in the source document"),
    "lists": ({"docs": [[]]}, 400, "x_content_parse_exception", f"{PARSER} docs doesn't support values of type: END_ARRAY"),
    "unknown": ({**DOG, "doc": 1}, 400, "x_content_parse_exception", f"{PARSER} unknown field [doc]"),
    "id": ({**DOG, "id": 1}, 400, "x_content_parse_exception", f"{PARSER} id doesn't support values of type: VALUE_NUMBER"),
    "timeout": ({**DOG, "timeout": "soon"}, 400, "illegal_argument_exception", "unit is missing or unrecognized"),
    "text config": ({**DOG, "inference_config": "x"}, 400, "x_content_parse_exception",
                    f"{PARSER} inference_config doesn't support values of type: VALUE_STRING"),
    "other task": ({**DOG, "inference_config": {"ner": {}}}, 403, "status_exception",
                   "Trained model [facts] is configured for task [text_embedding] but called with task [ner]"),
    "roberta": ({**DOG, "inference_config": {"text_embedding": {"tokenization": {"roberta": {}}}}}, 501,
                "emulator_unsupported_exception", "[roberta]"),
    "balanced": ({**DOG, **override(truncate="balanced")}, 501, "emulator_unsupported_exception", "[balanced]"),
    "far span": ({**DOG, **override(span=-2)}, 400, "illegal_argument_exception", "[span] must be non-negative to"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies(ml: Api, name: str) -> None:
    body, code, kind, reason = BODIES[name]
    error = ml.error("POST", f"{BASE}/facts/_infer", body, code=code)
    assert error[0] == kind
    assert reason in error[1]


def test_one_document_without_a_list_and_unread_fields(ml: Api) -> None:
    body = {"docs": {"text": "dog"}, "id": "other", "timeout": "999999999999D"}  # longer than Python could wait
    assert ml("POST", f"{BASE}/facts/_infer", body)["inference_results"] == [{"predicted_value": facts("dog")}]
    assert ml.error("POST", f"{BASE}/facts/_infer", code=400) == ("status_exception", "requires body")
    assert "[time]" in ml.error("POST", f"{BASE}/facts/_infer?time=1s", DOG, code=400)[1]


NESTED: dict[str, tuple[Any, str, str]] = {
    "unknown task": ({"embed": {}}, "named_object_not_found_exception", "[1:1] unknown field [embed]"),
    "embedding size": ({"text_embedding": {"embedding_size": 3}}, "x_content_parse_exception",
                       "[1:1] [text_embedding] unknown field [embedding_size]"),
    "result": ({"text_embedding": {"results_field": 1}}, "x_content_parse_exception",
               "[1:1] [text_embedding] results_field doesn't support values of type: VALUE_NUMBER"),
    "tokenization": (override(lower=True)["inference_config"], "x_content_parse_exception",
                     "[1:1] [bert_tokenization_update] unknown field [lower]"),
    "truncate": (override(truncate="last")["inference_config"], "x_content_parse_exception",
                 "[1:1] Failed to build [bert_tokenization_update] after last required field arrived"),
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
def test_errors_within_the_override(ml: Api, name: str) -> None:
    config, kind, reason = NESTED[name]
    error = ml("POST", f"{BASE}/facts/_infer", {**DOG, "inference_config": config}, code=400)["error"]
    assert (error["type"], error["reason"]) == (
        "x_content_parse_exception", f"{PARSER} failed to parse field [inference_config]"
    )  # fmt: skip
    assert error["root_cause"] == [{"type": kind, "reason": reason}]
    task = next(iter(config))
    assert error["caused_by"]["reason"] == f"[1:1] [inference_config] failed to parse field [{task}]"
    assert error["caused_by"]["caused_by"]["reason"] == reason


def test_old_path(ml: Api) -> None:
    path = f"{BASE}/facts/deployment/_infer"
    answer = ml.http.post(path, json=DOG)
    assert answer.json() == {"predicted_value": facts("dog")}
    assert f"[POST {BASE}/{{model_id}}/deployment/_infer] is deprecated! Use [POST" in answer.headers["warning"]
    two = {"docs": [{"text": "dog"}, {"text": "red"}]}
    reason = "Validation Failed: 1: multiple documents are not supported;"
    assert ml.error("POST", path, two, code=400) == ("validation_exception", reason)


def test_names(ml: Api, moody: str) -> None:
    put(ml, "named", scripted("moody"))
    must = "Model [named] must be deployed to use. Please deploy with the start trained model deployment API."
    assert ml.error("POST", f"{BASE}/named/_infer", DOG, code=409) == ("status_exception", must)
    missing = ("resource_not_found_exception", "Could not find trained model [none]")
    assert ml.error("POST", f"{BASE}/none/_infer", DOG, code=404) == missing
    assert ml.error("POST", f"{BASE}/none/_infer", {"docs": []}, code=404) == missing
    assert ml.error("POST", f"{BASE}/lang_ident_model_1/_infer", DOG, code=501)[0] == "emulator_unsupported_exception"
    for name in ("moody", "nick", "one", "two"):
        assert ask(ml, f"{BASE}/{name}", "dog") == [{"predicted_value": [1.0, 1.0]}]
    before = [node_stats(ml, name)["inference_count"] for name in ("one", "two")]
    # Of the model's deployments one by chance answers to the model's names: both do in time.
    for _ in range(40):
        ask(ml, f"{BASE}/nick", "dog")
    after = [node_stats(ml, name)["inference_count"] for name in ("one", "two")]
    assert sum(after) == sum(before) + 40
    assert all(old < new for old, new in zip(before, after, strict=True)), "one of two is never chosen once in 2**39"
    # The deployment that has the model's own id goes before all others.
    start(ml, "moody")
    for _ in range(5):
        ask(ml, f"{BASE}/nick", "dog")
    entries = [entry["deployment_stats"] for entry in ml("GET", f"{BASE}/nick/_stats")["trained_model_stats"]]
    counts = {entry["deployment_id"]: entry["nodes"][0]["inference_count"] for entry in entries}
    assert counts == {"moody": 5, "one": after[0], "two": after[1]}
    ml("POST", f"{BASE}/moody/deployment/_stop")


def test_prefixes_are_for_searches_and_ingestion_only(ml: Api) -> None:
    ml("PUT", "/_ingest/pipeline/p", {"processors": [{"inference": {"model_id": "facts", "input_output": {
        "input_field": "text", "output_field": "vector"}}}]})  # fmt: skip
    answer = ml("POST", "/_ingest/pipeline/p/_simulate", {"docs": [{"_source": {"text": "red"}}]})
    assert answer["docs"][0]["doc"]["_source"]["vector"] == facts("cat", "red")
    vectors = {"v": {"type": "dense_vector", "dims": 3, "similarity": "l2_norm"}}
    ml("PUT", "/prefixed", {"mappings": {"properties": vectors}})
    ml("PUT", "/prefixed/_doc/1?refresh=true", {"v": facts("dog", "red")}, code=201)
    builder = {"text_embedding": {"model_id": "facts", "model_text": "red"}}
    knn = {"field": "v", "k": 1, "num_candidates": 1, "query_vector_builder": builder}
    assert ml("POST", "/prefixed/_search", {"knn": knn})["hits"]["max_score"] == 1.0
    assert ask(ml, f"{BASE}/facts", "red") == [{"predicted_value": facts("red")}]


def test_a_search_needs_an_embedding(ml: Api) -> None:
    ml("PUT", "/other", {"mappings": {"properties": {"v": {"type": "dense_vector", "dims": 3}}}})
    builder = {"text_embedding": {"model_id": "passes", "model_text": "red"}}
    knn = {"field": "v", "k": 1, "num_candidates": 1, "query_vector_builder": builder}
    kind, reason = ml.error("POST", "/other/_search", {"knn": knn}, code=400)
    assert kind == "illegal_argument_exception"
    assert reason == (
        "expected a result of type [text_embedding_result] received [pass_through_result]. Is [passes] a text embedding "
        "model?"
    )
