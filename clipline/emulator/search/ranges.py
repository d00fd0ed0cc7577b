"""Queries over an interval or a pattern of values: range, prefix, wildcard."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.field_types import INTEGERS
from clipline.emulator.indices.mappings.numbers import double
from clipline.emulator.search.columns import Places, in_order, stored
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.terms import (
    NUMBERS,
    date_of,
    java_text,
    normal,
    number_of,
    searchable,
    terms_of,
    together,
)


@dataclass(frozen=True, slots=True)
class Range:
    """From one value to another, ``None`` for no bound, each taken in or not."""

    field: str
    low: Any = None
    high: Any = None
    from_low: bool = True
    to_high: bool = True
    format: str | None = None
    zone: tzinfo | None = None
    relation: str = "intersects"
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        kind = definition["type"]
        if kind in ("_id", "_index"):
            raise context.refusal(f"Field [{self.field}] of type [{kind}] does not support range queries")
        if kind not in (*NUMBERS, "date", "keyword", "text"):
            raise unsupported(f"the query [range] on a field of the type [{kind}]")
        if self.relation == "disjoint":
            raise context.refusal(f"Field [{self.field}] of type [{kind}] does not support DISJOINT ranges")
        if kind in ("keyword", "text"):
            return context.at(self._of_texts(context, definition), self.boost)
        low = None if self.low is None else self._bound(context, definition, self.low, up=not self.from_low)
        high = None if self.high is None else self._bound(context, definition, self.high, up=self.to_high)
        found = in_order(context, self.field).between(low, high, from_low=self.from_low, to_high=self.to_high)
        return context.at(found, self.boost)

    def _of_texts(self, context: Context, definition: Mapping[str, Any]) -> Places:
        low, high = (None if value is None else normal(definition, java_text(value)) for value in (self.low, self.high))
        if definition["type"] == "keyword":
            return in_order(context, self.field).between(low, high, from_low=self.from_low, to_high=self.to_high)
        held = terms_of(context, self.field, "text")
        return together([held[term] for term in held if self._holds(term, low, high)])

    def _holds(self, term: str, low: str | None, high: str | None) -> bool:
        above = low is None or term > low or (self.from_low and term == low)
        return above and (high is None or term < high or (self.to_high and term == high))

    def _bound(self, context: Context, definition: Mapping[str, Any], value: Any, *, up: bool) -> Any:
        kind = definition["type"]
        if kind == "date":
            return date_of(context, definition, value, up=up, formats=self.format, zone=self.zone)
        number = number_of(context, value)
        if number != number:
            raise context.refusal(f"[{kind}] supports only finite values, but got [{value}]")
        if kind in INTEGERS or math.isinf(number):
            return number
        # What is beyond the type stands at its infinity.
        with np.errstate(over="ignore"):
            return stored(kind, double(number))


@dataclass(frozen=True, slots=True)
class Pattern:
    """``prefix`` and ``wildcard`` on keywords and on the tokens of texts; all have the same score."""

    kind: str
    field: str
    pattern: str
    boost: float = 1.0
    ignore_case: bool = False

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        kind = definition["type"]
        if kind not in ("keyword", "text"):
            raise context.query_error(
                f"Can only use {self.kind} queries on keyword, text and wildcard fields - not on [{self.field}] which "
                f"is of type [{kind}]"
            )
        held = terms_of(context, self.field, kind)
        pattern = normal(definition, self.pattern) if kind == "keyword" else self.pattern
        wanted = re.escape(pattern) if self.kind == "prefix" else _wildcards(pattern)
        fits = re.compile(wanted, re.DOTALL | (re.IGNORECASE if self.ignore_case else 0)).match
        return context.at(together([held[value] for value in held if fits(value)]), self.boost)


def _wildcards(pattern: str) -> str:
    """A pattern of ``*`` and ``?`` as a regular expression; a backslash takes the next sign literally.

    What stands between two ``*`` is taken where it is found first (``(?>…)`` gives nothing back), so that the time does
    not explode with the number of ``*``.
    """
    pieces = [""]
    for sign in re.findall(r"\\.|.", pattern, re.DOTALL):
        if sign == "*":
            pieces.append("")
        else:
            pieces[-1] += "." if sign == "?" else re.escape(sign[1:] if len(sign) > 1 else sign)
    first, *others = pieces
    if not others:
        return rf"{first}\Z"
    *middle, last = others
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + rf".*{last}\Z"
