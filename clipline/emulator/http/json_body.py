"""A request's JSON, and what the real parser says of one that is none.

Errors carry the place, line and column from 1, as ``XContentParseException`` and ``XContentEOFException`` do: that which
the parser has come to, so of a name that stands twice the one behind it (JsonReadContext._checkDup). The words after it are
Jackson's where they are known.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from clipline.emulator.errors import ApiError, json_token, unsupported

_COMMENT = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
"""A text, which is passed over, or a comment of either kind; one that is not closed goes to the end, and is looked at once."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')
"""A text, or a sign by which objects, lists and their parts begin and end."""
_SMALL = 1 << 20
"""Bytes up to which a body is looked through for repeated names, which takes a second, slower parser."""
DEEPEST = 200
"""Levels of objects and arrays that are taken; the real one takes 1000, and what prints our answers ends at 254."""


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body that is not empty.

    Raises:
        ApiError: 400: it is not JSON, is no object, or names a field twice; 501: it is too deep.
    """
    value = read_value(raw)
    if not isinstance(value, dict):
        reason = f"Failed to parse object: expecting token of type [START_OBJECT] but found [{json_token(value)}]"
        raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})
    check_depth(raw, value)
    return value


def read_value(raw: bytes) -> Any:
    """Any JSON value.

    Raises:
        ApiError: 400: it is not JSON, or names a field twice.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # The real parser has ALLOW_COMMENTS; ours has not, so only what it refuses is looked through for them.
        plain = without_comments(raw)
        if plain == raw:
            raise malformed(raw, error) from error
        return read_value(plain)
    if len(raw) <= _SMALL and isinstance(value, dict | list):
        _check_names(raw)
    return value


def check_depth(raw: bytes, value: Any) -> None:
    """Refuse a value that is more than ``DEEPEST`` objects and arrays deep; ``raw`` is its text, empty if there is none.

    Raises:
        ApiError: 501.
    """
    if raw and raw.count(b"{") + raw.count(b"[") <= DEEPEST:
        return
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            raise unsupported(f"JSON of more than {DEEPEST} levels")
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]


def without_comments(raw: bytes) -> bytes:
    """The same text with blanks for comments, so that every place in it stays where it was."""
    if b"/" not in raw:
        return raw
    return _COMMENT.sub(lambda match: match[0] if match[0][:1] == b'"' else re.sub(rb"[^\n]", b" ", match[0]), raw)


def malformed(raw: bytes, error: orjson.JSONDecodeError) -> ApiError:
    """What the real parser says of the text that this error is about."""
    text = raw.decode("utf-8", "replace")
    # orjson counts a document that is not UTF-8 as one character long; the words are its own then.
    place = min(error.pos, len(text))
    line, column = _line_and_column(text, place)
    if place >= len(text.rstrip()):
        cause = "Unexpected end-of-input"
        return _parse_error(
            "x_content_e_o_f_exception", line, column, "Unexpected end of file", "json_e_o_f_exception", cause
        )
    character = text[place]
    words = f"Unexpected character ('{character}' (code {ord(character)})): {error.msg}"
    return _parse_error("x_content_parse_exception", line, column + 1, words, "json_parse_exception", words)


def _check_names(raw: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _RepeatedName
        return found

    try:
        json.loads(raw, object_pairs_hook=unique)
    except _RepeatedName:
        text = raw.decode()
        name, place = _first_repeated(text)
        line, column = _line_and_column(text, place)
        words = f"Duplicate field '{name}'"
        raise _parse_error("x_content_parse_exception", line, column, words, "json_parse_exception", words) from None
    except (RecursionError, ValueError):
        return  # deeper, or with numbers longer, than this parser reads; orjson has read it


class _RepeatedName(Exception):
    """An object has two fields of one name."""


def _first_repeated(text: str) -> tuple[str, int]:
    """The first name that its object has already, in a text that is JSON, and the place behind it."""
    above: list[set[str] | None] = []
    awaits_name = False
    for token in _TOKEN.finditer(text):
        sign = token[0][0]
        if sign == '"':
            names = above[-1] if above and awaits_name else None
            if names is not None:
                name = json.loads(token[0], strict=False)
                if name in names:
                    return name, token.end()
                names.add(name)
            awaits_name = False
        elif sign in "{[":
            above.append(set() if sign == "{" else None)
            awaits_name = sign == "{"
        elif sign in "}]":
            above.pop()
        else:
            awaits_name = above[-1] is not None
    raise AssertionError("no name stands twice in one object")


def _line_and_column(text: str, place: int) -> tuple[int, int]:
    """Both from 1."""
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def _parse_error(kind: str, line: int, column: int, words: str, cause: str, cause_words: str) -> ApiError:
    return ApiError(400, kind, f"[{line}:{column}] {words}", caused_by={"type": cause, "reason": cause_words})
