"""Which models there are, and which of them an expression names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument
from clipline.emulator.http.wire import Call
from clipline.emulator.ml.models import model_missing
from clipline.emulator.ml.names import BUILT_IN, matches
from clipline.emulator.ml.store import PartFact

if TYPE_CHECKING:
    from clipline.emulator.node import Node

LANG_IDENT: dict[str, Any] = {
    "model_id": BUILT_IN,
    "model_type": "lang_ident",
    "created_by": "_xpack",
    "version": "7.6.0",
    "create_time": 1575548914594,
    "model_size_bytes": 1053992,
    "estimated_operations": 39629,
    "license_level": "basic",
    "description": "Model used for identifying language from arbitrary input text.",
    "tags": ["lang_ident", "prepackaged"],
    "input": {"field_names": ["text"]},
    "inference_config": {
        "classification": {
            "num_top_classes": 1,
            "top_classes_results_field": "top_classes",
            "results_field": "predicted_value",
            "num_top_feature_importance_values": 0,
            "prediction_field_type": "string",
        }
    },
}
"""Built into every server and always among ``*``."""


def matching(
    node: Node, expression: str, *, allow_no_match: bool, tags: frozenset[str] = frozenset()
) -> dict[str, dict[str, Any]]:
    """The models that ids, aliases and wildcards name, among those that have all the tags.

    Raises:
        ApiError: 404 with every name that stands for nothing; a pattern may, unless ``allow_no_match`` is false.
    """
    every = {**node.models.store.configs(), LANG_IDENT["model_id"]: LANG_IDENT}
    every = {key: config for key, config in every.items() if tags <= set(config["tags"])}
    aliases = {alias: target for alias, target in node.models.store.aliases().items() if target in every}
    found: dict[str, dict[str, Any]] = {}
    missing: list[str] = []
    for part in expression.split(","):
        pattern = "*" if part in ("_all", "") else part
        if "*" in pattern:
            named = [key for key in every if matches(pattern, key)]
            named += [target for alias, target in aliases.items() if matches(pattern, alias)]
            missing += [part] * (not named and not allow_no_match)
        else:
            named = [part] if part in every else [aliases[part]] if part in aliases else []
            missing += [part] * (not named)
        found |= {key: every[key] for key in named}
    if missing:
        raise model_missing(",".join(dict.fromkeys(missing)))
    return found


def defined_length(facts: Sequence[PartFact]) -> int | None:
    """The length of a definition whose parts agree on it and add up to it, else ``None``."""
    lengths = {fact.total_length for fact in facts}
    total = sum(fact.length for fact in facts)
    return total if lengths == {total} else None


def page(call: Call) -> tuple[int, int]:
    """``from`` and ``size``."""
    start, size = call.integer("from", default=0), call.integer("size", default=100)
    for name, value in (("from", start), ("size", size)):
        if value < 0:
            raise illegal_argument(f"Parameter [{name}] cannot be < 0")
    return start, size
