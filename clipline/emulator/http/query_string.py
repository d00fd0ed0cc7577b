"""Query strings and percent-escapes, decoded as Elasticsearch does (RestUtils), which no library does.

Parameters are separated by ``&`` or ``;`` and end at ``#``; one without ``=`` has the empty value; of several with one
name the last counts. ``%%`` is a percent sign; bytes that are not UTF-8 become the replacement character.
"""

from __future__ import annotations

import re

_RESERVED = frozenset({"serverlessrequest", "operatorrequest"})
_HEX = frozenset("0123456789abcdefABCDEF")


def parse_query(text: str) -> dict[str, str]:
    """The parameters of what stands behind the question mark.

    Raises:
        ValueError: an escape is wrong, or the name is one that only the server itself may set.
    """
    params: dict[str, str] = {}
    for piece in re.split("[&;]", text.partition("#")[0]):
        before, sign, after = piece.partition("=")
        # "=x" has no name before the sign, so what follows is the name.
        name, value = (before, after) if before else (after.partition("=")[0], after.partition("=")[2])
        if not name and not sign:
            continue
        if name:
            name = decode(name, plus_as_space=True)
            if name.lower() in _RESERVED:
                raise ValueError(f"parameter [{name}] is reserved and may not be set")
            params[name] = decode(value, plus_as_space=True)
    return params


def decode(text: str, *, plus_as_space: bool = False) -> str:
    """A piece of a URL without its escapes. In a path a plus sign stands for itself.

    Raises:
        ValueError: an escape is cut off, or is not hexadecimal.
    """
    if plus_as_space:
        text = text.replace("+", " ")
    if "%" not in text:
        return text.encode("latin-1", "replace").decode("utf-8", "replace") if not text.isascii() else text
    found = bytearray()
    place = 0
    while place < len(text):
        character = text[place]
        if character != "%":
            found += character.encode("latin-1", "replace")
            place += 1
        elif text[place + 1 : place + 2] == "%":
            found += b"%"
            place += 2
        else:
            found.append(_escape(text, place))
            place += 3
    return found.decode("utf-8", "replace")


def _escape(text: str, place: int) -> int:
    digits = text[place + 1 : place + 3]
    if not digits:
        raise ValueError(f"unterminated escape sequence at end of string: {text}")
    if len(digits) == 1:
        raise ValueError(f"partial escape sequence at end of string: {text}")
    if not _HEX.issuperset(digits):
        raise ValueError(f"invalid escape sequence `%{digits}' at index {place} of: {text}")
    return int(digits, 16)
