"""``filter_path``: comma-separated dotted patterns, ``*`` within a level, ``**`` over levels, ``-`` to exclude."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

_NOTHING = object()


def filtered(body: Any, expression: str) -> Any:
    """The parts of a JSON value that an expression keeps; ``{}`` when it keeps nothing."""
    patterns = [pattern.strip() for pattern in expression.split(",") if pattern.strip()]
    excluded = [pattern[1:].split(".") for pattern in patterns if pattern.startswith("-")]
    included = [pattern.split(".") for pattern in patterns if not pattern.startswith("-")]
    if included:
        body = _keep(body, included)
    if excluded and body is not _NOTHING:
        body = _drop(body, excluded)
    return {} if body is _NOTHING else body


def _keep(value: Any, patterns: list[list[str]]) -> Any:
    if any(not pattern for pattern in patterns):
        return value
    if isinstance(value, list):
        kept = [item for item in (_keep(item, patterns) for item in value) if item is not _NOTHING]
        return kept or _NOTHING
    if not isinstance(value, dict):
        return _NOTHING
    found = {}
    for key, child in value.items():
        below = _below(key, patterns)
        if below and (kept_child := _keep(child, below)) is not _NOTHING:
            found[key] = kept_child
    return found or _NOTHING


def _drop(value: Any, patterns: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_drop(item, patterns) for item in value]
    if not isinstance(value, dict):
        return value
    left = {}
    for key, child in value.items():
        below = _below(key, patterns)
        if not any(not pattern for pattern in below):
            left[key] = _drop(child, below) if below else child
    return left


def _below(key: str, patterns: list[list[str]]) -> list[list[str]]:
    """What is left of each pattern once ``key`` was passed."""
    rest: list[list[str]] = []
    for pattern in patterns:
        if not pattern:
            continue
        head, *tail = pattern
        if head == "**":
            rest.append(pattern)
            if tail and fnmatchcase(key, tail[0]):
                rest.append(tail[1:])
        elif fnmatchcase(key, head):
            rest.append(tail)
    return rest
