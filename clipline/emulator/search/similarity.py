"""How a term is scored in a field: by BM25, whose ``k1`` and ``b`` an index may set, or by its boost alone.

The score of a term is ``boost * (k1 + 1) * idf * tf / (tf + k1 * (1 - b + b * length / average length))``. The factor
``k1 + 1`` is what Lucene dropped and Elasticsearch kept (``LegacyBM25Similarity``); the length is the one byte that Lucene
stores of it. Numbers have 32 bits where Lucene's have: ``BM25Similarity`` computes ``weight - weight / (1 + tf * inverse)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.search.context import Context

_ONE = np.float32(1)


@dataclass(frozen=True, slots=True)
class Statistics:
    """How many documents have a field, and how many tokens or values they hold together."""

    documents: int
    values: int


@dataclass(frozen=True, slots=True)
class Similarity:
    """BM25 with its two numbers, or ``boolean``: every term scores its boost."""

    k1: float = 1.2
    b: float = 0.75
    boolean: bool = False

    def weight(self, boost: float, rarity: np.float32) -> np.float32:
        """What a term adds to a score at most."""
        if self.boolean:
            return np.float32(boost)
        return np.float32(np.float32(np.float32(boost) * (_ONE + np.float32(self.k1))) * rarity)

    def scores(
        self, weight: np.float32, frequencies: NDArray[np.float32], inverse: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The scores of documents that hold a term so often, by what their lengths make of the norm."""
        if self.boolean:
            return np.full(len(frequencies), weight, dtype=np.float32)
        with np.errstate(over="ignore"):
            return np.asarray(weight - weight / (_ONE + frequencies * inverse), dtype=np.float32)

    def inverse(self, lengths: NDArray[np.int64], counted: Statistics, *, norms: bool) -> NDArray[np.float32]:
        """BM25's norm of each length, inverted; without norms every length counts as 1."""
        if not counted.documents:
            return np.ones(len(lengths), dtype=np.float32)
        average = np.float32(counted.values / counted.documents)
        known = {int(length): stored_length(int(length)) for length in np.unique(lengths)}
        kept = np.asarray([known[int(length)] if norms else 1 for length in lengths], dtype=np.float32)
        k1, b = np.float32(self.k1), np.float32(self.b)
        with np.errstate(divide="ignore"):
            return np.asarray(_ONE / (k1 * ((_ONE - b) + b * kept / average)), dtype=np.float32)


def similarity_of(context: Context, name: str) -> Similarity:
    """The similarity of a field: its own, or the index's ``default``, or plain BM25."""
    settings = context.index.settings
    root = name if name in context.types else context.flattened_root(name) or name
    chosen = str(context.types.get(root, {}).get("similarity", "default"))
    if chosen == "boolean":
        return Similarity(boolean=True)
    return _configured(settings, chosen)


def _configured(settings: Mapping[str, str | None], name: str) -> Similarity:
    if settings.get(f"similarity.{name}.type") == "boolean":
        return Similarity(boolean=True)
    k1, b = (float(settings.get(f"similarity.{name}.{key}") or default) for key, default in (("k1", 1.2), ("b", 0.75)))
    return Similarity(k1, b)


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
