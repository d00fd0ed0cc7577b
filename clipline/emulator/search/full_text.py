"""Queries that analyse their text: match, match_phrase, match_phrase_prefix, match_bool_prefix, multi_match.

Source: ``MatchQueryParser``, ``MultiMatchQueryParser``, ``QueryParserHelper``, ``MultiPhrasePrefixQuery``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from clipline.emulator.errors import unsupported
from clipline.emulator.indices.field_types import LACKING_ANALYZERS
from clipline.emulator.patterns import simple_match
from clipline.emulator.search import text
from clipline.emulator.search.analysis import ANALYZERS, Analyzer, analyzer
from clipline.emulator.search.compound import Bool, DisMax, Query
from clipline.emulator.search.context import Context, Result, ShardError
from clipline.emulator.search.fuzzy import MAX_EXPANSIONS, Fuzziness
from clipline.emulator.search.minimum import needed
from clipline.emulator.search.nearly import nearly
from clipline.emulator.search.ranges import Pattern
from clipline.emulator.search.terms import NUMBERS, Term, java_text, searchable

_TEXTS = ("text", "keyword", "boolean", "date", "flattened", *NUMBERS)


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
    fuzziness: Fuzziness | None = None

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return _leniently(self, context)

    def strictly(self, context: Context, definition: dict[str, Any]) -> Result:
        """Match one shard; what the field cannot do is an error."""
        if definition["type"] != "text":
            if self.analyzer not in (None, "keyword"):
                raise unsupported(f"the option [analyzer] of the query [match] on the field [{self.field}]")
            if self.fuzziness is not None:
                return nearly(context, self.field, java_text(self.query), self.fuzziness, self.boost)
            return Term(self.field, self.query, self.boost).run(context)
        tokens = _analyzer(context, definition, self.analyzer).terms(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        least = len(tokens) if self.every else needed(self.least, len(tokens), default=1)
        # One token is a plain term, which asks for no number of clauses.
        least = 1 if len(tokens) == 1 else least
        if self.fuzziness is None:
            return text.score_text(context, self.field, tokens, least=least, boost=self.boost)
        vocabulary = text.terms(context, self.field).postings
        choices = [self.fuzziness.expanded(token, vocabulary) for token in tokens]
        return text.score_choices(context, self.field, choices, least=least, boost=self.boost)


@dataclass(frozen=True, slots=True)
class Phrase:
    """The tokens of a text, one behind the other."""

    field: str
    query: Any
    boost: float = 1.0
    analyzer: str | None = None
    lenient: bool = False
    otherwise: bool = False

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return _leniently(self, context)

    def strictly(self, context: Context, definition: dict[str, Any]) -> Result:
        """Match one shard; what the field cannot do is an error."""
        if definition["type"] != "text":
            return Term(self.field, self.query, self.boost).run(context)
        tokens = _analyzer(context, definition, self.analyzer, phrase=True).tokens(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        if len(tokens) == 1:
            return text.score_text(context, self.field, [tokens[0].term], least=1, boost=self.boost)
        first = tokens[0].position
        wanted: list[tuple[Sequence[str], int]] = [((token.term,), token.position - first) for token in tokens]
        return text.score_phrase(context, self.field, wanted, boost=self.boost)


@dataclass(frozen=True, slots=True)
class PhrasePrefix:
    """The tokens of a text, one behind the other, of which the last may be only the beginning of one."""

    field: str
    query: Any
    boost: float = 1.0
    analyzer: str | None = None
    lenient: bool = False
    otherwise: bool = False
    most: int = MAX_EXPANSIONS

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return _leniently(self, context)

    def strictly(self, context: Context, definition: dict[str, Any]) -> Result:
        """Match one shard; what the field cannot do is an error."""
        if definition["type"] != "text":
            raise context.refusal(
                f"Can only use phrase prefix queries on text fields - not on [{self.field}] which is of type "
                f"[{definition['type']}]"
            )
        tokens = _analyzer(context, definition, self.analyzer, phrase=True).tokens(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        *before, last = tokens
        held = text.terms(context, self.field).postings
        found = [term for term in held if term.startswith(last.term)]
        ends = sorted(found, key=str.encode)[: self.most]
        if not before:
            return text.score_text(context, self.field, ends, least=1, boost=self.boost)
        first = tokens[0].position
        wanted: list[tuple[Sequence[str], int]] = [((token.term,), token.position - first) for token in before]
        return text.score_phrase(context, self.field, [*wanted, (ends, last.position - first)], boost=self.boost)


@dataclass(frozen=True, slots=True)
class BoolPrefix:
    """The tokens of a text, each a clause of its own, of which the last is only the beginning of one."""

    field: str
    query: Any
    every: bool = False
    least: int | str | None = None
    boost: float = 1.0
    analyzer: str | None = None
    lenient: bool = False
    otherwise: bool = False
    fuzziness: Fuzziness | None = None

    def run(self, context: Context) -> Result:
        """Match one shard."""
        return _leniently(self, context)

    def strictly(self, context: Context, definition: dict[str, Any]) -> Result:
        """Match one shard; what the field cannot do is an error."""
        if definition["type"] == "keyword":
            return Pattern("prefix", self.field, java_text(self.query), self.boost).run(context)
        if definition["type"] != "text":
            return Match(self.field, self.query, boost=self.boost, fuzziness=self.fuzziness).run(context)
        tokens = _analyzer(context, definition, self.analyzer).terms(java_text(self.query))
        if not tokens:
            return context.everything(self.boost) if self.otherwise else context.none()
        *words, begin = tokens
        last = Pattern("prefix", self.field, begin, 1.0 if words else self.boost)
        if not words:
            return last.run(context)
        clauses: tuple[Query, ...] = (*(_Word(self.field, word, self.fuzziness) for word in words), last)
        if self.every:
            return Bool(clauses, (), (), (), None, self.boost).run(context)
        return Bool((), (), clauses, (), self.least, self.boost).run(context)


@dataclass(frozen=True, slots=True)
class _Word:
    """One token of a text field, or those that are spelled nearly like it."""

    field: str
    word: str
    fuzziness: Fuzziness | None

    def run(self, context: Context) -> Result:
        """Match one shard."""
        if self.fuzziness is None:
            return text.score_text(context, self.field, [self.word], least=1, boost=1.0)
        choice = self.fuzziness.expanded(self.word, text.terms(context, self.field).postings)
        return text.score_choices(context, self.field, [choice], least=1, boost=1.0)


OneField = Match | Phrase | PhrasePrefix | BoolPrefix


@dataclass(frozen=True, slots=True)
class MultiMatch:
    """One text in several fields: the best field counts, and a part (``tie``) of the others.

    Without ``fields`` those of ``index.query.default_field`` are asked. ``lenient`` is not given where ``None``.
    """

    fields: tuple[tuple[str, float], ...]
    match: OneField
    tie: float
    boost: float
    lenient: bool | None = None

    def run(self, context: Context) -> Result:
        """Match one shard."""
        patterns = self.fields or default_fields(context)
        lenient = any(name == "*" for name, _ in patterns) if self.lenient is None else self.lenient
        asked = _resolved(context, patterns)
        queries: list[Query] = [
            replace(self.match, field=name, boost=boost, lenient=lenient) for name, boost in asked.items()
        ]
        if not queries and self.match.otherwise and any("*" in name for name, _ in patterns):
            return context.everything(self.boost)
        return DisMax(tuple(queries), self.tie, self.boost).run(context)


def default_fields(context: Context) -> tuple[tuple[str, float], ...]:
    """``index.query.default_field`` with its boosts: where a query looks that names no field."""
    given = context.index.settings.get("query.default_field") or "*"
    try:
        names = orjson.loads(given) if given.startswith("[") else [part.strip() for part in given.split(",")]
        return tuple(boosted(name) for name in names)
    except orjson.JSONDecodeError as error:
        raise unsupported(f"[index.query.default_field: {given}]") from error
    except ValueError as error:
        raise context.refusal(str(error), cause="number_format_exception") from error


def boosted(field: str) -> tuple[str, float]:
    """``field^2`` as the field and its boost.

    Raises:
        ValueError: the boost is no number.
    """
    name, sign, boost = field.partition("^")
    return name, float(boost) if sign else 1.0


def _leniently(query: OneField, context: Context) -> Result:
    definition = context.definition(query.field)
    if definition is None:
        return context.none()
    try:
        if definition["type"] in ("dense_vector", "geo_point"):
            kind = definition["type"]
            raise context.refusal(f"Field [{query.field}] of type [{kind}] does not support match queries")
        searchable(context, query.field)
        return query.strictly(context, definition)
    except ShardError:
        if query.lenient:
            return context.none()
        raise


def _resolved(context: Context, patterns: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Mapped field → boost; where several patterns name a field, their boosts are multiplied."""
    found: dict[str, float] = {}
    for pattern, boost in patterns:
        for name in _fields(context, pattern):
            found[name] = found.get(name, 1.0) * boost
    return found


def _fields(context: Context, pattern: str) -> list[str]:
    if "*" not in pattern:
        return [pattern] if context.definition(pattern) is not None else []
    found = [name for name, one in context.types.items() if one["type"] in _TEXTS and simple_match(pattern, name)]
    return [name for name in found if context.types[name].get("index") is not False]


def _analyzer(context: Context, definition: dict[str, Any], name: str | None, *, phrase: bool = False) -> Analyzer:
    if name is None:
        return text.analyzer_of(definition, query=True, phrase=phrase)
    if name not in ANALYZERS and name not in LACKING_ANALYZERS:
        raise context.query_error(f"[match] analyzer [{name}] not found")
    return analyzer(name)
