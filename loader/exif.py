"""EXIF date and place, both defended against the nonsense that cameras write."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_DATES = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


def date_taken(exif: Image.Exif) -> str | None:
    """When the picture was taken, as ``2024-05-17T09:41:03``; ``None`` for ``0000:00:00`` and the like."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    for value in (*(inner.get(tag) for tag in _DATES), exif.get(ExifTags.Base.DateTime)):
        if not isinstance(value, str):
            continue
        try:
            return datetime.strptime(value.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S").isoformat()
        except ValueError:
            continue
    return None


def place_taken(exif: Image.Exif) -> dict[str, float] | None:
    """Where the picture was taken, as ``{"lat": …, "lon": …}`` in degrees; ``None`` when absent or impossible."""
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None
    return {"lat": round(lat, 7), "lon": round(lon, 7)}


def _degrees(value: Any, reference: Any, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total):
        return None
    if isinstance(reference, bytes):
        reference = reference.decode("ascii", "ignore")
    return -total if str(reference or "").strip("\0 ").upper() == negative else total
