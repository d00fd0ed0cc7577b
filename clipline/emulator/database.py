"""The emulator's memory: one SQLite file per data folder.

One writer at a time (``transaction``), committed before the handler returns, so what was acknowledged survives the
death of the process. ``synchronous=NORMAL`` with a write-ahead log: it does not survive the death of the machine.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clipline.emulator.errors import ApiError

LAYOUT = 2
"""The layout of the tables, kept in the file: another number for every change that an older file cannot follow."""


class OtherLayoutError(Exception):
    """The file was written by a version of the emulator that laid its tables out differently."""


_DISK = {
    sqlite3.SQLITE_FULL: "No space left on device",
    sqlite3.SQLITE_IOERR: "Input/output error",
    sqlite3.SQLITE_READONLY: "Read-only file system",
    sqlite3.SQLITE_CANTOPEN: "Cannot open the file",
}


def disk_failure(error: sqlite3.Error) -> ApiError | None:
    """The answer to a write that the disk did not take, as for any ``IOException``; ``None`` for another error.

    Elasticsearch would have blocked its indices at 95 % of the disk (429, flood stage); the emulator has no watermarks.
    """
    words = _DISK.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    reason = f"{words}: the disk of the data folder did not take what was to be stored"
    return ApiError(500, "i_o_exception", reason) if words else None


class Database:
    """A thread-safe door to one SQLite file; statements are serialised by one re-entrant lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Nobody else opens the file (the process holds a lock on the folder): no statement need ask for it.
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        # The index over all ids stays in memory, whatever goes through the cache beside it.
        self._connection.execute("PRAGMA cache_size=-65536")
        # Of the bulk of a load every page is written twice, so less often is quicker; the file beside stays under 32 MB.
        self._connection.execute("PRAGMA wal_autocheckpoint=8000")
        self._check_layout()

    def create(self, *statements: str) -> None:
        """Run ``CREATE … IF NOT EXISTS`` statements; each family creates its own tables."""
        with self.transaction():
            for statement in statements:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are committed together, or none is. May be nested: the outermost one commits."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if outermost:
                    self._connection.execute("COMMIT")
            except BaseException:
                # A full disk ends some transactions by itself, and leaves others open.
                if outermost and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; returns the number of rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows, in one transaction."""
        with self.transaction():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        with self._lock:
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _check_layout(self) -> None:
        found = self.row("PRAGMA user_version")
        empty = self.row("SELECT 1 FROM sqlite_master LIMIT 1") is None
        if found != (LAYOUT,) and not empty:
            self._connection.close()
            raise OtherLayoutError
        self._connection.execute(f"PRAGMA user_version={LAYOUT}")
