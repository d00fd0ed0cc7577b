"""Trained models and their aliases: what was put, without what the server adds.

The server fills in the tokenizer with all its options, names the index of the vocabulary, and adds dates, sizes, the
licence level and the place of the model. Sources: ``TrainedModelConfig``, ``TextEmbeddingConfig``, ``Tokenization``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.common import flag, listed, present, whole, without_marks

_SERVER_FIELDS = frozenset(
    {"model_id", "created_by", "version", "create_time", "create_time_string", "model_size_bytes", "model_size",
     "estimated_heap_memory_usage_bytes", "estimated_operations", "license_level", "location", "fully_defined",
     "definition", "compressed_definition", "default_field_map"}
)  # fmt: skip
_TOKENIZATION: Mapping[str, Any] = {
    "do_lower_case": False,
    "with_special_tokens": True,
    "max_sequence_length": 512,
    "truncate": "first",
    "span": -1,
}
_RESULTS_FIELD = "predicted_value"
_INPUT = ["input"]
"""The field of a PyTorch model that names none (``TrainedModelType.PYTORCH``)."""


def canonical_model(body: Mapping[str, Any]) -> dict[str, Any]:
    """A trained model's canonical form; the tags are a set, and aliases are a kind of their own."""
    value = {key: child for key, child in body.items() if key not in _SERVER_FIELDS}
    metadata = without_marks(value.get("metadata"))
    metadata.pop("model_aliases", None)
    value["metadata"] = metadata
    value["tags"] = sorted(set(listed(value.get("tags"))))
    value["input"] = {"field_names": listed((value.get("input") or {}).get("field_names")) or _INPUT}
    value["prefix_strings"] = present(value.get("prefix_strings") or {})
    value["inference_config"] = {
        task: _task(options or {}) for task, options in (value.get("inference_config") or {}).items()
    }
    return present(value)


def canonical_model_alias(body: Mapping[str, Any]) -> dict[str, Any]:
    """A model alias's canonical form: the model behind it."""
    return {"model_id": body.get("model_id")}


def _task(options: Mapping[str, Any]) -> dict[str, Any]:
    value = {key: child for key, child in options.items() if key != "vocabulary"}
    ((kind, given),) = (value.get("tokenization") or {"bert": {}}).items()
    defaults = {**_TOKENIZATION, **({"add_prefix_space": False} if kind == "roberta" else {})}
    value["tokenization"] = {kind: {**defaults, **{key: whole(flag(child)) for key, child in present(given).items()}}}
    if value.get("results_field") == _RESULTS_FIELD:
        del value["results_field"]
    if "embedding_size" in value:
        value["embedding_size"] = whole(value["embedding_size"])
    return present(value)
