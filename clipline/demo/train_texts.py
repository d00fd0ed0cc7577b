"""The training texts: what people may type about a picture, in five languages and many spellings.

Per picture there are two texts. The *full* one names shape and colour; the *partial* one names anything, often
one word only, which is what makes "red" or "stars" alone rank sensibly. Both then go through the sloppiness of
real queries: case, missing accents, filler words, punctuation, and words that no vocabulary knows.

Texts describe pictures, so a combination that no training picture shows is in no training text either.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Final

from clipline.demo.captions import LANGUAGES, Language, Said, colour_alone, phrasing
from clipline.demo.pictures_scene import BACKGROUNDS, COLOURS, COUNTS, SHAPES, SIZES, Scene

Code = tuple[int, int, int, int, int]
ANYTHING: Final = -1

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_FILLERS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("please", "my", "some", "with", "and", "in the", "beautiful", "nice"),
    "de": ("bitte", "mein", "und", "mit", "im", "schön", "hier"),
    "fr": ("s'il vous plaît", "mon", "et", "avec", "dans", "joli", "ici"),
    "es": ("por favor", "mi", "y", "con", "en", "bonito", "aquí"),
    "zh": ("请", "我的", "和", "在", "漂亮", "这里"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the facts in it as numbers, `ANYTHING` where it says nothing."""

    words: str
    code: Code


def scene_code(scene: Scene) -> Code:
    """The facts of a picture; a text fits when each of its facts is equal or `ANYTHING`."""
    return said_code(
        Said(
            shape=scene.shape,
            colour=scene.colour,
            count=scene.count,
            size=scene.size,
            background=scene.background,
        )
    )


def said_code(said: Said) -> Code:
    """The facts as numbers."""
    return (
        SHAPES.index(said.shape) if said.shape else ANYTHING,
        COLOURS.index(said.colour) if said.colour else ANYTHING,
        COUNTS.index(said.count) if said.count else ANYTHING,
        SIZES.index(said.size) if said.size else ANYTHING,
        BACKGROUNDS.index(said.background) if said.background else ANYTHING,
    )


def full_text(scene: Scene, rng: Random) -> Text:
    """Shape and colour, and sometimes more."""
    said = Said(
        shape=scene.shape,
        colour=scene.colour,
        count=scene.count if rng.random() < 0.55 else None,
        size=scene.size if rng.random() < 0.25 else None,
        background=scene.background if rng.random() < 0.2 else None,
    )
    return _text(said, rng)


def partial_text(scene: Scene, rng: Random) -> Text:
    """Any of the facts; one of shape and colour at least."""
    named = rng.choice(("shape", "colour", "both", "colour", "shape", "neither"))
    said = Said(
        shape=scene.shape if named in ("shape", "both") else None,
        colour=scene.colour if named in ("colour", "both") else None,
        count=scene.count if named == "neither" or rng.random() < 0.25 else None,
        size=scene.size if rng.random() < 0.15 else None,
        background=scene.background if rng.random() < 0.15 else None,
    )
    return _text(said, rng)


def clean_text(said: Said, *, language: Language, rng: Random) -> str:
    """The words without any sloppiness."""
    if said.colour and said == Said(colour=said.colour) and rng.random() < 0.6:
        return colour_alone(said.colour, language=language, choose=rng.choice)
    return phrasing(said, language=language, choose=rng.choice)


def respelled(words: str, rng: Random) -> str:
    """The same words as someone in a hurry types them."""
    if rng.random() < 0.15:
        words = without_accents(words)
    match rng.choices(("as is", "lower", "upper", "capital"), (55, 20, 8, 17))[0]:
        case "lower":
            words = words.lower()
        case "upper":
            words = words.upper()
        case "capital":
            words = words[:1].upper() + words[1:]
    return words + rng.choice((".", "!", "?", "。")) if rng.random() < 0.1 else words


def without_accents(words: str) -> str:
    """``étoiles`` → ``etoiles``, ``weiß`` → ``weiss``, ``cœur`` → ``coeur``."""
    flat = unicodedata.normalize("NFD", words.replace("ß", "ss").replace("œ", "oe"))
    return "".join(char for char in flat if not unicodedata.combining(char))


def _text(said: Said, rng: Random) -> Text:
    language = rng.choice(LANGUAGES)
    words = clean_text(said, language=language, rng=rng)
    if rng.random() < 0.12:
        words = _with(rng.choice(_FILLERS[language]), words, language, rng)
    words = respelled(words, rng)
    # Words that only the fallback pieces can spell must not pull the vector anywhere.
    if rng.random() < 0.1:
        words = _with("".join(rng.choices(LETTERS, k=rng.randint(3, 6))), words, language, rng)
    return Text(words, said_code(said))


def _with(extra: str, words: str, language: Language, rng: Random) -> str:
    space = "" if language == "zh" else " "
    return extra + space + words if rng.random() < 0.5 else words + space + extra
