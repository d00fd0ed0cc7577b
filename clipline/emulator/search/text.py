"""Full text: the tokens of a field in one shard, and which documents hold which, scored by the field's similarity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.search.analysis import GAP, Analyzer, analyzer
from clipline.emulator.search.columns import NO_PLACES, Places
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.similarity import Similarity, Statistics, idf, similarity_of

Choice = Sequence[tuple[str, float]]
"""Terms that stand for one another, each with its boost."""


@dataclass(frozen=True, slots=True)
class Held:
    """The documents of a token, how often each holds it, and where: ``positions[starts[i] : starts[i + 1]]`` for the i-th."""

    places: Places
    frequencies: NDArray[np.float32]
    starts: NDArray[np.int64]
    positions: NDArray[np.int64]

    def where(self, place: int) -> NDArray[np.int64]:
        """The positions in a document that holds it."""
        number = int(np.searchsorted(self.places, place))
        return self.positions[self.starts[number] : self.starts[number + 1]]

    def __contains__(self, place: int) -> bool:
        number = int(np.searchsorted(self.places, place))
        return number < len(self.places) and bool(self.places[number] == place)


@dataclass(frozen=True, slots=True)
class Terms:
    """An analysed field: token → documents; ``inverse[place]`` is what a document's length makes of BM25's norm."""

    postings: dict[str, Held]
    statistics: Statistics
    inverse: NDArray[np.float32]


NOTHING = Held(NO_PLACES, np.zeros(0, np.float32), np.zeros(1, np.int64), NO_PLACES)


def analyzer_of(definition: Mapping[str, Any], *, query: bool = False, phrase: bool = False) -> Analyzer:
    """The analyzer of a text field, for its documents, for queries or for phrases."""
    name = str(definition.get("analyzer", "standard"))
    if query or phrase:
        name = str(definition.get("search_analyzer", name))
    if phrase:
        name = str(definition.get("search_quote_analyzer", name))
    return analyzer("standard" if name == "default" else name)


def terms(context: Context, name: str) -> Terms:
    """The tokens of a text field, analysed once between two refreshes."""

    def make() -> Terms:
        definition = context.types.get(name, {})
        analyse, gap = analyzer_of(definition).placed, int(definition.get("position_increment_gap", GAP))
        found: dict[str, tuple[list[int], list[int]]] = {}
        lengths = np.zeros(len(context.snapshot.documents), dtype=np.int64)
        for place, document in enumerate(context.snapshot.documents):
            base = 0
            for value in document.parsed.values.get(name, ()):
                tokens = analyse(value)
                lengths[place] += len(tokens)
                for term, position in tokens:
                    held = found.get(term)
                    if held is None:
                        held = found[term] = ([], [])
                    held[0].append(place)
                    held[1].append(base + position)
                base += (tokens[-1][1] + 1 if tokens else 0) + gap
        counted = Statistics(int((lengths > 0).sum()), int(lengths.sum()))
        postings = {term: _held(*held) for term, held in found.items()}
        norms = definition.get("norms") is not False
        return Terms(postings, counted, similarity_of(context, name).inverse(lengths, counted, norms=norms))

    made: Terms = context.snapshot.derived(("terms", name), make)
    return made


def score_text(context: Context, name: str, wanted: Iterable[str], *, least: int, boost: float) -> Result:
    """The documents that hold at least so many of the wanted tokens, by the sum of the tokens' scores."""
    return score_choices(context, name, [((token, 1.0),) for token in wanted], least=least, boost=boost)


def score_choices(context: Context, name: str, wanted: Sequence[Choice], *, least: int, boost: float) -> Result:
    """The same where each token is a choice of several, which all score as the most frequent one of them would.

    Source: ``BlendedTermQuery``.
    """
    field, similarity = terms(context, name), similarity_of(context, name)
    count = len(context.snapshot.documents)
    scores, held = np.zeros(count), np.zeros(count, dtype=np.int64)
    for choice in wanted:
        found = [(field.postings.get(token, NOTHING), factor) for token, factor in choice]
        rarity = idf(field.statistics.documents, max((len(one.places) for one, _ in found), default=0))
        some = np.zeros(count, dtype=bool)
        for one, factor in found:
            weight = similarity.weight(boost * factor, rarity)
            scores[one.places] += similarity.scores(weight, one.frequencies, field.inverse[one.places])
            some[one.places] = True
        held += some
    hits = held >= max(least, 1)
    return Result(hits, np.where(hits, scores, 0.0))


def score_phrase(context: Context, name: str, wanted: list[tuple[Sequence[str], int]], *, boost: float) -> Result:
    """The documents that hold one of the tokens of each place at these distances from each other.

    Source: ``MultiPhraseQuery``: the rarities of all its tokens are added up.
    """
    field, similarity = terms(context, name), similarity_of(context, name)
    held = [[field.postings.get(token, NOTHING) for token in choice] for choice, _ in wanted]
    common: Places | None = None
    for choice in held:
        some = np.unique(np.concatenate([one.places for one in choice])) if choice else NO_PLACES
        common = some if common is None else np.intersect1d(common, some, assume_unique=True)
    assert common is not None  # a phrase has tokens
    frequencies = np.zeros(len(common), dtype=np.float32)
    for number, place in enumerate(common):
        starts = [
            {start for one in choice if place in one for start in (one.where(place) - offset).tolist()}
            for choice, (_, offset) in zip(held, wanted, strict=True)
        ]
        frequencies[number] = len(set.intersection(*starts))
    chosen = frequencies > 0
    rarity = sum(float(idf(field.statistics.documents, len(one.places))) for choice in held for one in choice)
    weight = similarity.weight(boost, np.float32(rarity))
    scores = similarity.scores(weight, frequencies[chosen], field.inverse[common[chosen]])
    return context.at(common[chosen], scores.astype(np.float64))


def score_value(
    found: Places, counted: Statistics, similarity: Similarity, *, boost: float, holding: int | None = None
) -> float:
    """The score of a value of a field without lengths: keyword, boolean, a key of a flattened field.

    ``holding`` is how many documents it is taken to be in, where it is not those that hold it.
    """
    inverse = similarity.inverse(np.ones(1, dtype=np.int64), counted, norms=True)
    weight = similarity.weight(boost, idf(counted.documents, len(found) if holding is None else holding))
    return float(similarity.scores(weight, np.ones(1, np.float32), inverse)[0])


def _held(places: list[int], positions: list[int]) -> Held:
    """Of one entry for each occurrence, in the order of the documents."""
    if len(places) == 1:
        return Held(np.asarray(places), np.ones(1, np.float32), np.asarray([0, 1]), np.asarray(positions))
    distinct, starts, counts = np.unique(np.asarray(places, dtype=np.int64), return_index=True, return_counts=True)
    ends = np.append(starts, len(places))
    return Held(distinct, counts.astype(np.float32), ends, np.asarray(positions, dtype=np.int64))
