"""The documents of all indices on disk: one row each, with what is indexed of it beside its source.

A row is small columns first and the source last, so that a start, which needs what is indexed, never reads a source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from clipline.emulator.database import Database

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS documents (index_uuid TEXT NOT NULL, shard INTEGER NOT NULL, id TEXT NOT NULL, "
        "seq_no INTEGER NOT NULL, term INTEGER NOT NULL, version INTEGER NOT NULL, routing TEXT, "
        "field_values BLOB NOT NULL, vectors BLOB NOT NULL, source BLOB NOT NULL, PRIMARY KEY (index_uuid, id, shard))"
    ),
    # The order in which they are searchable, and in which a start reads them.
    "CREATE UNIQUE INDEX IF NOT EXISTS documents_order ON documents (index_uuid, shard, seq_no)",
    (
        "CREATE TABLE IF NOT EXISTS shards (index_uuid TEXT NOT NULL, shard INTEGER NOT NULL, next INTEGER NOT NULL, "
        "term INTEGER NOT NULL, PRIMARY KEY (index_uuid, shard))"
    ),
)
_INDEXED = "shard, id, seq_no, term, version, routing, field_values, vectors"
_COLUMNS = f"{_INDEXED}, source"
_PORTION = 2000
"""Rows that are in memory at once while an index is read."""

Key = tuple[int, str]
"""Shard number and id: with routing, the same id can be in two shards."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One acknowledged document; ``values`` and ``vectors`` are what ``packed`` made of its fields."""

    shard: int
    id: str
    seq_no: int
    term: int
    version: int
    routing: str | None
    values: bytes
    vectors: bytes
    source: bytes

    def document(self) -> dict[str, Any]:
        """The source as it was sent."""
        value: dict[str, Any] = orjson.loads(self.source)
        return value


def begin(database: Database) -> None:
    """Make the tables; every primary shard that is there gets its next term, as in a restart of a whole cluster.

    ``IndexMetadata.primaryTerm``: "incremented when a primary shard is assigned after a full cluster restart".
    """
    database.create(*TABLES)
    database.execute("UPDATE shards SET term = term + 1")


def forget(database: Database, uuid: str) -> None:
    """Delete everything of an index."""
    database.execute("DELETE FROM documents WHERE index_uuid = ?", (uuid,))
    database.execute("DELETE FROM shards WHERE index_uuid = ?", (uuid,))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one index."""

    database: Database
    uuid: str

    def counters(self, count: int) -> tuple[list[int], list[int]]:
        """The next sequence number and the term of each of ``count`` shards; a new index's begin at 0 and 1."""
        found = self.database.rows("SELECT next, term FROM shards WHERE index_uuid = ? ORDER BY shard", (self.uuid,))
        if not found:
            found = [(0, 1)] * count
            rows = [(self.uuid, number, 0, 1) for number in range(count)]
            self.database.execute_many("INSERT INTO shards VALUES (?, ?, ?, ?)", rows)
        return [row[0] for row in found], [row[1] for row in found]

    def get(self, key: Key) -> Stored | None:
        """The newest version of a document."""
        row = self.database.row(
            f"SELECT {_COLUMNS} FROM documents WHERE index_uuid = ? AND id = ? AND shard = ?",  # noqa: S608 - constant
            (self.uuid, key[1], key[0]),
        )
        return Stored(*row) if row else None

    def count(self) -> int:
        """How many documents there are."""
        (row,) = self.database.rows("SELECT COUNT(*) FROM documents WHERE index_uuid = ?", (self.uuid,))
        return int(row[0])

    def indexed(self) -> Iterator[list[tuple[Any, ...]]]:
        """All columns but the source of all rows, in portions, shard by shard in the order of their arrival."""
        last = (-1, -1)
        while rows := self.database.rows(
            f"SELECT {_INDEXED} FROM documents "  # noqa: S608 - constant
            "WHERE index_uuid = ? AND (shard, seq_no) > (?, ?) ORDER BY shard, seq_no LIMIT ?",
            (self.uuid, *last, _PORTION),
        ):
            yield rows
            last = (rows[-1][0], rows[-1][2])

    def indexed_of(self, ids: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """The same of the documents with these ids that there are, in no order."""
        yield from self._with_ids(_INDEXED, ids)

    def several(self, ids: Collection[str]) -> dict[Key, Stored]:
        """The newest versions of the documents with these ids that there are, in whichever shard."""
        portions = self._with_ids(_COLUMNS, list(ids))
        return {(row[0], row[1]): Stored(*row) for rows in portions for row in rows}

    def save(self, changes: dict[Key, Stored | None], counters: Iterable[tuple[int, int]]) -> None:
        """Write and delete documents, and note the sequence numbers that are taken: all of it or nothing."""
        uuid = self.uuid
        written = [
            (
                uuid,
                one.shard,
                one.id,
                one.seq_no,
                one.term,
                one.version,
                one.routing,
                one.values,
                one.vectors,
                one.source,
            )
            for one in changes.values()
            if one is not None
        ]
        gone = [(uuid, key[1], key[0]) for key, one in changes.items() if one is None]
        with self.database.transaction():
            if gone:
                self.database.execute_many("DELETE FROM documents WHERE index_uuid = ? AND id = ? AND shard = ?", gone)
            if written:
                self.database.execute_many(
                    "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", written
                )
            self.database.execute_many(
                "UPDATE shards SET next = ? WHERE index_uuid = ? AND shard = ?",
                [(number, uuid, shard) for shard, number in counters],
            )

    def _with_ids(self, columns: str, ids: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        for start in range(0, len(ids), _PORTION):
            portion = ids[start : start + _PORTION]
            # Each id is bound by itself: a JSON list of them would end an id at its first NUL.
            marks = ",".join("?" * len(portion))
            yield self.database.rows(
                f"SELECT {columns} FROM documents WHERE index_uuid = ? AND id IN ({marks})",  # noqa: S608 - constants and marks
                (self.uuid, *portion),
            )
