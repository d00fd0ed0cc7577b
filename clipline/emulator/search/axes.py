"""What each criterion of a sort gives the documents that were found: their ranks, and the values that a hit shows.

A missing number stands as the extreme of its type that puts it in its place (``9223372036854775807``, ``2147483647``,
``-Infinity``); a missing text is ``null``. ``search_after`` values are ranked among the ones found, so that equal ones are
skipped and all behind stay.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.dates import DEFAULT_FORMAT, parse_date, shown_date
from clipline.emulator.indices.field_types import FLOATS
from clipline.emulator.search.columns import Ordinals, column, ordinals
from clipline.emulator.search.context import Context, ShardError
from clipline.emulator.search.sort import META, Key

_LONG_MAX, _INT_MAX = 2**63 - 1, 2**31 - 1
Part = tuple[Context, NDArray[np.int64], NDArray[np.float32]]
"""A shard, the places found in it, and their scores."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A criterion over all that was found: ``ranks`` in the order of the page, and how its values are read and shown."""

    ranks: NDArray[np.float64]
    shown: Callable[[int], Any]
    limit: Callable[[Any], float]


def axis(key: Key, parts: list[Part]) -> Axis:
    """Lay a criterion out over what was found.

    Raises:
        ShardError: the value that it should begin after is none of the field's.
    """
    if key.name == "_score":
        values: NDArray[Any] = np.concatenate([part[2] for part in parts]) if parts else np.zeros(0, np.float32)
        return _numbers(key, values, lambda value: float(str(np.float32(value))), lambda v: float(np.float32(float(v))))
    if key.name in META:
        # Places are in order already; only a point in time tells the shards apart.
        shift = 32 if key.name == "_shard_doc" else 0
        found = [places + (number << shift if shift else 0) for number, (_, places, _) in enumerate(parts)]
        return _numbers(key, np.concatenate(found) if found else np.zeros(0, np.int64), int, int)
    kinds = [_kind(key, part[0]) for part in parts]
    kind = next((one for one in kinds if one), key.unmapped or "long")
    if kind == "keyword":
        return _texts(key, [_ordinals(key, one, part) for one, part in zip(kinds, parts, strict=True)])
    floating = any(one in FLOATS for one in kinds if one)
    columns = [
        _column(key, one or key.unmapped or kind, part, floating=floating)
        if one
        else _lacking(key, kind, part, floating)
        for one, part in zip(kinds, parts, strict=True)
    ]
    formats = _formats(key, parts)
    absent = _substitute(key, kind, floating=floating)
    show, read = _shower(key, kind, formats), _reader(key, kind, formats, floating=floating)
    values = np.concatenate(columns) if columns else np.zeros(0, np.float64 if floating else np.int64)
    return _numbers(key, values, show, read, absent=absent)


def _kind(key: Key, context: Context) -> str | None:
    definition = context.definition(key.name)
    return None if definition is None else str(definition["type"])


def _column(key: Key, kind: str, part: Part, *, floating: bool) -> NDArray[Any]:
    context, places, _ = part
    found = column(context, key.name, key.mode)
    values = found.values[places].astype(np.float64 if floating else np.int64)
    values[~found.held[places]] = _substitute(key, kind, floating=floating)
    return values


def _lacking(key: Key, kind: str, part: Part, floating: bool) -> NDArray[Any]:
    substitute = _substitute(key, key.unmapped or kind, floating=floating)
    return np.full(len(part[1]), substitute, dtype=np.float64 if floating else np.int64)


def _substitute(key: Key, kind: str, *, floating: bool) -> int | float:
    """What stands for a missing number: an extreme that puts it in its place, or the one that was asked for."""
    if key.missing in ("_last", "_first"):
        high = (key.missing == "_last") != key.descending
        if floating:
            return float("inf") if high else float("-inf")
        most = _INT_MAX if kind in ("integer", "short", "byte") else _LONG_MAX
        return most if high else -most - 1
    if kind == "date":
        try:
            return parse_date(key.missing, key.format or DEFAULT_FORMAT)
        except ValueError as error:
            raise ShardError({"type": "parse_exception", "reason": str(error)}) from error
    try:
        return float(key.missing) if floating else _whole(key.missing)
    except (TypeError, ValueError):
        reason = f'For input string: "{key.missing}"'
        raise ShardError({"type": "number_format_exception", "reason": reason}) from None


def _numbers(
    key: Key, values: NDArray[Any], show: Callable[[Any], Any], read: Callable[[Any], Any], *, absent: Any = 0
) -> Axis:
    distinct, ranks = np.unique(values, return_inverse=True)
    sign = -1.0 if key.descending else 1.0

    def limit(value: Any) -> float:
        try:
            wanted = absent if value is None else read(value)
        except (TypeError, ValueError, OverflowError):
            raise ShardError.illegal(f"Failed to parse search_after value for field [{key.name}].") from None
        place = int(np.searchsorted(distinct, wanted))
        exact = place < len(distinct) and distinct[place] == wanted
        return sign * (place if exact else place - 0.5)

    return Axis(ranks.astype(np.float64) * sign, lambda position: show(values[position]), limit)


def _ordinals(key: Key, kind: str | None, part: Part) -> Ordinals:
    context, places, _ = part
    if kind != "keyword":
        return Ordinals([], np.full(len(places), -1, dtype=np.int64))
    found = ordinals(context, key.name, key.mode)
    return Ordinals(found.distinct, found.ranks[places])


def _texts(key: Key, parts: list[Ordinals]) -> Axis:
    distinct = parts[0].distinct if len(parts) == 1 else sorted(set().union(*(part.distinct for part in parts)))
    replaced = key.missing if isinstance(key.missing, str) and key.missing not in ("_last", "_first") else None
    if replaced is not None:
        distinct = sorted({*distinct, replaced})
    numbers = np.concatenate([_renumbered(part, distinct) for part in parts]) if parts else np.zeros(0, np.int64)
    if replaced is not None:
        numbers = np.where(numbers < 0, bisect_left(distinct, replaced), numbers)
    sign = -1.0 if key.descending else 1.0
    absent = float("-inf") if key.missing == "_first" else float("inf")

    def shown(position: int) -> str | None:
        return distinct[numbers[position]] if numbers[position] >= 0 else None

    def limit(value: Any) -> float:
        if value is None:
            return absent
        text = str(value).lower() if isinstance(value, bool) else str(value)
        place = bisect_left(distinct, text)
        exact = place < len(distinct) and distinct[place] == text
        return sign * (place if exact else place - 0.5)

    return Axis(np.where(numbers < 0, absent, numbers * sign), shown, limit)


def _renumbered(part: Ordinals, distinct: list[str]) -> NDArray[np.int64]:
    if part.distinct is distinct or not part.distinct:
        return part.ranks
    places = np.asarray([bisect_left(distinct, value) for value in part.distinct], dtype=np.int64)
    return np.where(part.ranks < 0, -1, places[part.ranks])


def _formats(key: Key, parts: list[Part]) -> str:
    if key.format is not None:
        return key.format
    definitions = (context.definition(key.name) for context, _, _ in parts)
    return str(next((one for one in definitions if one), {}).get("format", DEFAULT_FORMAT))


def _shower(key: Key, kind: str, formats: str) -> Callable[[Any], Any]:
    def show(value: Any) -> Any:
        if isinstance(value, np.floating):
            number = float(value)
            return number if np.isfinite(number) else "Infinity" if number > 0 else "-Infinity"
        if kind != "date" or key.format is None:
            return int(value)
        # A missing date has no text.
        return None if int(value) in (_LONG_MAX, -_LONG_MAX - 1) else shown_date(int(value), formats)

    return show


def _reader(key: Key, kind: str, formats: str, *, floating: bool) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if floating:
            return float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _long(value)
        if kind != "date":
            return _long(int(value))
        try:
            return parse_date(value, formats)
        except ValueError as error:
            entry = {"type": "parse_exception", "reason": str(error)}
            raise ShardError({"type": "parse_exception", "reason": str(error), "caused_by": entry}) from error

    return read


def _whole(value: Any) -> int:
    """A number, or a text that is a whole one, as a long."""
    if isinstance(value, str):
        return _long(int(value)) if re.fullmatch(r"[+-]?[0-9]{1,19}", value) else int("")
    return _long(value if isinstance(value, int) else float(value))


def _long(value: float) -> int:
    """A number as Java makes a long of it: cut off, and held within its bounds."""
    if value != value:
        return 0
    return int(min(max(value, -_LONG_MAX - 1), _LONG_MAX))
