"""The ``convert`` processor's conversions, strict as Java's parsers are."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.painless.failures import JavaError
from clipline.emulator.painless.statics import real, whole
from clipline.emulator.painless.values import Float, plain, text

_BITS = {"integer": 31, "long": 63}


def converted(value: Any, kind: str) -> Any:
    """A value as another type.

    Raises:
        ApiError: 400 when it cannot be, 501 for what JSON cannot write.
    """
    return _CONVERSIONS[kind](value)


def _whole(kind: str) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        written = text(value)
        try:
            if written.startswith(("0x", "-0x")):
                return _hexadecimal(written, kind)
            return int(whole(written, "int" if kind == "integer" else "long"))
        except JavaError as error:
            raise _unable(written, kind, error) from error

    return convert


def _hexadecimal(written: str, kind: str) -> int:
    digits = written.removeprefix("-")[2:]
    try:
        number = int(digits, 16) if digits.isalnum() else None
    except ValueError:
        number = None
    if number is None:
        reason = f'For input string: "{digits}" under radix 16' if digits else "Zero length string"
        raise JavaError("number_format_exception", reason)
    number = -number if written[0] == "-" else number
    if not -(2 ** _BITS[kind]) <= number < 2 ** _BITS[kind]:
        raise JavaError("number_format_exception", f'For input string: "{digits}" under radix 16')
    return number


def _real(kind: str) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        written = text(value)
        try:
            number = Float(real(written)) if kind == "float" else real(written)
        except JavaError as error:
            raise _unable(written, kind, error) from error
        if not math.isfinite(number):
            raise unsupported(f"the number [{written}] in a document")
        return float(plain(number))

    return convert


def _boolean(value: Any) -> bool:
    written = text(value)
    if written.lower() not in ("true", "false"):
        raise illegal_argument(f"[{written}] is not a boolean value, cannot convert to boolean")
    return written.lower() == "true"


def _ip(value: Any) -> Any:
    if not isinstance(value, str):
        raise unsupported("the conversion of what is no text to an IP address")
    try:
        if "%" in value:
            raise ValueError
        ipaddress.ip_address(value)
    except ValueError:
        raise illegal_argument(f"'{value}' is not an IP string literal.") from None
    return value


def _auto(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for kind in ("boolean", "integer", "long", "float"):
        try:
            return _CONVERSIONS[kind](value)
        except ApiError as error:
            if error.status != 400:
                raise
    return value


def _unable(written: str, kind: str, error: JavaError) -> ApiError:
    cause = {"type": error.kind, "reason": error.reason}
    return ApiError(400, "illegal_argument_exception", f"unable to convert [{written}] to {kind}", caused_by=cause)


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "integer": _whole("integer"),
    "long": _whole("long"),
    "double": _real("double"),
    "float": _real("float"),
    "boolean": _boolean,
    "ip": _ip,
    "string": text,
    "auto": _auto,
}
TYPES = tuple(_CONVERSIONS)
"""What there is to convert to."""
