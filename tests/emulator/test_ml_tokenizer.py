"""Token ids are those of the transformers library, special tokens and truncation included."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.ml.tokenizer import BertTokenizer
from tests.emulator.ml_tiny import VOCABULARY, ids

TEXTS = (
    "dog",
    "a red dog runs, runs!",
    "DOG Dog dog",
    "über Über uber naïve",
    "dogs running by the sea.",
    "猫cat猫猫",
    "\tred\u00a0house\u0000\ufffd\u200b!",
    "[MASK] dog [SEP]",
    "xq" * 60,
    "☃ snow",
    "",
)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_as_transformers(tmp_path: Path, lower: bool, text: str) -> None:
    from transformers import BertTokenizer as Reference

    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    reference = Reference(str(tmp_path / "vocab.txt"), do_lower_case=lower)
    tokenizer = BertTokenizer(VOCABULARY, {"do_lower_case": lower, "max_sequence_length": 400})
    assert tokenizer.encode(text) == (reference(text)["input_ids"], False)


def test_maximum_counts_special_tokens() -> None:
    tokenizer = BertTokenizer(VOCABULARY, {"max_sequence_length": 4})
    assert tokenizer.encode("red dog") == (ids("red", "dog"), False)
    assert tokenizer.encode("red dog runs") == (ids("red", "dog"), True)
    assert tokenizer.encode("red dog runs", {"truncate": "second"}) == (ids("red", "dog"), True)
    with pytest.raises(ApiError) as caught:
        tokenizer.encode("red dog runs", {"truncate": "none"})
    assert (caught.value.status, caught.value.reason) == (
        400,
        "Input too large. The tokenized input length [5] exceeds the maximum sequence length [4]",
    )


def test_without_special_tokens() -> None:
    tokenizer = BertTokenizer([*VOCABULARY[5:], "[UNK]"], {"max_sequence_length": 2, "with_special_tokens": False})
    assert len(tokenizer.encode("red dog runs")[0]) == 2


def test_vocabulary_without_special_tokens() -> None:
    with pytest.raises(ApiError, match=r"required special tokens \[\[CLS\]\] not found in vocab"):
        BertTokenizer([token for token in VOCABULARY if token != "[CLS]"], {})
