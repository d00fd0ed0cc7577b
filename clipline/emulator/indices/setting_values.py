"""What the value of an index setting may be."""

from __future__ import annotations

import re

from clipline.emulator.errors import illegal_argument

_LEAST = {"number_of_shards": 1, "number_of_replicas": 0, "max_result_window": 1, "mapping.total_fields.limit": 0,
          "priority": 0}  # fmt: skip
_FLAGS = frozenset({"mapping.exclude_source_vectors", "hidden", "blocks.write", "blocks.read_only"})
_TIMES = frozenset({"refresh_interval"})
_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def check_value(name: str, value: str | None) -> None:
    """Refuse what a setting cannot be; ``None`` resets it.

    Raises:
        ApiError: 400 with Elasticsearch's text.
    """
    if value is None:
        return
    if name in _FLAGS and value not in ("true", "false"):
        raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
    if name in _TIMES:
        seconds(name, value)
    if name in _LEAST:
        _check_number(name, value, _LEAST[name])


def seconds(name: str, value: str) -> float:
    """A time value such as ``1s``; -1 without a unit stands for never.

    Raises:
        ApiError: 400 with Elasticsearch's text.
    """
    text = value.strip()
    if re.fullmatch(r"-0*1", text):
        return -1.0
    if re.fullmatch(r"0+", text):
        return 0.0
    where = f"failed to parse setting [index.{name}] with value [{value}] as a time value"
    unit = next((unit for unit in _SECONDS if text.lower().endswith(unit)), None)
    if unit is None:
        raise illegal_argument(f"{where}: unit is missing or unrecognized")
    number = text[: -len(unit)].strip()
    if re.fullmatch(r"[+-]?\d+\.\d*", number):
        raise illegal_argument(f"failed to parse [{value}], fractional time values are not supported")
    if not re.fullmatch(r"[+-]?\d+", number):
        raise illegal_argument(f"failed to parse [{value}]")
    if int(number) < 0:
        raise illegal_argument(f"{where}: negative durations are not supported")
    return int(number) * _SECONDS[unit]


def _check_number(name: str, value: str, least: int) -> None:
    try:
        number = int(value)
    except ValueError:
        raise illegal_argument(f"Failed to parse value [{value}] for setting [index.{name}]") from None
    if number < least:
        raise illegal_argument(f"Failed to parse value [{value}] for setting [index.{name}] must be >= {least}")
