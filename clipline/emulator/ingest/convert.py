"""The ``convert`` processor's conversions, strict as Java's parsers are."""

from __future__ import annotations

import re
from typing import Any

from clipline.emulator.errors import illegal_argument, unsupported

TYPES = ("integer", "long", "float", "double", "boolean", "string")
NOT_EMULATED = ("ip", "auto")
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_HEX = re.compile(r"-?0[xX][0-9a-fA-F]+")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BITS = {"integer": 31, "long": 63}


def converted(value: Any, kind: str) -> Any:
    """A value as another type.

    Raises:
        ApiError: 400 when it cannot be, 501 where Java would write a number differently.
    """
    if kind == "string":
        return _string(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise illegal_argument(f"[{value}] is not a boolean value, cannot convert to boolean")
        return text.lower() == "true"
    if kind in _BITS and (_WHOLE.fullmatch(text) or _HEX.fullmatch(text)):
        number = int(text, 16) if _HEX.fullmatch(text) else int(text)
        if -(2 ** _BITS[kind]) <= number < 2 ** _BITS[kind]:
            return number
    if kind not in _BITS and _REAL.fullmatch(text):
        return float(text)
    raise illegal_argument(f"unable to convert [{value}] to {kind}")


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise unsupported("the conversion of an object to a string")
    # Outside this range Java writes an exponent, and not as Python does.
    if isinstance(value, float) and value != 0 and not 1e-3 <= abs(value) < 1e7:
        raise unsupported(f"the conversion of the number [{value}] to a string")
    return str(value)
