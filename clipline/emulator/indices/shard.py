"""The documents of one index: what is acknowledged (SQLite) and what is searchable (a snapshot in memory).

A write is searchable after a refresh: an explicit one, or that of the interval. Sources stay on disk; only what queries
compare is in memory, and on disk beside the source, so that neither a refresh nor a start reads a source again.

There is one of these per index, for all its primary shards: each document has the number of its shard, and each shard
counts its own sequence numbers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from clipline.emulator.database import Database
from clipline.emulator.indices.columns import Column, Held
from clipline.emulator.indices.packed import matrix, pack, unpack, unpack_vectors
from clipline.emulator.indices.parse import Parsed
from clipline.emulator.indices.snapshot import Indexed, Searchable, Snapshot
from clipline.emulator.indices.stored import Key, Rows, Stored

_MOST_FRESH = 5000
"""Documents that wait for a refresh in memory; of more, all are read from disk again."""

_DEAD_SHARE = 0.25
"""How much of a matrix may be outdated rows before it is made anew."""


class Shard:
    """All documents of one index; every method but ``read`` is called with the index's lock held."""

    def __init__(self, database: Database, uuid: str, count: int = 1) -> None:
        self._rows = Rows(database, uuid)
        self._count = count
        self._next, self._terms = self._rows.counters(count)
        self._searchable: dict[Key, Searchable] | None = None
        self._snapshot: Snapshot | None = None
        self._columns: dict[str, Column] = {}
        self._outdated = 0
        self._expected = 0
        # What a search still shows of documents that were written since the last refresh.
        self._dirty: dict[Key, Stored | None] = {}
        # What the next refresh makes searchable instead, rows without their sources; what is missing is on disk.
        self._fresh: dict[Key, tuple[Any, ...]] = {}
        self._dirty_since = 0.0
        self._refreshed = threading.Event()
        self._refreshes = [0] * count
        # Written, but not yet saved: the documents of the request that holds the lock.
        self._unsaved: dict[Key, Stored | None] = {}
        self._known: dict[Key, Stored] = {}
        self._asked: frozenset[str] = frozenset()
        self._tombstones: dict[Key, tuple[int, float]] = {}
        self._readers = 0
        # Sources that a refresh replaced while somebody still reads an older snapshot.
        self._replaced: dict[tuple[Key, int], Stored] = {}

    # -- acknowledged --------------------------------------------------------------------------------------------

    def read(self, key: Key) -> Stored | None:
        """The newest acknowledged version, refreshed or not; needs no lock."""
        return self._rows.get(key)

    def get(self, key: Key) -> Stored | None:
        """The newest version, that of a request that is not saved yet included."""
        if key in self._unsaved:
            return self._unsaved[key]
        return self._known.get(key) if key[1] in self._asked else self._rows.get(key)

    def term(self, number: int) -> int:
        """The primary term of a shard."""
        return self._terms[number]

    def deleted_version(self, key: Key, remembered: float) -> int | None:
        """The version of a document's deletion, if that was not longer ago than so many seconds."""
        version, moment = self._tombstones.get(key, (None, 0.0))
        return version if time.monotonic() - moment < remembered else None

    @contextmanager
    def saving(self, ids: Collection[str] = ()) -> Iterator[None]:
        """What is written inside is on disk when the block ends; if that fails, nothing of it has happened.

        ``ids`` are those of the documents that will be asked for, which are looked up at once.
        """
        if len(ids) > 1:
            self._known, self._asked = self._rows.several(ids), frozenset(ids)
        try:
            yield
            if self._unsaved:
                self._rows.save(self._unsaved, enumerate(self._next))
        except BaseException:
            self._start_anew()
            raise
        finally:
            self._unsaved.clear()
            self._known, self._asked = {}, frozenset()

    def put(
        self, key: Key, source: bytes, parsed: Parsed, *, version: int, routing: str | None, before: Stored | None
    ) -> int:
        """Write a version inside ``saving``; returns its sequence number."""
        number, doc_id = key
        seq_no = self._next[number]
        values, vectors = pack(parsed)
        stored = Stored(number, doc_id, seq_no, self._terms[number], version, routing, values, vectors, source)
        self._tombstones.pop(key, None)
        if self._searchable is None or len(self._fresh) >= _MOST_FRESH:
            self._fresh.clear()
        else:
            self._fresh[key] = (number, doc_id, seq_no, self._terms[number], version, routing, values, vectors)
        self._written(key, stored, before)
        return seq_no

    def delete(self, key: Key, *, version: int, before: Stored | None, remembered: float) -> int:
        """Remove a document inside ``saving``, or note that it was not there; returns the deletion's number.

        Deletions longer ago than ``remembered`` seconds are forgotten.
        """
        seq_no, now = self._next[key[0]], time.monotonic()
        self._tombstones.pop(key, None)
        self._tombstones[key] = (version, now)
        # The oldest comes first, and the newest is kept in any case: its own request may ask for it.
        while (
            len(self._tombstones) > 1 and now - self._tombstones[oldest := next(iter(self._tombstones))][1] > remembered
        ):
            del self._tombstones[oldest]
        self._fresh.pop(key, None)
        self._written(key, None, before)
        return seq_no

    # -- searchable ----------------------------------------------------------------------------------------------

    def due(self, interval: float) -> float | None:
        """Seconds until the interval makes what is acknowledged searchable; ``None`` if all is, infinite for never."""
        if not self._dirty:
            return None
        return float("inf") if interval < 0 else self._dirty_since + interval - time.monotonic()

    @property
    def next_refresh(self) -> threading.Event:
        """Set when the next refresh has happened."""
        return self._refreshed

    def refreshes(self, number: int) -> int | None:
        """How often a shard was refreshed; ``None`` when all of it is searchable."""
        return self._refreshes[number] if any(key[0] == number for key in self._dirty) else None

    def refresh(self, numbers: Collection[int] | None = None) -> None:
        """Make everything acknowledged searchable, or what is in some shards."""
        keys = [key for key in self._dirty if numbers is None or key[0] in numbers]
        if not keys:
            return
        if self._searchable is not None:
            for key in keys:
                if (gone := self._searchable.pop(key, None)) is not None:
                    self._outdated += len(gone.parsed.vectors)
            fresh = self._loaded(sorted(self._fresh_rows(keys), key=lambda row: row[2]))
            self._searchable.update((one.key, one) for one in fresh)
            # Not only when somebody searches: an index may be written to for ever and never be searched again.
            self._drop_outdated(self._searchable)
        for key in keys:
            before = self._dirty.pop(key)
            if self._readers and before:
                self._replaced[key, before.seq_no] = before
            self._fresh.pop(key, None)
        for number in {key[0] for key in keys}:
            self._refreshes[number] += 1
        self._snapshot = None
        self._refreshed.set()
        self._refreshed = threading.Event()

    def snapshot(self) -> Snapshot:
        """What a search sees."""
        if self._snapshot is None:
            ordered = self._documents().values()
            if self._count > 1:
                ordered = sorted(ordered, key=lambda one: (one.shard, one.seq_no))  # type: ignore[assignment]
            self._snapshot = Snapshot(tuple(ordered), self._columns)
        return self._snapshot

    def searched(self, key: Key) -> Stored | None:
        """The searchable version of a document."""
        return self._dirty[key] if key in self._dirty else self.get(key)

    def source(self, document: Searchable) -> dict[str, Any]:
        """The source of a document of the newest snapshot, or of an older one that is read since ``retain``."""
        stored = self._replaced.get((document.key, document.seq_no)) or self.searched(document.key)
        return stored.document() if stored else {}

    def retain(self) -> None:
        """Keep the sources of the snapshot that is searchable now until ``release``."""
        self._readers += 1

    def release(self) -> None:
        """One reader less; without readers only the newest snapshot has its sources."""
        self._readers -= 1
        if not self._readers:
            self._replaced.clear()

    # -- within --------------------------------------------------------------------------------------------------

    def _written(self, key: Key, stored: Stored | None, before: Stored | None) -> None:
        if not self._dirty:
            self._dirty_since = time.monotonic()
        self._dirty.setdefault(key, before)
        self._unsaved[key] = stored
        self._next[key[0]] += 1

    def _start_anew(self) -> None:
        """Forget what is in memory: what is on disk counts, and is searchable, as after a start."""
        for key, before in self._dirty.items() if self._readers else ():
            if before:
                self._replaced[key, before.seq_no] = before
        for key in self._unsaved:
            self._tombstones.pop(key, None)
        self._unsaved.clear()
        self._dirty.clear()
        self._fresh.clear()
        self._searchable, self._snapshot = None, None
        self._next, self._terms = self._rows.counters(self._count)

    def _fresh_rows(self, keys: list[Key]) -> list[tuple[Any, ...]]:
        rows = [row for key in keys if (row := self._fresh.get(key)) is not None]
        missing = {key for key in keys if key not in self._fresh}
        for portion in self._rows.indexed_of([doc_id for _, doc_id in missing]):
            rows += [row for row in portion if (row[0], row[1]) in missing]
        return rows

    def _column(self, name: str, dims: int) -> Column:
        if name not in self._columns:
            self._columns[name] = Column(dims, self._expected)
        return self._columns[name]

    def _documents(self) -> dict[Key, Searchable]:
        if self._searchable is None:
            # After a start everything on disk is searchable: recovery ends with a refresh.
            self._columns, self._outdated, self._expected = {}, 0, self._rows.count()
            found: list[Searchable] = []
            for portion in self._rows.indexed():
                found += self._loaded([row for row in portion if (row[0], row[1]) not in self._dirty])
            olds = [old for old in self._dirty.values() if old]
            found += self._loaded(
                [
                    (one.shard, one.id, one.seq_no, one.term, one.version, one.routing, one.values, one.vectors)
                    for one in olds
                ]
            )
            self._searchable = {one.key: one for one in sorted(found, key=lambda one: one.seq_no)}
            self._expected = 0
        return self._searchable

    def _loaded(self, rows: list[tuple[Any, ...]]) -> list[Searchable]:
        """Documents from their rows; their vectors are appended field by field, not one by one."""
        blocks: dict[str, list[bytes]] = {}
        loaded = []
        for shard, doc_id, seq_no, term, version, routing, head, raw in rows:
            values, lengths = unpack(head)
            numbers = {}
            for name, vector in unpack_vectors(lengths, raw):
                block = blocks.setdefault(name, [])
                numbers[name] = len(self._columns.get(name, ())) + len(block)
                block.append(vector)
            indexed = Indexed(values, Held(self._columns, numbers))
            loaded.append(Searchable(doc_id, seq_no, version, indexed, term, shard, routing))
        for name, vectors in blocks.items():
            block_matrix = matrix(vectors)
            self._column(name, block_matrix.shape[1]).append(block_matrix)
        return loaded

    def _drop_outdated(self, documents: dict[Key, Searchable]) -> None:
        """Make the matrices anew when too much of them belongs to documents that are gone."""
        if self._outdated <= _DEAD_SHARE * sum(map(len, self._columns.values())):
            return
        old, self._columns, self._outdated = self._columns, {}, 0
        for key, document in documents.items():
            vectors = {name: old[name].row(number) for name, number in document.parsed.vectors.numbers.items()}
            numbers = {name: self._column(name, len(row)).append(row[None, :]) for name, row in vectors.items()}
            documents[key] = document._replace(parsed=Indexed(document.parsed.values, Held(self._columns, numbers)))
