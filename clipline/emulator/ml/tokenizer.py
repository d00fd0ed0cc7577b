"""What a BERT model is called with: token ids of a text, cut off or in windows, as its configuration asks for it.

Read from BertTokenizer, NlpTokenizer and TokenizationResult of Elasticsearch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import illegal_argument, status_error, unsupported
from clipline.emulator.ml.wordpiece import UNKNOWN, WordPieces

_PAD, _CLS, _SEP = "[PAD]", "[CLS]", "[SEP]"


@dataclass(frozen=True, slots=True)
class Encoded:
    """The windows of one text, each with its special tokens; without ``span`` there is one."""

    windows: tuple[tuple[int, ...], ...]
    truncated: bool = False


class BertTokenizer:
    """Text → token ids of one model."""

    def __init__(self, vocabulary: Sequence[str], options: Mapping[str, Any]) -> None:
        self._options = options
        self._ids = {token: number for number, token in enumerate(vocabulary)}
        for token in (UNKNOWN, _PAD):
            if token not in self._ids:
                raise status_error(409, f"stored vocabulary is missing required [{token}] token")
        self._special = bool(options.get("with_special_tokens", True))
        missing = [token for token in (_SEP, _CLS) if token not in self._ids]
        if self._special and missing:
            raise status_error(409, f"stored vocabulary is missing required [{', '.join(missing)}] token(s)")
        self._pieces = WordPieces(vocabulary, lower=bool(options.get("do_lower_case", False)))

    def encode(self, text: str, override: Mapping[str, Any] | None = None) -> Encoded:
        """The token ids of a text.

        Raises:
            ApiError: 400 for a text that is too long when ``truncate`` is ``none`` and there is no ``span``.
        """
        options = {**self._options, **(override or {})}
        found = self._pieces.of_text(text)
        ids = [number for word in found for number in word]
        most, span = int(options.get("max_sequence_length", 512)), int(options.get("span", -1))
        extra = 2 if self._special else 0
        if len(ids) + extra <= most:
            return Encoded((self._framed(ids),))
        if options.get("truncate", "first") != "none":
            if most < extra:
                raise illegal_argument(f"fromIndex(0) > toIndex({most - extra})")  # from the list that it cuts
            return Encoded((self._framed(ids[: most - extra]),), truncated=True)
        if span == -1:
            raise status_error(
                400,
                f"Input too large. The tokenized input length [{len(ids) + extra}] exceeds the maximum sequence "
                f"length [{most}]",
            )
        of_word = [place for place, word in enumerate(found) for _ in word]
        return Encoded(tuple(self._framed(ids[start:end]) for start, end in windows(of_word, most - extra, span)))

    def arguments(self, encoded: Encoded) -> list[list[list[int]]]:
        """Ids, attention mask, token types and positions: four matrices of one row for each window.

        Shorter windows are filled with the padding's id, their mask too, as TokenizationResult does it.
        """
        longest = max(map(len, encoded.windows))
        pad = self._ids[_PAD]

        def filled(values: Sequence[int]) -> list[int]:
            return [*values, *[pad] * (longest - len(values))]

        return [
            [filled(window) for window in encoded.windows],
            [filled([1] * len(window)) for window in encoded.windows],
            [[0] * longest for _ in encoded.windows],
            [list(range(longest)) for _ in encoded.windows],
        ]

    def _framed(self, ids: Sequence[int]) -> tuple[int, ...]:
        return (self._ids[_CLS], *ids, self._ids[_SEP]) if self._special else tuple(ids)


def windows(of_word: Sequence[int], size: int, span: int) -> list[tuple[int, int]]:
    """Cut tokens into windows that share ``span`` tokens; ``of_word`` names each token's word.

    A window ends at a word's end, and the next begins at a word's beginning, wherever that is possible.

    Raises:
        ApiError: 501 when the windows do not get ahead; Elasticsearch does not come to an end there.
    """
    found: list[tuple[int, int]] = []
    start = end = 0
    while end < len(of_word):
        end = min(start + size, len(of_word))
        while end < len(of_word) and end > start + 1 and of_word[end] == of_word[end - 1]:
            end -= 1
        found.append((start, end))
        before, start = start, end - span
        if end < len(of_word) and start <= before:
            raise unsupported(f"a [span] of [{span}] tokens in windows of [{size}]: it leaves no room to get ahead")
        while before + 1 < start < len(of_word) and of_word[start] == of_word[start - 1]:
            start -= 1
    return found
