"""Time values such as ``20s`` of the trained model APIs (TimeValue)."""

from __future__ import annotations

from datetime import UTC, datetime

from clipline.emulator.units import parse_time

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1), ("micros", 1e-3))
"""Names and milliseconds."""
_LONGEST = 10 * 365 * 86_400.0
"""Ten years. Python's locks cannot wait for all that Elasticsearch can be told to wait for."""


def seconds(setting: str, text: str) -> float:
    """A time value in seconds, at most ten years; less than 0 for ``-1``.

    Raises:
        ApiError: 400 for one that is none.
    """
    return min(parse_time(text, setting) / 1000, _LONGEST)


def time_text(text: str) -> str:
    """A time value as messages show it: in the largest unit that it fills, with one decimal at most (``1.5s``)."""
    total = parse_time(text, "timeout")
    if total <= 0:
        return "0s" if total == 0 else "-1"
    for unit, size in _UNITS:
        if total >= size:
            whole, tenth = divmod(int(round(total / size, 6) * 10), 10)
            return f"{whole}.{tenth}{unit}" if tenth else f"{whole}{unit}"
    return f"{round(total * 1e6)}nanos"


def date_text(milliseconds: int) -> str:
    """A moment in UTC with milliseconds, as ``2026-01-01T00:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
