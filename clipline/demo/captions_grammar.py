"""Noun phrases in five languages: number, gender, article, German cases, Chinese measure words.

A phrase is built from what is said (`Said`) and from a way to choose among synonyms; the grammar itself makes
no choice. ``two red circles``, ``zwei rote Kreise``, ``deux cercles rouges``, ``dos círculos rojos``,
``两个红色的圆形``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

from clipline.demo.captions_words import (
    ANY_SHAPE,
    NUMBERS,
    Adjective,
    Language,
    Noun,
    colours,
    grounds,
    nouns,
    sizes,
)

T = TypeVar("T")
Case = Literal["nominative", "accusative", "dative"]
# How a phrase without a count begins: "red circle", "red circles", "the red circle", "the red circles".
Form = Literal["singular", "plural", "the singular", "the plural"]
FORMS: Final[tuple[Form, ...]] = ("singular", "plural", "the singular", "the plural")


class Choose(Protocol):
    """Takes one of several: the first for the usual words, `random.Random.choice` for variety."""

    def __call__(self, options: Sequence[T], /) -> T: ...


def first(options: Sequence[T], /) -> T:
    """The `Choose` of canonical captions."""
    return options[0]


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says about a picture; None is not said. All of it holds, or the text is about another picture."""

    shape: str | None = None
    colour: str | None = None
    count: int | None = None
    size: str | None = None
    background: str | None = None


def noun_phrase(
    said: Said, *, language: Language, choose: Choose, case: Case = "nominative", form: Form = "plural"
) -> str:
    """The phrase; `form` matters only where no count is said."""
    parts = _Parts(
        noun=choose(nouns(language, said.shape or ANY_SHAPE)),
        colour=choose(colours(language, said.colour)) if said.colour else None,
        size=choose(sizes(language, said.size)) if said.size else None,
        number=choose(NUMBERS[language][said.count]) if said.count else "",
        plural=said.count > 1 if said.count else form.endswith("plural"),
        definite=said.count is None and form.startswith("the"),
        one=said.count == 1,
    )
    ground = choose(grounds(language, said.background)) if said.background else ""
    match language:
        case "en":
            words = _english(parts, article=choose(("a", "one")) == "a")
        case "de":
            words = _german(parts, case)
        case "fr":
            words = _french(parts)
        case "es":
            words = _spanish(parts)
        case "zh":
            phrase = _chinese(parts, linked=choose(("的", "")) == "的")
            return f"{ground}上的{phrase}" if ground else phrase
    return " ".join(word for word in (*words, ground) if word)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The chosen words, and what the grammar must know about them."""

    noun: Noun
    colour: Adjective | None
    size: Adjective | None
    number: str
    plural: bool
    definite: bool
    one: bool


def _english(parts: _Parts, *, article: bool) -> list[str]:
    noun = parts.noun.plural if parts.plural else parts.noun.singular
    words = [adjective.masculine for adjective in (parts.size, parts.colour) if adjective] + [noun]
    if parts.definite:
        return ["the", *words]
    if parts.one and article:
        return ["an" if words[0][0] in "aeiou" else "a", *words]
    return [parts.number, *words]


_GERMAN_STRONG: Final[dict[tuple[Case, str], str]] = {
    ("nominative", "m"): "er",
    ("nominative", "f"): "e",
    ("nominative", "n"): "es",
    ("nominative", "p"): "e",
    ("accusative", "m"): "en",
    ("accusative", "f"): "e",
    ("accusative", "n"): "es",
    ("accusative", "p"): "e",
    ("dative", "m"): "em",
    ("dative", "f"): "er",
    ("dative", "n"): "em",
    ("dative", "p"): "en",
}
_GERMAN_EIN: Final[dict[tuple[Case, str], str]] = {
    ("nominative", "m"): "ein",
    ("nominative", "f"): "eine",
    ("nominative", "n"): "ein",
    ("accusative", "m"): "einen",
    ("accusative", "f"): "eine",
    ("accusative", "n"): "ein",
    ("dative", "m"): "einem",
    ("dative", "f"): "einer",
    ("dative", "n"): "einem",
}
_GERMAN_DER: Final[dict[tuple[Case, str], str]] = {
    ("nominative", "m"): "der",
    ("nominative", "f"): "die",
    ("nominative", "n"): "das",
    ("nominative", "p"): "die",
    ("accusative", "m"): "den",
    ("accusative", "f"): "die",
    ("accusative", "n"): "das",
    ("accusative", "p"): "die",
    ("dative", "m"): "dem",
    ("dative", "f"): "der",
    ("dative", "n"): "dem",
    ("dative", "p"): "den",
}


def _german(parts: _Parts, case: Case) -> list[str]:
    gender = "p" if parts.plural else parts.noun.gender
    ending = _GERMAN_STRONG[case, gender]
    first = parts.number
    if parts.definite:
        first = _GERMAN_DER[case, gender]
        # Weak: -e in the nominative singular and where the accusative looks like it, else -en.
        ending = "e" if gender != "p" and case != "dative" and first != "den" else "en"
    elif parts.one:
        first = _GERMAN_EIN[case, gender]
        ending = "en" if case == "dative" else ending
    noun = parts.noun.plural if parts.plural else parts.noun.singular
    if parts.plural and case == "dative" and not noun.endswith(("n", "s")):
        noun += "n"
    adjectives = [adjective for adjective in (parts.size, parts.colour) if adjective]
    return [first, *(a.masculine + (ending if a.declined else "") for a in adjectives), noun]


def _french(parts: _Parts) -> list[str]:
    noun = parts.noun.plural if parts.plural else parts.noun.singular
    words = [_agreeing(parts.size, parts), noun, _agreeing(parts.colour, parts)]
    if parts.one:
        return [_gendered(parts, "un", "une"), *words]
    if parts.definite and not parts.plural and not words[0] and noun[0] in "aeiouéœ":
        return ["l'" + noun, words[2]]
    return [_gendered(parts, "le", "la", "les") if parts.definite else parts.number, *words]


def _spanish(parts: _Parts) -> list[str]:
    noun = parts.noun.plural if parts.plural else parts.noun.singular
    words = [noun, _agreeing(parts.colour, parts), _agreeing(parts.size, parts)]
    if parts.one:
        return [_gendered(parts, "un", "una"), *words]
    plural = _gendered(parts, "los", "las")
    return [(plural if parts.plural else _gendered(parts, "el", "la")) if parts.definite else parts.number, *words]


def _chinese(parts: _Parts, *, linked: bool) -> str:
    count = parts.number + parts.noun.measure if parts.number else ""
    colour = parts.colour.masculine + ("的" if linked else "") if parts.colour else ""
    size = parts.size.masculine if parts.size else ""
    return f"{count}{colour}{size}{parts.noun.singular}"


def _agreeing(adjective: Adjective | None, parts: _Parts) -> str:
    if adjective is None:
        return ""
    if parts.plural:
        return adjective.masculines if parts.noun.gender == "m" else adjective.feminines
    return adjective.masculine if parts.noun.gender == "m" else adjective.feminine


def _gendered(parts: _Parts, masculine: str, feminine: str, plural: str = "") -> str:
    if plural and parts.plural:
        return plural
    return masculine if parts.noun.gender == "m" else feminine
