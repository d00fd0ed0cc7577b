"""Which fields differ between two canonical bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.plan import Field


def differences(before: Any, after: Any, *, only_wanted: bool = False) -> tuple[Field, ...]:
    """The differing fields, by their dotted path.

    Args:
        before: the observed canonical body.
        after: the desired one.
        only_wanted: leave out what only ``before`` has.
    """
    return tuple(_walk(before, after, "", only_wanted))


def _walk(before: Any, after: Any, path: str, only_wanted: bool) -> Iterator[Field]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            if only_wanted and key not in after:
                continue
            yield from _walk(before.get(key), after.get(key), f"{path}.{key}" if path else str(key), only_wanted)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from _walk(left, right, f"{path}[{number}]", only_wanted)
    elif before != after:
        yield Field(path, before, after)
