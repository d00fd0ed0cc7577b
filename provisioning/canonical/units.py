"""Times, sizes and numbers of settings: one spelling for one meaning.

Elasticsearch keeps the text of a setting as it was sent (``60s`` stays ``60s``), so ``60s`` and ``1m`` differ on the wire
and mean the same. The canonical text has the largest unit that needs no fraction. Whatever cannot be read stays as it is.
Sources: ``TimeValue.parseTimeValue``, ``ByteSizeValue.parseBytesSizeValue``.
"""

from __future__ import annotations

import re

_MICROS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "micros": 1}
_BYTES = {"pb": 1 << 50, "tb": 1 << 40, "gb": 1 << 30, "mb": 1 << 20, "kb": 1 << 10, "b": 1}
_TIME = re.compile(r"(\d+)\s*(micros|ms|s|m|h|d)", re.IGNORECASE)
_SIZE = re.compile(r"(\d+)(\.\d+)?\s*([kmgtp]?b|[kmgtp])", re.IGNORECASE)


def time_text(text: str) -> str:
    """``60s`` → ``1m``; ``0`` → ``0s``; ``-1``, which means never or off, stays."""
    text = text.strip()
    if text == "0":
        return "0s"
    match = _TIME.fullmatch(text)
    return _largest(int(match[1]) * _MICROS[match[2].lower()], _MICROS, "s") if match else text


def time_seconds(text: str) -> float | None:
    """A time in seconds; ``None`` for what is none."""
    match = _TIME.fullmatch(text.strip())
    return int(match[1]) * _MICROS[match[2].lower()] / 1e6 if match else None


def size_text(text: str) -> str:
    """``1024mb`` → ``1gb``; ``1.5kb`` → ``1536b``; ``0`` → ``0b``."""
    size = size_bytes(text)
    return text.strip() if size is None else _largest(size, _BYTES, "b")


def size_bytes(text: str) -> int | None:
    """A size in bytes; ``None`` for what is none. A fraction of a byte is cut off, as the server does."""
    text = text.strip()
    if text == "0":
        return 0
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    unit = match[3].lower()
    factor = _BYTES[unit if unit.endswith("b") else f"{unit}b"]
    return int(match[1]) * factor if match[2] is None else int(float(match[1] + match[2]) * factor)


def shown_size(size: int) -> str:
    """A size as statistics show it: the largest unit, one decimal, cut off: ``1.5kb``, ``1.9mb``, ``12b``."""
    name, factor = next((item for item in _BYTES.items() if size >= item[1]), ("b", 1))
    tenths = size * 10 // factor
    return f"{tenths // 10}.{tenths % 10}{name}" if tenths % 10 else f"{tenths // 10}{name}"


def number_text(text: str) -> str:
    """``20`` and ``20.0`` are one number to a setting that takes fractions."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _largest(amount: int, units: dict[str, int], smallest: str) -> str:
    if amount == 0:
        return f"0{smallest}"
    name, factor = next(item for item in units.items() if amount % item[1] == 0)
    return f"{amount // factor}{name}"
