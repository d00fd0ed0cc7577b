"""Which fields differ between two canonical bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning.plan import Field


def differences(before: Any, after: Any, *, only_wanted: bool = False) -> tuple[Field, ...]:
    """The differing fields, by their dotted path.

    ``true`` is not ``1`` and ``1`` is not ``1.0``: JSON tells them apart, and so does a document. In lists of objects
    that differ in length, what both have at the beginning and at the end is no difference, so that one more processor,
    or one less, is one field.

    Args:
        before: the observed canonical body.
        after: the desired one.
        only_wanted: leave out what only ``before`` has.
    """
    return tuple(_walk(before, after, "", only_wanted))


def same(before: Any, after: Any) -> bool:
    """Whether two JSON values are one."""
    return next(_walk(before, after, "", False), None) is None


def _walk(before: Any, after: Any, path: str, only_wanted: bool) -> Iterator[Field]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            if only_wanted and key not in after:
                continue
            yield from _walk(before.get(key), after.get(key), f"{path}.{key}" if path else str(key), only_wanted)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from _walk(left, right, f"{path}[{number}]", only_wanted)
    elif _objects(before) and _objects(after):
        yield from _of_lists(before, after, path)
    elif before != after or type(before) is not type(after):
        yield Field(path, before, after)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Field]:
    """Two lists of unequal length; an index is that of the list which holds the item."""
    shorter = min(len(before), len(after))
    head = next((place for place in range(shorter) if not same(before[place], after[place])), shorter)
    tail = next(
        (place for place in range(shorter - head) if not same(before[-1 - place], after[-1 - place])), shorter - head
    )
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    if left and right:
        yield Field(path, list(before), list(after))
        return
    for number, item in enumerate(left, head):
        yield Field(f"{path}[{number}]", item, None)
    for number, item in enumerate(right, head):
        yield Field(f"{path}[{number}]", None, item)
