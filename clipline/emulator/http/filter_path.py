"""``filter_path``: comma-separated dotted patterns, ``*`` within a level, ``**`` over levels, ``-`` to exclude.

As FilterPath and FilterPathBasedFilter have it: ``**`` stands for one level at least; ``\\.`` is a dot within a name;
the elements of a list are filtered where they stand; a container is left out when filtering leaves nothing in it, but
not one that was empty before an exclusion.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clipline.emulator.patterns import simple_match

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class _Path:
    """What is left of one pattern below some level; ``anywhere`` when ``**`` was passed, so deeper levels count too."""

    segments: tuple[str, ...]
    anywhere: bool = False


def filtered(body: Any, expression: str) -> Any:
    """The parts of a JSON object or list that an expression keeps; an empty one when it keeps nothing."""
    patterns = [pattern for piece in expression.split(",") if (pattern := piece.strip())]
    excluded = [_path(pattern[1:]) for pattern in patterns if pattern.startswith("-")]
    included = [_path(pattern) for pattern in patterns if not pattern.startswith("-")]
    for paths, keep in ((included, True), (excluded, False)):
        if paths and isinstance(body, dict | list):
            left = _filter(body, paths, keep=keep)
            body = type(body)() if left is _NOTHING else left
    return body


def _path(pattern: str) -> _Path:
    segments = re.split(r"(?<!\\)\.", pattern)
    return _Path(tuple(segment.replace("\\.", ".") for segment in segments))


def _filter(value: Any, paths: Sequence[_Path], *, keep: bool) -> Any:
    """What is left of a value that the patterns reach into and do not match as a whole."""
    if isinstance(value, list):
        items = [item for item in (_filter(item, paths, keep=keep) for item in value) if item is not _NOTHING]
        return items if items or (not keep and not value) else _NOTHING
    if not isinstance(value, dict):
        return _NOTHING if keep else value
    left = {}
    for key, child in value.items():
        matched, below = _step(str(key), paths)
        if matched:
            remaining = child if keep else _NOTHING
        elif below:
            remaining = _filter(child, below, keep=keep)
        else:
            remaining = _NOTHING if keep else child
        if remaining is not _NOTHING:
            left[key] = remaining
    return left if left or (not keep and not value) else _NOTHING


def _step(key: str, paths: Sequence[_Path]) -> tuple[bool, list[_Path]]:
    """Whether a name ends one of the patterns, and what is left of those that it only begins."""
    below: list[_Path] = []
    for path in paths:
        head, *tail = path.segments
        if head == key or ("*" in head and simple_match(head, key)):
            if not tail:
                return True, []
            below.append(_Path(tuple(tail), anywhere=head == "**"))
        if path.anywhere:
            below.append(path)
    # The same rest is reached by several ways when ``**`` stands more than once.
    return False, list(dict.fromkeys(below))
