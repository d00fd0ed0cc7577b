"""Terms that are spelled nearly like another: ``fuzziness`` of full text, and the query ``fuzzy``.

Distances are those of Lucene's automaton: one letter put in, left out or replaced by another, or two neighbours
exchanged, no letter touched twice (optimal string alignment). A term's boost is ``1 - distance / shorter length``; the
best ``max_expansions`` are taken. Source: ``FuzzyTermsEnum``, ``TopTermsRewrite``, ``Fuzziness``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.search.reading import flag, malformed, whole

MAX_EXPANSIONS = 50


@dataclass(frozen=True, slots=True)
class Fuzziness:
    """How far terms may be apart: ``low`` and ``high`` are the lengths from which one and two edits are allowed."""

    low: int = 3
    high: int = 6
    prefix: int = 0
    most: int = MAX_EXPANSIONS
    transpositions: bool = True

    def edits(self, term: str) -> int:
        """How many edits a term of this length allows."""
        return 0 if len(term) < self.low else 1 if len(term) < self.high else 2

    def expanded(self, term: str, vocabulary: Iterable[str]) -> list[tuple[str, float]]:
        """The terms of a field that stand for one, in the order of their bytes, each with its boost."""
        edits = self.edits(term)
        begin, rest = term[: self.prefix], term[self.prefix :]
        found: list[tuple[float, bytes, str]] = []
        for other in vocabulary:
            if abs(len(other) - len(term)) > edits or not other.startswith(begin):
                continue
            apart = distance(rest, other[len(begin) :], transpositions=self.transpositions)
            if apart <= edits:
                found.append((-_boost(apart, min(len(term), len(other))), other.encode(), other))
        best = sorted(found)[: self.most]
        return [(other, max(0.0, -boost)) for boost, _, other in sorted(best, key=lambda one: one[1])]


def distance(one: str, other: str, *, transpositions: bool) -> int:
    """How many edits make one text another."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        row = [number]
        for column, right in enumerate(other, 1):
            best = min(above[column] + 1, row[column - 1] + 1, above[column - 1] + (left != right))
            exchanged = number > 1 and column > 1 and left == other[column - 2] and one[number - 2] == right
            row.append(min(best, before[column - 2] + 1) if transpositions and exchanged else best)
        before, above = above, row
    return above[-1]


def read_fuzziness(kind: str, options: Mapping[str, Any], *, default: str | None = None) -> Fuzziness | None:
    """The options of a query; ``None`` where it asks for no fuzziness.

    Raises:
        ApiError: 400 for what is wrong, 501 for a fuzziness that is no number of edits.
    """
    prefix = whole(options.get("prefix_length", 0), "prefix_length", kind)
    most = whole(options.get("max_expansions", MAX_EXPANSIONS), "max_expansions", kind)
    exchanged = options.get("fuzzy_transpositions", options.get("transpositions", True))
    transpositions = flag(exchanged, "fuzzy_transpositions", kind)
    if prefix < 0:
        raise illegal_argument(f"[{kind}] requires prefix length to be non-negative.")
    if most <= 0:
        raise illegal_argument(f"[{kind}] requires maxExpansions to be positive.")
    given = options.get("fuzziness", default)
    if given is None:
        return None
    if isinstance(given, bool | Mapping | list):
        raise malformed(kind, "Can't parse fuzziness on token: [START_OBJECT]")
    low, high = _lengths(str(given).upper())
    return Fuzziness(low, high, prefix, most, transpositions)


def _lengths(text: str) -> tuple[int, int]:
    endless = 2**31
    if text == "AUTO":
        return 3, 6
    if own := re.fullmatch(r"AUTO:(\d{1,9}),(\d{1,9})", text):
        low, high = int(own[1]), int(own[2])
        if low > high:
            reason = f"fuzziness wrongly configured [{text}]. Must be 0 < lower value <= higher value."
            raise ApiError(400, "parse_exception", reason)
        return low, high
    fixed = {"0": (endless, endless), "1": (0, endless), "2": (0, 0)}
    if text not in fixed:
        raise unsupported(f"the fuzziness [{text}]")
    return fixed[text]


def _boost(apart: int, shorter: int) -> float:
    if not apart:
        return 1.0
    return float(np.float32(1) - np.float32(apart) / np.float32(shorter)) if shorter else 0.0
