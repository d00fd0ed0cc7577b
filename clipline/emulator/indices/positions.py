"""Where a refused value stands in a document: ``[line:column]``, counted in bytes from 1 as the real parser does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

_TOKEN = re.compile(rb'(?P<sign>[{}\[\],:])|(?P<text>"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+)')


def position(raw: bytes, field: str, value: Any) -> str | None:
    """The place of the first such value of a field, or of the field that it is a multi-field of.

    Documents are read in order and equal values are refused alike, so the first one is the one that was refused.
    """
    names = (field, field.rpartition(".")[0])
    for name, found, offset in _scalars(raw):
        if name in names and type(found) is type(value) and found == value:
            start = raw.rfind(b"\n", 0, offset) + 1
            line = raw.count(b"\n", 0, offset) + 1
            return f"[{line}:{offset - start + 1}]"
    return None


def _scalars(raw: bytes) -> Iterator[tuple[str, Any, int]]:
    """Full field name, value and offset of every scalar of a valid document."""
    above: list[tuple[bytes, str]] = []
    name, key_next = "", False
    for match in _TOKEN.finditer(raw):
        sign = match["sign"]
        if sign in (b"{", b"["):
            above.append((sign, f"{name}." if sign == b"{" and name else name))
            key_next = sign == b"{"
        elif sign in (b"}", b"]"):
            above.pop()
        elif sign == b",":
            kind, prefix = above[-1]
            key_next = kind == b"{"
            name = name if key_next else prefix
        elif sign is None and key_next:
            name, key_next = above[-1][1] + orjson.loads(match["text"]), False
        elif sign is None:
            yield name, orjson.loads(match["text"]), match.start()
