"""Time values such as ``20s`` of the trained model APIs."""

from __future__ import annotations

import re

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
