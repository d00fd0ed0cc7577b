"""``ignored_field_values`` of a hit: what ``fields`` asks for, but was left out of the index.

Source: SourceValueFetcher: a value that the field's type cannot read, or that is too long for it, stands here as it was
sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.indices.values import convert
from clipline.emulator.search.context import Context
from clipline.emulator.search.field_request import Wanted
from clipline.emulator.search.field_values import Fields, at_path


def ignored_values(
    context: Context, document: Searchable, source: Mapping[str, Any], wanted: tuple[Wanted, ...]
) -> Fields:
    """Field → the values that were left out of it."""
    found: Fields = {}
    for name in document.parsed.values.get("_ignored", ()):
        definition = context.types.get(name)
        if definition is None or not any(one.fits(name) for one in wanted):
            continue
        parent = name.rpartition(".")[0]
        path = parent if parent in context.types else name
        if values := [one for one in _flat(at_path(source, path.split("."))) if _refused(name, definition, one)]:
            found[name] = values
    return found


def _flat(values: list[Any]) -> Iterator[Any]:
    waiting = deque(values)
    while waiting:
        value = waiting.popleft()
        if isinstance(value, list):
            waiting.extend(value)
        elif value is not None:
            yield value


def _refused(name: str, definition: Mapping[str, Any], value: Any) -> bool:
    try:
        return convert(name, definition, value) is None
    except ValueError:
        return True
