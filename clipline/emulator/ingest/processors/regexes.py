"""Java's regular expressions, as far as Python's mean the same.

What is written differently or means something else in the two languages is refused with 501 when a pipeline is stored.
"""

from __future__ import annotations

import re

from clipline.emulator.errors import unsupported
from clipline.emulator.ingest.config import Options

_ODD = re.compile(
    r"\\[pPhHRXGQEKkxucNoVzZ]"  # classes, quotations and references with another syntax or meaning
    r"|\[[^\]]*(&&|\[)"  # unions and intersections of classes
    r"|[*+?}]\+"  # possessive quantifiers
    r"|\(\?(?![:=!]|<[=!])"  # flags, atomic and named groups
    r"|\\b\{|\$(?!$|\|)"  # \b{g}, and $, which in Java also stands before other line ends
)


def java_pattern(options: Options, name: str, pattern: str) -> re.Pattern[str]:
    """A pattern that means in Python what it means in Java.

    Raises:
        ApiError: 501.
    """
    if _ODD.search(pattern):
        raise unsupported(f"the regular expression [{pattern}] of the ingest processor [{options.kind}]")
    try:
        return re.compile(pattern, re.ASCII)  # Java's \d, \w and \s know ASCII only
    except re.error:
        raise unsupported(f"the regular expression [{pattern}] of the ingest processor [{options.kind}]") from None


def java_replacement(options: Options, pattern: re.Pattern[str], replacement: str) -> str:
    r"""Java's ``$1`` and ``\\$`` as Python's ``\g<1>``.

    Raises:
        ApiError: 501 for references by name and to groups that are not there.
    """
    result, at = "", 0
    while at < len(replacement):
        sign = replacement[at]
        at += 1
        if sign == "\\" and at < len(replacement):
            result += "\\\\" if replacement[at] == "\\" else replacement[at]
            at += 1
        elif sign == "$":
            number = re.match(r"\d+", replacement[at:], re.ASCII)
            digits = number[0] if number else ""
            # As many digits as make a group that there is.
            while len(digits) > 1 and int(digits) > pattern.groups:
                digits = digits[:-1]
            if not digits or int(digits) > pattern.groups:
                raise unsupported(f"the replacement [{replacement}] of the ingest processor [{options.kind}]")
            result += rf"\g<{digits}>"
            at += len(digits)
        elif sign == "\\":
            raise unsupported(f"the replacement [{replacement}] of the ingest processor [{options.kind}]")
        else:
            result += sign
    return result
