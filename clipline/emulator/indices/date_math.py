"""Date math in the names of indices and aliases: ``<logs-{now/d}>`` is today's ``logs-2026.11.26``.

An expression is ``<text{anchor and steps{format|time zone}}text>``; the anchor is ``now`` or a date that ends in
``||``, the steps are ``+1d``, ``-1M`` or ``/d`` (round down). The format is ``uuuu.MM.dd`` unless one is given.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clipline.emulator.errors import ApiError, unsupported

_FORMATS = {"yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "uu": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M",
            "ss": "%S", "DDD": "%j"}  # fmt: skip
_STEP = re.compile(r"([+-])(\d{0,9})([yMwdhHms])|/([yMwdhHms])")
_CAPTURE = re.compile(r"\{((?:[^{}]|\{[^{}]*\})*)\}")
_ANCHOR = re.compile(r"(\d{4})(?:[-.](\d{2})(?:[-.](\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}))?)?)?)?")


def resolve_name(expression: str, now: datetime | None = None) -> str:
    """The name that an expression stands for; a name that is none stands for itself.

    Raises:
        ApiError: 400 for one that cannot be read, 501 for a format that is not emulated.
    """
    if not (len(expression) > 1 and expression[0] == "<" and expression[-1] == ">"):
        return expression
    inner = expression[1:-1]
    if not inner:
        raise _malformed("nothing captured")
    if inner.count("{") != inner.count("}"):
        lacking = "missing closing `}`" if inner.count("{") > inner.count("}") else "missing opening `{`"
        raise _malformed(f"invalid dynamic name expression [{inner}]. {lacking} for date math format")
    moment = now or datetime.now(UTC)
    return _CAPTURE.sub(lambda found: _shown(found[1], moment), inner)


def _shown(text: str, now: datetime) -> str:
    math, brace, rest = text.partition("{")
    pattern, zone = "uuuu.MM.dd", UTC
    if brace:
        pattern, bar, name = rest.rstrip("}").partition("|")
        if not pattern:
            raise _malformed(f"invalid dynamic name expression [{text}]. missing date format")
        zone = _zone(name) if bar else UTC  # type: ignore[assignment]
    return _formatted(_moment(math, now.astimezone(zone), zone), pattern)


def _moment(math: str, now: datetime, zone: tzinfo) -> datetime:
    if math.startswith("now"):
        moment, steps = now, math[3:]
    else:
        text, bars, steps = math.partition("||")
        found = _ANCHOR.fullmatch(text)
        if found is None:
            raise _malformed(f"failed to parse date field [{math}]")
        moment = _date(math, [int(part) if part else None for part in found.groups()], zone)
        if not bars:
            return moment
    place = 0
    while place < len(steps):
        step = _STEP.match(steps, place)
        if step is None:
            raise _malformed(f"operator not supported for date math [{steps[place:]}]")
        place = step.end()
        moment = rounded(moment, step[4]) if step[4] else moved(moment, int(f"{step[1]}{step[2] or 1}"), step[3])
    return moment


def _date(math: str, parts: list[int | None], zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second = parts
    try:
        return datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
    except ValueError as error:
        raise _malformed(f"failed to parse date field [{math}]") from error


def moved(moment: datetime, count: int, unit: str) -> datetime:
    """A moment so many units of ``yMwdhHms`` later.

    Raises:
        ApiError: 400, out of the calendar.
    """
    try:
        if unit in "yM":
            months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
            year, month = divmod(months, 12)
            last = calendar.monthrange(year, month + 1)[1]
            return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
        names = {"w": "weeks", "d": "days", "h": "hours", "H": "hours", "m": "minutes", "s": "seconds"}
        return moment + timedelta(**{names[unit]: count})
    except (ValueError, OverflowError, calendar.IllegalMonthError) as error:
        raise _malformed(f"failed to parse date math: [{count}{unit}] leads out of the calendar") from error


def rounded(moment: datetime, unit: str) -> datetime:
    """The beginning of the unit of ``yMwdhHms`` that a moment is in."""
    if unit == "w":
        moment -= timedelta(days=moment.weekday())
    finer = {"y": 1, "M": 2, "w": 3, "d": 3, "h": 4, "H": 4, "m": 5, "s": 6}[unit]
    least = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    reset = dict(list(least.items())[finer - 1 :])
    return moment.replace(**reset, microsecond=0)  # type: ignore[arg-type]


def _zone(name: str) -> tzinfo:
    if found := re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name):
        sign = -1 if found[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ApiError(400, "zone_rules_exception", f"Unknown time-zone ID: {name}") from error


def _formatted(moment: datetime, pattern: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[0] not in _FORMATS:
            raise unsupported(f"the date format [{pattern}] in the name of an index")
        return moment.strftime(_FORMATS[found[0]])

    return re.sub(r"([A-Za-z])\1*", one, pattern)


def _malformed(reason: str) -> ApiError:
    return ApiError(400, "parse_exception", reason)
