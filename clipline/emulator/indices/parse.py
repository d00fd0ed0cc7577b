"""A document's source → what is indexed of it, by the mapping.

``Parsed.values`` holds, by full field name, what queries compare: texts of keywords, numbers, booleans, milliseconds of
dates, ``(lat, lon)`` of points, the text of text fields. Vectors are kept apart as float32 arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date
from clipline.emulator.indices.values import as_text, convert
from clipline.emulator.indices.vectors import check_vector, dense_vector

_DATE_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?|\d{4}/\d{2}/\d{2}.*")


class ValueRefused(ApiError):
    """A field refuses one value of a document; where it stands is not known here."""

    def __init__(self, name: str, kind: str, value: Any, doc_id: str, cause: str) -> None:
        reason = (
            f"[1:1] failed to parse field [{name}] of type [{kind}] in document with id '{doc_id}'. "
            f"Preview of field's value: '{_java(value)}'"
        )
        caused_by = {"type": "illegal_argument_exception", "reason": cause}
        super().__init__(400, "document_parsing_exception", reason, caused_by=caused_by)
        self.field = name
        self.value = value

    def at(self, position: str) -> ApiError:
        """The same with a position."""
        reason = position + self.reason.removeprefix("[1:1]")
        return ApiError(self.status, self.type, reason, caused_by=self.caused_by)


@dataclass(slots=True)
class Parsed:
    """What is indexed of one document; ``added`` are fields that dynamic mapping made for it."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)


def parse(source: Mapping[str, Any], mappings: Mapping[str, Any], doc_id: str) -> Parsed:
    """Index one document.

    Raises:
        ApiError: 400 ``document_parsing_exception`` or ``strict_dynamic_mapping_exception``.
    """
    parsed = Parsed()
    root = {"properties": mappings.get("properties", {}), "dynamic": mappings.get("dynamic", "true")}
    if not mappings.get("date_detection", True):
        root["date_detection"] = False
    _object(source, root, "", parsed, parsed.added, doc_id)
    return parsed


def _object(
    value: Mapping[str, Any], parent: Mapping[str, Any], prefix: str, parsed: Parsed, added: dict[str, Any], doc_id: str
) -> None:
    for key, child in value.items():
        head, dot, rest = key.partition(".")
        if dot:
            child = {rest: child}
        name = f"{prefix}{head}"
        definition = parent.get("properties", {}).get(head) or added.get(head)
        if child is None or child == []:
            continue
        if definition is None:
            definition = _dynamic(name, child, parent, prefix)
            if definition is None:
                continue
            added[head] = definition
        if "type" in definition:
            _leaf(name, definition, child, parsed, doc_id)
            continue
        inner = added.setdefault(head, {"properties": {}}) if head in added else {"properties": {}}
        for item in child if isinstance(child, list) else [child]:
            if not isinstance(item, Mapping):
                raise _error(
                    f"object mapping for [{name}] tried to parse field [{head}] as object, but found a concrete value"
                )
            inherited = {key: parent[key] for key in ("dynamic", "date_detection") if key in parent}
            scope = {**inherited, **definition}
            _object(item, scope, f"{name}.", parsed, inner["properties"], doc_id)
        if inner["properties"]:
            added.setdefault(head, {"properties": {}})["properties"].update(inner["properties"])


def _leaf(name: str, definition: Mapping[str, Any], value: Any, parsed: Parsed, doc_id: str) -> None:
    kind = definition["type"]
    if kind == "dense_vector":
        try:
            parsed.vectors[name] = check_vector(name, dict(definition), value, doc_id)
        except ValueError as error:
            raise _error(f"failed to parse: {error}", cause=str(error)) from error
        if definition.get("dims") is None:
            _add(parsed.added, name.split("."), {**definition, "dims": len(parsed.vectors[name])})
        return
    if kind == "flattened":
        if not isinstance(value, Mapping):
            raise _error(f"Failed to parse object: expecting token of type [START_OBJECT] for flattened field [{name}]")
        _flattened(name, definition, value, parsed)
        return
    pair = kind == "geo_point" and isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    items = [value] if pair or not isinstance(value, list) else list(_flat(value, kind))
    for item in items:
        if item is None:
            continue
        _value(name, definition, item, parsed, doc_id)
        for inner, sub in definition.get("fields", {}).items():
            _value(f"{name}.{inner}", sub, item, parsed, doc_id)


def _value(name: str, definition: Mapping[str, Any], item: Any, parsed: Parsed, doc_id: str) -> None:
    try:
        converted = convert(name, definition, item)
    except (ValueError, TypeError) as error:
        raise ValueRefused(name, definition["type"], item, doc_id, str(error)) from error
    if converted is not None:
        parsed.values.setdefault(name, []).append(converted)


def _flat(values: list[Any], kind: str) -> Iterator[Any]:
    """The values of an array; arrays in arrays are opened up, but for a point's coordinates."""
    for value in values:
        point = kind == "geo_point" and isinstance(value, list) and value and not isinstance(value[0], list | Mapping)
        if isinstance(value, list) and not point:
            yield from _flat(value, kind)
        else:
            yield value


def _add(added: dict[str, Any], path: list[str], definition: dict[str, Any]) -> None:
    """Note a field that the document changes, below the objects that it is in."""
    *parents, leaf = path
    for parent in parents:
        added = added.setdefault(parent, {"properties": {}})["properties"]
    added[leaf] = definition


def _java(value: Any) -> str:
    """A JSON value as Java prints it."""
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_java(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_java, value)) + "]"
    return str(value)


def _flattened(name: str, definition: Mapping[str, Any], value: Mapping[str, Any], parsed: Parsed) -> None:
    for key, child in value.items():
        for item in _flat([child], "flattened"):
            if isinstance(item, Mapping):
                _flattened(f"{name}.{key}", definition, item, parsed)
                continue
            text = as_text(item, definition) if item is not None else None
            if text is not None:
                parsed.values.setdefault(f"{name}.{key}", []).append(text)
                parsed.values.setdefault(name, []).append(text)


def _dynamic(name: str, value: Any, parent: Mapping[str, Any], prefix: str) -> dict[str, Any] | None:
    mode = parent.get("dynamic", "true")
    if mode == "false":
        return None
    if mode == "strict":
        within = prefix.rstrip(".") or "_doc"
        reason = f"mapping set to strict, dynamic introduction of [{name.rpartition('.')[2]}] within [{within}] is not allowed"
        raise ApiError(400, "strict_dynamic_mapping_exception", f"[1:1] {reason}")
    sample = value[0] if isinstance(value, list) else value
    if isinstance(value, list) and 128 <= len(value) <= 4096 and all(isinstance(item, float) for item in value):
        return dense_vector(name, {"type": "dense_vector", "dims": len(value)})
    if isinstance(sample, Mapping):
        return {"properties": {}}
    if isinstance(sample, bool):
        return {"type": "boolean"}
    if isinstance(sample, int):
        return {"type": "long"}
    if isinstance(sample, float):
        return {"type": "float"}
    if isinstance(sample, str) and parent.get("date_detection", True) and _DATE_LIKE.fullmatch(sample):
        try:
            parse_date(sample, DEFAULT_FORMAT)
        except ValueError:
            pass
        else:
            return {"type": "date"}
    return {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


def _error(reason: str, *, cause: str | None = None) -> ApiError:
    return ApiError(
        400,
        "document_parsing_exception",
        f"[1:1] {reason}",
        caused_by={"type": "illegal_argument_exception", "reason": cause} if cause else None,
    )
