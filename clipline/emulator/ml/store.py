"""Models, parts, vocabularies, aliases and wanted deployments in SQLite.

The parts of definitions have a file of their own: half a gigabyte of them on its way must keep nobody else waiting. It
is written without ``fsync``, which the death of the process does not ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from clipline.emulator.database import Database
from clipline.emulator.errors import unsupported

_TABLES = (
    "CREATE TABLE IF NOT EXISTS models (id TEXT PRIMARY KEY, config BLOB)",
    "CREATE TABLE IF NOT EXISTS vocabularies (model TEXT PRIMARY KEY, body BLOB)",
    "CREATE TABLE IF NOT EXISTS model_aliases (alias TEXT PRIMARY KEY, model TEXT)",
    "CREATE TABLE IF NOT EXISTS deployments (id TEXT PRIMARY KEY, model TEXT, parameters BLOB, started INTEGER)",
)
_PARTS = (
    "CREATE TABLE IF NOT EXISTS model_parts (model TEXT, part INTEGER, total_length INTEGER, total_parts INTEGER, "
    "definition BLOB, PRIMARY KEY (model, part))"
)


@dataclass(frozen=True, slots=True)
class PartFact:
    """A stored part without its bytes: its number, what it said of the whole, and its own length."""

    number: int
    total_length: int
    total_parts: int
    length: int


class ModelStore:
    """What is kept of trained models."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        database.create(*_TABLES)
        self._parts = Database(data / "definitions.sqlite")
        self._parts.execute("PRAGMA synchronous=OFF")
        self._parts.create(_PARTS)
        # What a deletion that was interrupted has left.
        known = {row[0] for row in database.rows("SELECT id FROM models")}
        for (model_id,) in self._parts.rows("SELECT DISTINCT model FROM model_parts"):
            if model_id not in known:
                self._delete_parts(model_id)

    def close(self) -> None:
        """Close the file of the definitions."""
        self._parts.close()

    def configs(self) -> dict[str, dict[str, Any]]:
        """model id → configuration, sorted."""
        return {
            row[0]: orjson.loads(row[1]) for row in self._database.rows("SELECT id, config FROM models ORDER BY id")
        }

    def config(self, model_id: str) -> dict[str, Any] | None:
        """One configuration."""
        row = self._database.row("SELECT config FROM models WHERE id = ?", (model_id,))
        value: dict[str, Any] | None = orjson.loads(row[0]) if row else None
        return value

    def put_config(self, model_id: str, config: dict[str, Any]) -> None:
        """Store a configuration.

        Raises:
            ApiError: 501 for a definition that was sent compressed and nests deeper than can be written (254 levels).
        """
        try:
            written = orjson.dumps(config)
        except TypeError:
            raise unsupported("a trained model's configuration nested that deep") from None
        # A part that came while a model of this name was deleted may be left.
        self._delete_parts(model_id)
        self._database.execute("INSERT INTO models VALUES (?, ?)", (model_id, written))

    def delete(self, model_id: str) -> None:
        """Delete a model with all that belongs to it."""
        with self._database.transaction():
            self._database.execute("DELETE FROM models WHERE id = ?", (model_id,))
            for table in ("vocabularies", "model_aliases"):
                self._database.execute(f"DELETE FROM {table} WHERE model = ?", (model_id,))  # noqa: S608 - our own names
        self._delete_parts(model_id)

    def put_part(self, model_id: str, part: int, length: int, parts: int, definition: bytes) -> bool:
        """Store a part; false when it is there already."""
        changed = self._parts.execute(
            "INSERT OR IGNORE INTO model_parts VALUES (?, ?, ?, ?, ?)", (model_id, part, length, parts, definition)
        )
        return changed > 0

    def part_facts(self, model_id: str) -> list[PartFact]:
        """The parts of a model in order, without their bytes."""
        rows = self._parts.rows(
            "SELECT part, total_length, total_parts, length(definition) FROM model_parts WHERE model = ? ORDER BY part",
            (model_id,),
        )
        return [PartFact(*row) for row in rows]

    def definition(self, model_id: str) -> Iterator[tuple[int, int, bytes]]:
        """``(part, total_parts, bytes)`` in order."""
        for fact in self.part_facts(model_id):
            row = self._parts.row(
                "SELECT definition FROM model_parts WHERE model = ? AND part = ?", (model_id, fact.number)
            )
            if row is not None:
                yield fact.number, fact.total_parts, row[0]

    def _delete_parts(self, model_id: str) -> None:
        self._parts.execute("DELETE FROM model_parts WHERE model = ?", (model_id,))

    def put_vocabulary(self, model_id: str, body: dict[str, Any]) -> bool:
        """Store a vocabulary; false when there is one."""
        changed = self._database.execute(
            "INSERT OR IGNORE INTO vocabularies VALUES (?, ?)", (model_id, orjson.dumps(body))
        )
        return changed > 0

    def vocabulary(self, model_id: str) -> dict[str, Any] | None:
        """A model's vocabulary."""
        row = self._database.row("SELECT body FROM vocabularies WHERE model = ?", (model_id,))
        value: dict[str, Any] | None = orjson.loads(row[0]) if row else None
        return value

    def aliases(self) -> dict[str, str]:
        """alias → model id."""
        return dict(self._database.rows("SELECT alias, model FROM model_aliases ORDER BY alias"))

    def put_alias(self, alias: str, model_id: str) -> None:
        """Point an alias to a model."""
        self._database.execute("INSERT OR REPLACE INTO model_aliases VALUES (?, ?)", (alias, model_id))

    def delete_alias(self, alias: str) -> None:
        """Remove an alias."""
        self._database.execute("DELETE FROM model_aliases WHERE alias = ?", (alias,))

    def deployments(self) -> list[tuple[str, str, dict[str, Any], int]]:
        """``(deployment id, model id, parameters, start time in ms)``, the oldest first."""
        rows = self._database.rows("SELECT id, model, parameters, started FROM deployments ORDER BY started, id")
        return [(row[0], row[1], orjson.loads(row[2]), row[3]) for row in rows]

    def put_deployment(self, deployment_id: str, model_id: str, parameters: dict[str, Any], started: int) -> None:
        """Remember a wanted deployment."""
        self._database.execute(
            "INSERT OR REPLACE INTO deployments VALUES (?, ?, ?, ?)",
            (deployment_id, model_id, orjson.dumps(parameters), started),
        )

    def delete_deployment(self, deployment_id: str) -> None:
        """Forget a deployment."""
        self._database.execute("DELETE FROM deployments WHERE id = ?", (deployment_id,))
