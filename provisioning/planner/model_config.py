"""What a model file decides of a trained model's configuration, compared with a model that others made. Pure.

A configuration cannot be changed, and the parity proof does not see all of it: probes are short, and no prefix stands
before them. So a model is adopted only where the file says what the model has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.assets.model_asset import INPUT_FIELD, ModelAsset
from provisioning.canonical import canonical
from provisioning.diff import differences
from provisioning.plan import Field

_FIRST = "bert"
"""The only tokenization that bundles are built with."""


def config_differences(config: Mapping[str, Any], asset: ModelAsset) -> tuple[Field, ...]:
    """In what a model's configuration, as the API shows it, is not what a model file says.

    What neither the file nor the model says is no difference, nor are the server's defaults.
    """
    parameters = asset.parameters
    before = canonical("trained_model", config)
    task = str(parameters["task_type"])
    there = (before.get("inference_config") or {}).get(task) or {}
    tokenization = {"truncate": parameters["truncate"]}
    if parameters["max_model_input_size"] is not None:
        tokenization["max_sequence_length"] = parameters["max_model_input_size"]
    options: dict[str, Any] = {"tokenization": {next(iter(there.get("tokenization") or {_FIRST: {}})): tokenization}}
    if "embedding_size" in there and parameters["embedding_size"] is not None:
        options["embedding_size"] = parameters["embedding_size"]
    after = {
        "input": {"field_names": [INPUT_FIELD]},
        "inference_config": {task: options},
        "prefix_strings": {end: parameters[f"{end}_prefix"] for end in ("ingest", "search")},
    }
    return differences({"prefix_strings": {}, **before}, after, only_wanted=True)
