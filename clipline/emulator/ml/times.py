"""Time values such as ``20s`` of the trained model APIs (TimeValue)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from clipline.emulator.errors import illegal_argument

_TIME = re.compile(r"(\d+)(nanos|micros|ms|s|m|h|d)")
_UNITS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(setting: str, text: str) -> float:
    """A time value in seconds.

    Raises:
        ApiError: 400 for one that is none.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise illegal_argument(f"failed to parse setting [{setting}] with value [{text}] as a time value")
    return int(match[1]) * _UNITS[match[2]]


def time_text(text: str) -> str:
    """A time value as messages show it: in the largest unit that it fills, with one decimal at most (``1.5s``)."""
    total = seconds("timeout", text)
    for unit in ("d", "h", "m", "s", "ms", "micros"):
        if total >= _UNITS[unit]:
            whole, tenth = divmod(int(round(total / _UNITS[unit], 6) * 10), 10)
            return f"{whole}.{tenth}{unit}" if tenth else f"{whole}{unit}"
    return f"{int(total / _UNITS['nanos'])}nanos"


def date_text(milliseconds: int) -> str:
    """A moment in UTC with milliseconds, as ``2026-01-01T00:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
