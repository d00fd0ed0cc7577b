"""Queries that analyse their text: match, match_phrase, multi_match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.field_types import LACKING_ANALYZERS
from clipline.emulator.patterns import simple_match
from clipline.emulator.search import text
from clipline.emulator.search.analysis import ANALYZERS, Analyzer, analyzer
from clipline.emulator.search.compound import DisMax, Query
from clipline.emulator.search.context import Context, Result, ShardError
from clipline.emulator.search.minimum import needed
from clipline.emulator.search.terms import NUMBERS, Term, java_text, searchable

_TEXTS = ("text", "keyword", "boolean", "date", *NUMBERS)


@dataclass(frozen=True, slots=True)
class Match:
    """A text, analysed as the field is; ``otherwise`` says whether a text without tokens matches everything."""

    field: str
    query: Any
    every: bool = False
    least: int | str | None = None
    boost: float = 1.0
    analyzer: str | None = None
    lenient: bool = False
    otherwise: bool = False

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] != "text":
            return self._as_term(context)
        analyse = _analyzer(context, definition, self.analyzer)
        tokens = analyse.terms(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        least = len(tokens) if self.every else needed(self.least, len(tokens), default=1)
        # One token is a plain term, which asks for no number of clauses.
        return text.score_text(context, self.field, tokens, least=1 if len(tokens) == 1 else least, boost=self.boost)

    def _as_term(self, context: Context) -> Result:
        if self.analyzer not in (None, "keyword"):
            raise unsupported(f"the option [analyzer] of the query [match] on the field [{self.field}]")
        try:
            return Term(self.field, self.query, self.boost).run(context)
        except ShardError:
            if self.lenient:
                return context.none()
            raise


@dataclass(frozen=True, slots=True)
class Phrase:
    """The tokens of a text, one behind the other."""

    field: str
    query: Any
    boost: float = 1.0
    analyzer: str | None = None
    otherwise: bool = False

    def run(self, context: Context) -> Result:
        """Match one shard."""
        definition = searchable(context, self.field)
        if definition is None:
            return context.none()
        if definition["type"] != "text":
            return Term(self.field, self.query, self.boost).run(context)
        tokens = _analyzer(context, definition, self.analyzer).tokens(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        if len(tokens) == 1:
            return text.score_text(context, self.field, [tokens[0].term], least=1, boost=self.boost)
        first = tokens[0].position
        wanted = [(token.term, token.position - first) for token in tokens]
        return text.score_phrase(context, self.field, wanted, boost=self.boost)


@dataclass(frozen=True, slots=True)
class MultiMatch:
    """One text in several fields: the best field counts, and a part (``tie``) of the others."""

    fields: tuple[tuple[str, float], ...]
    match: Match
    tie: float
    boost: float

    def run(self, context: Context) -> Result:
        """Match one shard."""
        queries: list[Query] = [
            _on(self.match, name, boost) for pattern, boost in self.fields for name in _fields(context, pattern)
        ]
        return DisMax(tuple(queries), self.tie, self.boost).run(context)


def _on(match: Match, name: str, boost: float) -> Match:
    options = (match.query, match.every, match.least, boost, match.analyzer, match.lenient, match.otherwise)
    return Match(name, *options)


def _fields(context: Context, pattern: str) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    found = [name for name, one in context.types.items() if one["type"] in _TEXTS and simple_match(pattern, name)]
    return [name for name in found if context.types[name].get("index") is not False]


def _analyzer(context: Context, definition: dict[str, Any], name: str | None) -> Analyzer:
    if name is None:
        return text.analyzer_of(definition, query=True)
    if name not in ANALYZERS and name not in LACKING_ANALYZERS:
        raise context.query_error(f"[match] analyzer [{name}] not found")
    return analyzer(name)
