"""What a search sees: the searchable documents at one moment, and what queries derive from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.columns import Column, Held
from clipline.emulator.indices.stored import Key


class Indexed(NamedTuple):
    """What queries compare of one document."""

    values: dict[str, list[Any]]
    vectors: Held


class Searchable(NamedTuple):
    """One searchable document: its order of arrival and what queries compare."""

    id: str
    seq_no: int
    version: int
    parsed: Indexed
    term: int = 1
    shard: int = 0
    routing: str | None = None

    @property
    def key(self) -> Key:
        """Where it is."""
        return (self.shard, self.id)


class Vectors(NamedTuple):
    """The vectors of a field: ``places[i]``, ascending, is the document of row ``i``; ``rows`` is ``(n, dims)``."""

    places: NDArray[np.int64]
    rows: NDArray[np.float32]
    norms: NDArray[np.float32]


class Snapshot:
    """The searchable documents at one moment, shard by shard in the order of their arrival."""

    def __init__(self, documents: tuple[Searchable, ...], columns: Mapping[str, Column]) -> None:
        self.documents = documents
        self._columns = columns
        self._derived: dict[Any, Any] = {}

    def derived(self, key: Any, make: Callable[[], Any]) -> Any:
        """A value that depends on the documents only, made at its first use."""
        if key not in self._derived:
            self._derived[key] = make()
        return self._derived[key]

    def parts(self, shards: int) -> list[Snapshot]:
        """One snapshot for each shard."""
        if shards == 1:
            return [self]
        found: list[Snapshot] = self.derived(("parts", shards), lambda: [self._part(shard) for shard in range(shards)])
        return found

    def vectors(self, field: str) -> Vectors:
        """The matrix of a vector field."""
        found: Vectors = self.derived(("vectors", field), lambda: self._matrix(field))
        return found

    def _part(self, shard: int) -> Snapshot:
        return Snapshot(tuple(one for one in self.documents if one.shard == shard), self._columns)

    def _matrix(self, field: str) -> Vectors:
        if field not in self._columns:
            return Vectors(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
        numbers = np.fromiter(
            (document.parsed.vectors.numbers.get(field, -1) for document in self.documents),
            np.int64,
            len(self.documents),
        )
        places = np.flatnonzero(numbers >= 0)
        return Vectors(places, *self._columns[field].chosen(numbers[places]))
