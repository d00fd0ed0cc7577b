"""One value of a field → what queries compare, or Elasticsearch's reason to refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date
from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.numbers import FLOATS, INTEGERS, boolean, number
from clipline.emulator.indices.mappings.points import point
from clipline.emulator.indices.mappings.refused import AT, Unfit

MAX_TERM_BYTES = 32766
"""Lucene's longest term."""


def convert(name: str, definition: Mapping[str, Any], value: Any) -> Any:
    """One value of a field as queries compare it; ``None`` when it is not indexed.

    Raises:
        ValueError: the field refuses it; an ``Unfit`` knows the exception that Elasticsearch names.
    """
    kind = definition["type"]
    if kind == "keyword":
        text = as_text(value, definition)
        if text is None:
            return None
        if definition.get("normalizer") == "lowercase":
            text = text.lower()
        if definition.get("index", True) or definition.get("doc_values", True):
            _check_term(name, text)
        return text
    if kind in ("text", "flattened"):
        return as_text(value, definition)
    if kind in INTEGERS or kind in FLOATS:
        return number(kind, value, coerce=definition.get("coerce", True))
    if kind == "boolean":
        return boolean(value)
    if kind == "date":
        return parse_date(_text(value), str(definition.get("format", DEFAULT_FORMAT)))
    if kind == "geo_point":
        return point(name, value, ignore_z=definition.get("ignore_z_value", True))
    raise Unfit(f"field [{name}] of type [{kind}] takes no such value")


def as_text(value: Any, definition: Mapping[str, Any]) -> str | None:
    """A value as a term; ``None`` when it is longer than ``ignore_above``.

    Raises:
        Unfit: it is an object or an array.
    """
    text = _text(value)
    limit = definition.get("ignore_above")
    return None if limit is not None and _length(text) > int(limit) else text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list):
        token = "START_OBJECT" if isinstance(value, Mapping) else "START_ARRAY"
        raise Unfit(f"Can't get text on a {token} at {AT}", "illegal_state_exception")
    return java.text(value)


def _length(text: str) -> int:
    """Characters as Java counts them."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _check_term(name: str, text: str) -> None:
    # Every character is at most four bytes, so that short texts need not be encoded.
    if len(text) * 4 <= MAX_TERM_BYTES or len(raw := text.encode()) <= MAX_TERM_BYTES:
        return
    prefix = [byte - 256 if byte > 127 else byte for byte in raw[:30]]
    raise Unfit(
        f'Document contains at least one immense term in field="{name}" (whose UTF8 encoding is longer than the max '
        f"length {MAX_TERM_BYTES}), all of which were skipped. Please correct the analyzer to not produce such terms. "
        f"The prefix of the first immense term is: '{prefix}...'"
    )
