"""Processors of texts: lowercase, uppercase, trim, gsub, urldecode, bytes, split, join."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import regex

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.ingest.config import Options
from clipline.emulator.ingest.document import IngestDocument, java
from clipline.emulator.ingest.processors import regexes
from clipline.emulator.ingest.processors.base import Factory, Work
from clipline.emulator.ingest.processors.regexes import java_pattern, java_replacement, timed
from clipline.emulator.painless.methods import JAVA_BLANK
from clipline.emulator.painless.values import text

_MOST_DIGITS = 100
_UNITS = {"b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4, "pb": 5}
_SIZE = re.compile(r"(?P<number>.*?)(?P<unit>[kmgtp]?b)", re.IGNORECASE | re.DOTALL)


def simple(change: Callable[[str], Any]) -> Factory:
    """A processor that changes a text, or each text of a list (AbstractStringProcessor)."""
    return lambda options: _each(options, lambda: change)


def _each(options: Options, make: Callable[[], Callable[[str], Any]]) -> Work:
    field = options.string("field")
    ignore_missing = options.boolean("ignore_missing")
    target = options.string("target_field", field)
    change = make()

    def work(document: IngestDocument) -> None:
        value = document.get(field, ignore_missing=ignore_missing)
        if value is None:
            if ignore_missing:
                return
            raise illegal_argument(f"field [{field}] is null, cannot process it.")
        if isinstance(value, list):
            for item in value:
                if not isinstance(item, str):
                    raise illegal_argument(
                        f"value [{text(item)}] of type [{java(item)}] in list field [{field}] cannot be cast to "
                        "[java.lang.String]"
                    )
            document.set(target, [change(item) for item in value])
        elif isinstance(value, str):
            document.set(target, change(value))
        else:
            raise illegal_argument(f"field [{field}] of type [{java(value)}] cannot be cast to [java.lang.String]")

    return work


def gsub(options: Options) -> Work:
    """``gsub``: GsubProcessor."""

    def make() -> Callable[[str], str]:
        pattern = java_pattern(options, options.string("pattern"))
        replacement = java_replacement(options, pattern, options.string("replacement"))

        def change(value: str) -> str:
            with timed(pattern):
                return pattern.sub(replacement, value, concurrent=True, timeout=regexes.SECONDS)

        return change

    return _each(options, make)


def trimmed(value: str) -> str:
    """Without the blanks that Java's ``trim`` knows."""
    return value.strip(JAVA_BLANK)


def url_decoded(value: str) -> str:
    """``a%20b+c`` as ``a b c``.

    Raises:
        ApiError: 400 for a percent sign without two digits.
    """
    if re.search(r"%(?![0-9a-fA-F]{2})", value):
        # What Java says of it depends on what follows the sign.
        reason = "could not URL-decode value [" + value + "]"
        raise illegal_argument(reason)
    return unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")


def byte_count(value: str) -> int:
    """``1kb`` as 1024 (ByteSizeValue).

    Raises:
        ApiError: 400, or 501 for a fraction, which is deprecated.
    """
    setting = "Ingest Field"
    match = _SIZE.fullmatch(value.strip())
    wrong = ApiError(
        400, "parse_exception", f"failed to parse setting [{setting}] with value [{value}] as a size in bytes"
    )
    if match is None:
        if value in ("0", "-1"):
            return int(value)
        reason = f"{wrong.reason}: unit is missing or unrecognized"
        raise ApiError(400, "parse_exception", reason)
    number = match["number"].strip()
    if re.fullmatch(r"\d+\.\d+", number):
        raise unsupported(f"a size in bytes with a fraction [{value}]")
    if not re.fullmatch(r"[+-]?\d+", number, re.ASCII):
        raise ApiError(
            400, "parse_exception", f"failed to parse [{value}]",
            caused_by={"type": "number_format_exception", "reason": f'For input string: "{number}"'},
        )  # fmt: skip
    if len(number) > _MOST_DIGITS:
        raise unsupported(f"a size in bytes with {len(number)} digits")
    count: int = int(number) * 1024 ** _UNITS[match["unit"].lower()]
    if count < 0:
        raise wrong
    return min(count, 2**63 - 1)


def split(options: Options) -> Work:
    """``split``: SplitProcessor."""
    field = options.string("field")
    ignore_missing, preserve = options.boolean("ignore_missing"), options.boolean("preserve_trailing")
    target = options.string("target_field", field)
    separator = java_pattern(options, options.string("separator"))
    if separator.groups:
        raise unsupported("a group in the separator of the split processor")

    def work(document: IngestDocument) -> None:
        value = document.get(field, str, ignore_missing=ignore_missing)
        if value is None:
            if ignore_missing:
                return
            raise illegal_argument(f"field [{field}] is null, cannot split.")
        document.set(target, _pieces(separator, value, preserve))

    return work


def _pieces(separator: regex.Pattern[str], value: str, preserve: bool) -> list[str]:
    """``String.split``: no empty piece before a match of nothing at the start, none at the end unless wanted."""
    pieces, at = [], 0
    with timed(separator):
        matches = list(separator.finditer(value, concurrent=True, timeout=regexes.SECONDS))
    for match in matches:
        if match.end() == 0:
            continue
        if match.start() == match.end() == len(value):
            continue
        pieces.append(value[at : match.start()])
        at = match.end()
    if not pieces:
        return [value]
    pieces.append(value[at:])
    while not preserve and pieces and not pieces[-1]:
        pieces.pop()
    return pieces


def join(options: Options) -> Work:
    """``join``: JoinProcessor."""
    field, separator = options.string("field"), options.string("separator")
    target = options.string("target_field", field)

    def work(document: IngestDocument) -> None:
        values = document.get(field, list)
        if values is None:
            raise illegal_argument(f"field [{field}] is null, cannot join.")
        if None in values:
            raise ApiError(500, "null_pointer_exception", 'Cannot invoke "Object.toString()" because "x0" is null')
        document.set(target, separator.join(map(text, values)))

    return work
