"""Queries that combine others or run a script: the tree that a request's JSON becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.minimum import needed
from clipline.emulator.search.script_score import Script


class Query(Protocol):
    """A query that was read."""

    def run(self, context: Context) -> Result:
        """Match one shard."""


@dataclass(frozen=True, slots=True)
class All:
    """``match_all``, or ``match_none`` with the boost ``None``."""

    boost: float | None = 1.0

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return context.none() if self.boost is None else context.everything(self.boost)


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
        """Match one shard."""
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
        # Without a clause that must match, one of those that should has to, whatever is asked for.
        alone = 1 if self.should and not (self.must or self.filter) else 0
        least = max(alone, needed(self.least, len(self.should), default=alone))
        hits = hits & (matched >= least)
        return Result(hits, np.where(hits, scores * self.boost, 0.0))


@dataclass(frozen=True, slots=True)
class Constant:
    """``constant_score``."""

    query: Query
    boost: float

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return Result.constant(self.query.run(context).hits, self.boost)


@dataclass(frozen=True, slots=True)
class DisMax:
    """The best of several scores, and a part (``tie``) of the others."""

    queries: tuple[Query, ...]
    tie: float
    boost: float

    def run(self, context: Context) -> Result:
        """Match one shard."""
        parts = [query.run(context) for query in self.queries]
        if not parts:
            return context.none()
        scores = np.stack([part.scores for part in parts])
        best = scores.max(axis=0)
        hits = np.logical_or.reduce([part.hits for part in parts])
        return Result(hits, (best + self.tie * (scores.sum(axis=0) - best)) * self.boost)


@dataclass(frozen=True, slots=True)
class Boosting:
    """What matches ``positive``; ``negative`` multiplies the score of what matches it, too."""

    positive: Query
    negative: Query
    factor: float
    boost: float

    def run(self, context: Context) -> Result:
        """Match one shard."""
        result = self.positive.run(context)
        lowered = self.negative.run(context).hits
        return Result(result.hits, np.where(lowered, result.scores * self.factor, result.scores) * self.boost)


@dataclass(frozen=True, slots=True)
class Scripted:
    """``script_score``."""

    query: Query
    script: Script
    least: float | None
    boost: float

    def run(self, context: Context) -> Result:
        """Match one shard."""
        inner = self.query.run(context)
        result = Result(inner.hits, self.script.scores(context, inner) * self.boost)
        if self.least is None:
            return result
        hits = result.hits & (result.scores >= self.least)
        return Result(hits, np.where(hits, result.scores, 0.0))
