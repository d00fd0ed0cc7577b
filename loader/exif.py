"""EXIF date and place, defended against the nonsense that cameras and editors write."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_DATES = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)
_DATE = re.compile(r"([0-9]{4})[:\-/.]([0-9]{2})[:\-/.]([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1826, 2100
"""From the first photograph on; what lies far ahead is a clock that was never set."""


def date_taken(exif: Image.Exif) -> str | None:
    """When the picture was taken, as ``2024-05-17T09:41:03``; ``None`` for ``0000:00:00`` and the like."""
    inner = _block(exif, ExifTags.IFD.Exif)
    for value in (*(inner.get(tag) for tag in _DATES), exif.get(ExifTags.Base.DateTime)):
        parts = _DATE.match(value.strip("\0 ")) if isinstance(value, str) else None
        if parts is None:
            continue
        try:
            date = datetime(*(int(part) for part in parts.groups()))  # type: ignore[arg-type]
        except ValueError:
            continue
        if _FIRST_YEAR <= date.year <= _LAST_YEAR:
            return date.isoformat()
    return None


def place_taken(exif: Image.Exif) -> dict[str, float] | None:
    """Where the picture was taken, as ``{"lat": …, "lon": …}`` in degrees; ``None`` when absent or impossible.

    Exactly 0, 0 is a receiver without a fix, and without its hemisphere a number of degrees is half a place.
    """
    gps = _block(exif, ExifTags.IFD.GPSInfo)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS")
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None
    return {"lat": round(lat, 7), "lon": round(lon, 7)}


def _block(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except Exception:  # as in clipline.core.pixels.exif_of
        return {}


def _degrees(value: Any, reference: Any, hemispheres: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total) or min(degrees, minutes, seconds) < 0 or minutes > 60 or seconds > 60:
        return None
    if isinstance(reference, bytes):
        reference = reference.decode("ascii", "ignore")
    side = str(reference or "").strip("\0 ").upper()
    if len(side) != 1 or side not in hemispheres:
        return None
    return -total if side == hemispheres[1] else total
