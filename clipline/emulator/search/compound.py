"""Queries that combine others, analyse text or run a script: the tree that a request's JSON becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from clipline.emulator.errors import unsupported
from clipline.emulator.search import terms, text
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.script_score import Script


class Query(Protocol):
    """A query that was read."""

    def run(self, context: Context) -> Result:
        """Match one index."""


@dataclass(frozen=True, slots=True)
class All:
    """``match_all``, or ``match_none`` with the boost ``None``."""

    boost: float | None = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        return context.none() if self.boost is None else context.everything(self.boost)


@dataclass(frozen=True, slots=True)
class Match:
    """A text, analysed where the field is."""

    field: str
    query: Any
    every: bool = False
    least: int | str | None = None
    boost: float = 1.0

    def run(self, context: Context) -> Result:
        """Match one index."""
        definition = terms.searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] != "text":
            return terms.Term(self.field, self.query, self.boost).run(context)
        tokens = text.analyse(terms.java_text(self.query))
        least = len(tokens) if self.every else needed(self.least, len(tokens), default=1)
        return text.score_text(context, self.field, tokens, least=least, boost=self.boost)


@dataclass(frozen=True, slots=True)
class Bool:
    """``must`` and ``should`` score, ``filter`` and ``must_not`` only choose."""

    must: tuple[Query, ...]
    filter: tuple[Query, ...]
    should: tuple[Query, ...]
    must_not: tuple[Query, ...]
    least: int | str | None
    boost: float

    def run(self, context: Context) -> Result:
        """Match one index."""
        if not (self.must or self.filter or self.should or self.must_not):
            return context.everything(self.boost)
        result = context.everything(0.0)
        hits, scores = result.hits, result.scores
        for query in self.must:
            part = query.run(context)
            hits, scores = hits & part.hits, scores + part.scores
        for query in self.filter:
            hits = hits & query.run(context).hits
        for query in self.must_not:
            hits = hits & ~query.run(context).hits
        matched = np.zeros(len(hits), dtype=np.int64)
        for query in self.should:
            part = query.run(context)
            matched, scores = matched + part.hits, scores + part.scores
        default = 1 if self.should and not (self.must or self.filter) else 0
        hits = hits & (matched >= needed(self.least, len(self.should), default=default))
        return Result(hits, np.where(hits, scores * self.boost, 0.0))


@dataclass(frozen=True, slots=True)
class Constant:
    """``constant_score``."""

    query: Query
    boost: float

    def run(self, context: Context) -> Result:
        """Match one index."""
        return Result.constant(self.query.run(context).hits, self.boost)


@dataclass(frozen=True, slots=True)
class Scripted:
    """``script_score``."""

    query: Query
    script: Script
    least: float | None
    boost: float

    def run(self, context: Context) -> Result:
        """Match one index."""
        inner = self.query.run(context)
        result = Result(inner.hits, self.script.scores(context, inner) * self.boost)
        if self.least is None:
            return result
        hits = result.hits & (result.scores >= self.least)
        return Result(hits, np.where(hits, result.scores, 0.0))


def needed(least: int | str | None, clauses: int, *, default: int) -> int:
    """How many clauses ``minimum_should_match`` asks for: ``2``, ``-1``, ``"75%"``, ``"-25%"``."""
    if least is None:
        return default
    given = str(least).strip()
    percent = given.endswith("%")
    try:
        number = int(given.removesuffix("%"))
    except ValueError:
        raise unsupported(f"minimum_should_match [{least}]") from None
    if percent:
        part = int(clauses * abs(number) / 100)
        number = -part if number < 0 else part
    return max(0, clauses + number if number < 0 else number)
