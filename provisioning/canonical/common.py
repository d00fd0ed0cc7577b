"""What every kind's canonical form does: our marks left out, and what says nothing dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.core.records import MARK

MARKS = ("stack", "digest", "since")
"""Of ``_meta.clipline`` only these are left out of a comparison; its other fields are compared like any field."""


def without_marks(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """``_meta`` without the marks; what else ``clipline`` holds, and all that the author wrote, stays."""
    value = dict(meta or {})
    own = value.pop(MARK, None)
    if isinstance(own, Mapping):
        own = {key: child for key, child in own.items() if key not in MARKS}
    if own:
        value[MARK] = own
    return value


def present(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing: null, and empty objects and lists."""
    return {key: child for key, child in value.items() if child is not None and child not in ({}, [])}


def listed(value: Any) -> list[Any]:
    """One value or several, as a list; Elasticsearch takes both where it shows an array."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def flag(value: Any) -> Any:
    """A boolean, which may be written as text; anything else as it is."""
    return value == "true" if value in ("true", "false") else value


def whole(value: Any) -> Any:
    """A whole number, which may be written as text or with a point; anything else as it is."""
    if isinstance(value, str) and value.lstrip("+-").isdecimal():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
