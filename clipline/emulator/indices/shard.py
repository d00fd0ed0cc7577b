"""The documents of one index: what is acknowledged (SQLite) and what is searchable (a snapshot in memory).

A write is searchable after a refresh: an explicit one, or the interval of one second that a search triggers. Sources
stay on disk; only what queries compare is in memory, and on disk beside the source, so that neither a refresh nor a
start reads a source again. Whatever ``number_of_shards`` says, all documents are in one place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from clipline.emulator.database import Database
from clipline.emulator.indices.packed import pack, unpack
from clipline.emulator.indices.parse import Parsed, parse_leniently

_TOMBSTONE_SECONDS = 60.0
"""``index.gc_deletes``: how long the version of a deleted document is remembered."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One acknowledged document."""

    id: str
    seq_no: int
    version: int
    source: bytes

    def document(self) -> dict[str, Any]:
        """The source as it was sent."""
        value: dict[str, Any] = orjson.loads(self.source)
        return value


@dataclass(frozen=True, slots=True)
class Searchable:
    """One searchable document: its order of arrival and what queries compare."""

    id: str
    seq_no: int
    version: int
    parsed: Parsed


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of a field: ``places[i]`` is the document of row ``i``; ``rows`` has the shape ``(n, dims)``."""

    places: NDArray[np.int64]
    rows: NDArray[np.float32]
    norms: NDArray[np.float32]


class Snapshot:
    """The searchable documents at one moment, in the order of their arrival, with what queries derive from them."""

    def __init__(self, documents: tuple[Searchable, ...]) -> None:
        self.documents = documents
        self._derived: dict[Any, Any] = {}

    def derived(self, key: Any, make: Callable[[], Any]) -> Any:
        """A value that depends on the documents only, made at its first use."""
        if key not in self._derived:
            self._derived[key] = make()
        return self._derived[key]

    def vectors(self, field: str) -> Vectors:
        """The matrix of a vector field."""
        found: Vectors = self.derived(("vectors", field), lambda: self._stack(field))
        return found

    def _stack(self, field: str) -> Vectors:
        places = [place for place, document in enumerate(self.documents) if field in document.parsed.vectors]
        if not places:
            return Vectors(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
        rows = np.stack([self.documents[place].parsed.vectors[field] for place in places])
        for row, place in zip(rows, places, strict=True):
            # The document keeps a view into the matrix, so that every vector is in memory once.
            self.documents[place].parsed.vectors[field] = row
        return Vectors(np.asarray(places), rows, np.linalg.norm(rows, axis=1).astype(np.float32))


class Shard:
    """All documents of one index; every method is called with the index's lock held."""

    def __init__(self, database: Database, uuid: str) -> None:
        self._database = database
        self._uuid = uuid
        self._searchable: dict[str, Searchable] | None = None
        self._snapshot: Snapshot | None = None
        # What a search still shows of documents that were written since the last refresh.
        self._dirty: dict[str, Stored | None] = {}
        # What the next refresh makes searchable instead.
        self._fresh: dict[str, Searchable] = {}
        self._dirty_since = 0.0
        self._tombstones: dict[str, tuple[int, float]] = {}
        self._readers = 0
        # Sources that a refresh replaced while somebody still reads an older snapshot.
        self._replaced: dict[tuple[str, int], Stored] = {}
        row = database.row(
            "SELECT max(n) FROM (SELECT max(seq_no) + 1 AS n FROM documents WHERE index_uuid = ? "
            "UNION ALL SELECT next AS n FROM sequences WHERE index_uuid = ?)",
            (uuid, uuid),
        )
        self._next = int(row[0]) if row and row[0] is not None else 0

    def get(self, doc_id: str) -> Stored | None:
        """The newest acknowledged version, refreshed or not."""
        row = self._database.row(
            "SELECT id, seq_no, version, source FROM documents WHERE index_uuid = ? AND id = ?", (self._uuid, doc_id)
        )
        return Stored(*row) if row else None

    def next_version(self, doc_id: str, before: Stored | None) -> int:
        """The version that the next write of a document gets; a deletion counts for a minute."""
        if before is not None:
            return before.version + 1
        version, moment = self._tombstones.get(doc_id, (0, 0.0))
        return version + 1 if time.monotonic() - moment < _TOMBSTONE_SECONDS else 1

    def put(self, doc_id: str, source: bytes, parsed: Parsed, version: int, before: Stored | None) -> int:
        """Store a version; returns its sequence number."""
        kept = Parsed(parsed.values, parsed.vectors)
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)",
                (self._uuid, doc_id, self._next, version, source),
            )
            self._database.execute(
                "INSERT OR REPLACE INTO parsed VALUES (?, ?, ?, ?, ?)", (self._uuid, doc_id, self._next, *pack(kept))
            )
        self._tombstones.pop(doc_id, None)
        self._fresh[doc_id] = Searchable(doc_id, self._next, version, kept)
        return self._written(doc_id, before)

    def delete(self, doc_id: str, version: int, before: Stored | None) -> int:
        """Remove a document, or note that it was not there; returns the sequence number of the deletion."""
        with self._database.transaction():
            for table in ("documents", "parsed"):
                self._database.execute(
                    f"DELETE FROM {table} WHERE index_uuid = ? AND id = ?",  # noqa: S608 - one of two names
                    (self._uuid, doc_id),
                )
            # The highest number may be that of a deletion, which leaves no row behind.
            self._database.execute("INSERT OR REPLACE INTO sequences VALUES (?, ?)", (self._uuid, self._next + 1))
        self._tombstones[doc_id] = (version, time.monotonic())
        self._fresh.pop(doc_id, None)
        return self._written(doc_id, before)

    def refresh(self, mappings: Mapping[str, Any]) -> None:
        """Make everything acknowledged searchable."""
        if not self._dirty:
            return
        documents = self._documents(mappings)
        for doc_id in self._dirty:
            documents.pop(doc_id, None)
        for document in sorted(self._fresh.values(), key=lambda document: document.seq_no):
            documents[document.id] = document
        if self._readers:
            self._replaced |= {(before.id, before.seq_no): before for before in self._dirty.values() if before}
        self._dirty.clear()
        self._fresh.clear()
        self._snapshot = None

    def snapshot(self, mappings: Mapping[str, Any], *, interval: float) -> Snapshot:
        """What a search sees; refreshed first when the interval has passed since the first unrefreshed write."""
        if self._dirty and interval >= 0 and time.monotonic() - self._dirty_since >= interval:
            self.refresh(mappings)
        if self._snapshot is None:
            self._snapshot = Snapshot(tuple(self._documents(mappings).values()))
        return self._snapshot

    def source(self, document: Searchable) -> dict[str, Any]:
        """The source of a document of the newest snapshot, or of an older one that is read since ``retain``."""
        if replaced := self._replaced.get((document.id, document.seq_no)):
            return replaced.document()
        stored = self._dirty[document.id] if document.id in self._dirty else self.get(document.id)
        return stored.document() if stored else {}

    def retain(self) -> None:
        """Keep the sources of the snapshot that is searchable now until ``release``."""
        self._readers += 1

    def release(self) -> None:
        """One reader less; without readers only the newest snapshot has its sources."""
        self._readers -= 1
        if not self._readers:
            self._replaced.clear()

    def _documents(self, mappings: Mapping[str, Any]) -> dict[str, Searchable]:
        if self._searchable is None:
            # After a start everything on disk is searchable: recovery ends with a refresh.
            rows = self._database.rows(
                "SELECT d.id, d.seq_no, d.version, p.field_values, p.vectors FROM documents d LEFT JOIN parsed p "
                "ON p.index_uuid = d.index_uuid AND p.id = d.id AND p.seq_no = d.seq_no WHERE d.index_uuid = ?",
                (self._uuid,),
            )
            found = [
                self._read(row[0], mappings)
                if row[3] is None
                else Searchable(row[0], row[1], row[2], unpack(row[3], row[4]))
                for row in rows
                if row[0] not in self._dirty
            ]
            found += [_searchable(before, mappings) for before in self._dirty.values() if before]
            self._searchable = {one.id: one for one in sorted(found, key=lambda one: one.seq_no)}
        return self._searchable

    def _read(self, doc_id: str, mappings: Mapping[str, Any]) -> Searchable:
        # Written by a version of the emulator that kept the source only.
        stored = self.get(doc_id)
        assert stored is not None
        return _searchable(stored, mappings)

    def _written(self, doc_id: str, before: Stored | None) -> int:
        if not self._dirty:
            self._dirty_since = time.monotonic()
        self._dirty.setdefault(doc_id, before)
        self._next += 1
        return self._next - 1


def _searchable(stored: Stored, mappings: Mapping[str, Any]) -> Searchable:
    return Searchable(stored.id, stored.seq_no, stored.version, parse_leniently(stored.document(), mappings, stored.id))
