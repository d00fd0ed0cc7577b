"""``_cat``: tables of text for people, or lists of objects, from columns and rows that are data.

A family declares its columns once and hands over rows of plain values, in the order of the columns::

    COLUMNS = (Column("index", "i,idx", "index name"), Column("docs.count", "dc,docsCount", "documents", right=True))
    Route("GET", "/_cat/indices", ..., list_indices, cat.PARAMS | {"health"})
    return cat.answer(call, COLUMNS, [("photos", 12, Size(2048))])

Values are ``None`` (empty), numbers, texts, or ``Size`` and ``Duration``, which follow ``bytes`` and ``time``. Rows of a
table whose first columns are ``TIMESTAMPS`` begin with ``now()``. The layout is that of RestTable and AbstractCatAction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.http.media import wants_list
from clipline.emulator.http.wire import Call, Reply
from clipline.emulator.patterns import simple_match

PARAMS = frozenset({"help", "h", "v", "ts", "bytes", "size", "time", "s"})
"""What every table takes; ``pri`` is for those that have sibling columns."""

_BYTES = {"b": 0, "k": 1, "kb": 1, "m": 2, "mb": 2, "g": 3, "gb": 3, "t": 4, "tb": 4, "p": 5, "pb": 5}
_MILLIS = {"nanos": 1e-6, "micros": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its other names (comma separated), what it means, and how it is shown."""

    name: str
    aliases: str
    meaning: str
    right: bool = False
    """Aligned to the right, as numbers are."""
    default: bool = True
    """Shown when ``h`` does not choose."""
    sibling: str | None = None
    """With the parameter of this name (``pri``), the column ``pri.<name>`` is shown beside this one."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A number of bytes, shown like ``1.5kb`` unless ``bytes`` names a unit."""

    count: int

    def __str__(self) -> str:
        unit = next((unit for unit in (5, 4, 3, 2, 1) if self.count >= 1024**unit), 0)
        return _one_decimal(self.count / 1024**unit) + ("b", "kb", "mb", "gb", "tb", "pb")[unit]


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """Milliseconds, shown like ``1.5s`` unless ``time`` names a unit."""

    millis: int

    def __str__(self) -> str:
        unit = next((unit for unit in ("d", "h", "m", "s") if self.millis >= _MILLIS[unit]), "ms")
        return _one_decimal(self.millis / _MILLIS[unit]) + unit


TIMESTAMPS = (
    Column("epoch", "t,time", "seconds since 1970-01-01 00:00:00"),
    Column("timestamp", "ts,hms,hhmmss", "time in HH:MM:SS"),
)


def now() -> tuple[int, str]:
    """The cells under ``TIMESTAMPS``."""
    seconds = int(time.time())
    return seconds, time.strftime("%H:%M:%S", time.gmtime(seconds))


def answer(call: Call, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Reply:
    """The table that the parameters ask for: help, text, or JSON where ``format`` or ``Accept`` names it.

    Raises:
        ApiError: 500 for a sort key that is no column, as the real one.
    """
    if call.flag("help"):
        return Reply(body=_help(columns))
    shown = _shown(call, columns)
    names = [column.name for column in columns]
    cells = [dict(zip(names, row, strict=True)) for row in _sorted(call, columns, rows)]
    texts = [[_text(call, row[column.name]) for column, _ in shown] for row in cells]
    titles = [title for _, title in shown]
    if call.params.get("format", "").lower() in ("json", "yaml") or (
        "format" not in call.params and wants_list(call.headers)
    ):
        return Reply(body=[dict(zip(titles, row, strict=True)) for row in texts])
    lines = ([list(titles)] if call.flag("v") else []) + [
        ["" if text is None else text for text in row] for row in texts
    ]
    return Reply(body=_layout(lines, [column.right for column, _ in shown]))


def check_columns(call: Call, columns: Sequence[Column], lacking: Sequence[str]) -> None:
    """Refuse what asks for columns of the real table that ours lacks: by name, by pattern, to sort by, or in its help.

    Raises:
        ApiError: 501.
    """
    if call.flag("help"):
        raise unsupported("[help] of a table of which not all columns are there")
    known = {name for column in columns for name in (column.name, *column.aliases.split(","))}
    keys = [key.partition(":")[0] for key in call.params.get("s", "").split(",")]
    for wanted in (*call.params.get("h", "").split(","), *keys):
        for name in lacking:
            if name not in known and simple_match(wanted, name):
                raise unsupported(f"the column [{name}]")


def _help(columns: Sequence[Column]) -> str:
    lines = [[column.name, column.aliases, column.meaning] for column in columns]
    widths = [max(len(line[place]) for line in lines) for place in range(3)]
    return "".join(" | ".join(map(str.ljust, line, widths)) + "\n" for line in lines)


def _layout(lines: list[list[str]], right: list[bool]) -> str:
    """Columns as wide as their widest cell, a blank between them, no blanks behind a last column on the left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(" ".join(_padded(line, widths, right)) + "\n" for line in lines)


def _padded(line: list[str], widths: list[int], right: list[bool]) -> list[str]:
    padded = [
        text.rjust(width) if end else text.ljust(width) for text, width, end in zip(line, widths, right, strict=True)
    ]
    if line and not right[-1]:
        padded[-1] = line[-1]
    return padded


def _shown(call: Call, columns: Sequence[Column]) -> list[tuple[Column, str]]:
    """The columns to show, each with its title: the name by which it was asked for."""
    hidden = () if call.flag("ts", default=True) else ("epoch", "timestamp")
    if "h" not in call.params:
        return [(column, column.name) for column in columns if column.default and column.name not in hidden]
    by_name = {column.name: column for column in columns}
    aliases = {alias: column for column in columns for alias in column.aliases.split(",") if alias}
    shown: list[tuple[Column, str]] = []
    for wanted in _expanded(call.params["h"], columns):
        column = by_name.get(wanted) or aliases.get(wanted)
        if column is None or column.name in hidden:
            continue
        shown.append((column, wanted))
        beside = by_name.get(f"{column.sibling}.{column.name}")
        if column.sibling and beside and call.flag(column.sibling):
            shown.append((beside, f"{column.sibling}.{wanted}"))
    return shown


def _expanded(wanted: str, columns: Sequence[Column]) -> list[str]:
    names: dict[str, None] = {}
    for one in wanted.split(","):
        if "*" not in one:
            names[one] = None
            continue
        for column in columns:
            if any(simple_match(one, name) for name in (column.name, *column.aliases.split(","))):
                names[column.name] = None
    return list(names)


def _sorted(call: Call, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    places = {alias: place for place, column in enumerate(columns) for alias in column.aliases.split(",") if alias}
    places |= {column.name: place for place, column in enumerate(columns)}
    ordered = list(rows)
    keys = [key for key in call.params.get("s", "").split(",") if key]
    # The sort is stable, so the last key goes first.
    for key in reversed(keys):
        name = key.removesuffix(":desc") if key.endswith(":desc") else key.removesuffix(":asc")
        if name not in places:
            raise ApiError(500, "unsupported_operation_exception", f"Unable to sort by unknown sort key `{name}`")
        ordered.sort(key=_cell_key(places[name]), reverse=key.endswith(":desc"))
    return ordered


def _cell_key(place: int) -> Any:
    def compare(one: Sequence[Any], other: Sequence[Any]) -> int:
        left, right = one[place], other[place]
        if left is None or right is None:
            return (left is not None) - (right is not None)
        if type(left) is not type(right):
            left, right = str(left), str(right)
        return bool(left > right) - bool(left < right)

    return cmp_to_key(compare)


def _text(call: Call, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Size) and (unit := call.params.get("bytes")) in _BYTES:
        return str(value.count // 1024 ** _BYTES[unit])
    if isinstance(value, Duration) and (unit := call.params.get("time")) in _MILLIS:
        return str(int(value.millis / _MILLIS[unit]))
    return str(value)


def _one_decimal(value: float) -> str:
    """One decimal, cut off and not rounded, and none when it is zero (Strings.format1Decimals)."""
    whole, _, decimals = repr(float(value)).partition(".")
    return whole if decimals.startswith("0") else f"{whole}.{decimals[:1]}"
