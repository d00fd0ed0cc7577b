"""Text → the pieces of a BERT vocabulary, as Elasticsearch's analyzer cuts them.

Read from ControlCharFilter, Lucene's WhitespaceTokenizer, BasicTokenFilter and WordPieceTokenFilter. It is not what
Hugging Face does. These differences were looked for, each is kept on purpose, and each has its test:

- Characters outside the basic plane are surrogates to the Java filter, which takes them for control characters: emoji,
  rare ideographs and old scripts vanish from the text, where Hugging Face answers ``[UNK]`` or a piece.
- Control, format and private characters vanish in both; U+FFFD does so only at Hugging Face, and what is not assigned
  only in its slow tokenizer.
- No-break spaces (U+00A0, U+2007, U+202F) are no white space to Java: ``red\\u00a0dog`` is one word, so ``[UNK]``.
- A word of more than 512 characters is cut into words of 512 before anything else (Lucene's longest token).
- Only ``[MASK]`` is never split; ``[SEP]``, ``[CLS]``, ``[PAD]``, ``[UNK]`` in a text are brackets around a word.
- With ``do_lower_case`` nothing is lowered: the vocabulary ignores case, letter by letter. So a capital sigma at the
  end of a word is ``σ`` (the slow tokenizer of Hugging Face says ``ς``, its fast one ``σ``), and of ``dog`` and ``Dog``
  in one vocabulary the later one is always taken.
- Accents are stripped after the cut at punctuation, not before: ``a≠b`` is one word here and three at Hugging Face,
  which cuts at the ``=`` that is left. Marks are of the category Mn in both, and a word of nothing else is dropped.

- The slow tokenizer of Hugging Face composes a text first (NFC); neither the fast one nor Elasticsearch does.

The same in both: punctuation (ASCII symbols and the categories P*), Han characters as words of their own, ``[UNK]`` for
a whole word that cannot be pieced together or has more than 100 characters, NFD before accents are stripped (so Hangul
falls into letters). The character tables are Python's, whose Unicode version may be older than that of a Java runtime.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

UNKNOWN = "[UNK]"
MASK = "[MASK]"
_MASK_PARTS = ("[", "MASK", "]")
_LONGEST_TOKEN = 512
_LONGEST_WORD = 100
_CACHED_WORDS = 50_000
# Java's Character.isWhitespace: the separators without the three that forbid a break, and the ASCII ones that are left.
_SPACE = re.compile("[\t\n\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]+")
_HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF))
_ASCII_SYMBOLS = ((33, 47), (58, 64), (91, 96), (123, 126))


class WordPieces:
    """The pieces of one vocabulary.

    Raises:
        ValueError: the vocabulary lacks ``[UNK]``.
    """

    def __init__(self, vocabulary: Sequence[str], *, lower: bool) -> None:
        # Of equal tokens the last one counts, as in a map that is filled in order.
        self._ids = {_lowered(token) if lower else token: number for number, token in enumerate(vocabulary)}
        self._lower = lower
        unknown = self._id(UNKNOWN)
        if unknown is None:
            raise ValueError(f"provided vocabulary does not contain the unknown token of [{UNKNOWN}]")
        self._unknown = unknown
        self.of_word = lru_cache(_CACHED_WORDS)(self._of_word)

    def of_text(self, text: str) -> list[tuple[int, ...]]:
        """The token ids of each word of a text, in order."""
        return [self.of_word(word) for word in words(text, strip=self._lower)]

    def _of_word(self, word: str) -> tuple[int, ...]:
        if word == MASK:
            known = self._id(MASK)
            return (self._unknown if known is None else known,)
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        if self._lower:
            word = _lowered(word)
        found: list[int] = []
        start = 0
        while start < len(word):
            piece, start = self._longest(word, start)
            if piece is None:
                return (self._unknown,)
            found.append(piece)
        return tuple(found)

    def _longest(self, word: str, start: int) -> tuple[int | None, int]:
        """The longest piece at a place, and where it ends."""
        before = "##" if start else ""
        for end in range(len(word), start, -1):
            number = self._ids.get(before + word[start:end])
            if number is not None:
                return number, end
        return None, start

    def _id(self, token: str) -> int | None:
        return self._ids.get(_lowered(token) if self._lower else token)


def words(text: str, *, strip: bool) -> Iterator[str]:
    """Cut a text into words, punctuation marks and Han characters; ``strip`` takes accents away."""
    for run in _SPACE.split(text.translate(_KEPT)):
        for start in range(0, len(run), _LONGEST_TOKEN):
            token = run[start : start + _LONGEST_TOKEN]
            parts = [token] if token == MASK else _with_masks(_split(token))
            if strip:
                parts = [_without_accents(part) for part in parts]
            yield from filter(None, parts)


def _split(token: str) -> list[str]:
    if token.isascii() and token.isalnum():
        return [token]
    parts: list[str] = []
    begin = 0
    for place, character in enumerate(token):
        if _SPLITS[character]:
            parts += [token[begin:place], character]
            begin = place + 1
    parts.append(token[begin:])
    return [part for part in parts if part]


def _with_masks(parts: list[str]) -> list[str]:
    """Put ``[``, ``MASK``, ``]`` in a row together again."""
    merged: list[str] = []
    place = 0
    while place < len(parts):
        if tuple(parts[place : place + 3]) == _MASK_PARTS:
            merged.append(MASK)
            place += 3
        else:
            merged.append(parts[place])
            place += 1
    return merged


def _without_accents(part: str) -> str:
    if part.isascii():
        return part
    return "".join(mark for mark in unicodedata.normalize("NFD", part) if unicodedata.category(mark) != "Mn")


def _lowered(token: str) -> str:
    if token.isascii():
        return token.lower()
    # Letter by letter; the capital I with a dot is the only one that would become two.
    return "".join("i" if letter == "\u0130" else letter.lower() for letter in token)


class _Kept(dict[int, int | None]):
    """What ``str.translate`` asks: control characters and whatever Java holds as surrogates are deleted."""

    def __missing__(self, point: int) -> int | None:
        gone = point > 0xFFFF or unicodedata.category(chr(point)) in ("Cc", "Cf", "Co", "Cs")
        self[point] = kept = None if gone and chr(point) not in "\t\n\r" else point
        return kept


class _Splits(dict[str, bool]):
    """Whether a character is a word of its own: punctuation, or Han."""

    def __missing__(self, character: str) -> bool:
        point = ord(character)
        self[character] = found = (
            any(low <= point <= high for low, high in (*_ASCII_SYMBOLS, *_HAN))
            or unicodedata.category(character)[0] == "P"
        )
        return found


_KEPT = _Kept()
_SPLITS = _Splits()
