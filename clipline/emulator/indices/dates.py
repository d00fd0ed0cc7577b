"""Dates of documents and queries as whole milliseconds since 1970.

A date may leave its end away. It then stands for its first millisecond in a document, and for a span in a query, which
never is longer than a day: ``gt`` and ``lte`` round a missing month and day to 01, as a document does, and only the time
of day to 23:59:59.999 (``JavaDateFormatter.defaultRoundUp``). ``2024-05`` is all of 2024-05-01, not all of May.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from clipline.emulator.indices.date_formats import KNOWN_FORMATS, date_format, moment_of
from clipline.emulator.indices.mappings import java

__all__ = ["DEFAULT_FORMAT", "KNOWN_FORMATS", "iso", "parse_date", "parse_span", "shown_date"]

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]+)?")
_UNITS = (("s", timedelta(seconds=1)), ("m", timedelta(minutes=1)), ("H", timedelta(hours=1)))
_MOST = 2**63
_MOST_OFFSET = 18 * 60
"""Minutes, of java.time.ZoneOffset."""


def parse_date(value: Any, formats: str) -> int:
    """A date as whole milliseconds since the epoch.

    Raises:
        ValueError: with Elasticsearch's text.
    """
    return parse_span(value, formats)[0]


def parse_span(value: Any, formats: str) -> tuple[int, int]:
    """The first and the last millisecond that a date stands for.

    Raises:
        ValueError: with Elasticsearch's text.
    """
    names = formats.split("||")
    text = java.text(value)
    for name in names:
        if name.startswith("epoch_"):
            if not _NUMBER.fullmatch(text):
                continue
            # A float would round what is beyond 2^53.
            number = float(text) if "." in text else int(text)
            millis = int(number * (1000 if name == "epoch_second" else 1))
            if not -_MOST <= millis < _MOST:
                continue
            return millis, millis
        if match := date_format(name).pattern.fullmatch(text):
            try:
                return _span(match)
            except ValueError:
                continue
    raise ValueError(f"failed to parse date field [{text}] with format [{formats}]")


def iso(millis: int) -> str:
    """Milliseconds as ``2024-05-17T09:41:03.000Z``.

    Raises:
        ApiError: 501 outside of the years 1 to 9999.
    """
    moment = moment_of(millis)
    return f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"


def shown_date(millis: int, formats: str) -> str:
    """Milliseconds in the first of a field's formats, as ``fields`` of a search shows them.

    Raises:
        ApiError: 501 outside of the years 1 to 9999, but for the epoch formats.
    """
    first = formats.split("||")[0]
    if first == "epoch_millis":
        return str(millis)
    if first == "epoch_second":
        return f"{millis / 1000:.3f}".removesuffix(".000")
    form = date_format(first)
    return form.shown(millis) if form.parts else iso(millis)


def _span(match: re.Match[str]) -> tuple[int, int]:
    found = match.groupdict()
    defaults = {"y": 0, "M": 1, "d": 1, "H": 0, "m": 0, "s": 0}
    year, month, day, hour, minute, second = (int(found.get(n) or d) for n, d in defaults.items())
    fraction = int((found.get("f") or "0").ljust(9, "0")[:9]) // 1_000_000
    start = datetime(year, month, day, hour, minute, second, tzinfo=UTC) + timedelta(milliseconds=fraction)
    end = _end(found, start)
    offset = timedelta()
    zone = found.get("z")
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        hours, minutes = int(digits[:2]), int(digits[2:])
        if minutes > 59 or hours * 60 + minutes > _MOST_OFFSET:
            raise ValueError("no offset")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    # Years that Python has no dates for end here, too: as a ValueError.
    first, last = ((moment - epoch - offset) // timedelta(milliseconds=1) for moment in (start, end))
    return first, last


def _end(found: dict[str, str | None], start: datetime) -> datetime:
    if found.get("f"):
        return start
    known = next((unit for group, unit in _UNITS if found.get(group)), timedelta(days=1))
    return start + (known - timedelta(milliseconds=1))
