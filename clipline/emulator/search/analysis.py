"""Analysis: a text → its tokens, with their positions and offsets.

The standard tokenizer follows Lucene's grammar of UAX #29 (``StandardTokenizerImpl.jflex``): words with the letters,
digits and signs that hold them together, Han and Hiragana character by character, Katakana and Hangul in runs, the
scripts without spaces (Thai, Lao, Khmer, Myanmar) in runs, emoji with all that belongs to them. A token longer than 255
characters is cut. Lower case is Java's, character by character: no final sigma, ``İ`` becomes ``i``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import regex

from clipline.emulator.errors import unsupported

MAX_TOKEN = 255
GAP = 100
"""``position_increment_gap``: how far the values of an array are apart."""

_X = r"[\p{WB=Format}\p{WB=Extend}\p{WB=ZWJ}]*"
_NUM = rf"(?:\p{{WB=Numeric}}{_X})"
_MIDNUM = rf"(?:[\p{{WB=MidNum}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_X})"
_MIDLETTER = rf"(?:[\p{{WB=MidLetter}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_X})"
_HEBREW = rf"(?:\p{{WB=Hebrew_Letter}}{_X})"
_LETTER = rf"(?:[\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]{_X})"
_KATAKANA = rf"(?:\p{{WB=Katakana}}{_X})"
_JOIN = rf"(?:\p{{WB=ExtendNumLet}}{_X})"
_KATAKANAS = rf"{_KATAKANA}(?:{_JOIN}*{_KATAKANA})*"
_LETTERS = (
    rf"(?:{_HEBREW}(?:(?:\p{{WB=Double_Quote}}{_X}){_HEBREW}|(?:\p{{WB=Single_Quote}}{_X})(?!{_LETTER}))"
    rf"|{_NUM}(?:(?:{_JOIN}*|{_MIDNUM}){_NUM})*|{_LETTER}(?:(?:{_JOIN}*|{_MIDLETTER}){_LETTER})*)+"
)
_WORD = rf"{_JOIN}*(?:{_KATAKANAS}|{_LETTERS})(?:{_JOIN}+(?:{_KATAKANAS}|{_LETTERS}))*{_JOIN}*"
_SEA = rf"(?:[\p{{Thai}}\p{{Lao}}\p{{Khmer}}\p{{Myanmar}}&&\p{{LB=Complex_Context}}]{_X})+"
_PLAIN = r"[0-9#*©®™〰〽]"
_EMOJI_ONE = rf"(?:[\p{{Emoji}}--[\p{{WB=Regional_Indicator}}{_PLAIN[1:]}][\p{{WB=Format}}\p{{WB=Extend}}]*)"
_EMOJI = (
    rf"\p{{WB=Regional_Indicator}}{_X}\p{{WB=Regional_Indicator}}{_X}|[0-9#*]\ufe0f?\u20e3|[©®™〰〽]\ufe0f"
    rf"|{_EMOJI_ONE}(?:\u200d{_EMOJI_ONE})*{_X}"
)
_STANDARD = regex.compile(rf"(?V1){_EMOJI}|{_WORD}|{_SEA}|\p{{Han}}{_X}|\p{{Hiragana}}{_X}")
_ASCII = regex.compile(
    r"(?=_*[A-Za-z0-9])\w(?:\w|(?<=[A-Za-z])[:.'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))*", regex.ASCII
)
"""The same for texts in ASCII."""
_LETTER_RUNS = regex.compile(r"\p{L}+")
_WHITESPACE = regex.compile(r"[^ \t\n\x0b\f\r\x1c-\x1f\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]+")
_STOP = """
a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was
will with
"""
STOP_WORDS = frozenset(_STOP.split())
"""Lucene's English stop words."""


class Token(NamedTuple):
    """One term: where it starts and ends in the text, and its place among the others."""

    term: str
    start: int
    end: int
    position: int


Tokenizer = Callable[[str], Iterator[Token]]
Filter = Callable[[Iterable[Token]], Iterable[Token]]


@dataclass(frozen=True, slots=True)
class Analyzer:
    """A tokenizer and the filters behind it; ``plain`` finds the words of a text in lower-case ASCII at once."""

    tokenizer: Tokenizer
    filters: tuple[Filter, ...] = ()
    plain: regex.Pattern[str] | None = None

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text."""
        found: Iterable[Token] = self.tokenizer(text)
        for one in self.filters:
            found = one(found)
        return list(found)

    def terms(self, text: str) -> list[str]:
        """The tokens' terms."""
        return [term for term, _ in self.placed(text)]

    def placed(self, text: str) -> list[tuple[str, int]]:
        """The tokens' terms and positions."""
        if self.plain is not None and text.isascii():
            words: list[str] = self.plain.findall(text.lower())
            if not any(len(word) > MAX_TOKEN for word in words):
                return [(word, position) for position, word in enumerate(words)]
        return [(token.term, token.position) for token in self.tokens(text)]


def lower(text: str) -> str:
    """Lower case as Java's ``Character.toLowerCase`` makes it."""
    return text.lower() if text.isascii() else "".join("i" if one == "İ" else one.lower() for one in text)


def analyzer(name: str) -> Analyzer:
    """A built-in analyzer.

    Raises:
        ApiError: 501 for one that is not emulated.
    """
    if name not in ANALYZERS:
        raise unsupported(f"the analyzer [{name}]")
    return ANALYZERS[name]


def _runs(pattern: regex.Pattern[str], plain: regex.Pattern[str] | None = None) -> Tokenizer:
    """What fits a pattern, cut where it is too long; ``plain`` says the same of texts in ASCII, and faster."""

    def cut(text: str) -> Iterator[Token]:
        position = 0
        chosen = plain if plain is not None and text.isascii() else pattern
        for match in chosen.finditer(text):
            for start in range(match.start(), match.end(), MAX_TOKEN):
                end = min(start + MAX_TOKEN, match.end())
                yield Token(text[start:end], start, end, position)
                position += 1

    return cut


def keyword(text: str) -> Iterator[Token]:
    """The whole text as one token."""
    if text:
        yield Token(text, 0, len(text), 0)


def _lowercase(tokens: Iterable[Token]) -> Iterator[Token]:
    return (token._replace(term=lower(token.term)) for token in tokens)


def _uppercase(tokens: Iterable[Token]) -> Iterator[Token]:
    return (
        token._replace(term="".join(one.upper() if len(one.upper()) == 1 else one for one in token.term))
        for token in tokens
    )


def _stop(tokens: Iterable[Token]) -> Iterator[Token]:
    return (token for token in tokens if token.term not in STOP_WORDS)


def kind_of(term: str) -> str:
    """What the standard tokenizer calls a token."""
    if regex.fullmatch(r"\p{Han}.*", term, regex.DOTALL):
        return "<IDEOGRAPHIC>"
    if regex.fullmatch(r"\p{Hiragana}.*", term, regex.DOTALL):
        return "<HIRAGANA>"
    if regex.fullmatch(rf"(?V1)(?:{_EMOJI})", term):
        return "<EMOJI>"
    if regex.fullmatch(rf"(?V1){_SEA}", term):
        return "<SOUTHEAST_ASIAN>"
    if regex.fullmatch(rf"(?V1){_JOIN}*{_NUM}(?:(?:{_JOIN}*|{_MIDNUM}){_NUM})*{_JOIN}*", term):
        return "<NUM>"
    if regex.fullmatch(rf"(?V1){_JOIN}*{_KATAKANAS}{_JOIN}*", term):
        return "<KATAKANA>"
    return "<HANGUL>" if regex.fullmatch(rf"(?V1)(?:\p{{Hangul}}{_X})+", term) else "<ALPHANUM>"


standard = _runs(_STANDARD, _ASCII)
"""Lucene's standard tokenizer."""
TOKENIZERS: Mapping[str, Tokenizer] = {
    "standard": standard,
    "letter": _runs(_LETTER_RUNS),
    "whitespace": _runs(_WHITESPACE),
    "keyword": keyword,
}
FILTERS: Mapping[str, Filter] = {"lowercase": _lowercase, "uppercase": _uppercase, "stop": _stop}
ANALYZERS: Mapping[str, Analyzer] = {
    "standard": Analyzer(standard, (_lowercase,), _ASCII),
    "simple": Analyzer(TOKENIZERS["letter"], (_lowercase,)),
    "whitespace": Analyzer(TOKENIZERS["whitespace"]),
    "keyword": Analyzer(keyword),
    "stop": Analyzer(TOKENIZERS["letter"], (_lowercase, _stop)),
}
