"""Durations and sizes in parameters and settings: ``30s``, ``100mb`` (TimeValue, ByteSizeValue)."""

from __future__ import annotations

import re

from clipline.emulator.errors import illegal_argument

_MILLIS = (
    ("nanos", 1e-6),
    ("micros", 1e-3),
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
)


def parse_time(text: str, name: str) -> float:
    """Milliseconds; ``-1`` means for ever and is returned as -1. ``name`` is the parameter's, for the error.

    Raises:
        ApiError: 400: no unit, a fraction, a negative duration, no number.
    """
    plain = text.strip().lower()
    if plain == "-1":
        return -1
    if re.fullmatch("0+", plain):
        return 0
    unit = next((unit for unit in _MILLIS if plain.endswith(unit[0]) and not text.strip().endswith("M")), None)
    if unit is None:
        sentence = f"failed to parse setting [{name}] with value [{text}] as a time value"
        raise illegal_argument(f"{sentence}: unit is missing or unrecognized")
    number = plain.removesuffix(unit[0]).strip()
    if not re.fullmatch(r"[+-]?\d{1,18}", number):
        fraction = re.fullmatch(r"[+-]?\d*\.\d+", number)
        raise illegal_argument(
            f"failed to parse [{text}]{', fractional time values are not supported' if fraction else ''}"
        )
    if int(number) < 0:
        sentence = f"failed to parse setting [{name}] with value [{text}] as a time value"
        raise illegal_argument(f"{sentence}: negative durations are not supported")
    return int(number) * unit[1]
