"""kNN: every vector is compared, so the result is exact; ``index_options`` and ``num_candidates`` change nothing here.

A quantised field of a real server scores with its quantised distances unless it rescores; here the scores are always
those of the formulas: cosine ``(1 + cos) / 2``, dot_product ``(1 + dot) / 2`` (byte: ``0.5 + dot / (32768 * dims)``),
l2_norm ``1 / (1 + d²)``, bits ``(bits - hamming) / bits``, max_inner_product ``1 / (1 - m)`` below zero, else ``m + 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.vectors import check_magnitude
from clipline.emulator.search.context import Context, Result
from clipline.emulator.search.order import top
from clipline.emulator.search.query_vector import QueryVector, check_bytes

if TYPE_CHECKING:
    from clipline.emulator.search.compound import Query

Floats = NDArray[np.float32]
_SMALL = 2_000_000
"""Up to this many numbers, distances are computed one by one; beyond, most vectors are ruled out by products first."""
_SELECTIVE = 4
"""If fewer than one vector in so many passes the filters, only those are looked at."""


@dataclass(frozen=True, slots=True)
class Knn:
    """A knn clause that was read; ``k`` is absent where the request names none."""

    field: str
    vector: QueryVector
    k: int | None
    candidates: int | None
    filters: tuple[Query, ...]
    similarity: float | None
    boost: float

    def run(self, context: Context) -> Result:
        """The knn query: k of each shard, without k as many as the request shows, but no more than there are candidates."""
        k = self.k or (min(context.size, self.candidates) if self.candidates else context.size)
        return self.nearest(context, k, allowed=context.allowed)

    def nearest(self, context: Context, k: int, *, allowed: NDArray[np.bool_] | None) -> Result:
        """The k nearest documents of a shard that pass the filters.

        Raises:
            ShardError: the field refuses the vector.
        """
        definition = context.definition(self.field)
        if definition is None:
            return context.none()
        if definition["type"] != "dense_vector":
            raise context.refusal("[knn] queries are only supported on [dense_vector] fields")
        if definition.get("dims") is None:
            return context.none()
        if not definition.get("index", True):
            raise context.refusal(
                f"to perform knn search on field [{self.field}], its mapping must have [index] set to [true]"
            )
        element, metric = str(definition.get("element_type", "float")), str(definition.get("similarity", "cosine"))
        try:
            query = self.vector.of(element, int(definition["dims"]))
            _check(query, element, metric, int(definition["dims"]))
        except ValueError as error:
            raise context.refusal(str(error)) from error
        # A filter that is no good is an error, even where there is nothing to filter.
        keep = allowed
        for one in self.filters:
            hits = one.run(context).hits
            keep = hits if keep is None else keep & hits
        return self._compared(context, query, Metric(metric, element), k, keep)

    def _compared(
        self, context: Context, query: NDArray[Any], metric: Metric, k: int, keep: NDArray[np.bool_] | None
    ) -> Result:
        vectors = context.snapshot.vectors(self.field)
        if not len(vectors.places) or k < 1:
            return context.none()
        chosen = None if keep is None else np.flatnonzero(keep[vectors.places])
        if chosen is not None and not len(chosen):
            return context.none()
        measured, chosen = metric.nearest(vectors.rows, vectors.norms, query, chosen, k)
        scores = metric.score(measured, len(query))
        if self.similarity is not None:
            near = metric.within(measured, self.similarity)
            scores, chosen = scores[near], chosen[near]
        best = top(scores, k)
        boosted = scores[best] if self.boost == 1.0 else scores[best] * np.float32(self.boost)
        return context.at(vectors.places[chosen[best]], boosted.astype(np.float64))


@dataclass(frozen=True, slots=True)
class Metric:
    """A similarity over vectors of one element type."""

    name: str
    element: str

    def nearest(
        self, rows: NDArray[Any], norms: Floats, query: NDArray[Any], chosen: NDArray[np.int64] | None, k: int
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Raw values and rows of what may be among the k nearest; ``chosen`` are the rows that count, ``None`` for all."""
        if chosen is not None and (len(chosen) * _SELECTIVE < len(rows) or self.element in ("byte", "bit")):
            return self.measured(rows[chosen], norms[chosen], query), chosen
        if self.name == "l2_norm" and self.element != "bit" and rows.size > _SMALL:
            chosen = _candidates(rows, norms, query, chosen, k)
            return self.measured(rows[chosen], norms[chosen], query), chosen
        values = self.measured(rows, norms, query)
        return (values, np.arange(len(rows))) if chosen is None else (values[chosen], chosen)

    def measured(self, rows: NDArray[Any], norms: Floats, query: NDArray[Any]) -> Floats:
        """The raw value for each row: cosine, product, distance, or the number of bits that differ."""
        if self.element == "bit":
            differing = np.bitwise_xor(rows.astype(np.int8).view(np.uint8), query.astype(np.int8).view(np.uint8))
            return np.asarray(np.bitwise_count(differing).sum(axis=1), dtype=np.float32)
        rows, query = rows.astype(np.float32, copy=False), query.astype(np.float32, copy=False)
        if self.name == "l2_norm":
            return np.asarray(np.linalg.norm(rows - query, axis=1), dtype=np.float32)
        products = rows @ query
        if self.name == "cosine":
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray(products / (norms * np.float32(np.linalg.norm(query))))
        return np.asarray(products)

    def score(self, measured: Floats, length: int) -> Floats:
        """The raw values as Elasticsearch's scores; ``length`` is that of the query vector."""
        if self.element == "bit":
            bits = np.float32(length * 8)
            return np.asarray((bits - measured) / bits, dtype=np.float32)
        if self.name == "l2_norm":
            return np.asarray(1.0 / (1.0 + measured * measured), dtype=np.float32)
        if self.name == "max_inner_product":
            below = 1.0 / (1.0 - np.minimum(measured, 0.0))
            return np.asarray(np.where(measured < 0, below, measured + 1.0), dtype=np.float32)
        if self.name == "dot_product" and self.element == "byte":
            return np.asarray(0.5 + measured / np.float32(length * 32768), dtype=np.float32)
        return np.asarray(np.maximum((1.0 + measured) / 2.0, 0.0), dtype=np.float32)

    def within(self, measured: Floats, similarity: float) -> NDArray[np.bool_]:
        """Which rows are as near as a request's ``similarity``, itself a raw value, asks."""
        limit = np.float32(similarity)
        distance = self.name == "l2_norm" or self.element == "bit"
        return np.asarray(measured <= limit if distance else measured >= limit)


def _candidates(
    rows: Floats, norms: Floats, query: Floats, chosen: NDArray[np.int64] | None, k: int
) -> NDArray[np.int64]:
    """The rows that may be among the k nearest, by |r|² - 2rq + |q|² and the most that rounding can spoil of it."""
    squares = norms.astype(np.float64) ** 2
    own = float(np.dot(query.astype(np.float64), query.astype(np.float64)))
    about = squares - 2.0 * (rows @ query).astype(np.float64) + own
    spoiled = 1e-5 * (squares + own)
    if chosen is not None:
        about, spoiled = about[chosen], spoiled[chosen]
    rows_left = np.arange(len(rows)) if chosen is None else chosen
    if len(about) <= k:
        return rows_left
    limit = np.partition(about + spoiled, k - 1)[k - 1]
    return np.asarray(rows_left[about - spoiled <= limit])


def _check(query: NDArray[Any], element: str, metric: str, dims: int) -> None:
    length = len(query) * 8 if element == "bit" else len(query)
    if length != dims:
        raise ValueError(
            f"The query vector has a different number of dimensions [{length}] than the document vectors [{dims}]."
        )
    if element in ("byte", "bit"):
        check_bytes(query, element)
    check_magnitude(query.astype(np.float32, copy=False), metric, element)
