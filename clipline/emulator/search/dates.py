"""Dates of queries: dates as documents have them, ``now``, date math, and the time zone of a request.

``now-1d/d`` and ``2024-05-01||+1M/d``: an anchor, then steps ``+1d``, ``-2h`` or ``/d``. Rounding goes down, or with ``up``
to the last millisecond of the unit, as ``gt`` and ``lte`` ask (``JavaDateMathParser``).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices.date_math import moved, rounded
from clipline.emulator.indices.dates import parse_span

_STEP = re.compile(r"([+-])(\d*)([yMwdhHms])|/([yMwdhHms])")
_ZONED = re.compile(r".*T.*(Z|[+-]\d{2}(:?\d{2})?)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)
# At most this many steps make sense; a longer expression would only cost time.
_MOST_DIGITS = 9


def moment(value: Any, formats: str, *, now: int, up: bool, zone: tzinfo = UTC) -> int:
    """Milliseconds that a date of a query stands for.

    Raises:
        ValueError: with Elasticsearch's text, for what is no date.
    """
    text = str(value)
    if text.startswith("now"):
        return _stepped(_EPOCH + now * _MILLI, text[3:], up=up, zone=zone)
    anchor, bars, steps = text.partition("||")
    start, end = _anchored(anchor, formats, text=isinstance(value, str), zone=zone)
    if not bars or not steps:
        return end if up else start
    return _stepped(_EPOCH + start * _MILLI, steps, up=up, zone=zone)


def time_zone(name: str) -> tzinfo:
    """The time zone of a request.

    Raises:
        ApiError: 400.
    """
    if name in ("Z", "UTC"):
        return UTC
    if found := re.fullmatch(r"([+-])(\d{1,2}):?(\d{2})?", name):
        sign = -1 if found[1] == "-" else 1
        if int(found[2]) <= 18:
            return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3] or 0)))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9~/._+-]+", name):
            raise ApiError(400, "zone_rules_exception", f"Unknown time-zone ID: {name}") from None
        raise illegal_argument(f"Invalid ID for region-based ZoneId, invalid format: {name}") from None


def _anchored(anchor: str, formats: str, *, text: bool, zone: tzinfo) -> tuple[int, int]:
    try:
        start, end = parse_span(anchor, formats)
    except ValueError:
        where = f"failed to parse date field [{anchor}] with format [{formats}]"
        raise ValueError(f"{where}: [{where}]") from None
    if not text or zone is UTC or _ZONED.fullmatch(anchor) or "-" not in anchor[1:]:
        return start, end
    local = (_EPOCH + start * _MILLI).replace(tzinfo=zone)
    shift = (local.utcoffset() or timedelta()) // _MILLI
    return start - shift, end - shift


def _stepped(begun: datetime, steps: str, *, up: bool, zone: tzinfo) -> int:
    at, place = begun.astimezone(zone), 0
    while place < len(steps):
        step = _STEP.match(steps, place)
        if step is None:
            sign = steps[place]
            raise ValueError(
                f"operator not supported for date math [{steps[place:]}]"
                if sign not in "+-/"
                else f"unit [{steps[-1]}] not supported for date math [{steps}]"
                if len(steps) > place + 1
                else "truncated date math"
            )
        place = step.end()
        try:
            if step[4]:
                at = rounded(at, step[4])
                if up:
                    at = moved(at, 1, step[4]) - _MILLI
            elif len(step[2]) > _MOST_DIGITS:
                raise ValueError(f"failed to parse [{steps}]: the number is out of range")
            else:
                at = moved(at, int(f"{step[1]}{step[2] or 1}"), step[3])
        except ApiError as error:
            raise ValueError(error.reason) from error
    return (at - _EPOCH) // _MILLI
