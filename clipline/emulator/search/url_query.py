"""The parameter ``q``: of Lucene's query syntax, ``*``, ``*:*``, words, and ``field:word``."""

from __future__ import annotations

import re

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.search.compound import All, Query
from clipline.emulator.search.full_text import Match, MultiMatch
from clipline.emulator.wire import Call

PARAMS = frozenset({"q", "df", "default_operator"})
REFUSED = frozenset({"analyzer", "analyze_wildcard", "lenient"})
_WORDS = re.compile(r"\w+(?: +\w+)*")
_FIELD = re.compile(r"([\w.]+):(\w+)")
_SIGNS = re.compile(r"\b(AND|OR|NOT)\b")


def url_query(call: Call) -> Query | None:
    """The query of a call's parameters, ``None`` when there is none.

    Raises:
        ApiError: 400 for a wrong operator, 501 for what else Lucene's syntax has.
    """
    text = call.params.get("q")
    if text is None:
        return None
    operator = call.params.get("default_operator", "or").lower()
    if operator not in ("or", "and"):
        raise illegal_argument(f"operator needs to be either OR or AND, but not [{operator}]")
    text = text.strip()
    if text in ("*", "*:*"):
        return All()
    if found := _FIELD.fullmatch(text):
        return Match(found[1], found[2], lenient=False)
    if not _WORDS.fullmatch(text) or _SIGNS.search(text):
        raise unsupported(f"Lucene's query syntax beyond words and [field:word], as in [q={text}]")
    match = Match("", text, every=operator == "and", lenient=True)
    if (field := call.params.get("df")) is not None:
        return Match(field, text, every=operator == "and")
    return MultiMatch((("*", 1.0),), match, 0.0, 1.0)
