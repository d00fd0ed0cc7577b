"""What queries and sorts look values up in: made once for each snapshot, at the first use.

``Postings`` find the documents of a value, ``Sorted`` those of a range, ``Column`` gives one value for each document, and
``Ordinals`` one text, by its number among all.
Numbers of the types ``float`` and ``half_float`` are held as they are indexed, with that type's precision.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.field_types import FLOATS, INTEGERS
from clipline.emulator.patterns import simple_match
from clipline.emulator.search.context import Context

Places = NDArray[np.int64]
NO_PLACES: Places = np.zeros(0, dtype=np.int64)
_PRECISIONS: dict[str, Callable[[Any], float]] = {
    "float": lambda value: float(np.float32(value)),
    "half_float": lambda value: float(np.float16(value)),
}


class Postings(Mapping[Any, Places]):
    """value → places of the documents that hold it; a list becomes an array when it is asked for."""

    def __init__(self, found: dict[Any, Any]) -> None:
        self._found = found

    def __getitem__(self, value: Any) -> Places:
        places = self._found[value]
        if isinstance(places, list):
            places = self._found[value] = np.asarray(places, dtype=np.int64)
        array: Places = places
        return array

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@dataclass(frozen=True, slots=True)
class Sorted:
    """All values of a field in their order; ``places[i]`` is the document of ``values[i]``."""

    values: list[Any]
    places: Places

    def between(self, low: Any, high: Any, *, from_low: bool, to_high: bool) -> Places:
        """The documents with a value between two bounds (``None`` for none), each taken in or not."""
        find_low = bisect_left if from_low else bisect_right
        find_high = bisect_right if to_high else bisect_left
        start = 0 if low is None else find_low(self.values, low)
        return self.places[start : len(self.values) if high is None else find_high(self.values, high)]


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each document; ``values[i]`` means nothing where ``held[i]`` is false."""

    values: NDArray[Any]
    held: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ordinals:
    """One text for each document: ``ranks[i]`` is its number among the distinct ones, -1 where there is none."""

    distinct: list[str]
    ranks: NDArray[np.int64]


def stored(kind: str, value: Any) -> Any:
    """A number with the precision of its field's type."""
    return _PRECISIONS[kind](value) if kind in _PRECISIONS and isinstance(value, int | float) else value


def postings(context: Context, name: str) -> Postings:
    """The values of a field that is not analysed."""

    def make() -> Postings:
        found: dict[Any, list[int]] = {}
        kind = _kind(context, name)
        for place, document in enumerate(context.snapshot.documents):
            values = document.parsed.values.get(name, ())
            for value in values if len(values) == 1 else dict.fromkeys(values):
                found.setdefault(stored(kind, value), []).append(place)
        return Postings(found)

    made: Postings = context.snapshot.derived(("postings", name), make)
    return made


def in_order(context: Context, name: str) -> Sorted:
    """The values of a field in their order."""

    def make() -> Sorted:
        kind = _kind(context, name)
        pairs = [
            (stored(kind, value), place)
            for place, document in enumerate(context.snapshot.documents)
            for value in document.parsed.values.get(name, ())
        ]
        pairs.sort()
        return Sorted([value for value, _ in pairs], np.asarray([place for _, place in pairs], dtype=np.int64))

    made: Sorted = context.snapshot.derived(("sorted", name), make)
    return made


def column(context: Context, name: str, mode: str) -> Column:
    """The least or greatest value, the sum, average or median of each document's values of a field."""

    def make() -> Column:
        kind, documents = _kind(context, name), context.snapshot.documents
        dtype = np.float64 if kind in FLOATS else np.int64 if kind in (*INTEGERS, "date", "boolean") else object
        values = np.zeros(len(documents), dtype=dtype)
        held = np.zeros(len(documents), dtype=bool)
        reduce = _MODES[mode]
        for place, document in enumerate(documents):
            if found := document.parsed.values.get(name):
                held[place] = True
                one = found[0] if len(found) == 1 else reduce([stored(kind, value) for value in found])
                values[place] = stored(kind, one) if mode in ("min", "max") else one
        return Column(values, held)

    made: Column = context.snapshot.derived(("column", name, mode), make)
    return made


def ordinals(context: Context, name: str, mode: str) -> Ordinals:
    """The least or greatest text of each document, by its number."""

    def make() -> Ordinals:
        found = column(context, name, mode)
        held = found.values[found.held]
        distinct = sorted(set(held.tolist()))
        numbers = {value: number for number, value in enumerate(distinct)}
        ranks = np.full(len(found.held), -1, dtype=np.int64)
        ranks[found.held] = [numbers[value] for value in held]
        return Ordinals(distinct, ranks)

    made: Ordinals = context.snapshot.derived(("ordinals", name, mode), make)
    return made


def present(context: Context, pattern: str) -> NDArray[np.bool_]:
    """Which documents have a value of a field, of a field below an object, or of one that fits a pattern."""
    inside = f"{pattern}."

    def fits(name: str) -> bool:
        return name.startswith(inside) or (simple_match(pattern, name) and not name.startswith("_"))

    def make() -> NDArray[np.bool_]:
        flags = np.zeros(len(context.snapshot.documents), dtype=bool)
        for place, document in enumerate(context.snapshot.documents):
            parsed = document.parsed
            flags[place] = (
                pattern in parsed.values
                or pattern in parsed.vectors
                or any(map(fits, parsed.values))
                or any(map(fits, parsed.vectors))
            )
        return flags

    flags: NDArray[np.bool_] = context.snapshot.derived(("present", pattern), make)
    return flags


def _median(values: list[Any]) -> Any:
    ordered, half = sorted(values), len(values) // 2
    if len(values) % 2:
        return ordered[half]
    middle = (ordered[half - 1] + ordered[half]) / 2
    # Java rounds half up, and a column of whole numbers holds whole numbers.
    return middle if isinstance(ordered[0], float) else int(np.floor(middle + 0.5))


def _average(values: list[Any]) -> Any:
    mean = sum(values) / len(values)
    return mean if isinstance(values[0], float) else int(np.floor(mean + 0.5))


_MODES: dict[str, Callable[[list[Any]], Any]] = {
    "min": min, "max": max, "sum": sum, "avg": _average, "median": _median,
}  # fmt: skip
MODES = frozenset(_MODES)


def _kind(context: Context, name: str) -> str:
    return str(context.types.get(name, {}).get("type", "keyword"))
