"""Index settings: one flat table of dotted names without ``index.``, every value as text.

Example: ``{"index": {"number_of_shards": 1}}``, ``{"number_of_shards": "1"}`` and ``{"index.number_of_shards": 1}`` all
become ``{"number_of_shards": "1"}``. A list and its items with commas between are one. A ``null`` is a setting left to
its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SYSTEM_SETTINGS = frozenset({"creation_date", "uuid", "provided_name", "version.created", "version.upgraded"})
"""Set by Elasticsearch itself, on every index."""


def canonical_settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The flat table, sorted by name."""
    table = {name: value for name, value in _flat(settings or {}, "") if value is not None}
    return {name: _text(table[name]) for name in sorted(table) if name not in SYSTEM_SETTINGS}


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, child in value.items():
        name = f"{prefix}{key}"
        if isinstance(child, Mapping):
            yield from _flat(child, f"{name}.")
        else:
            yield name.removeprefix("index."), child


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value)
