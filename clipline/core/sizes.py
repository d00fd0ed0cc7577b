"""Bytes for people: powers of 1024, as Elasticsearch counts them."""

from __future__ import annotations

MIB = 1024 * 1024
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count: int) -> str:
    """A number of bytes: ``4.8 MB``, ``244 MB``; two digits are enough to decide by."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if value < 10 and unit else f"{value:.0f} {_UNITS[unit]}"
