"""What an expected document says of a field whose value is volatile, long or not exact.

Each is an object whose keys begin with ``$``::

    ingested_at:        {$is: date}              any, text, number, boolean, date, object or list; never null
    caption_embedding:  {$vector: 512}           a list of 512 finite numbers that are not all zero
    caption_embedding:  {$near: [0.1, 0.2], $within: 0.001}    a number or numbers, each nearly so
    ingest_error:       {$contains: deployed}
    ingest_error:       {$matches: "\\[.*\\] is not .*"}         a regular expression for the whole text
    caption:            {$repeat: "red circle ", $times: 300}  that text, also in a document that is sent
    anything:           {$literal: {$is: date}}                the object itself
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_WITHIN = 1e-4
"""Apart that much, two runs of one model on different machines still gave the same number."""

_MAX_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Matcher:
    """A rule for one value: in words, and as a question."""

    words: str
    accepts: Callable[[Any], bool]


class MatcherError(Exception):
    """A matcher that is none; the message is a sentence without the final full stop."""


def read_value(value: Mapping[str, Any], *, sent: bool = False) -> Any:
    """What an object with ``$`` keys stands for: a ``Matcher``, or a plain value.

    Args:
        value: the object as written.
        sent: it stands in a document that is sent, where only values can stand.

    Raises:
        MatcherError: there is no such matcher, or not with that value.
    """
    if set(value) <= {"$repeat", "$times"} and "$repeat" in value:
        return _repeated(value)
    if set(value) == {"$literal"}:
        return value["$literal"]
    if sent:
        raise MatcherError("a document that is sent may hold $repeat and $literal only")
    for keys, read in _READERS.items():
        if keys[0] in value and set(value) <= set(keys):
            return read(value)
    known = [name for keys in _READERS for name in keys]
    wrong = [name for name in value if name not in (*known, "$repeat", "$times", "$literal")]
    if wrong:
        raise MatcherError(f"there is no matcher {wrong[0]!r}; there are {', '.join((*known, '$repeat', '$literal'))}")
    raise MatcherError(f"{' and '.join(value)} do not go together")


def _repeated(value: Mapping[str, Any]) -> str:
    text, times = value["$repeat"], value.get("$times")
    if not isinstance(text, str) or not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise MatcherError("$repeat wants a text, and $times beside it a whole number of at least 1")
    if len(text) * times > _MAX_TEXT:
        raise MatcherError(f"$repeat would make a text of more than {_MAX_TEXT} characters")
    return text * times


def _is(value: Mapping[str, Any]) -> Matcher:
    name = value["$is"]
    if not isinstance(name, str) or name not in _TYPES:
        raise MatcherError(f"$is wants one of {', '.join(_TYPES)}, but is {json.dumps(name, ensure_ascii=False)}")
    return Matcher(*_TYPES[name])


def _vector(value: Mapping[str, Any]) -> Matcher:
    dims = value["$vector"]
    if not isinstance(dims, int) or isinstance(dims, bool) or dims < 1:
        raise MatcherError("$vector wants the number of its numbers, at least 1")
    return Matcher(
        f"a vector of {dims} numbers, not all zero",
        lambda found: isinstance(found, list) and len(found) == dims and all(map(_finite, found)) and any(found),
    )


def _near(value: Mapping[str, Any]) -> Matcher:
    wanted, within = value["$near"], value.get("$within", _WITHIN)
    if not _finite(within) or within < 0:
        raise MatcherError("$within wants a number that is not negative")
    if isinstance(wanted, list) and wanted and all(map(_finite, wanted)):
        numbers: list[float] = wanted
        return Matcher(
            f"{json.dumps(numbers)}, each within {within}",
            lambda found: (
                isinstance(found, list)
                and len(found) == len(numbers)
                and all(_finite(one) and abs(one - other) <= within for one, other in zip(found, numbers, strict=True))
            ),
        )
    if not _finite(wanted):
        raise MatcherError("$near wants a number or a list of numbers")
    return Matcher(f"{wanted} within {within}", lambda found: _finite(found) and abs(found - wanted) <= within)


def _contains(value: Mapping[str, Any]) -> Matcher:
    part = value["$contains"]
    if not isinstance(part, str) or not part:
        raise MatcherError("$contains wants a text")
    return Matcher(
        f"a text with {json.dumps(part, ensure_ascii=False)} in it",
        lambda found: isinstance(found, str) and part in found,
    )


def _matches(value: Mapping[str, Any]) -> Matcher:
    source = value["$matches"]
    try:
        pattern = re.compile(source, re.DOTALL)
    except (re.error, TypeError) as error:
        raise MatcherError(f"$matches wants a regular expression: {error}") from error
    return Matcher(
        f"a text like {source}", lambda found: isinstance(found, str) and pattern.fullmatch(found) is not None
    )


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _date(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) >= len("2026-01-01") and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


_READERS: Mapping[tuple[str, ...], Callable[[Mapping[str, Any]], Matcher]] = {
    ("$is",): _is,
    ("$vector",): _vector,
    ("$near", "$within"): _near,
    ("$contains",): _contains,
    ("$matches",): _matches,
}
_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "any": ("any value", lambda value: value is not None),
    "text": ("a text", lambda value: isinstance(value, str)),
    "number": ("a number", _finite),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "date": ("a date as ISO 8601 writes it", _date),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "list": ("a list", lambda value: isinstance(value, list)),
}
