"""What BERT models are called with: how texts are cut into tokens (reference, section 2.8b)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml_infer import VOCABULARY, Told, body, deployed

WINDOWS = {"with_special_tokens": False, "max_sequence_length": 8, "truncate": "none", "span": 2}


@pytest.fixture(scope="module")
def models(target: Cluster) -> Iterator[dict[bool, Told]]:
    """Two models that pass their ids through: with ``do_lower_case`` and without."""
    target.need_ml()
    with (
        deployed(target, body("pass_through", **WINDOWS)) as cased,
        deployed(target, body("pass_through", **WINDOWS, do_lower_case=True)) as lower,
    ):
        yield {False: cased, True: lower}


# what is so → lower case, text, tokens
CUTS: dict[str, tuple[str, bool, str, list[str]]] = {
    "punctuation": ("BasicTokenFilter", False, "dog.red", ["dog", ".", "red"]),
    "han": ("BasicTokenFilter.isCjkChar", False, "a猫狗a", ["a", "猫", "狗", "a"]),
    "pieces": ("WordPieceTokenFilter", False, "aena", ["a", "##e", "##n", "##a"]),
    "unknown as a whole": ("WordPieceTokenFilter, #87510", False, "aex red", ["[UNK]", "red"]),
    "a hundred letters": ("WordPieceAnalyzer", False, "a" * 101, ["[UNK]"]),
    "512 letters": ("WordPieceAnalyzer, WhitespaceTokenizer(512)", False, "a" * 513, ["[UNK]", "a"]),
    "mask": ("BertTokenizer.NEVER_SPLIT", False, "a[MASK]e", ["a", "[MASK]", "e"]),
    "other special tokens": ("BertTokenizer.NEVER_SPLIT", False, "[SEP]", ["[", "SEP", "]"]),
    "emoji": ("ControlCharFilter: surrogates", False, "a 🐕 e🐕n", ["a", "e", "##n"]),
    "format characters": ("ControlCharFilter", False, "a\u200be\u00adn", ["a", "##e", "##n"]),
    "no-break space": ("WhitespaceTokenizer, Character.isWhitespace", False, "a\u00a0e", ["[UNK]"]),
    "other spaces": ("WhitespaceTokenizer", False, "a\u3000e\u2028n", ["a", "e", "n"]),
    "case": ("CharArrayMap ignores case", True, "RED Dog", ["red", "dog"]),
    "accents": ("BasicTokenFilter.stripAccent", True, "áé", ["a", "##e"]),
    "accents stay": ("BertTokenizer.Builder: as do_lower_case", False, "áe", ["[UNK]"]),
    "accents after punctuation": ("BasicTokenFilter.incrementToken", True, "a≠e", ["[UNK]"]),
    "sigma": ("Character.toLowerCase", True, "ΣΣ", ["σ", "##σ"]),
    "nothing but marks": ("BasicTokenFilter, #97354", True, "a \u0301 e", ["a", "e"]),
}


@fact("2.8b", evidence="S", source="BertTokenizer, BasicTokenFilter, WordPieceTokenFilter, ControlCharFilter")
@pytest.mark.parametrize("case", CUTS)
def test_cuts(cluster: Cluster, models: dict[bool, Told], case: str) -> None:
    """Texts are cut as these filters cut them, which is not quite as Hugging Face does."""
    _, lower, text, tokens = CUTS[case]
    assert models[lower].tokens(text) == tokens


@fact("2.8b", evidence="T", source="BertTokenizerTests.testTokenizeLargeInputNoTruncationWithWindowing")
def test_windows(cluster: Cluster, models: dict[bool, Told]) -> None:
    """With span a long text becomes windows that overlap; they end and begin at whole words where that is possible."""
    (result,) = models[False].results("red " * 6 + "aen dog dog")
    red, dog, pad = (float(VOCABULARY.index(token)) for token in ("red", "dog", "[PAD]"))
    word = [float(VOCABULARY.index(token)) for token in ("a", "##e", "##n")]
    # Six of red, as the next word does not fit; then two again, the word, and the rest.
    assert result == {"predicted_value": [[red] * 6 + [pad], [red, red, *word, dog, dog]]}


@fact("2.8b", evidence="S", source="TokenizationResult.anyTruncated")
def test_windows_are_not_cut_off(cluster: Cluster, models: dict[bool, Told]) -> None:
    """A text in windows is not marked as cut off."""
    (result,) = models[False].results("red " * 20)
    assert "is_truncated" not in result
    assert len(result["predicted_value"]) == 3
