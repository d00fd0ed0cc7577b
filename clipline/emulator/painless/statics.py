"""Static methods, constants and constructors."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.values import Float, Long, equals, kind, no_number, plain, text

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_REAL = re.compile(r"[\x00-\x20]*[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)[\x00-\x20]*", re.ASCII)
_BITS = {"int": 31, "long": 63}


def whole(word: Any, wanted: str) -> int:
    """``Integer.parseInt`` and ``Long.parseLong``.

    Raises:
        JavaError: it is no such number.
    """
    if word is None:
        raise JavaError("number_format_exception", "Cannot parse null string: null")
    if not _WHOLE.fullmatch(word):
        raise no_number(word)
    # Python reads no number of thousands of digits; none that long fits.
    digits = word.lstrip("+-").lstrip("0") or "0"
    number = (-1 if word[0] == "-" else 1) * int(digits) if len(digits) < 20 else None
    if number is None or not -(2 ** _BITS[wanted]) <= number < 2 ** _BITS[wanted]:
        raise no_number(word)
    return Long(number) if wanted == "long" else number


def real(word: Any) -> float:
    """``Double.parseDouble``.

    Raises:
        JavaError: it is no such number.
    """
    if word is None:
        raise JavaError("null_pointer_exception", None)
    if not word.strip("".join(map(chr, range(0x21)))):
        raise JavaError("number_format_exception", "empty String")
    if not _REAL.fullmatch(word):
        raise no_number(word)
    return (
        float(word.strip().rstrip("fFdD"))
        if word.strip()[-1] != "y"
        else float(word.strip().replace("Infinity", "inf"))
    )


def _double(value: Any) -> float:
    if kind(value) is None:
        raise JavaError("class_cast_exception", "Cannot cast the argument to double")
    return float(value)


def _math(function: Callable[..., float]) -> Callable[..., float]:
    def call(*arguments: Any) -> float:
        try:
            return float(function(*map(_double, arguments)))
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return call


def _rounded(value: Any) -> int:
    number = _double(value)
    if math.isnan(number):
        return Long(0)
    return Long(
        max(
            -(2**63),
            min(2**63 - 1, math.floor(number + 0.5) if math.isfinite(number) else int(math.copysign(2**63, number))),
        )
    )


def _log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _log10(value: float) -> float:
    return -math.inf if value == 0 else math.log10(value)


def _ceil(value: float) -> float:
    return value if not math.isfinite(value) else math.copysign(math.ceil(value), value)


def _floor(value: float) -> float:
    return value if not math.isfinite(value) else math.copysign(math.floor(value), value)


Statics = Mapping[tuple[str, str, int], Callable[..., Any]]

# Painless has one method a name and number of arguments: those of Math take and give doubles.
STATICS: Statics = {
    **{("Math", name, 1): _math(function) for name, function in (
        ("abs", abs), ("ceil", _ceil), ("floor", _floor), ("sqrt", math.sqrt), ("exp", math.exp), ("log", _log),
        ("log10", _log10), ("sin", math.sin), ("cos", math.cos), ("tan", math.tan), ("cbrt", math.cbrt),
        ("signum", lambda value: value and math.copysign(1, value)), ("toRadians", math.radians), ("toDegrees", math.degrees))},
    **{("Math", name, 2): _math(function) for name, function in (
        ("max", max), ("min", min), ("pow", math.pow), ("atan2", math.atan2), ("hypot", math.hypot))},
    ("Math", "round", 1): _rounded,
    ("Integer", "parseInt", 1): lambda word: whole(word, "int"),
    ("Integer", "valueOf", 1): lambda value: whole(value, "int") if isinstance(value, str) else value,
    ("Long", "parseLong", 1): lambda word: whole(word, "long"),
    ("Long", "valueOf", 1): lambda value: whole(value, "long") if isinstance(value, str) else Long(value),
    ("Double", "parseDouble", 1): real,
    ("Double", "valueOf", 1): lambda value: real(value) if isinstance(value, str) else float(value),
    ("Double", "isNaN", 1): lambda value: math.isnan(_double(value)),
    ("Float", "parseFloat", 1): lambda word: Float(real(word)),
    ("Boolean", "parseBoolean", 1): lambda word: isinstance(word, str) and word.lower() == "true",
    ("String", "valueOf", 1): text,
    ("String", "join", 2): lambda separator, values: separator.join(map(text, values)),
    ("Objects", "equals", 2): lambda a, b: a is b or equals(a, b),
    ("Objects", "isNull", 1): lambda value: value is None,
    ("Objects", "nonNull", 1): lambda value: value is not None,
}  # fmt: skip

CONSTANTS: Mapping[tuple[str, str], Any] = {
    ("Integer", "MAX_VALUE"): 2**31 - 1, ("Integer", "MIN_VALUE"): -(2**31),
    ("Long", "MAX_VALUE"): Long(2**63 - 1), ("Long", "MIN_VALUE"): Long(-(2**63)),
    ("Math", "PI"): math.pi, ("Math", "E"): math.e,
    ("Double", "MAX_VALUE"): 1.7976931348623157e308, ("Double", "POSITIVE_INFINITY"): math.inf,
    ("Double", "NEGATIVE_INFINITY"): -math.inf, ("Double", "NaN"): math.nan,
}  # fmt: skip


def _list(values: Any = ()) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise JavaError("class_cast_exception", "Cannot cast the argument to java.util.Collection")
    return [plain(value) for value in values]


def _map(values: Any = None) -> dict[str, Any]:
    if values is not None and not isinstance(values, dict):
        raise JavaError("class_cast_exception", "Cannot cast the argument to java.util.Map")
    return dict(values or {})


CONSTRUCTORS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("ArrayList", 0): _list, ("ArrayList", 1): _list, ("HashMap", 0): _map, ("HashMap", 1): _map,
}  # fmt: skip

CLASSES = frozenset({name for name, _, _ in STATICS} | {name for name, _ in CONSTANTS})
"""Classes with something static here."""
