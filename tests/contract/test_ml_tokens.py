"""What BERT models are called with: how texts are cut into tokens (reference, section 2.8b)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact
from tests.contract.ml_infer import VOCABULARY, Told, body, deployed

WINDOWS = {"with_special_tokens": False, "max_sequence_length": 8, "truncate": "none", "span": 2}


@pytest.fixture(scope="module")
def shared(target: Cluster) -> Iterator[Told]:
    """A model that passes its ids through; one with ``do_lower_case`` is asked in ``test_ml_infer``."""
    target.need_ml()
    with deployed(target, body("pass_through", **WINDOWS)) as told:
        yield told


@pytest.fixture
def told(cluster: Cluster, shared: Told) -> Told:
    """The same, in a fact about the server's version."""
    return shared


# what is so → where it is read, text, tokens
CUTS: dict[str, tuple[str, str, list[str]]] = {
    "punctuation": ("BasicTokenFilter", "dog.red", ["dog", ".", "red"]),
    "han": ("BasicTokenFilter.isCjkChar", "a猫狗a", ["a", "猫", "狗", "a"]),
    "pieces": ("WordPieceTokenFilter", "aena", ["a", "##e", "##n", "##a"]),
    "unknown as a whole": ("WordPieceTokenFilter, #87510", "aex red", ["[UNK]", "red"]),
    "a hundred letters": ("WordPieceAnalyzer", "a" * 101, ["[UNK]"]),
    "512 letters": ("WordPieceAnalyzer, WhitespaceTokenizer(512)", "a" * 513, ["[UNK]", "a"]),
    "mask": ("BertTokenizer.NEVER_SPLIT", "a[MASK]e", ["a", "[MASK]", "e"]),
    "other special tokens": ("BertTokenizer.NEVER_SPLIT", "[SEP]", ["[", "SEP", "]"]),
    "emoji": ("ControlCharFilter: surrogates", "a 🐕 e🐕n", ["a", "e", "##n"]),
    "format characters": ("ControlCharFilter", "a\u200be\u00adn", ["a", "##e", "##n"]),
    "no-break space": ("WhitespaceTokenizer, Character.isWhitespace", "a\u00a0e", ["[UNK]"]),
    "other spaces": ("WhitespaceTokenizer", "a\u3000e\u2028n", ["a", "e", "n"]),
    "accents stay": ("BertTokenizer.Builder: as do_lower_case", "áe", ["[UNK]"]),
}


@fact("2.8b", evidence="S", source="BertTokenizer, BasicTokenFilter, WordPieceTokenFilter, ControlCharFilter")
@pytest.mark.parametrize("case", CUTS)
def test_cuts(told: Told, case: str) -> None:
    """Texts are cut as these filters cut them, which is not quite as Hugging Face does."""
    _, text, tokens = CUTS[case]
    assert told.tokens(text) == tokens


@fact("2.8b", evidence="T", source="BertTokenizerTests.testTokenizeLargeInputNoTruncationWithWindowing")
def test_windows(told: Told) -> None:
    """With span a long text becomes windows that overlap; they end and begin at whole words where that is possible."""
    (result,) = told.results("red " * 6 + "aen dog dog")
    red, dog, pad = (float(VOCABULARY.index(token)) for token in ("red", "dog", "[PAD]"))
    word = [float(VOCABULARY.index(token)) for token in ("a", "##e", "##n")]
    # Six of red, as the next word does not fit; then two again, the word, and the rest.
    assert result == {"predicted_value": [[red] * 6 + [pad], [red, red, *word, dog, dog]]}


@fact("2.8b", evidence="S", source="TokenizationResult.anyTruncated")
def test_windows_are_not_cut_off(told: Told) -> None:
    """A text in windows is not marked as cut off."""
    (result,) = told.results("red " * 20)
    assert "is_truncated" not in result
    assert len(result["predicted_value"]) == 3
