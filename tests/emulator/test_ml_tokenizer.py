"""Token ids: those of the transformers library over texts in many scripts, and Elasticsearch's own where they differ."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.ml.tokenizer import BertTokenizer

SCRIPTS = {
    "latin": (0x41, 0x24F), "greek": (0x370, 0x3FF), "cyrillic": (0x400, 0x52F), "armenian": (0x531, 0x58A),
    "hebrew": (0x591, 0x5F4), "arabic": (0x600, 0x6FF), "devanagari": (0x900, 0x97F), "bengali": (0x980, 0x9FE),
    "tamil": (0xB82, 0xBFA), "thai": (0xE01, 0xE5B), "lao": (0xE81, 0xEDF), "tibetan": (0xF00, 0xFDA),
    "georgian": (0x10A0, 0x10FF), "ethiopic": (0x1200, 0x139F), "khmer": (0x1780, 0x17F9), "vietnamese": (0x1EA0, 0x1EF9),
    "polytonic": (0x1F00, 0x1FFE), "kana": (0x3041, 0x30FF), "han": (0x4E00, 0x4FFF), "hangul": (0xAC00, 0xAE00),
    "jamo": (0x1100, 0x11FF), "marks": (0x300, 0x36F), "symbols": (0x20A0, 0x2BFF), "forms": (0xFB00, 0xFDFB),
}  # fmt: skip
SPACES = [" ", " ", " ", "  ", "\t", "\n", "\u2003", "\u3000"]
PUNCTUATION = list("!?.,;:'\"()[]{}-_/\\@#%&*+=<>~^`|$§«»„“”…—。、！？؟।")
INVISIBLE = ["", "", "", "", "\u200b", "\u200d", "\u200e", "\u202e", "\ufeff", "\u00ad", "\u0001", "\u007f"]


def alike(character: str) -> bool:
    """Whether Hugging Face and Elasticsearch treat it alike; the others have tests of their own."""
    if ord(character) > 0xFFFF or character in "\u00a0\u2007\u202f\ufffd\u0000":
        return False
    # the slow tokenizer deletes what is not assigned; the tables of the fast one are older than Python's
    category = unicodedata.category(character)
    if category == "Cn" or unicodedata.ucd_3_2_0.category(character) != category:
        return False
    # what leaves punctuation when its accent is stripped, such as ≠
    bare = [part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) != "Mn"]
    return not (len(bare) == 1 and bare[0].isascii() and not bare[0].isalnum() and bare[0] != character)


@cache
def letters() -> dict[str, list[str]]:
    return {name: [chr(c) for c in range(first, last + 1) if alike(chr(c))] for name, (first, last) in SCRIPTS.items()}


@cache
def vocabulary() -> list[str]:
    """Letters of every script, alone and as continuations, some left out; and pieces of several letters."""
    chance = random.Random(5)
    every = [letter for script in letters().values() for letter in script if chance.random() < 0.8]
    every += [*"aeinorst=", "##="]
    bare = {letter.lower() for letter in every} | set(every)
    bare |= {part for letter in every for part in unicodedata.normalize("NFD", letter)}
    single = sorted(letter for letter in bare if len(letter) == 1)
    longer = {
        "".join(chance.choices(script, k=chance.randint(2, 4))) for script in letters().values() for _ in range(60)
    }
    longer |= {word.lower() for word in longer}
    pieces = [*single, *PUNCTUATION, *longer]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces, *(f"##{piece}" for piece in pieces)]
    return list(dict.fromkeys(tokens))


@cache
def uncased() -> list[str]:
    """The same without tokens that differ in case only: of these Elasticsearch takes the last."""
    return list(dict.fromkeys(token if token[0] == "[" and len(token) > 1 else low(token) for token in vocabulary()))


def low(token: str) -> str:
    return "".join(letter.lower() if len(letter.lower()) == 1 else "i" for letter in token)


@cache
def references(lower: bool) -> tuple[Callable[[str], list[int]], Callable[[str], list[int]]]:
    """The slow tokenizer and the fast one."""
    from transformers import BertTokenizer as Slow
    from transformers import BertTokenizerFast as Fast

    file = Path(mkdtemp()) / "vocab.txt"
    file.write_text("\n".join(uncased() if lower else vocabulary()) + "\n", encoding="utf-8")
    slow, fast = (kind(str(file), do_lower_case=lower, model_max_length=100_000) for kind in (Slow, Fast))
    return lambda text: slow(text)["input_ids"], lambda text: fast(text)["input_ids"]


@cache
def ours(lower: bool) -> BertTokenizer:
    options = {"do_lower_case": lower, "max_sequence_length": 100_000}
    return BertTokenizer(uncased() if lower else vocabulary(), options)


def ids(text: str, *, lower: bool) -> list[int]:
    (window,) = ours(lower).encode(text).windows
    return list(window)


def check(text: str, *, lower: bool) -> None:
    slow, fast = references(lower)
    assert ids(text, lower=lower) == fast(text), ascii(text)
    composed = unicodedata.normalize("NFC", text)  # the slow one does that first
    if not (lower and "Σ" in composed):
        assert ids(composed, lower=lower) == slow(text), ascii(text)


def sentence(chance: random.Random) -> str:
    text = ""
    for _ in range(chance.randint(1, 9)):
        script = letters()[chance.choice(list(SCRIPTS))]
        text += "".join(chance.choices(script, k=chance.randint(1, 12)))
        text += chance.choice(INVISIBLE) + (chance.choice(PUNCTUATION) if chance.random() < 0.3 else "")
        text += chance.choice(SPACES) if chance.random() < 0.9 else ""
    return text


@pytest.mark.parametrize("lower", [False, True])
def test_thousands_of_texts_in_many_scripts(lower: bool) -> None:
    chance = random.Random(17)
    for _ in range(1500):
        check(sentence(chance), lower=lower)


@pytest.mark.parametrize("lower", [False, True])
@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8").filter(alike), max_size=40))
def test_any_text(lower: bool, text: str) -> None:
    check(text, lower=lower)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u0301\u0302", "สวัสดีชาวโลก", "שלום עולם", "مَرْحَبًا", "Ångström naïve Ö", "İstanbul ıI", "e\u0301a",
     "a" * 100, "a" * 101, "a" * 200, "猫cat猫猫", "[MASK] a", "a[MASK]b", "[[MASK]]", "[mask] [mask", "x" * 99 + "é"],
)  # fmt: skip
@pytest.mark.parametrize("lower", [False, True])
def test_as_transformers(text: str, lower: bool) -> None:
    check(text, lower=lower)


# text → what Elasticsearch makes of it; Hugging Face says something else (clipline/emulator/ml/wordpiece.py has why)
DIFFERENCES: dict[str, tuple[bool, str, list[str]]] = {
    "emoji vanish": (False, "a 🐕 b", ["a", "b"]),
    "emoji leave no gap": (False, "a🐕b", ["a", "##b"]),
    "rare ideographs vanish": (False, "𠀀a", ["a"]),
    "no-break space": (False, "a\u00a0b", ["[UNK]"]),
    "replacement character": (False, "a\ufffdb", ["[UNK]"]),
    "words of 512": (False, "a" * 513, ["[UNK]", "a"]),
    "special tokens are brackets": (False, "[SEP]", ["[", "S", "##E", "##P", "]"]),
    "accents after punctuation": (True, "a≠b", ["a", "##=", "##b"]),
}


@pytest.mark.parametrize(("lower", "text", "tokens"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_where_elasticsearch_differs(lower: bool, text: str, tokens: list[str]) -> None:
    words = uncased() if lower else vocabulary()
    found = [words[number] for number in ids(text, lower=lower)]
    assert found == ["[CLS]", *tokens, "[SEP]"]
    slow, fast = references(lower)
    assert [words[number] for number in fast(text)] != found
    assert [words[number] for number in slow(text)] != found


def test_case_is_ignored_letter_by_letter() -> None:
    words = ["[PAD]", "[UNK]", "dog", "σ", "##σ", "Dog"]
    tokenizer = BertTokenizer(words, {"do_lower_case": True, "with_special_tokens": False})
    # of two tokens that differ in case the later one stands for both
    assert tokenizer.encode("dog DOG").windows == ((5, 5),)
    # no final sigma
    assert tokenizer.encode("ΣΣ").windows == ((3, 4),)
