"""The processors in an ingest pipeline's body, wherever they stand in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def processors(value: Any, kind: str) -> Iterator[Mapping[str, Any]]:
    """Every processor of one kind."""
    if isinstance(value, Mapping):
        for name, child in value.items():
            if name == kind and isinstance(child, Mapping):
                yield child
            yield from processors(child, kind)
    elif isinstance(value, list):
        for child in value:
            yield from processors(child, kind)


def processors_values(value: Any, kind: str, key: str) -> Iterator[str]:
    """A parameter of every processor of one kind."""
    return (found[key] for found in processors(value, kind) if isinstance(found.get(key), str))


def outputs(inference: Mapping[str, Any]) -> set[str]:
    """The fields that an inference processor writes; in its old form it writes below ``target_field``."""
    given = inference.get("input_output")
    if given is None:
        return {str(inference.get("target_field") or "ml.inference")}
    pairs = given if isinstance(given, list) else [given]
    return {str(pair.get("output_field")) for pair in pairs if isinstance(pair, Mapping)}
