"""What operators do with values known only when the script runs (DefMath, AnalyzerCaster)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.values import RANK, class_name, kind, same, text, truncated, wrapped

NUMBERS = {"int": "int", "Integer": "int", "long": "long", "Long": "long", "float": "float", "Float": "float",
           "double": "double", "Double": "double"}  # fmt: skip
"""The types of variables that hold a number, and its kind."""

TYPES: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "CharSequence": lambda value: isinstance(value, str),
    "List": lambda value: isinstance(value, list),
    "ArrayList": lambda value: isinstance(value, list),
    "Collection": lambda value: isinstance(value, list),
    "Iterable": lambda value: isinstance(value, list),
    "Map": lambda value: isinstance(value, dict),
    "HashMap": lambda value: isinstance(value, dict),
    "Boolean": lambda value: isinstance(value, bool),
    "Number": lambda value: kind(value) is not None,
    "Integer": lambda value: kind(value) == "int",
    "Long": lambda value: kind(value) == "long",
    "Float": lambda value: kind(value) == "float",
    "Double": lambda value: kind(value) == "double",
    "Object": lambda value: value is not None,
    "def": lambda value: value is not None,
}
"""``instanceof``."""


def add(a: Any, b: Any) -> Any:
    """``a + b``: numbers, or texts when one of them is one."""
    if isinstance(a, str) or isinstance(b, str):
        return text(a) + text(b)
    wanted = _kind(a, b, "+")
    return wrapped(a + b, wanted)


def subtract(a: Any, b: Any) -> Any:
    """``a - b``."""
    wanted = _kind(a, b, "-")
    return wrapped(a - b, wanted)


def multiply(a: Any, b: Any) -> Any:
    """``a * b``."""
    wanted = _kind(a, b, "*")
    return wrapped(a * b, wanted)


def divide(a: Any, b: Any) -> Any:
    """``a / b``: whole numbers towards zero, others as IEEE 754 has it."""
    wanted = _kind(a, b, "/")
    if wanted in ("int", "long"):
        if b == 0:
            raise JavaError("arithmetic_exception", "/ by zero")
        quotient = abs(a) // abs(b)
        return wrapped(quotient if (a < 0) == (b < 0) else -quotient, wanted)
    a, b = float(a), float(b)
    if b == 0:
        zero = math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
        return wrapped(zero, wanted)
    return wrapped(a / b, wanted)


def remainder(a: Any, b: Any) -> Any:
    """``a % b``, with the sign of ``a``."""
    wanted = _kind(a, b, "%")
    if wanted in ("int", "long"):
        if b == 0:
            raise JavaError("arithmetic_exception", "/ by zero")
        rest = abs(a) % abs(b)
        return wrapped(-rest if a < 0 else rest, wanted)
    try:
        return wrapped(math.fmod(a, b), wanted)
    except ValueError:
        return wrapped(math.nan, wanted)


def negate(value: Any) -> Any:
    """``-value``."""
    own = _one(value, "-")
    return wrapped(-value, own)


def positive(value: Any) -> Any:
    """``+value``."""
    return wrapped(value, _one(value, "+"))


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "%": remainder,
}  # fmt: skip


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def compare(sign: str) -> Callable[[Any, Any], bool]:
    """One of the four comparisons of numbers."""
    ask = COMPARE[sign]

    def compared(a: Any, b: Any) -> bool:
        if not (kind(a) and kind(b)):
            raise _cannot(a, b, sign, ("leftObject", "rightObject"))
        return ask(a, b)

    return compared


EQUAL: dict[str, Callable[[Any, Any], bool]] = {"==": same, "!=": lambda a, b: not same(a, b)}


def boolean(value: Any) -> bool:
    """A value where a boolean is wanted."""
    if value is True or value is False:
        return bool(value)
    if value is None:
        raise JavaError("null_pointer_exception", "cannot convert a null reference to [boolean]")
    raise JavaError("class_cast_exception", f"Cannot cast from [{class_name(value)}] to [boolean].")


def held(value: Any, wanted: str) -> Any:
    """A value as a variable of a type takes it: a number may become a wider one."""
    if wanted in ("def", "Object") or (value is None and wanted[0].isupper()):
        return value
    if wanted == "boolean":
        return boolean(value)
    number = NUMBERS.get(wanted)
    if number and wanted[0].islower():
        if value is None:
            raise JavaError("null_pointer_exception", f"cannot convert a null reference to [{wanted}]")
        own = kind(value)
        if own and RANK[own] <= RANK[number]:
            return wrapped(value, number)
    elif TYPES[wanted](value):
        return value
    raise JavaError("class_cast_exception", f"Cannot cast [{class_name(value)}] to [{wanted}].")


def cast(value: Any, wanted: str) -> Any:
    """``(wanted) value``: a number may become a narrower one, too."""
    number = NUMBERS.get(wanted)
    if number and kind(value):
        return truncated(value, number)
    return held(value, wanted)


def _kind(a: Any, b: Any, sign: str) -> str:
    left, right = kind(a), kind(b)
    if left is None or right is None:
        raise _cannot(a, b, sign, ("left", "right"))
    return left if RANK[left] >= RANK[right] else right


def _one(value: Any, sign: str) -> str:
    own = kind(value)
    if own is None:
        if value is None:
            raise _no_class("unary")
        raise JavaError("class_cast_exception", f"Cannot apply [{sign}] operation to type [{class_name(value)}].")
    return own


def _cannot(a: Any, b: Any, sign: str, names: tuple[str, str]) -> JavaError:
    for value, name in zip((a, b), names, strict=True):
        if value is None:
            return _no_class(name)
    reason = f"Cannot apply [{sign}] operation to types [{class_name(a)}] and [{class_name(b)}]."
    return JavaError("class_cast_exception", reason)


def _no_class(name: str) -> JavaError:
    return JavaError("null_pointer_exception", f'Cannot invoke "Object.getClass()" because "{name}" is null')
