"""Which models there are, and which of them an expression names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument
from clipline.emulator.ml.models import BUILT_IN, model_missing
from clipline.emulator.ml.names import matches
from clipline.emulator.wire import Call

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
    "inference_config": {"classification": {"num_top_classes": 1}},
}
"""Built into every server and always among ``*``."""


def matching(node: Node, expression: str, *, allow_no_match: bool) -> dict[str, dict[str, Any]]:
    """The models that ids, aliases and wildcards name.

    Raises:
        ApiError: 404.
    """
    every = {**node.models.store.configs(), LANG_IDENT["model_id"]: LANG_IDENT}
    aliases = node.models.store.aliases()
    found: dict[str, dict[str, Any]] = {}
    for part in expression.split(","):
        if part in ("_all", "*", "") or "*" in part:
            pattern = "*" if part in ("_all", "") else part
            named = [key for key in every if matches(pattern, key)]
            named += [target for alias, target in aliases.items() if matches(pattern, alias)]
            if not named and not allow_no_match:
                raise model_missing(part)
        else:
            named = [part] if part in every else [aliases[part]] if part in aliases else []
            if not named:
                raise model_missing(part)
        found |= {key: every[key] for key in named}
    return found


def fully_defined(node: Node, model_id: str) -> bool:
    """Whether every part is there and their lengths add up."""
    facts = node.models.store.part_facts(model_id)
    return bool(facts) and len(facts) == facts[0][2] and sum(fact[3] for fact in facts) == facts[0][1]


def page(call: Call) -> tuple[int, int]:
    """``from`` and ``size``."""
    start, size = call.integer("from", default=0), call.integer("size", default=100)
    for name, value in (("from", start), ("size", size)):
        if value < 0:
            raise illegal_argument(f"Parameter [{name}] cannot be < 0")
    return start, size
