"""Pipelines as they are sent: which models and pipelines they name, and with another model in place of theirs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]


def models(body: Body) -> tuple[str, ...]:
    """The models that the pipeline's own inference processors name."""
    return tuple(dict.fromkeys(options["model_id"] for _, options in _processors(body) if "model_id" in options))


def with_model(body: Body, model_id: str) -> dict[str, Any]:
    """The pipeline with every inference processor of its own asking another model."""
    changed = copy.deepcopy(dict(body))
    for kind, options in _processors(changed):
        if kind == "inference":
            options["model_id"] = model_id
    return changed


def called(name: str, bodies: Mapping[str, Body]) -> tuple[str, ...]:
    """The pipelines of the stack that one of them calls, and those call, in the order of the calls; without itself."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        for kind, options in _processors(bodies[waiting.pop()]):
            inner = str(options.get("name"))
            if kind == "pipeline" and inner in bodies and inner not in found and inner != name:
                found[inner] = None
                waiting.append(inner)
    return tuple(found)


def _processors(body: Body) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _in(body.get("processors") or ())
    yield from _in(body.get("on_failure") or ())


def _in(processors: Sequence[Mapping[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in processors:
        for kind, options in entry.items():
            yield kind, options
            yield from _in(options.get("on_failure") or ())
            inner = options.get("processor")
            if kind == "foreach" and isinstance(inner, dict):
                yield from _in([inner])
