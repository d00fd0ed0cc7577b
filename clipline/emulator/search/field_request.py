"""The entries of ``fields`` and ``docvalue_fields``: a pattern, or a pattern with a format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token
from clipline.emulator.patterns import simple_match

_OPTIONS = {"field", "format", "include_unmapped"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Fields that a hit shall show."""

    pattern: str
    format: str | None = None
    unmapped: bool = False

    def fits(self, name: str) -> bool:
        """Whether a field is meant."""
        return simple_match(self.pattern, name)


def read_wanted(value: Any, option: str) -> tuple[Wanted, ...]:
    """The entries of a request.

    Raises:
        ApiError: 400.
    """
    return tuple(_entry(entry, option) for entry in (value or []))


def _entry(entry: Any, option: str) -> Wanted:
    if isinstance(entry, str):
        return Wanted(entry)
    if not isinstance(entry, Mapping):
        reason = f"[1:1] [{option}] {option} doesn't support values of type: {json_token(entry)}"
        raise ApiError(400, "x_content_parse_exception", reason)
    for key in entry:
        if key not in _OPTIONS or (key == "include_unmapped" and option == "docvalue_fields"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [field_and_format] unknown field [{key}]")
    if not isinstance(entry.get("field"), str):
        raise illegal_argument("Required [field]")
    shape = entry.get("format")
    return Wanted(
        entry["field"], None if shape is None else str(shape), entry.get("include_unmapped") in (True, "true")
    )
