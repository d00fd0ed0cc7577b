"""Aliases and templates as they are kept in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from clipline.emulator.database import Database

_TABLES = (
    "CREATE TABLE IF NOT EXISTS aliases (alias TEXT, name TEXT, body BLOB, PRIMARY KEY (alias, name))",
    "CREATE TABLE IF NOT EXISTS templates (kind TEXT, name TEXT, body BLOB, PRIMARY KEY (kind, name))",
)


class Metadata:
    """What a node keeps about names beside the indices themselves; every method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(*_TABLES)

    def aliases(self) -> dict[str, dict[str, dict[str, Any]]]:
        """alias → index → body."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for alias, name, body in self._database.rows("SELECT alias, name, body FROM aliases ORDER BY alias, name"):
            found.setdefault(alias, {})[name] = orjson.loads(body)
        return found

    def indices_of(self, alias: str) -> dict[str, dict[str, Any]]:
        """index → body of one alias; empty for what is none."""
        rows = self._database.rows("SELECT name, body FROM aliases WHERE alias = ? ORDER BY name", (alias,))
        return {name: orjson.loads(body) for name, body in rows}

    def aliases_of(self, name: str) -> dict[str, dict[str, Any]]:
        """alias → body of one index."""
        rows = self._database.rows("SELECT alias, body FROM aliases WHERE name = ? ORDER BY alias", (name,))
        return {alias: orjson.loads(body) for alias, body in rows}

    def put_alias(self, alias: str, name: str, body: Mapping[str, Any]) -> None:
        """Let an alias lead to an index, or change how it does."""
        self._database.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (alias, name, orjson.dumps(body)))

    def remove_alias(self, alias: str, name: str) -> None:
        """Let an alias no longer lead to an index."""
        self._database.execute("DELETE FROM aliases WHERE alias = ? AND name = ?", (alias, name))

    def templates(self, kind: str) -> dict[str, dict[str, Any]]:
        """name → body of the templates of a kind (``index`` or ``component``)."""
        rows = self._database.rows("SELECT name, body FROM templates WHERE kind = ? ORDER BY name", (kind,))
        return {name: orjson.loads(body) for name, body in rows}

    def put_template(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Keep a template under its name."""
        self._database.execute("INSERT OR REPLACE INTO templates VALUES (?, ?, ?)", (kind, name, orjson.dumps(body)))

    def remove_templates(self, kind: str, names: Iterable[str]) -> None:
        """Forget templates, all or none."""
        rows = [(kind, name) for name in names]
        self._database.execute_many("DELETE FROM templates WHERE kind = ? AND name = ?", rows)
