"""The names of users and roles (``Validation``, ``NativeRealmValidationUtil``)."""

from __future__ import annotations

_MOST = 507


def wrong_name(kind: str, name: str) -> str | None:
    """What is wrong with the name of a ``User`` or ``Role``; ``None`` for a good one."""
    printable = all(" " <= character <= "~" for character in name)
    if printable and 1 <= len(name) <= _MOST and name == name.strip(" "):
        return None
    return (
        f"{kind} names must be at least 1 and no more than {_MOST} characters. They can contain alphanumeric characters "
        "(a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing "
        "whitespace is not allowed."
    )
