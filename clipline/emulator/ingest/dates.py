"""The formats of the ``date`` processor: ISO8601, UNIX, UNIX_MS and plain Java patterns of whole digits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.dates import parse_date

_NAMED = {"ISO8601": "strict_date_optional_time", "UNIX": "epoch_second", "UNIX_MS": "epoch_millis"}
_FIELDS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{2})",
    "dd": r"(?P<day>\d{2})",
    "HH": r"(?P<hour>\d{2})",
    "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
    "SSS": r"(?P<millisecond>\d{3})",
    "XXX": r"(?P<zone>Z|[+-]\d{2}:\d{2})",
    "Z": r"(?P<zone>[+-]\d{4})",
}
_PIECE = re.compile(r"'(?P<quoted>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_format(name: str) -> None:
    """Refuse a format that is not emulated.

    Raises:
        ApiError: 501.
    """
    if name not in _NAMED:
        _pattern(name)


def milliseconds(value: Any, name: str) -> int:
    """A date in a format; what a pattern lacks is the first of its kind, the zone is UTC.

    Raises:
        ValueError: it is not in this format.
    """
    if name in _NAMED:
        return parse_date(value, _NAMED[name])
    match = _pattern(name).fullmatch(str(value))
    if match is None:
        raise ValueError(f"[{value}] is not in the format [{name}]")
    found = match.groupdict()
    # A pattern without a year means the present one, as the processor does it.
    date = {"year": datetime.now(UTC).year, "month": 1, "day": 1}
    number = {key: int(found.get(key) or default) for key, default in date.items()}
    clock = {key: int(found.get(key) or 0) for key in ("hour", "minute", "second")}
    moment = datetime(**number, **clock, tzinfo=UTC)
    moment += timedelta(milliseconds=int(found.get("millisecond") or 0))
    return (moment - _offset(found.get("zone")) - _UNIX_EPOCH) // timedelta(milliseconds=1)


def _pattern(name: str) -> re.Pattern[str]:
    parts, at = [], 0
    while at < len(name):
        piece = _PIECE.match(name, at)
        if piece is None or (piece["letters"] and piece["letters"] not in _FIELDS):
            raise unsupported(f"the date format [{name}] of the date processor")
        quoted = piece["quoted"]
        parts.append(
            _FIELDS[piece["letters"]] if piece["letters"] else re.escape(quoted if quoted is not None else piece[0])
        )
        at = piece.end()
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error:  # the same field twice
        raise unsupported(f"the date format [{name}] of the date processor") from None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset
