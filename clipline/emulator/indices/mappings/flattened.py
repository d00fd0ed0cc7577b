"""A flattened field: every leaf of an object as a text, by its key and for the whole field.

Source: FlattenedFieldParser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import json_token
from clipline.emulator.indices.mappings.refused import Unfit
from clipline.emulator.indices.values import as_text

Definition = Mapping[str, Any]

_MAX_BYTES = 32766


def read_flattened(name: str, definition: Definition, value: Any, values: dict[str, list[Any]]) -> bool:
    """Add the leaves of one object to ``values``; whether a text was longer than ``ignore_above``.

    Raises:
        Unfit: it is no object, too deep, or a text is too long for a term.
    """
    if not isinstance(value, Mapping):
        found = json_token(value)
        reason = f"Failed to parse object: expecting token of type [START_OBJECT] but found [{found}]"
        raise Unfit(reason, "parsing_exception")
    return _object(name, name, definition, value, values, 1)


def _object(
    root: str, name: str, definition: Definition, value: Definition, values: dict[str, list[Any]], depth: int
) -> bool:
    limit = int(definition.get("depth_limit", 20))
    if depth > limit:
        raise Unfit(f"The provided [flattened] field [{root}] exceeds the maximum depth limit of [{limit}].")
    cut = False
    for key, child in value.items():
        for item in _flat(child):
            if isinstance(item, Mapping):
                cut |= _object(root, f"{name}.{key}", definition, item, values, depth + 1)
                continue
            text = as_text(item, definition)
            if text is None:
                cut = True
                continue
            _check(root, f"{name}.{key}".removeprefix(f"{root}."), text)
            values.setdefault(f"{name}.{key}", []).append(text)
            values.setdefault(root, []).append(text)
    return cut


def _check(root: str, key: str, text: str) -> None:
    if (len(key) + len(text)) * 4 < _MAX_BYTES:
        return
    raw_key, raw = key.encode(), text.encode()
    if len(raw_key) + 1 + len(raw) > _MAX_BYTES:
        raise Unfit(
            f"Flattened field [{root}] contains one immense field whose keyed encoding is longer than the allowed max length "
            f"of {_MAX_BYTES} bytes. Key length: {len(raw_key)}, value length: {len(raw)} for key starting with [{key[:50]}]"
        )


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [] if value is None else [value]
    return [item for child in value for item in _flat(child)]
