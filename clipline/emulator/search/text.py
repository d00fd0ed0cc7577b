"""Text: the standard analyzer, and BM25 as Elasticsearch scores by it (k1 1.2, b 0.75).

The score of a term is ``boost * 2.2 * idf * tf / (tf + k1 * (1 - b + b * length / average length))``. The factor 2.2 is
``k1 + 1``, which Lucene dropped and Elasticsearch kept; the length is the one byte that Lucene stores of it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clipline.emulator.search.context import Context, Result

K1, B = 1.2, 0.75

_SINGLE = "\u2e80-\u2fdf\u3005\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Marks that belong to the letter before them, which \w does not include: accents, the vowel signs of Indic scripts.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09d7"
    "\u0a3c-\u0a51\u0b3c-\u0b57\u0bbe-\u0bcd\u0c3e-\u0c56\u0cbe-\u0cd6\u0d3e-\u0d57\u1dc0-\u1dff\u200d\u20d0-\u20f0"
    "\ufe00-\ufe0f"
)
_CHARACTER = rf"(?:(?![{_SINGLE}])[\w{_MARKS}])"
_TOKEN = re.compile(
    rf"[{_SINGLE}][{_MARKS}]*"
    rf"|(?![{_SINGLE}])\w(?:{_CHARACTER}|(?<=[^\W\d_])['’.·](?=[^\W\d_])|(?<=\d)[.,](?=\d))*"
)
_MAX_TOKEN = 255


@dataclass(frozen=True, slots=True)
class Terms:
    """An analysed field: token → {place: frequency}, and the length of every document that has the field."""

    postings: dict[str, dict[int, int]]
    lengths: dict[int, int]


def analyse(text: str) -> list[str]:
    """The standard analyzer: words by Unicode's rules in lower case, Han and Hiragana character by character."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match[0].lower()
        if word.strip("_"):
            tokens += [word[start : start + _MAX_TOKEN] for start in range(0, len(word), _MAX_TOKEN)]
    return tokens


def terms(context: Context, name: str) -> Terms:
    """The tokens of a text field, analysed once between two refreshes."""

    def make() -> Terms:
        postings: dict[str, dict[int, int]] = {}
        lengths: dict[int, int] = {}
        for place, document in enumerate(context.snapshot.documents):
            if name not in document.parsed.values:
                continue
            counted = Counter(token for value in document.parsed.values[name] for token in analyse(value))
            if counted:
                lengths[place] = counted.total()
            for token, frequency in counted.items():
                postings.setdefault(token, {})[place] = frequency
        return Terms(postings, lengths)

    found: Terms = context.snapshot.derived(("terms", name), make)
    return found


def score_text(context: Context, name: str, wanted: Iterable[str], *, least: int, boost: float) -> Result:
    """The documents that hold at least so many of the wanted tokens, by the sum of the tokens' scores."""
    field = terms(context, name)
    if not field.lengths:
        return context.none()
    average = sum(field.lengths.values()) / len(field.lengths)
    count = len(context.snapshot.documents)
    scores, held = np.zeros(count), np.zeros(count, dtype=np.int64)
    for token in wanted:
        places = field.postings.get(token, {})
        weight = boost * (K1 + 1) * idf(len(field.lengths), len(places))
        for place, frequency in places.items():
            length = stored_length(field.lengths[place])
            scores[place] += weight * frequency / (frequency + K1 * (1 - B + B * length / average))
            held[place] += 1
    hits = held >= max(least, 1)
    return Result(hits, np.where(hits, scores, 0.0))


def score_value(found: list[int], *, documents: int, values: int, boost: float, context: Context) -> Result:
    """A value of a field without lengths: keyword, boolean, a key of a flattened field."""
    if not found:
        return context.none()
    average = values / documents
    norm = K1 * (1 - B + B / average)
    return context.at(found, boost * (K1 + 1) * idf(documents, len(found)) / (1 + norm))


def idf(documents: int, holding: int) -> float:
    """How rare a term is among the documents that have the field."""
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


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
