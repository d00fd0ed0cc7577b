"""BERT WordPiece tokenization as a model's configuration asks for it, by the ``tokenizers`` library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import illegal_argument, status_error

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SPECIAL = ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")


class BertTokenizer:
    """Text → token ids of one model."""

    def __init__(self, vocabulary: Sequence[str], options: Mapping[str, Any]) -> None:
        from tokenizers import AddedToken, Tokenizer
        from tokenizers.models import WordPiece
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        if options.get("with_special_tokens", True):
            missing = [token for token in ("[CLS]", "[SEP]") if token not in vocabulary]
            if missing:
                raise illegal_argument(f"required special tokens [{', '.join(missing)}] not found in vocab")
        self._ids = {token: number for number, token in enumerate(vocabulary)}
        self._options = options
        lower = bool(options.get("do_lower_case", False))
        model = WordPiece(vocab=self._ids, unk_token="[UNK]", max_input_chars_per_word=100)  # noqa: S106 - a token
        tokenizer: Tokenizer = Tokenizer(model)
        tokenizer.normalizer = BertNormalizer(
            clean_text=True, handle_chinese_chars=True, strip_accents=lower, lowercase=lower
        )
        tokenizer.pre_tokenizer = BertPreTokenizer()
        known = [AddedToken(token, special=True, normalized=False) for token in _SPECIAL if token in self._ids]
        tokenizer.add_special_tokens(known)
        self._tokenizer = tokenizer

    def encode(self, text: str, override: Mapping[str, Any] | None = None) -> tuple[list[int], bool]:
        """Token ids with special tokens, and whether the text was cut off.

        Raises:
            ApiError: 400 for a text that is too long when ``truncate`` is ``none``.
        """
        options = {**self._options, **(override or {})}
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        special = bool(options.get("with_special_tokens", True))
        most = int(options.get("max_sequence_length", 512))
        length = len(ids) + (2 if special else 0)
        truncated = length > most
        if truncated:
            if options.get("truncate", "first") == "none":
                raise status_error(
                    400,
                    f"Input too large. The tokenized input length [{length}] exceeds the maximum sequence length [{most}]",
                )
            ids = ids[: most - (2 if special else 0)]
        if special:
            ids = [self._ids["[CLS]"], *ids, self._ids["[SEP]"]]
        return ids, truncated


def arguments(ids: list[int]) -> list[list[int]]:
    """What a BERT model is called with: ids, attention mask, token types, positions."""
    return [ids, [1] * len(ids), [0] * len(ids), list(range(len(ids)))]
