"""The ``fields`` of a hit: from the source (``fields``), from doc values (``docvalue_fields``) or stored (``stored_fields``)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.dates import DEFAULT_FORMAT, KNOWN_FORMATS, shown_date
from clipline.emulator.indices.field_types import FLOATS
from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.indices.vectors import hydrated
from clipline.emulator.search.columns import stored as with_precision
from clipline.emulator.search.context import Context, ShardError
from clipline.emulator.search.field_request import Wanted
from clipline.emulator.search.sort import no_fielddata

_VECTOR_FORMATS = ("array", "binary")
Fields = dict[str, list[Any]]


def fetched(context: Context, document: Searchable, source: Mapping[str, Any], wanted: tuple[Wanted, ...]) -> Fields:
    """What ``fields`` asks for, each value in the form of its type.

    Raises:
        ShardError: a format for a field that has none.
    """
    found: Fields = {}
    for one in wanted:
        for name in _named(context, one, document.parsed.values):
            if values := _values(context, name, document, source, one.format):
                found[name] = values
        if one.unmapped:
            for name, value in _leaves(source, ""):
                if one.fits(name) and name not in context.types and not context.flattened_root(name):
                    found.setdefault(name, []).append(value)
    return found


def stored(context: Context, document: Searchable, names: tuple[str, ...]) -> Fields:
    """What ``stored_fields`` asks for: fields that the mapping stores apart from the source."""
    found: Fields = {}
    for wanted in map(Wanted, names):
        for name, definition in context.types.items():
            if definition.get("store") in (True, "true") and wanted.fits(name) and name in document.parsed.values:
                found[name] = [_shown(definition, value, None) for value in document.parsed.values[name]]
    return found


def check_count(context: Context, wanted: tuple[Wanted, ...]) -> None:
    """Refuse more ``docvalue_fields`` than an index gives at once (FetchDocValuesContext).

    Raises:
        ShardError: there are too many.
    """
    most = int(context.index.settings.get("max_docvalue_fields_search") or 100)
    if len(wanted) <= most and not any("*" in one.pattern for one in wanted):
        return
    asked = sum(len(list(_named(context, one, {}))) if "*" in one.pattern else 1 for one in wanted)
    if asked > most:
        raise ShardError.illegal(
            f"Trying to retrieve too many docvalue_fields. Must be less than or equal to: [{most}] but was [{asked}]. "
            "This limit can be set by changing the [index.max_docvalue_fields_search] index level setting."
        )


def docvalues(context: Context, document: Searchable, wanted: tuple[Wanted, ...]) -> Fields:
    """What ``docvalue_fields`` asks for.

    Raises:
        ShardError: a field without doc values, or a format that it does not have.
    """
    found: Fields = {}
    for one in wanted:
        for name in _named(context, one, {}):
            definition = context.types[name]
            if definition["type"] == "text" and name != one.pattern:
                continue
            if values := _docvalue(context, name, definition, document, one.format):
                found[name] = values
    return found


def _named(context: Context, wanted: Wanted, values: Iterable[str]) -> list[str]:
    names = [name for name in context.types if wanted.fits(name)]
    if wanted.pattern not in context.types and wanted.pattern in values and context.flattened_root(wanted.pattern):
        # One key of a flattened field is a field, too; patterns reach the whole field only.
        names.append(wanted.pattern)
    return names


def _values(
    context: Context, name: str, document: Searchable, source: Mapping[str, Any], shape: str | None
) -> list[Any]:
    definition = context.types.get(name, {"type": "keyword"})
    kind, parsed = definition["type"], document.parsed
    if shape is not None and kind != "date":
        raise ShardError.illegal(f"Field [{name}] of type [{kind}] doesn't support formats.")
    if kind == "dense_vector":
        if name not in parsed.vectors:
            return []
        # Where the index keeps vectors in the source, they are shown as they were sent, a text as one value.
        kept = not (context.index.excludes_vectors and definition.get("index"))
        return at_path(source, name.split(".")) if kept else hydrated(definition, parsed.vectors[name])
    if kind == "flattened":
        return at_path(source, name.split(".")) if name in parsed.values else []
    return [_shown(definition, value, shape) for value in parsed.values.get(name, ())]


def _docvalue(
    context: Context, name: str, definition: Mapping[str, Any], document: Searchable, shape: str | None
) -> list[Any]:
    kind = definition["type"]
    if kind == "text":
        raise no_fielddata(context, name)
    if kind == "dense_vector":
        return _vector(context, name, document, shape)
    if kind in ("geo_point", "flattened"):
        raise unsupported(f"docvalue_fields of the type [{kind}]")
    if definition.get("doc_values") is False:
        raise ShardError.illegal(
            f"Can't load fielddata on [{name}] because fielddata is unsupported on fields of type [{kind}]. "
            "Use doc values instead."
        )
    if shape is not None and kind != "date":
        if kind in ("keyword", "boolean"):
            raise ShardError.illegal(f"Field [{name}] of type [{kind}] doesn't support formats.")
        raise unsupported(f"the format [{shape}] in docvalue_fields of the type [{kind}]")
    values = sorted(with_precision(kind, value) for value in document.parsed.values.get(name, ()))
    # Doc values of keywords are a set, those of numbers a bag.
    values = list(dict.fromkeys(values)) if kind == "keyword" else values
    return [_date(definition, value, shape) for value in values] if kind == "date" else values


def _vector(context: Context, name: str, document: Searchable, shape: str | None) -> list[Any]:
    if shape is not None and (context.version < (9, 4) or shape not in _VECTOR_FORMATS):
        if shape == "base64":
            raise unsupported("the format [base64] in docvalue_fields of the type [dense_vector]")
        raise ShardError.illegal(f"Field [{name}] of type [dense_vector] doesn't support formats.")
    if name not in document.parsed.vectors:
        return []
    vector = document.parsed.vectors[name]
    if shape != "binary":
        return [hydrated(context.types[name], vector)]
    return [base64.b64encode(np.asarray(vector).astype(_big_endian(context, name)).tobytes()).decode()]


def _big_endian(context: Context, name: str) -> str:
    return "i1" if context.types[name].get("element_type") in ("byte", "bit") else ">f4"


def _shown(definition: Mapping[str, Any], value: Any, shape: str | None) -> Any:
    kind = definition["type"]
    if kind == "date":
        return _date(definition, value, shape)
    if kind == "geo_point":
        return {"coordinates": [value[1], value[0]], "type": "Point"}
    return float(str(np.float32(value))) if kind in FLOATS and kind != "double" else value


def _date(definition: Mapping[str, Any], value: int, shape: str | None) -> str:
    formats = str(definition.get("format", DEFAULT_FORMAT)) if shape in (None, "use_field_mapping") else str(shape)
    if formats.split("||")[0] not in KNOWN_FORMATS:
        raise unsupported(f"the date format [{formats}] in the fields of a hit")
    return shown_date(value, formats)


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _leaves(child, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list):
        # What is in lists within lists comes first (UnmappedFieldFetcher).
        for item in sorted(value, key=lambda one: not isinstance(one, list)):
            yield from _leaves(item, prefix)
    elif value is not None:
        yield prefix, value


def at_path(source: Any, path: list[str]) -> list[Any]:
    """The objects at a path of the source, dots in its names or not."""
    if not path:
        return source if isinstance(source, list) else [source]
    if isinstance(source, list):
        return [found for item in source for found in at_path(item, path)]
    if not isinstance(source, Mapping):
        return []
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in source:
            return at_path(source[name], path[length:])
    return []
