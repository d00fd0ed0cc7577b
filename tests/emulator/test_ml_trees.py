"""Tree models: kept, shown, named and deleted like all others; running one is refused."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tests.emulator.conftest import Api

MODELS = "/_ml/trained_models"
LEAF = {"node_index": 0, "leaf_value": 1}
NAMES = ["field1", "field2"]
STUMP: dict[str, Any] = {"tree": {"feature_names": NAMES, "tree_structure": [LEAF], "target_type": "regression"}}
SPLIT = [{"node_index": 0, "threshold": 2, "left_child": 1, "right_child": 2},
         {"node_index": 1, "leaf_value": 0}, {"node_index": 2, "leaf_value": 1}]  # fmt: skip


def body(model: Any = STUMP, task: str = "regression", **more: Any) -> dict[str, Any]:
    return {
        "input": {"field_names": NAMES},
        "inference_config": {task: {}},
        "definition": {"preprocessors": [], "trained_model": model},
        **more,
    }


def tree(nodes: list[dict[str, Any]], names: list[str] = NAMES, **more: Any) -> dict[str, Any]:
    return {"tree": {"feature_names": names, "tree_structure": nodes, **more}}


@pytest.fixture
def model(api: Api, name: str) -> Any:
    yield name
    api.http.delete(f"{MODELS}/{name}?force=true")


def test_a_tree_is_kept_without_its_definition_being_shown(api: Api, model: str) -> None:
    shown = api("PUT", f"{MODELS}/{model}", body({"ensemble": {"trained_models": [tree(SPLIT), tree(SPLIT)]}}))
    assert (shown["model_type"], shown["estimated_operations"]) == ("tree_ensemble", 6)
    assert shown["model_size_bytes"] > 0
    assert {"definition", "compressed_definition", "location"}.isdisjoint(shown)
    assert shown["inference_config"] == {
        "regression": {"results_field": "predicted_value", "num_top_feature_importance_values": 0}
    }
    assert api("GET", f"{MODELS}/{model}")["trained_model_configs"] == [shown]
    (stats,) = api("GET", f"{MODELS}/{model}/_stats")["trained_model_stats"]
    assert stats["model_size_stats"] == {
        "model_size_bytes": shown["model_size_bytes"],
        "required_native_memory_bytes": 0,
    }
    api("PUT", f"{MODELS}/{model}/model_aliases/{model}alias")
    docs = {"docs": [{"field1": 1}]}
    for called in (model, f"{model}alias"):
        assert api.error("POST", f"{MODELS}/{called}/_infer", docs, code=501)[0] == "emulator_unsupported_exception"
    reason = api.error("POST", f"{MODELS}/{model}/deployment/_start", code=400)[1]
    assert "of type [tree_ensemble] cannot be deployed. Only PyTorch models can be deployed" in reason
    assert api("DELETE", f"{MODELS}/{model}") == {"acknowledged": True}


def test_compressed(api: Api, model: str) -> None:
    packed = base64.b64encode(gzip.compress(json.dumps(body()["definition"]).encode())).decode()
    compressed = {**body(), "compressed_definition": packed}
    answer = api("PUT", f"{MODELS}/{model}", compressed, code=400)
    assert "both [compressed_definition] and [definition] cannot be set." in json.dumps(answer)
    del compressed["definition"]
    assert api("PUT", f"{MODELS}/{model}", compressed)["estimated_operations"] == 2
    broken = {**compressed, "compressed_definition": packed[:20]}
    assert "Failed to parse definition for" in api.error("PUT", f"{MODELS}/{model}x", broken, code=400)[1]
    deep = STUMP
    for _ in range(90):
        deep = {"ensemble": {"trained_models": [deep]}}
    packed = base64.b64encode(gzip.compress(json.dumps({"trained_model": deep}).encode())).decode()
    error = api.error("PUT", f"{MODELS}/{model}x", {**compressed, "compressed_definition": packed}, code=501)
    assert error[0] == "emulator_unsupported_exception"
    assert error[1].endswith("nested that deep")
    packed = base64.b64encode(gzip.compress(bytes(101 * 1024 * 1024))).decode()
    error = api.error("PUT", f"{MODELS}/{model}x", {**compressed, "compressed_definition": packed}, code=501)
    assert "inflates to more than" in error[1]
    # Whoever defers has not looked at it, and must say its size.
    path = f"{MODELS}/{model}deferred?defer_definition_decompression=true"
    assert "model_size_bytes must be set" in api.error("PUT", path, broken, code=400)[1]
    assert api("PUT", path, {**broken, "model_size_bytes": 1024})["model_size_bytes"] == 1024
    api("DELETE", f"{MODELS}/{model}deferred")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no models": (body({"ensemble": {"trained_models": []}}), "[trained_models] must not be empty"),
    "feature": (
        body({"ensemble": {"trained_models": [tree([{"node_index": 0, "split_feature": 1, "left_child": 1}], [])]}}),
        "feature index [1] is out of bounds for the [feature_names] array",
    ),
    "missing": (body(tree([SPLIT[0]])), "[tree] contains missing nodes [1, 2]"),
    "cycle": (body(tree([{"node_index": 0, "left_child": 0}])), "[tree] contains cycle at node 0"),
    "no features": (body(tree(SPLIT, [])), "[feature_names] is empty and the tree has > 1 nodes; num nodes [3]"),
    "task": (body(task="classification"), "type [classification] does not support definition target type [regression]"),
    "labels": (
        body(tree([LEAF], classification_labels=["a"])),
        "[target_type] should be [classification] if [classification_labels] is provided",
    ),
    "input": (body(input=None), "[input] must not be null."),
    "empty input": (body(input={"field_names": []}), "[input.field_names] must not be empty"),
    "unknown": (body({"tree": {"x": 1}}), "[tree] unknown field [x]"),
    "no tree": (body({"tree": 1}), "doesn't support values of type"),
    "importance": (
        body(inference_config={"regression": {"num_top_feature_importance_values": -1}}),
        "must be greater than or equal to 0",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_tree(api: Api, name: str, case: str) -> None:
    asked, said = WRONG[case]
    answer = api("PUT", f"{MODELS}/{name}", asked, code=400)
    assert said in json.dumps(answer["error"])


def test_what_is_not_emulated(api: Api, name: str) -> None:
    for asked in (
        body({"lang_ident_neural_network": {}}),
        {**body(), "definition": {"preprocessors": [{"one_hot_encoding": {}}], "trained_model": STUMP}},
        {**body(), "definition": None, "model_type": "tree_ensemble"},
        {**body(), "model_type": "lang_ident"},
    ):
        assert api.error("PUT", f"{MODELS}/{name}", asked, code=501)[0] == "emulator_unsupported_exception"
