"""Dates of documents and queries: ``strict_date_optional_time``, ``epoch_millis``, ``epoch_second``.

A date may leave its end away. It then stands for its first millisecond in a document, and for a whole span in a query:
``2024-05`` is 2024-05-01T00:00:00.000Z to 2024-05-31T23:59:59.999Z.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"
KNOWN_FORMATS = frozenset({"strict_date_optional_time", "date_optional_time", "epoch_millis", "epoch_second"})
_ISO = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?)?"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


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
    text = str(value)
    for name in names:
        if name.startswith("epoch_") and _NUMBER.fullmatch(text):
            millis = int(float(text) * (1000 if name == "epoch_second" else 1))
            return millis, millis
        if name.endswith("date_optional_time") and (match := _ISO.fullmatch(text)):
            try:
                return _span(match)
            except ValueError:
                continue
    raise ValueError(f"failed to parse date field [{text}] with format [{formats}]")


def iso(millis: int) -> str:
    """Milliseconds as ``2024-05-17T09:41:03.000Z``."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    return f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"


def shown_date(millis: int, formats: str) -> str:
    """Milliseconds in the first of a field's formats, as ``fields`` of a search shows them."""
    first = formats.split("||")[0]
    if first == "epoch_millis":
        return str(millis)
    if first == "epoch_second":
        return f"{millis / 1000:.3f}".removesuffix(".000")
    return iso(millis)


def _span(match: re.Match[str]) -> tuple[int, int]:
    year, month, day, hour, minute, second = (
        int(match[n] or d) for n, d in zip(range(1, 7), (0, 1, 1, 0, 0, 0), strict=True)
    )
    fraction = int((match[7] or "0").ljust(9, "0")[:9]) // 1_000_000
    start = datetime(year, month, day, hour, minute, second, tzinfo=UTC) + timedelta(milliseconds=fraction)
    end = _end(match, start)
    offset = timedelta()
    zone = match[8]
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first, last = (int((moment - offset - epoch) / timedelta(milliseconds=1)) for moment in (start, end))
    return first, last


def _end(match: re.Match[str], start: datetime) -> datetime:
    last = timedelta(milliseconds=1)
    if match[7]:
        return start
    if match[6]:
        return start + timedelta(seconds=1) - last
    if match[5]:
        return start + timedelta(minutes=1) - last
    if match[4]:
        return start + timedelta(hours=1) - last
    if match[3]:
        return start + timedelta(days=1) - last
    if start.year == 9999 and (not match[2] or start.month == 12):
        return datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    if match[2]:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1) - last
    return start.replace(year=start.year + 1) - last
