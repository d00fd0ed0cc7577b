"""Sizes in bytes as Elasticsearch reads and shows them (ByteSizeValue)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clipline.emulator.errors import ApiError
from clipline.emulator.http import cat

_SIZE = re.compile(r"([0-9]+)(\.[0-9]+)?\s*(b|kb?|mb?|gb?|tb?|pb?)", re.IGNORECASE)
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Size:
    """A size as it was given (``10kb``; ``0`` has no unit) and in bytes."""

    given: str
    bytes: int


def parse_size(setting: str, text: str) -> Size:
    """A size with its unit; ``0`` and ``-1`` need none.

    Raises:
        ApiError: 400 for a text that is no size.
    """
    text = text.strip()
    if text in ("0", "-1"):
        return Size(text, int(text))
    match = _SIZE.fullmatch(text)
    if match is None:
        missing = text[-1:].isdigit() or not text
        why = ": unit is missing or unrecognized" if missing else ""
        raise ApiError(
            400, "parse_exception", f"failed to parse setting [{setting}] with value [{text}] as a size in bytes{why}"
        )
    unit = match[3].lower()
    factor = _UNITS[unit[0]]
    number = float(match[1] + (match[2] or ""))
    # A fraction is kept in bytes, whatever its unit was. Thousands of digits are no whole number to Python.
    total = int(match[1]) * factor if match[2] is None and number < 2 * _LARGEST else number * factor
    if total > _LARGEST:
        raise ApiError(
            400, "illegal_argument_exception", f"Values greater than {_LARGEST} bytes are not supported: {text}"
        )
    if total == 0:
        return Size("0", 0)
    suffix = unit if unit == "b" else f"{unit[0]}b"
    return Size(f"{int(match[1])}{suffix}" if match[2] is None else f"{int(total)}b", int(total))


def size_text(number: int) -> str:
    """A size for people: the largest unit, one decimal (``1.5kb``)."""
    return str(cat.Size(number))
