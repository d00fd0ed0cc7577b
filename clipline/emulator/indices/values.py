"""One value of a field → what queries compare, or Elasticsearch's reason to refuse it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date
from clipline.emulator.indices.field_types import FLOATS, INTEGERS

MAX_TERM_BYTES = 32766
"""Lucene's longest term."""

_POINT = re.compile(r"\s*POINT\s*\(\s*(\S+)\s+(\S+)\s*\)\s*", re.IGNORECASE)
_HALF_MAX = 65504.0
_FLOAT_MAX = 3.4028234663852886e38


def convert(name: str, definition: Mapping[str, Any], value: Any) -> Any:
    """One value of a field as queries compare it; ``None`` when it is not indexed.

    Raises:
        ValueError: the field refuses it.
    """
    kind = definition["type"]
    if kind == "keyword":
        text = as_text(value, definition)
        if text is not None and (definition.get("index", True) or definition.get("doc_values", True)):
            _check_term(name, text)
        return text
    if kind in ("text", "flattened"):
        return as_text(value, definition)
    if kind in INTEGERS:
        return _integer(value, kind)
    if kind in FLOATS:
        return _float(value, kind)
    if kind == "boolean":
        return _boolean(value)
    if kind == "date":
        return parse_date(value, str(definition.get("format", DEFAULT_FORMAT)))
    if kind == "geo_point":
        return _point(value)
    raise ValueError(f"field [{name}] of type [{kind}] takes no such value")


def as_text(value: Any, definition: Mapping[str, Any]) -> str | None:
    """A value as a term; ``None`` when it is longer than ``ignore_above``.

    Raises:
        ValueError: it is an object or an array.
    """
    if isinstance(value, Mapping | list):
        raise ValueError("Can't get text on a START_OBJECT")
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    limit = definition.get("ignore_above")
    return None if limit is not None and len(text) > int(limit) else text


def _check_term(name: str, text: str) -> None:
    # Every character is at most four bytes, so that short texts need not be encoded.
    if len(text) * 4 <= MAX_TERM_BYTES or len(raw := text.encode()) <= MAX_TERM_BYTES:
        return
    prefix = [byte - 256 if byte > 127 else byte for byte in raw[:30]]
    raise ValueError(
        f'Document contains at least one immense term in field="{name}" (whose UTF8 encoding is longer than the max '
        f"length {MAX_TERM_BYTES}), all of which were skipped. Please correct the analyzer to not produce such terms. "
        f"The prefix of the first immense term is: '{prefix}...'"
    )


def _integer(value: Any, kind: str) -> int:
    if isinstance(value, bool | Mapping | list):
        raise ValueError(f"For input string: {value!r}")
    number = float(value) if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value) else value
    result = math.trunc(number) if isinstance(number, float) else int(number)
    if not -(2 ** INTEGERS[kind]) <= result < 2 ** INTEGERS[kind]:
        raise ValueError(f"Value [{value}] is out of range for {'an' if kind == 'integer' else 'a'} {kind}")
    return result


def _float(value: Any, kind: str) -> float:
    if isinstance(value, bool | Mapping | list):
        raise ValueError(f"For input string: {value!r}")
    number = float(value)
    most = {"half_float": _HALF_MAX, "float": _FLOAT_MAX}.get(kind, math.inf)
    if not math.isfinite(number) or abs(number) > most:
        raise ValueError(f"[{kind}] supports only finite values, but got [{value}]")
    return number


def _boolean(value: Any) -> bool:
    if (value in (True, "true") and not isinstance(value, int | float)) or value is True:
        return True
    if value is False or value in ("false", ""):
        return False
    raise ValueError(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")


def _point(value: Any) -> tuple[float, float]:
    if isinstance(value, Mapping):
        if "coordinates" in value:
            lon, lat = (float(part) for part in value["coordinates"][:2])
        elif "lat" in value and "lon" in value:
            lat, lon = float(value["lat"]), float(value["lon"])
        else:
            raise ValueError("Required [lat] and [lon]")
    elif isinstance(value, list):
        lon, lat = (float(part) for part in value[:2])
    elif match := _POINT.fullmatch(str(value)):
        lon, lat = float(match[1]), float(match[2])
    else:
        parts = str(value).split(",")
        if len(parts) != 2:
            raise ValueError(f"unsupported symbol in geohash [{value}]")
        lat, lon = float(parts[0]), float(parts[1])
    if not -90 <= lat <= 90:
        raise ValueError(f"illegal latitude value [{lat}] for location")
    if not -180 <= lon <= 180:
        raise ValueError(f"illegal longitude value [{lon}] for location")
    return lat, lon
