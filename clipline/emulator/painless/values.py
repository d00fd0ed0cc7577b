"""Java's values in Python: kinds of numbers, names of classes, texts, equality.

A whole number is an Integer where it fits into 32 bits and a Long where it does not, as Elasticsearch reads JSON; one that
is a Long although it is small is a ``Long`` here, a number of 32 bits a ``Float``. Both are for the inside of a script:
what is stored in a document is ``plain``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.painless.failures import JavaError

_INT = 2**31
_LONG = 2**63
RANK = {"int": 0, "long": 1, "float": 2, "double": 3}
"""Numeric promotion: the kind with the higher rank wins."""

_CLASSES = {"int": "Integer", "long": "Long", "float": "Float", "double": "Double"}


class Long(int):
    """A whole number that is 64 bits wide whatever its value."""

    __slots__ = ()


class Float(float):
    """A number of 32 bits."""

    __slots__ = ()

    def __new__(cls, value: float) -> Float:
        """Round to 32 bits."""
        try:
            return super().__new__(cls, struct.unpack("f", struct.pack("f", value))[0])
        except OverflowError:
            return super().__new__(cls, math.copysign(math.inf, value))


def kind(value: Any) -> str | None:
    """int, long, float or double; ``None`` for what is no number.

    Raises:
        ApiError: 501 for a whole number beyond 64 bits.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        if type(value) is Long:
            return "long"
        if -_INT <= value < _INT:
            return "int"
        if -_LONG <= value < _LONG:
            return "long"
        raise unsupported("whole numbers of more than 64 bits in scripts")
    if isinstance(value, float):
        return "float" if type(value) is Float else "double"
    return None


def wrapped(value: int | float, wanted: str) -> Any:
    """A number as one of a kind, overflowing as Java's do."""
    if wanted == "int":
        number = int(value)
        return number if -_INT <= number < _INT else (number + _INT) % (2 * _INT) - _INT
    if wanted == "long":
        number = int(value)
        return Long(number if -_LONG <= number < _LONG else (number + _LONG) % (2 * _LONG) - _LONG)
    return Float(value) if wanted == "float" else float(value)


def truncated(value: int | float, wanted: str) -> Any:
    """A cast to a kind: a fraction to a whole number as ``(int) x`` does it, others wrap around."""
    if wanted in ("int", "long") and isinstance(value, float):
        most = _INT if wanted == "int" else _LONG
        value = 0 if math.isnan(value) else int(max(-most, min(most - 1, value)))
    return wrapped(value, wanted)


def plain(value: Any) -> Any:
    """A value as it stands in a document.

    Raises:
        ApiError: 501 for what JSON has no form for: numbers without end, entries of maps.
    """
    if type(value) is Long:
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise unsupported(f"the number [{text(value)}] in a document")
        return float(_digits(value)) if type(value) is Float else value
    if value is not None and not isinstance(value, str | int | list | dict):
        raise unsupported("what is no JSON, such as the entry of a map, in a document")
    return value


def text_key(key: Any) -> str:
    """A key of a map.

    Raises:
        ApiError: 501 for one that is no text, which a document cannot hold as it is.
    """
    if not isinstance(key, str):
        raise unsupported("a map with a key that is no text in a script")
    return key


def class_name(value: Any) -> str:
    """The Java class that Elasticsearch's messages name for a value."""
    if isinstance(value, dict):
        return "java.util.HashMap"
    if isinstance(value, list):
        return "java.util.ArrayList"
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, int) and not -_LONG <= value < _LONG:
        return "java.math.BigInteger"
    number = kind(value)
    if number:
        return f"java.lang.{_CLASSES[number]}"
    return "java.lang.String" if isinstance(value, str) else "java.lang.Object"


def text(value: Any) -> str:
    """A value as Java writes it.

    Raises:
        ApiError: 501 for an object of several keys, whose order in Java is that of hashes.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, dict):
        if len(value) > 1:
            raise unsupported("an object of several keys as a text, whose order would be that of Java's hashes,")
        return "{" + ", ".join(f"{key}={text(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, int):
        raise unsupported("the text of what is no JSON in a script")
    return str(value)


def same(a: Any, b: Any) -> bool:
    """``==`` of a script: numbers by value whatever their kind, lists and objects as Java's ``equals`` has it."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if kind(a) and kind(b):
        return bool(a == b)
    return equals(a, b)


def equals(a: Any, b: Any) -> bool:
    """``a.equals(b)``: numbers are equal only to those of their own kind."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equals, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equals(value, b[key]) for key, value in a.items())
    return type(a) is type(b) and kind(a) == kind(b) and bool(a == b)


def among(value: Any, values: Iterable[Any]) -> bool:
    """``values.contains(value)``."""
    return any(equals(value, item) for item in values)


def no_number(word: str) -> JavaError:
    """What Java's parsers of numbers throw."""
    return JavaError("number_format_exception", f'For input string: "{word}"')


def _decimal(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    digits = _digits(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        shown = f"{float(digits):.17f}" if "e" in digits else digits
        shown = shown.rstrip("0") if "e" in digits else shown
        return f"{shown}.0" if "." not in shown else shown + ("0" if shown.endswith(".") else "")
    mantissa, _, power = digits.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole.lstrip("0")) - 1 if whole.strip("0") else int(power or 0)
    if not whole.strip("0"):
        exponent -= len(fraction) - len(fraction.lstrip("0")) + 1
    number = (whole + fraction).strip("0")
    return f"{sign}{number[0]}.{number[1:] or '0'}E{exponent}"


def _digits(value: float) -> str:
    """The fewest digits that name a number of its width."""
    if type(value) is not Float:
        return repr(float(value))
    for precision in range(1, 10):
        digits = f"{float(value):.{precision}g}"
        if Float(float(digits)) == value:
            return digits
    return repr(float(value))
