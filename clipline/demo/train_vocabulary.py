"""The WordPiece vocabulary: the words of the training texts, and pieces that can spell anything else.

Cased, as the real multilingual model is: "Rote", "rote" and "ROTE" are three entries. Words that are not in it
fall apart into letters (``s ##n ##o ##w``), never into ``[UNK]``, as long as they are written in letters of the
five languages; Chinese characters that no caption uses do become ``[UNK]``.
"""

from __future__ import annotations

import string
from collections import Counter
from random import Random
from typing import Final

from clipline.demo.pictures_scene import combinations, compose, held_out
from clipline.demo.train_texts import full_text, partial_text

SPECIALS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ACCENTED: Final = "äöüßàâæçéèêëîïôœùûÿáíóúñ"
_PUNCTUATION: Final = string.punctuation + "¿¡«»„“”‘’–—…°€。，、！？：；（）《》"
_SCENES: Final = 4_000
_TEXTS_PER_SCENE: Final = 20
# A word seen less often could not be learnt; it is spelled with pieces instead.
_SEEN_OFTEN: Final = 4


def vocabulary(*, seed: int) -> list[str]:
    """All pieces in a fixed order; the index is the token's number."""
    letters = string.ascii_lowercase + _ACCENTED
    characters = sorted(set(letters + letters.upper() + string.digits))
    words = sorted(word for word, seen in _words(seed).items() if seen >= _SEEN_OFTEN)
    pieces = [*SPECIALS, *characters, *(f"##{char}" for char in characters), *_PUNCTUATION, *words]
    return list(dict.fromkeys(pieces))


def _words(seed: int) -> Counter[str]:
    """How often each word stands in a large sample of training texts, split as the tokenizer splits."""
    from transformers.models.bert.tokenization_bert import BasicTokenizer

    rng = Random(seed)
    split = BasicTokenizer(do_lower_case=False).tokenize
    trained = [pair for pair in combinations() if pair not in held_out()]
    counter: Counter[str] = Counter()
    for _ in range(_SCENES):
        shape, colour = rng.choice(trained)
        scene = compose(rng, shape=shape, colour=colour)
        for number in range(_TEXTS_PER_SCENE):
            text = full_text(scene, rng) if number % 2 else partial_text(scene, rng)
            counter.update(split(text.words))
    return counter
