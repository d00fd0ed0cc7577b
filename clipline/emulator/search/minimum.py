"""``minimum_should_match``: ``2``, ``-1``, ``75%``, ``-25%``, ``3<90%`` and several of the last in a row.

Source: ``Queries.calculateMinShouldMatch``.
"""

from __future__ import annotations

import re

from clipline.emulator.errors import ApiError

_FORM = re.compile(r"\s*(-?\d{1,9}%?|(-?\d{1,9}\s*<\s*-?\d{1,9}%?)(\s+-?\d{1,9}\s*<\s*-?\d{1,9}%?)*)\s*")


def check(least: int | str | None) -> None:
    """Refuse what is no such thing.

    Raises:
        ApiError: 400.
    """
    if least is not None and not _FORM.fullmatch(str(least)):
        raise ApiError(400, "number_format_exception", f'For input string: "{least}"')


def needed(least: int | str | None, clauses: int, *, default: int) -> int:
    """How many of so many clauses have to match."""
    if least is None:
        return default
    given = str(least).strip()
    if "<" not in given:
        return _one(given, clauses)
    result = clauses
    for bound, wanted in re.findall(r"(-?\d+)\s*<\s*(-?\d+%?)", given):
        if clauses <= int(bound):
            return result
        result = _one(wanted, clauses)
    return result


def _one(given: str, clauses: int) -> int:
    percent = given.endswith("%")
    number = int(given.removesuffix("%"))
    if percent:
        part = int(clauses * abs(number) / 100)
        number = -part if number < 0 else part
        if number == 0 and given.startswith("-"):
            return clauses
    return max(0, clauses + number if number < 0 else number)
