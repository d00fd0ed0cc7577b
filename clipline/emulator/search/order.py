"""The order of what was found: a page of it, by score or by the criteria of a sort, from a place on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.search.axes import Axis, axis
from clipline.emulator.search.context import Context
from clipline.emulator.search.sort import Key

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matched:
    """What one shard found, in the order of its documents; a score has 32 bits."""

    context: Context
    places: NDArray[np.int64]
    scores: Scores


@dataclass(frozen=True, slots=True)
class Found:
    """One document of the page."""

    context: Context
    document: Searchable
    place: int
    score: float
    sort: list[Any] = field(default_factory=list)


def page(parts: list[Matched], keys: tuple[Key, ...], *, start: int, size: int, after: list[Any] | None) -> list[Found]:
    """The documents from ``start`` on; among equals the shard and then the place decides.

    Raises:
        ShardError: the values of ``after`` are not those of the sort.
    """
    count = sum(len(part.places) for part in parts)
    axes = [axis(key, [(part.context, part.places, part.scores) for part in parts]) for key in keys]
    chosen = np.arange(count)
    if after is not None:
        limits = [one.limit(value) for one, value in zip(axes, after, strict=True)]
        chosen = chosen[_behind(axes, limits, count)]
    if not size or not len(chosen):
        return []
    if axes:
        ordered = chosen[np.lexsort([one.ranks[chosen] for one in reversed(axes)])]
    else:
        scores = np.concatenate([part.scores for part in parts])[chosen]
        ordered = chosen[top(scores, start + size)]
    return [_found(parts, axes, int(position)) for position in ordered[start : start + size]]


def top(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """The positions of the k highest, the earlier one first among equals."""
    if len(scores) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        chosen = np.flatnonzero(scores >= least)
    else:
        chosen = np.arange(len(scores))
    return np.asarray(chosen[np.argsort(-scores[chosen], kind="stable")][:k])


def _behind(axes: list[Axis], limits: list[float], count: int) -> NDArray[np.bool_]:
    behind, level = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    for one, limit in zip(axes, limits, strict=True):
        behind |= level & (one.ranks > limit)
        level &= one.ranks == limit
    return behind


def _found(parts: list[Matched], axes: list[Axis], position: int) -> Found:
    values = [one.shown(position) for one in axes]
    for part in parts:
        if position < len(part.places):
            place = int(part.places[position])
            return Found(
                part.context, part.context.snapshot.documents[place], place, float(part.scores[position]), values
            )
        position -= len(part.places)
    raise IndexError(position)
