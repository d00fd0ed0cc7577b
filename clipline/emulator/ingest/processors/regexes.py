"""Java's regular expressions, written as those of the library ``regex`` that mean the same.

``.``, ``$``, ``\\z`` and named groups are translated; what is written or meant differently beyond that is refused with 501
when a pipeline is stored. Matching has a time, for some patterns take for ever on some texts, and leaves other requests
their turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import regex

from clipline.emulator.errors import unsupported
from clipline.emulator.ingest.config import Options

_PIECE = re.compile(
    r"\\k<(?P<back>[a-zA-Z][a-zA-Z0-9]*)>"
    r"|\\(?P<escape>.)"
    r"|(?P<set>\[\^?[^\]\[&\\](?:\\[dDwWsStnrfa.\-\[\]\\/^$*+?(){}|,:;\"'@#%&=!<>~`]|[^\]\[&\\])*\]"
    r"|\[\^?\\[dDwWsStnrfa.\-\[\]\\/^$*+?(){}|](?:\\[dDwWsStnrfa.\-\[\]\\/^$*+?(){}|]|[^\]\[&\\])*\])"
    r"|\(\?<(?P<name>[a-zA-Z][a-zA-Z0-9]*)>"
    r"|(?P<odd>\(\?(?![:=!>]|<[=!])|\[|\{(?!\d+(?:,\d*)?\}))"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([is]+)\)")
_ENDS = r"\n\r\u0085\u2028\u2029"
_ESCAPES = frozenset("dDwWsSbBAtnrfa123456789" + ".^$*+?()[]{}|\\/-,:;\"'@#%&=!<>~` ")
"""Letters after a backslash that say the same in both languages, and signs."""
SECONDS = 3.0
"""What one text may take."""


@contextmanager
def timed(pattern: regex.Pattern[str]) -> Iterator[None]:
    """Matching that ends after its time.

    Raises:
        ApiError: 501.
    """
    try:
        yield
    except TimeoutError as error:
        raise unsupported(f"a regular expression that takes more than {SECONDS} s, [{pattern.pattern}],") from error


def java_pattern(options: Options, pattern: str) -> regex.Pattern[str]:
    """A pattern that means what it means in Java.

    Raises:
        ApiError: 501.
    """
    refused = unsupported(f"the regular expression [{pattern}] of the ingest processor [{options.kind}]")
    flags = _FLAGS.match(pattern)
    dot_all = flags is not None and "s" in flags[1]
    parts: list[str] = []
    for piece in _PIECE.finditer(pattern, flags.end() if flags else 0):
        if piece["odd"] or (piece["escape"] and piece["escape"] not in _ESCAPES | {"z"}):
            raise refused
        if piece["escape"] == "z":
            parts.append(r"\Z")
        elif piece["back"]:
            parts.append(f"(?P={piece['back']})")
        elif piece["name"]:
            parts.append(f"(?P<{piece['name']}>")
        elif piece["sign"] == "." and not dot_all:
            parts.append(f"[^{_ENDS}]")
        elif piece["sign"] == "$":
            parts.append(rf"(?=(?:\r\n|[{_ENDS}])?\Z)")
        else:
            parts.append(piece[0])
    try:
        # Java's \d, \w and \s know ASCII only.
        chosen = regex.ASCII | (regex.DOTALL if dot_all else 0)
        return regex.compile("".join(parts), chosen | (regex.IGNORECASE if flags and "i" in flags[1] else 0))
    except regex.error:
        raise refused from None


def java_replacement(options: Options, pattern: regex.Pattern[str], replacement: str) -> str:
    r"""Java's ``$1``, ``${name}`` and ``\\$`` as ``\g<1>``.

    Raises:
        ApiError: 501 for references to groups that are not there.
    """
    refused = unsupported(f"the replacement [{replacement}] of the ingest processor [{options.kind}]")
    result, at = "", 0
    while at < len(replacement):
        sign = replacement[at]
        at += 1
        if sign == "\\" and at < len(replacement):
            result += "\\\\" if replacement[at] == "\\" else replacement[at]
            at += 1
        elif sign == "$":
            group, length = _reference(pattern, replacement[at:])
            if group is None:
                raise refused
            result += rf"\g<{group}>"
            at += length
        elif sign == "\\":
            raise refused
        else:
            result += sign
    return result


def _reference(pattern: regex.Pattern[str], text: str) -> tuple[str | None, int]:
    """The group that a reference means, and how long it is."""
    named = re.match(r"\{([a-zA-Z][a-zA-Z0-9]*)\}", text)
    if named:
        return (named[1] if named[1] in pattern.groupindex else None), named.end()
    number = re.match(r"\d+", text, re.ASCII)
    digits = number[0] if number else ""
    # As many digits as make a group that there is.
    while len(digits) > 1 and int(digits) > pattern.groups:
        digits = digits[:-1]
    return (digits if digits and int(digits) <= pattern.groups else None), len(digits)
