"""The readable twins that ``human=true`` adds: ``size`` beside ``size_in_bytes``, ``time`` beside ``time_in_millis``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clipline.emulator.http.cat import Duration, Size


def with_human(body: Any) -> Any:
    """A JSON value in which every size and every time has its twin in front (XContentBuilder.humanReadableField)."""
    if isinstance(body, list):
        return [with_human(item) for item in body]
    if not isinstance(body, dict):
        return body
    found: dict[str, Any] = {}
    for key, value in body.items():
        for suffix, kind in (("_in_bytes", Size), ("_in_millis", Duration)):
            if key.endswith(suffix) and isinstance(value, int):
                found[key.removesuffix(suffix)] = str(kind(value))
        found[key] = with_human(value)
    return found


def iso_date(millis: int) -> str:
    """``2026-11-26T01:02:03.004Z`` for milliseconds since 1970."""
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"
