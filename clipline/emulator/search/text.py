"""Full text: the tokens of a field in one shard, and their scores by BM25 (k1 1.2, b 0.75).

The score of a term is ``boost * 2.2 * idf * tf / (tf + k1 * (1 - b + b * length / average length))``. The factor 2.2 is
``k1 + 1``, which Lucene dropped and Elasticsearch kept (``LegacyBM25Similarity``); the length is the one byte that Lucene
stores of it. Numbers have 32 bits where Lucene's have: ``BM25Similarity`` computes ``weight - weight / (1 + tf * inverse)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.search.analysis import GAP, Analyzer, analyzer
from clipline.emulator.search.columns import NO_PLACES, Places
from clipline.emulator.search.context import Context, Result

K1, B = np.float32(1.2), np.float32(0.75)
_ONE = np.float32(1)


@dataclass(frozen=True, slots=True)
class Statistics:
    """How many documents have a field, and how many tokens or values they hold together."""

    documents: int
    values: int


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


@dataclass(frozen=True, slots=True)
class Terms:
    """An analysed field: token → documents; ``inverse[place]`` is what a document's length makes of BM25's norm."""

    postings: dict[str, Held]
    statistics: Statistics
    inverse: NDArray[np.float32]


NOTHING = Held(NO_PLACES, np.zeros(0, np.float32), np.zeros(1, np.int64), NO_PLACES)


def analyzer_of(definition: Mapping[str, Any], *, query: bool = False) -> Analyzer:
    """The analyzer of a text field, for its documents or for queries."""
    name = str(definition.get("analyzer", "standard"))
    if query:
        name = str(definition.get("search_analyzer", name))
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
        return Terms(postings, counted, _inverse(lengths, counted, norms=definition.get("norms") is not False))

    made: Terms = context.snapshot.derived(("terms", name), make)
    return made


def score_text(context: Context, name: str, wanted: Iterable[str], *, least: int, boost: float) -> Result:
    """The documents that hold at least so many of the wanted tokens, by the sum of the tokens' scores."""
    field = terms(context, name)
    count = len(context.snapshot.documents)
    scores, held = np.zeros(count), np.zeros(count, dtype=np.int64)
    for token in wanted:
        one = field.postings.get(token, NOTHING)
        weight = _weight(boost, idf(field.statistics.documents, len(one.places)))
        scores[one.places] += _score(weight, one.frequencies, field.inverse[one.places])
        held[one.places] += 1
    hits = held >= max(least, 1)
    return Result(hits, np.where(hits, scores, 0.0))


def score_phrase(context: Context, name: str, wanted: list[tuple[str, int]], *, boost: float) -> Result:
    """The documents that hold the wanted tokens at these distances from each other."""
    field = terms(context, name)
    held = [field.postings.get(token, NOTHING) for token, _ in wanted]
    common = held[0].places
    for one in held[1:]:
        common = np.intersect1d(common, one.places, assume_unique=True)
    frequencies = np.zeros(len(common), dtype=np.float32)
    for number, place in enumerate(common):
        starts = [set((one.where(place) - offset).tolist()) for one, (_, offset) in zip(held, wanted, strict=True)]
        frequencies[number] = len(set.intersection(*starts))
    chosen = frequencies > 0
    rarity = sum(float(idf(field.statistics.documents, len(one.places))) for one in held)
    scores = _score(_weight(boost, np.float32(rarity)), frequencies[chosen], field.inverse[common[chosen]])
    return context.at(common[chosen], scores.astype(np.float64))


def score_value(context: Context, found: Places, counted: Statistics, *, boost: float) -> Result:
    """A value of a field without lengths: keyword, boolean, a key of a flattened field."""
    if not len(found):
        return context.none()
    inverse = _inverse(np.ones(1, dtype=np.int64), counted, norms=True)
    weight = _weight(boost, idf(counted.documents, len(found)))
    return context.at(found, float(_score(weight, np.ones(1, np.float32), inverse)[0]))


def idf(documents: int, holding: int) -> np.float32:
    """How rare a term is among the documents that have the field."""
    return np.float32(math.log(1 + (documents - holding + 0.5) / (holding + 0.5)))


def stored_length(length: int) -> int:
    """A length as it comes back from the one byte of Lucene's norms: exact up to 39, then with four leading bits."""
    free = 24
    if length < free:
        return length
    rest = length - free
    if rest < 16:
        return length
    shift = rest.bit_length() - 4
    return free + ((rest >> shift) << shift)


def _held(places: list[int], positions: list[int]) -> Held:
    """Of one entry for each occurrence, in the order of the documents."""
    if len(places) == 1:
        return Held(np.asarray(places), np.ones(1, np.float32), np.asarray([0, 1]), np.asarray(positions))
    distinct, starts, counts = np.unique(np.asarray(places, dtype=np.int64), return_index=True, return_counts=True)
    ends = np.append(starts, len(places))
    return Held(distinct, counts.astype(np.float32), ends, np.asarray(positions, dtype=np.int64))


def _weight(boost: float, rarity: np.float32) -> np.float32:
    return np.float32(np.float32(np.float32(boost) * (_ONE + K1)) * rarity)


def _score(weight: np.float32, frequencies: NDArray[np.float32], inverse: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(weight - weight / (_ONE + frequencies * inverse), dtype=np.float32)


def _inverse(lengths: NDArray[np.int64], counted: Statistics, *, norms: bool) -> NDArray[np.float32]:
    if not counted.documents:
        return np.ones(len(lengths), dtype=np.float32)
    average = np.float32(counted.values / counted.documents)
    known = {int(length): stored_length(int(length)) for length in np.unique(lengths)}
    kept = np.asarray([known[int(length)] if norms else 1 for length in lengths], dtype=np.float32)
    return np.asarray(_ONE / (K1 * ((_ONE - B) + B * kept / average)), dtype=np.float32)
