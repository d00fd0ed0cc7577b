"""The steps down a document: names with dots, arrays in arrays, and where a new field is noted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clipline.emulator.indices.mappings.refused import Cause, failed


class Dotted:
    """The rest of a name with dots, and what stands there: ``{"b.c": 1}`` below ``a`` of ``a.b.c``."""

    __slots__ = ("parts", "value")

    def __init__(self, parts: list[str], value: Any) -> None:
        self.parts = parts
        self.value = value

    def opened(self) -> Any:
        """As the objects that it stands for."""
        value = self.value
        for part in reversed(self.parts):
            value = {part: value}
        return value


def split_name(key: str) -> list[str]:
    """A field name at its dots; dots at its end are dropped, as the real one does.

    Raises:
        Refused: an empty name, or an empty part.
    """
    if "." not in key and key:
        return [key]
    parts = key.split(".")
    while parts and not parts[-1]:
        parts.pop()
    reason = None
    if not key:
        reason = "field name cannot be an empty string"
    elif not parts:
        reason = "field name cannot contain only dots"
    elif not all(parts):
        reason = f"field name cannot contain only whitespace: ['{key}']"
    elif not all(part.strip() for part in parts):
        reason = f"field name starting or ending with a [.] makes object resolution ambiguous: [{key}]"
    if reason:
        raise failed(Cause("illegal_argument_exception", reason))
    return parts


def items(value: Any, *, pairs: bool = False) -> Iterator[tuple[Any, list[int]]]:
    """The values of an array with the way to them; arrays in arrays are opened up, but for a point's coordinates."""
    if not isinstance(value, list) or (pairs and is_pair(value)):
        yield value, []
        return
    for number, item in enumerate(value):
        for found, steps in items(item, pairs=pairs):
            yield found, [number, *steps]


def is_pair(value: Any) -> bool:
    """Whether an array is one point: its coordinates."""
    return (
        isinstance(value, list) and bool(value) and isinstance(value[0], int | float) and not isinstance(value[0], bool)
    )


def note(added: dict[str, Any], path: list[str], definition: dict[str, Any]) -> None:
    """Note a field that the document changes, below the objects that it is in."""
    *parents, leaf = path
    for parent in parents:
        added = added.setdefault(parent, {"properties": {}})["properties"]
    added[leaf] = definition
