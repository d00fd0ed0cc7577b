"""What a hit shows: ``_source``, ``fields``, ``docvalue_fields``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.dates import iso
from clipline.emulator.indices.shard import Searchable
from clipline.emulator.indices.source import shown_source
from clipline.emulator.search.context import Context


def hit(context: Context, document: Searchable, score: float | None, body: dict[str, Any]) -> dict[str, Any]:
    """One entry of ``hits.hits``."""
    shown: dict[str, Any] = {"_index": context.index.name, "_id": document.id, "_score": score}
    if body.get("version"):
        shown["_version"] = document.version
    if body.get("seq_no_primary_term"):
        shown |= {"_seq_no": document.seq_no, "_primary_term": 1}
    choice = body.get("_source", True)
    stored = body.get("stored_fields")
    if stored is not None:
        if stored not in ("_none_", []):
            raise unsupported("stored_fields")
        choice = body.get("_source", False)
    wanted = [_name(entry) for entry in (*(body.get("fields") or ()), *(body.get("docvalue_fields") or ()))]
    source: dict[str, Any] | None = None
    if choice is not False:
        with context.index.lock:
            source = context.index.shard.source(document.id)
        shown["_source"] = shown_source(source, context.index, choice)
    if wanted:
        found = _fields(context, document, wanted)
        if found:
            shown["fields"] = found
    return shown


def _fields(context: Context, document: Searchable, patterns: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, definition in context.types.items():
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        if definition["type"] == "dense_vector":
            if name in document.parsed.vectors:
                found[name] = [float(value) for value in document.parsed.vectors[name]]
            continue
        if definition["type"] == "flattened":
            if any(key.startswith(f"{name}.") for key in document.parsed.values):
                raise unsupported(f"the flattened field [{name}] among [fields]")
            continue
        values = document.parsed.values.get(name)
        if values:
            found[name] = [_shown(definition["type"], value) for value in values]
    return found


def _shown(kind: str, value: Any) -> Any:
    if kind == "date":
        return iso(value)
    if kind == "geo_point":
        return {"type": "Point", "coordinates": [value[1], value[0]]}
    return value


def _name(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if set(entry) - {"field"}:
        raise unsupported("formats of [fields]")
    return str(entry["field"])
