"""Date formats: the named ones that are emulated, and Java's patterns of numbers.

A format is a regular expression with the groups ``y M d H m s f z`` and the parts to print a date by. ``yyyy-MM-dd HH:mm:ss``
and its like are read letter by letter; letters with another meaning than a number or an offset are not emulated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.mappings.refused import Unfit

_ZONE = r"(?P<z>Z|[+-]\d{2}(?::?\d{2})?)"
_PATTERNS = {
    "strict_date": "yyyy-MM-dd", "date": "yyyy-M-d", "basic_date": "yyyyMMdd", "strict_year_month_day": "yyyy-MM-dd",
    "year_month_day": "yyyy-M-d", "strict_date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "date_time_no_millis": "yyyy-M-d'T'H:m:sXXX", "strict_date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
    "date_hour_minute_second": "yyyy-M-d'T'H:m:s", "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssXXX",
}  # fmt: skip
_ISO = (
    r"(?P<y>\d{{{y}}})(?:-(?P<M>\d{{{n}}})(?:-(?P<d>\d{{{n}}})(?:T(?:(?P<H>\d{{{n}}})(?::(?P<m>\d{{{n}}})"
    r"(?::(?P<s>\d{{{n}}})(?:[.,](?P<f>\d{{1,9}}))?)?)?"
    rf"{_ZONE.replace('{', '{{').replace('}', '}}')}?)?)?)?)?"
)
_MILLIS = r"(?P<y>\d{4})-(?P<M>\d{2})-(?P<d>\d{2})T(?P<H>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})\.(?P<f>\d{1,9})" + _ZONE
_LENIENT_MILLIS = re.sub(r"\\d\{2\}(?=\))(?!.*z>)", r"\\d{1,2}", _MILLIS)
_NAMED = {
    "strict_date_optional_time": _ISO.format(y="4", n="2"),
    "strict_date_optional_time_nanos": _ISO.format(y="4", n="2"),
    "date_optional_time": _ISO.format(y="1,4", n="1,2"),
    "strict_date_time": _MILLIS,
    "date_time": _LENIENT_MILLIS,
}
_LETTERS = {"y": "y", "u": "y", "M": "M", "d": "d", "H": "H", "m": "m", "s": "s", "S": "f"}
_EPOCHS = ("epoch_millis", "epoch_second")
NAMES = frozenset((*_PATTERNS, *_NAMED, *_EPOCHS))
"""Formats that have a name and are emulated."""
_KNOWN_NAMES = re.compile(r"(strict_)?(basic_)?[a-z_]*(date|time|hour|year|month|week|iso8601|ordinal)[a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """``parts`` are letters with their widths, or literal text, to print by; empty for the ISO form."""

    pattern: re.Pattern[str]
    parts: tuple[tuple[str, int], ...] = ()

    def shown(self, millis: int) -> str:
        """Milliseconds in this format, in UTC.

        Raises:
            ApiError: 501 outside of the years 1 to 9999.
        """
        moment = moment_of(millis)
        numbers = {
            "y": moment.year, "M": moment.month, "d": moment.day, "H": moment.hour, "m": moment.minute, "s": moment.second,
        }  # fmt: skip
        shown = ""
        for text, width in self.parts:
            if width == 0:
                shown += text
            elif text == "f":
                shown += f"{millis % 1000:03d}".ljust(width, "0")[:width]
            else:
                shown += "Z" if text == "z" else f"{numbers[text]:0{width}d}"
        return shown


def moment_of(millis: int) -> datetime:
    """The moment so many milliseconds after the beginning of 1970.

    Raises:
        ApiError: 501, no calendar of Python reaches so far.
    """
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    except OverflowError:
        raise unsupported(f"a date before the year 1 or after 9999 as text, [{millis}] milliseconds") from None


def check_format(formats: str) -> str:
    """The formats of a field, if all of them are emulated.

    Raises:
        Unfit: one is no format at all.
        ApiError: 501.
    """
    if not formats:
        raise Unfit("No date pattern provided")
    if formats.startswith("8"):
        raise unsupported(f"the date format [{formats}], of which the 8 says how 6.x was to read it")
    if "" in formats.split("||"):
        raise Unfit(f"Cannot have empty element in multi date format pattern: {formats}")
    for name in formats.split("||"):
        if name not in _EPOCHS:
            date_format(name)
    return formats


@cache
def date_format(name: str) -> DateFormat:
    """One format by its name or its pattern.

    Raises:
        Unfit: a letter that means nothing.
        ApiError: 501.
    """
    if name in _NAMED:
        return DateFormat(re.compile(_NAMED[name], re.ASCII))
    if name not in _PATTERNS and _KNOWN_NAMES.fullmatch(name):
        raise unsupported(f"the date format [{name}]")
    regex, parts = "", []
    for match in re.finditer(r"'([^']*)'|([A-Za-z])\2*|.", _PATTERNS.get(name, name)):
        text, letter = match[0], match[2]
        if letter in _LETTERS:
            group, width = _LETTERS[letter], len(text)
            if ((group == "y") != (width > 2) or width > 4) and group != "f":
                raise unsupported(f"the date format [{name}]")
            regex += rf"(?P<{group}>\d{{{width}}})" if width > 1 or group == "f" else rf"(?P<{group}>\d{{1,2}})"
            parts.append((group, width))
        elif letter in ("X", "x", "Z"):
            regex += _ZONE
            parts.append(("z", 1))
        elif letter:
            if letter in "bcfjlPRrtTUvwC":
                reason = f"Unknown pattern letter: {letter}"
                raise Unfit(f"Invalid format: [{name}]: {reason}")
            raise unsupported(f"the date format [{name}]")
        elif text in "[]{}#'":
            raise unsupported(f"the date format [{name}]")
        else:
            literal = match[1] if match[1] is not None else text
            regex += re.escape(literal or "'")
            parts.append((literal or "'", 0))
    try:
        return DateFormat(re.compile(regex, re.ASCII), tuple(parts))
    except re.error:
        raise unsupported(f"the date format [{name}]") from None


class _Formats:
    """The formats that are emulated; asked with ``in``."""

    def __contains__(self, name: object) -> bool:
        try:
            check_format(str(name))
        except Exception:
            return False
        return True


KNOWN_FORMATS = _Formats()
