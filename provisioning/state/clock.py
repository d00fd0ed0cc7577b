"""Time as it is written down, and time as it is measured."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def now(*, later: float = 0.0) -> str:
    """This moment by the system's clock, or ``later`` seconds after it: ``2026-11-26T19:44:32.120Z``."""
    moment = datetime.now(UTC) + timedelta(seconds=later)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_past(text: str) -> bool:
    """Whether a moment that was written down is over by the system's clock; one that cannot be read is."""
    try:
        return datetime.fromisoformat(text) < datetime.now(UTC)
    except (ValueError, TypeError):
        return True


def readable(text: str) -> str:
    """A moment as people read it: ``2026-11-26 19:44:32 UTC``."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, TypeError):
        return text


def elapsed() -> float:
    """Seconds that pass at the same pace whatever is done to the clock, and while the machine is asleep."""
    # CLOCK_MONOTONIC stands still while a laptop sleeps, and a lock would seem to be fresh after it.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
