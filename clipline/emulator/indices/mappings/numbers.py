"""Numbers and booleans as NumberFieldMapper, BooleanFieldMapper and the JSON parser below them read them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.refused import AT, Unfit

INTEGERS = {"long": 63, "integer": 31, "short": 15, "byte": 7}
FLOATS = ("double", "float", "half_float")
_MOST = {"half_float": 65519.996, "float": 3.4028235677973366e38}
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?\s*")
_CLASSES = {"long": "Long", "double": "Double"}


def number(kind: str, value: Any, *, coerce: bool = True) -> int | float | None:
    """A number in a field's type; ``None`` for an empty text, which counts as no value.

    Raises:
        Unfit: the field refuses it.
    """
    if value == "" and coerce:
        return None
    if isinstance(value, Mapping):
        raise Unfit("Cannot parse object as number")
    if isinstance(value, bool | list):
        raise _no_number(value)
    if isinstance(value, str) and not coerce:
        name = _CLASSES.get(kind, "Float" if kind in FLOATS else "Integer")
        raise Unfit(f"{name} value passed as String")
    return _integer(kind, value, coerce) if kind in INTEGERS else _floating(kind, value)


def double(value: float) -> float:
    """A number as a double; what is beyond one is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def boolean(value: Any) -> bool:
    """``true``, ``false`` and their texts; an empty text is false.

    Raises:
        Unfit: anything else.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value not in ("true", "false", ""):
            raise Unfit(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        return value == "true"
    raise Unfit(f"[{AT}] Current token ({java_token(value)}) not of boolean type", "x_content_parse_exception")


def java_token(value: Any) -> str:
    """What Jackson calls the beginning of a JSON value."""
    if isinstance(value, dict | list):
        return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
    if isinstance(value, bool) or value is None:
        return {True: "VALUE_TRUE", False: "VALUE_FALSE", None: "VALUE_NULL"}[value]
    if isinstance(value, str):
        return "VALUE_STRING"
    return "VALUE_NUMBER_INT" if isinstance(value, int) else "VALUE_NUMBER_FLOAT"


def _integer(kind: str, value: Any, coerce: bool) -> int:
    bits = INTEGERS[kind]
    article = "an" if kind == "integer" else "a"
    if isinstance(value, str):
        whole = _from_text(kind, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _overflow(kind, value)
        if not coerce and not value.is_integer():
            name = "Long" if kind == "long" else "Integer"
            raise Unfit(f"{java.text(value)} cannot be converted to {name} without data loss")
        whole = math.trunc(value)
    else:
        whole = int(value)
    if not isinstance(value, str) and not -(2 ** (limit := 63 if kind == "long" else 31)) <= whole < 2**limit:
        raise _overflow(kind, value)
    if not -(2**bits) <= whole < 2**bits:
        raise Unfit(f"Value [{java.text(value)}] is out of range for {article} {kind}")
    return whole


def _overflow(kind: str, value: float) -> Unfit:
    """What the JSON parser says of a number that Java's type cannot hold."""
    java_type, limit = ("long", 63) if kind == "long" else ("int", 31)
    reason = f"Numeric value ({java.text(value)}) out of range of {java_type} ({-(2**limit)} - {2**limit - 1})"
    return Unfit(f"[{AT}] {reason}", "x_content_parse_exception")


def _from_text(kind: str, value: str) -> int:
    if re.fullmatch(r"[+-]?\d{1,400}", value):
        return int(value)
    if not _DECIMAL.fullmatch(value):
        raise Unfit(
            f'For input string: "{value}"',
            "illegal_argument_exception" if kind == "long" else "number_format_exception",
        )
    parsed = float(value.strip().rstrip("fFdD"))
    if not math.isfinite(parsed):
        raise Unfit(f"Value [{value}] is out of range for {'an' if kind == 'integer' else 'a'} {kind}")
    return math.trunc(parsed)


def _floating(kind: str, value: Any) -> float:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            if value.strip() in ("NaN", "Infinity", "-Infinity", "+Infinity"):
                raise Unfit(f"[{kind}] supports only finite values, but got [{value.strip().removeprefix('+')}]")
            shown = f'For input string: "{value}"' if value.strip() else "empty String"
            raise Unfit(shown, "number_format_exception")
        parsed = float(value.strip().rstrip("fFdD"))
    else:
        parsed = double(value)
    if not math.isfinite(parsed) or abs(parsed) >= _MOST.get(kind, math.inf):
        with np.errstate(over="ignore"):
            shown = java.floating(np.float32(parsed if kind == "half_float" else math.copysign(math.inf, parsed)))
        raise Unfit(f"[{kind}] supports only finite values, but got [{shown}]")
    return parsed


def _no_number(value: Any) -> Unfit:
    reason = f"Current token ({java_token(value)}) not numeric, can not use numeric value accessors"
    return Unfit(f"[{AT}] {reason}", "x_content_parse_exception")
