"""Vectors in memory: one matrix per field, to which a refresh appends, so that each vector is there once.

A row never changes and never moves, so that a reader of an older snapshot may go on reading while newer rows are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

_LEAST = 256


class Column:
    """The vectors of one field, of the shape ``(n, dims)``, in the order of their arrival; some may be outdated.

    ``room`` is how many are expected: memory that nobody writes to costs nothing.
    """

    def __init__(self, dims: int, room: int = 0) -> None:
        self._rows = np.empty((room, dims), dtype=np.float32)
        self._norms = np.empty(room, dtype=np.float32)
        self._size = 0

    def append(self, block: NDArray[np.float32]) -> int:
        """Add vectors; returns the number of the first row."""
        start, end = self._size, self._size + len(block)
        if end > len(self._norms):
            capacity = max(end, len(self._norms) * 3 // 2, _LEAST)
            rows = np.empty((capacity, self._rows.shape[1]), dtype=np.float32)
            norms = np.empty(capacity, dtype=np.float32)
            rows[:start], norms[:start] = self._rows[:start], self._norms[:start]
            self._rows, self._norms = rows, norms
        self._rows[start:end] = block
        self._norms[start:end] = np.sqrt(np.einsum("ij,ij->i", block, block))
        self._size = end
        return start

    def row(self, number: int) -> NDArray[np.float32]:
        """One vector, as a view."""
        found: NDArray[np.float32] = self._rows[number]
        return found

    def chosen(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors and their norms, in this order; views when it is the order of arrival."""
        start = int(numbers[0]) if len(numbers) else 0
        if np.array_equal(numbers, np.arange(start, start + len(numbers))):
            return self._rows[start : start + len(numbers)], self._norms[start : start + len(numbers)]
        return self._rows[numbers], self._norms[numbers]

    def __len__(self) -> int:
        return self._size


class Held(Mapping[str, NDArray[np.float32]]):
    """The vectors of one document, by field."""

    __slots__ = ("_columns", "numbers")

    def __init__(self, columns: Mapping[str, Column], numbers: dict[str, int]) -> None:
        self._columns = columns
        self.numbers = numbers

    def __getitem__(self, field: str) -> NDArray[np.float32]:
        return self._columns[field].row(self.numbers[field])

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, field: object) -> bool:
        return field in self.numbers
