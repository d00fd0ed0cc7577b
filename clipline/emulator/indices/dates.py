"""Dates of documents and queries: ``strict_date_optional_time``, ``epoch_millis``, ``epoch_second``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"
KNOWN_FORMATS = frozenset({"strict_date_optional_time", "date_optional_time", "epoch_millis", "epoch_second"})
_ISO = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?)?"
)


def parse_date(value: Any, formats: str) -> int:
    """A date as whole milliseconds since the epoch.

    Raises:
        ValueError: with Elasticsearch's text.
    """
    names = formats.split("||")
    text = str(value)
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        if "epoch_millis" in names and not (len(text) == 4 and names[0].endswith("date_optional_time")):
            return int(float(text))
        if "epoch_second" in names:
            return int(float(text) * 1000)
    if any(name.endswith("date_optional_time") for name in names) and (match := _ISO.fullmatch(text)):
        try:
            return _millis(match)
        except ValueError:
            pass
    raise ValueError(f"failed to parse date field [{text}] with format [{formats}]")


def iso(millis: int) -> str:
    """Milliseconds as ``2024-05-17T09:41:03.000Z``."""
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"


def _millis(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second = (
        int(match[n] or d) for n, d in zip(range(1, 7), (0, 1, 1, 0, 0, 0), strict=True)
    )
    fraction = int((match[7] or "0").ljust(9, "0")[:9]) // 1_000_000
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    zone = match[8]
    offset = 0
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    return int(moment.timestamp()) * 1000 + fraction - offset * 60_000
