"""Points of the earth: object, GeoJSON, array, ``lat,lon``, WKT, geohash.

Source: GenericPointParser, GeoPoint, GeoPointFieldMapper; the errors are parse_exceptions in their words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clipline.emulator.indices.mappings import java
from clipline.emulator.indices.mappings.refused import Unfit

Point = tuple[float, float]
"""Latitude and longitude."""

_FIELDS = ("lat", "lon", "z", "type", "coordinates", "geohash")
_WKT = re.compile(r"\s*POINT\s*Z?\s*\(\s*(\S+)\s+(\S+?)(?:\s+(\S+?))?\s*\)\s*", re.IGNORECASE)
_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


def point(name: str, value: Any, *, ignore_z: bool = True) -> Point:
    """A value as a point.

    Raises:
        Unfit: it is none.
    """
    lat, lon = _read(value, ignore_z)
    if not -90 <= lat <= 90:
        raise Unfit(f"illegal latitude value [{java.text(lat)}] for {name}")
    if not -180 <= lon <= 180:
        raise Unfit(f"illegal longitude value [{java.text(lon)}] for {name}")
    return lat, lon


def _read(value: Any, ignore_z: bool) -> Point:
    if isinstance(value, Mapping):
        return _from_object(value, ignore_z)
    if isinstance(value, list):
        if len(value) > 3:
            raise _wrong("[geo_point] field type does not accept > 3 dimensions")
        if len(value) < 2 or any(isinstance(part, bool) or not isinstance(part, int | float) for part in value):
            raise _wrong("numeric value expected")
        if len(value) == 3:
            _check_z(float(value[2]), ignore_z)
        return float(value[1]), float(value[0])
    if isinstance(value, str):
        return _from_text(value, ignore_z)
    raise _wrong("geo_point expected")


def _from_object(value: Mapping[str, Any], ignore_z: bool) -> Point:
    for key in value:
        if key not in _FIELDS:
            raise _wrong(f"field [{key}] not supported - must be one of: {', '.join(_FIELDS)}")
    names = {"lat": "latitude", "lon": "longitude", "z": "z"}
    numbers = {key: _double(value[key], words) for key, words in names.items() if key in value}
    if "z" in numbers:
        _check_z(numbers["z"], ignore_z)
    for key in ("type", "geohash"):
        if key in value and not isinstance(value[key], str):
            raise _wrong(f"[{key}] must be a string")
    coordinates = value.get("coordinates")
    if "coordinates" in value and not isinstance(coordinates, list):
        raise _wrong("[coordinates] must be an array")
    _one_form(value)
    if "geohash" in value:
        return _from_geohash(value["geohash"])
    if coordinates is None:
        return numbers["lat"], numbers["lon"]
    parts = [_double(part, "coordinates") for part in coordinates]
    if value["type"].lower() != "point":
        raise _wrong("[type] for geo_point can only be 'Point'")
    if len(parts) < 2:
        raise _wrong("[coordinates] must contain at least two values")
    if len(parts) > 3:
        raise _wrong("[geo_point] field type does not accept > 3 dimensions")
    if len(parts) == 3:
        _check_z(parts[2], ignore_z)
    return parts[1], parts[0]


def _one_form(value: Mapping[str, Any]) -> None:
    has = {key: key in value for key in _FIELDS}
    found = [
        form
        for form, there in (
            ("geohash", has["geohash"]),
            ("lat/lon", has["lat"] and has["lon"]),
            ("GeoJSON", has["coordinates"] and has["type"]),
        )
        if there
    ]
    if len(found) > 1:
        raise _wrong(f"fields matching more than one point format found: [{', '.join(found)}]")
    nothing = "field must be either lat/lon, geohash string or type/coordinates"
    if has["geohash"] and any(has[key] for key in ("lat", "lon", "type", "coordinates")):
        raise _wrong(nothing)
    if not found:
        missing = {"lat": "lon", "lon": "lat", "coordinates": "type", "type": "coordinates"}
        first = next((key for key in missing if has[key]), None)
        raise _wrong(f"Required [{missing[first]}]" if first else nothing)


def _from_text(value: str, ignore_z: bool) -> Point:
    if "POINT" in value.upper():
        match = _WKT.fullmatch(value)
        try:
            parts = [float(part) for part in match.groups() if part is not None] if match else []
        except ValueError:
            parts = []
        if not parts:
            raise _wrong("Invalid WKT format")
        if len(parts) == 3:
            _check_z(parts[2], ignore_z)
        return parts[1], parts[0]
    if "," not in value:
        return _from_geohash(value)
    texts = value.split(",")
    if len(texts) > 3:
        raise _wrong(f"failed to parse [{value}], expected 2 or 3 coordinates but found: [{len(texts)}]")
    lat, lon = _number(texts[0], "latitude"), _number(texts[1], "longitude")
    if len(texts) == 3:
        _check_z(_number(texts[2], "z"), ignore_z)
    return lat, lon


def _from_geohash(value: str) -> Point:
    """The south-west corner of the cell of a hash (GeoPoint.resetFromGeoHash), of which 12 characters count."""
    if not value:
        raise _wrong("empty geohash")
    low, high = [-90.0, -180.0], [90.0, 180.0]
    even = True
    for letter in value[:12]:
        digit = _ALPHABET.find(letter)
        if digit < 0:
            raise _wrong(f"unsupported symbol [{letter}] in geohash [{value}]")
        for bit in (16, 8, 4, 2, 1):
            axis = 1 if even else 0
            middle = (low[axis] + high[axis]) / 2
            (low if digit & bit else high)[axis] = middle
            even = not even
    return low[0], low[1]


def _double(value: Any, words: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(f"{words} must be a number")
    try:
        return float(value)
    except ValueError:
        raise _wrong(f"[{words}] must be a valid double value") from None


def _number(text: str, words: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _wrong(f"{words} must be a number") from None


def _check_z(value: float, ignore_z: bool) -> None:
    if not ignore_z:
        shown = java.text(value)
        raise _wrong(
            f"Exception parsing coordinates: found Z value [{shown}] but [ignore_z_value] parameter is [false]"
        )


def _wrong(reason: str) -> Unfit:
    return Unfit(reason, "parse_exception")
