"""The one wildcard of Elasticsearch's own matching: ``*`` stands for anything, also for nothing."""

from __future__ import annotations

from collections.abc import Iterable


def simple_match(pattern: str, text: str) -> bool:
    """Whether the whole text matches (``Regex.simpleMatch``); every character but ``*`` stands for itself."""
    head, star, rest = pattern.partition("*")
    if not star:
        return pattern == text
    *middle, tail = rest.split("*")
    if not text.startswith(head) or not text.endswith(tail) or len(text) < len(head) + len(tail):
        return False
    place, end = len(head), len(text) - len(tail)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def matches_any(patterns: Iterable[str], text: str) -> bool:
    """Whether a name matches one of several patterns."""
    return any(simple_match(pattern, text) for pattern in patterns)


def overlap(left: str, right: str) -> bool:
    """Whether some name matches both patterns.

    ``row[j]`` says whether what is left of ``left`` from here and ``right[j:]`` have a name in common.
    """
    row = [False] * len(right) + [True]
    for j in reversed(range(len(right))):
        row[j] = right[j] == "*" and row[j + 1]
    for character in reversed(left):
        below, row = row, [False] * (len(right) + 1)
        row[-1] = character == "*" and below[-1]
        for j in reversed(range(len(right))):
            if character == "*" or right[j] == "*":
                row[j] = below[j] or row[j + 1]
            else:
                row[j] = character == right[j] and below[j + 1]
    return row[0]
