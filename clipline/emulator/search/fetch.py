"""What a hit shows: ``_source``, ``fields``, ``docvalue_fields``."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.dates import DEFAULT_FORMAT, iso, shown_date
from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.indices.source import shown_source
from clipline.emulator.search.context import Context, ShardError

if TYPE_CHECKING:
    from clipline.emulator.search.request import Request


def hit(context: Context, document: Searchable, score: float | None, request: Request) -> dict[str, Any]:
    """One entry of ``hits.hits``; the index's lock is held."""
    shown: dict[str, Any] = {
        "_index": context.index.name,
        "_id": document.id,
    }
    if request.version:
        shown["_version"] = document.version
    if request.seq_no:
        shown |= {"_seq_no": document.seq_no, "_primary_term": document.term}
    shown["_score"] = None if score is None else shown_score(score)
    if ignored := document.parsed.values.get("_ignored"):
        shown["_ignored"] = list(ignored)
    source = context.index.shard.source(document)
    if request.source is not False:
        shown["_source"] = shown_source(source, context.index, request.source)
    found = {**_docvalues(context, document, request.docvalue_fields), **_fields(context, document, source, request)}
    if found:
        shown["fields"] = found
    return shown


def shown_score(score: float) -> float:
    """A score as the 32-bit number that it is: ``0.2876821`` and not ``0.28768208622932434``."""
    return float(str(np.float32(score)))


def _fields(
    context: Context, document: Searchable, source: Mapping[str, Any], request: Request
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, definition in context.types.items():
        if not any(fnmatchcase(name, pattern) for pattern in request.fields):
            continue
        kind = definition["type"]
        if kind == "dense_vector":
            if name in document.parsed.vectors:
                found[name] = [float(str(value)) for value in document.parsed.vectors[name]]
        elif kind == "flattened":
            if name in document.parsed.values:
                found[name] = _at(source, name.split("."))
        elif name in document.parsed.values:
            found[name] = [_field_value(definition, value) for value in document.parsed.values[name]]
    for pattern in request.fields:
        # One key of a flattened field is a field, too; patterns reach the whole field only.
        if pattern not in context.types and context.flattened_root(pattern) and pattern in document.parsed.values:
            found[pattern] = list(document.parsed.values[pattern])
    return found


def _docvalues(context: Context, document: Searchable, patterns: tuple[str, ...]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for pattern in patterns:
        for name, definition in context.types.items():
            if not fnmatchcase(name, pattern):
                continue
            kind = definition["type"]
            if kind == "text":
                if name != pattern:
                    continue
                raise no_fielddata(context, name)
            if kind in ("dense_vector", "geo_point", "flattened"):
                raise unsupported(f"docvalue_fields of the type [{kind}]")
            if definition.get("doc_values") is False:
                reason = (
                    f"Can't load fielddata on [{name}] because fielddata is unsupported on fields of type [{kind}]."
                )
                raise ShardError({"type": "illegal_argument_exception", "reason": reason})
            values = sorted(document.parsed.values.get(name, ()))
            # Doc values of keywords are a set, those of numbers a bag.
            values = list(dict.fromkeys(values)) if kind == "keyword" else values
            if values:
                date = kind == "date"
                found[name] = [iso(value) if date else value for value in values]
    return found


def no_fielddata(context: Context, name: str) -> ShardError:
    """The error of reading a text field column by column."""
    reason = (
        f"Fielddata is disabled on [{name}] in [{context.index.name}]. Text fields are not optimised for operations that "
        "require per-document field data like aggregations and sorting, so these operations are disabled by default. "
        f"Please use a keyword field instead. Alternatively, set fielddata=true on [{name}] in order to load field data "
        "by uninverting the inverted index. Note that this can use significant memory."
    )
    return ShardError({"type": "illegal_argument_exception", "reason": reason})


def _field_value(definition: Mapping[str, Any], value: Any) -> Any:
    kind = definition["type"]
    if kind == "date":
        return shown_date(value, str(definition.get("format", DEFAULT_FORMAT)))
    if kind == "geo_point":
        return {"coordinates": [value[1], value[0]], "type": "Point"}
    return value


def _at(source: Any, path: list[str]) -> list[Any]:
    """The objects at a path of the source, dots in its names or not."""
    if not path:
        return source if isinstance(source, list) else [source]
    if isinstance(source, list):
        return [found for item in source for found in _at(item, path)]
    if not isinstance(source, Mapping):
        return []
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in source:
            return _at(source[name], path[length:])
    return []
