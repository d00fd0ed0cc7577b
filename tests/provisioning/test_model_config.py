"""A model that others made is adopted only where the model file says what it has."""

from __future__ import annotations

from typing import Any

import pytest

from clipline.core.hub import ModelSource
from provisioning.assets.model_asset import IMPORT_DEFAULTS, ModelAsset
from provisioning.planner.model_config import config_differences


def asset(**parameters: Any) -> ModelAsset:
    """A model file with these import parameters."""
    source = ModelSource(model="m", revision=None)
    return ModelAsset(
        stem="m", where="models/m.yml", source=source, parameters={**IMPORT_DEFAULTS, **parameters}, model_alias="text",
        deployment={"deployment_id": "m"}, image_encoder=source, space="s",
    )  # fmt: skip


def config(*, prefixes: dict[str, str] | None = None, field: str = "text_field", **tokenization: Any) -> dict[str, Any]:
    """A model as the API shows it, with what the server adds."""
    shown = {
        "do_lower_case": False,
        "with_special_tokens": True,
        "max_sequence_length": 128,
        "truncate": "first",
        "span": -1,
    }
    text = {
        "tokenization": {"bert": {**shown, **tokenization}},
        "embedding_size": 512,
        "results_field": "predicted_value",
        "vocabulary": {"index": ".ml-inference-native-000002"},
    }
    return {
        "model_id": "m", "create_time": 1, "metadata": {"model_aliases": ["x"]}, "input": {"field_names": [field]},
        "inference_config": {"text_embedding": text}, **({"prefix_strings": prefixes} if prefixes else {}),
    }  # fmt: skip


OPTIONS = "inference_config.text_embedding"
CASES: dict[str, tuple[dict[str, Any], ModelAsset, list[tuple[str, Any, Any]]]] = {
    "as eland imports it": (config(), asset(embedding_size=512), []),
    "what neither says": (config(), asset(), []),
    "the file's length": (config(), asset(max_model_input_size=128), []),
    "another length": (
        config(), asset(max_model_input_size=77), [(f"{OPTIONS}.tokenization.bert.max_sequence_length", 128, 77)]
    ),
    "texts that are not cut": (
        config(truncate="none"), asset(), [(f"{OPTIONS}.tokenization.bert.truncate", "none", "first")]
    ),
    "longer vectors": (config(), asset(embedding_size=768), [(f"{OPTIONS}.embedding_size", 512, 768)]),
    "a prefix": (
        config(prefixes={"search": "query: "}), asset(), [("prefix_strings.search", "query: ", None)]
    ),
    "no prefix": (config(), asset(ingest_prefix="passage: "), [("prefix_strings.ingest", None, "passage: ")]),
    "the same prefix": (config(prefixes={"search": "query: "}), asset(search_prefix="query: "), []),
    "another field": (config(field="x"), asset(), [("input.field_names[0]", "x", "text_field")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_differences(name: str) -> None:
    there, wanted, expected = CASES[name]
    assert [(field.path, field.before, field.after) for field in config_differences(there, wanted)] == expected
