"""The parameter ``q``: of Lucene's query syntax, ``*``, ``*:*``, and a row of words, ``field:word`` and ``field:begin*``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.http.wire import Call
from clipline.emulator.search.analysis import lower
from clipline.emulator.search.compound import All, Bool, Query
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.full_text import Match, MultiMatch
from clipline.emulator.search.ranges import Pattern

PARAMS = frozenset({"q", "df", "default_operator", "lenient"})
REFUSED = frozenset({"analyzer", "analyze_wildcard"})
_PART = re.compile(r"(?:([\w.]+):)?(\w+)(\*?)")


@dataclass(frozen=True, slots=True)
class _Beginning:
    """``field:begin*``, which is put in lower case where the field's texts are."""

    field: str
    begin: str

    def run(self, context: Context) -> Result:
        """Match one shard."""
        text = (context.definition(self.field) or {}).get("type") == "text"
        return Pattern("prefix", self.field, lower(self.begin) if text else self.begin).run(context)


def url_query(call: Call) -> Query | None:
    """The query of a call's parameters, ``None`` when there is none.

    Raises:
        ApiError: 400 for a wrong operator, and for an option of a query that is not there, which nobody reads
            (RestActions.urlParamsToQueryBuilder); 501 for what else Lucene's syntax has.
    """
    text = call.params.get("q")
    if text is None:
        if unread := sorted(call.params.keys() & PARAMS):
            names, plural = ", ".join(f"[{name}]" for name in unread), "s" if len(unread) > 1 else ""
            raise illegal_argument(f"request [{call.path}] contains unrecognized parameter{plural}: {names}")
        return None
    operator = call.params.get("default_operator", "or").lower()
    if operator not in ("or", "and"):
        raise illegal_argument(f"operator needs to be either OR or AND, but not [{operator}]")
    if text.strip() in ("*", "*:*"):
        return All()
    parts = [_PART.fullmatch(part) for part in text.split()]
    lacking = any(part is None or part[0] in ("AND", "OR", "NOT") or (part[3] and not part[1]) for part in parts)
    if lacking or not parts:
        raise unsupported(f"Lucene's query syntax beyond words, [field:word] and [field:begin*], as in [q={text}]")
    every, lenient = operator == "and", call.flag("lenient") if "lenient" in call.params else None
    queries: list[Query] = []
    for field, row in groupby((part for part in parts if part), key=lambda part: part[1]):
        if field is None:
            queries.append(_words(" ".join(part[2] for part in row), call.params.get("df"), every, lenient))
        else:
            queries += [
                _Beginning(field, part[2]) if part[3] else Match(field, part[2], lenient=bool(lenient)) for part in row
            ]
    if len(queries) == 1:
        return queries[0]
    return Bool(tuple(queries) if every else (), (), () if every else tuple(queries), (), None, 1.0)


def _words(text: str, field: str | None, every: bool, lenient: bool | None) -> Query:
    if field is not None:
        return Match(field, text, every, lenient=bool(lenient))
    return MultiMatch((), Match("", text, every), 0.0, 1.0, lenient)
