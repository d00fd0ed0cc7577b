"""Where a value stands in a document: line and column, counted in bytes from 1 as the real parser does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

_TOKEN = re.compile(rb'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+', re.DOTALL)
_OPEN, _CLOSE = (b"{", b"["), (b"}", b"]")


class _Token(NamedTuple):
    text: bytes
    offset: int


def locate(raw: bytes, path: Sequence[str | int], at: str = "start") -> tuple[int, int, str]:
    """Line, column and kind of a token of a valid document; (1, 1) when there is none at that path.

    ``path`` are keys as they are written and indices in arrays; a lone value counts as an array of itself. ``at`` is
    ``start``, ``end`` (the last token of the value), ``inside`` (the one after its bracket) or ``next`` (the one after it,
    commas apart). The kind is told apart only for what can follow a value.
    """
    tokens = [_Token(match[0], match.start()) for match in _TOKEN.finditer(raw)]
    place = 0
    for step in path:
        found = _member(tokens, place, step) if isinstance(step, str) else _item(tokens, place, step)
        if found is None:
            return 1, 1, "FIELD_NAME"
        place = found
    if at in ("end", "next"):
        place = _after(tokens, place) - 1
    if at == "inside":
        place += 1
    if at == "next":
        place += 2 if tokens[place + 1].text == b"," else 1
    text, offset = tokens[place]
    kind = {b"}": "END_OBJECT", b"]": "END_ARRAY"}.get(text, "FIELD_NAME")
    return raw.count(b"\n", 0, offset) + 1, offset - raw.rfind(b"\n", 0, offset), kind


def _member(tokens: list[_Token], place: int, key: str) -> int | None:
    if tokens[place].text != b"{":
        return None
    place += 1
    while tokens[place].text != b"}":
        value = place + 2
        if orjson.loads(tokens[place].text) == key:
            return value
        place = _after(tokens, value)
        place += tokens[place].text == b","
    return None


def _item(tokens: list[_Token], place: int, number: int) -> int | None:
    if tokens[place].text != b"[":
        return place if number == 0 else None
    place += 1
    for _ in range(number):
        if tokens[place].text == b"]":
            return None
        place = _after(tokens, place)
        place += tokens[place].text == b","
    return place


def _after(tokens: list[_Token], place: int) -> int:
    """The number of the token after a value."""
    depth = 0
    while True:
        text = tokens[place].text
        depth += (text in _OPEN) - (text in _CLOSE)
        place += 1
        if depth == 0:
            return place
