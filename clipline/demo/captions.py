"""Captions in English, German, French, Spanish and Chinese.

- `caption`: the one usual phrase: "two red circles", "zwei rote Kreise", "两个红色的圆形"
- `phrasing`: one of the many ways to say the same: "A photo of 2 red discs", "ich suche zwei rote Kreise"
- `colour_alone`: what people type when only the colour matters: "red", "etwas Rotes", "红色的东西"

All three are pure: variety comes from the `choose` that is passed in.
"""

from __future__ import annotations

import re
from typing import Final

from clipline.demo.captions_grammar import FORMS, Case, Choose, Form, Said, first, noun_phrase
from clipline.demo.captions_words import LANGUAGES, Language, colours

__all__ = ["LANGUAGES", "Language", "Said", "caption", "captions", "colour_alone", "phrasing"]


def caption(
    *,
    shape: str,
    colour: str,
    count: int,
    language: Language,
    size: str | None = None,
    background: str | None = None,
) -> str:
    """The usual phrase; size and background are mentioned when given.

    >>> caption(shape="circle", colour="red", count=2, language="fr")
    'deux cercles rouges'
    """
    said = Said(shape=shape, colour=colour, count=count, size=size, background=background)
    return noun_phrase(said, language=language, choose=first)


def captions(*, shape: str, colour: str, count: int) -> dict[str, str]:
    """The usual phrase in every language, by language code."""
    return {language: caption(shape=shape, colour=colour, count=count, language=language) for language in LANGUAGES}


def phrasing(said: Said, *, language: Language, choose: Choose) -> str:
    """One of the ways to ask for what is said: synonyms, articles and a frame such as "a picture of …"."""
    frame, case = choose((choose(_FRAMES[language]), choose(_FRAMES[language]), _FRAMES[language][0]))
    # "A picture of the red circle" is not how people caption: definite forms stand alone.
    form: Form = choose(FORMS if frame == "{}" else FORMS[:2])
    phrase = noun_phrase(said, language=language, choose=choose, case=case, form=form)
    return _elided(frame.format(phrase), language)


def colour_alone(colour: str, *, language: Language, choose: Choose) -> str:
    """The colour without a shape."""
    word = choose(colours(language, colour))
    forms = (word.masculine, word.feminine, word.masculines, word.feminines)
    match language:
        case "en":
            patterns: tuple[str, ...] = ("{}", "{}", "something {}", "anything {}", "in {}", "{} colour")
        case "de":
            # "etwas Rotes" is a noun; an undeclined colour cannot become one.
            noun = f"etwas {word.masculine.capitalize()}es" if word.declined else "etwas in {}"
            patterns = ("{}", "{}", noun, "in {}", "Farbe {}")
        case "fr":
            patterns = (choose(forms), choose(forms), "quelque chose de {}", "en {}", "couleur {}")
        case "es":
            patterns = (choose(forms), choose(forms), "algo {}", "de color {}", "color {}")
        case "zh":
            patterns = ("{}", "{}", "{}的东西", "{}的")
    return _elided(choose(patterns).format(word.masculine), language)


def _elided(text: str, language: Language) -> str:
    """French "de étoiles" is "d'étoiles"."""
    return re.sub(r"\bde (?=[aeiouéœ])", "d'", text) if language == "fr" else text


_FRAMES: Final[dict[Language, tuple[tuple[str, Case], ...]]] = {
    "en": (
        ("{}", "nominative"),
        ("a picture of {}", "nominative"),
        ("a photo of {}", "nominative"),
        ("an image with {}", "nominative"),
        ("a drawing of {}", "nominative"),
        ("picture with {}", "nominative"),
        ("photos of {}", "nominative"),
        ("show me {}", "nominative"),
        ("find {}", "nominative"),
        ("I am looking for {}", "nominative"),
    ),
    "de": (
        ("{}", "nominative"),
        ("ein Bild von {}", "dative"),
        ("ein Bild mit {}", "dative"),
        ("ein Foto von {}", "dative"),
        ("eine Zeichnung mit {}", "dative"),
        ("Fotos von {}", "dative"),
        ("zeige mir {}", "accusative"),
        ("finde {}", "accusative"),
        ("ich suche {}", "accusative"),
        ("hier sieht man {}", "accusative"),
    ),
    "fr": (
        ("{}", "nominative"),
        ("une image de {}", "nominative"),
        ("une image avec {}", "nominative"),
        ("une photo de {}", "nominative"),
        ("un dessin avec {}", "nominative"),
        ("photos de {}", "nominative"),
        ("montre-moi {}", "nominative"),
        ("trouve {}", "nominative"),
        ("je cherche {}", "nominative"),
        ("on voit {}", "nominative"),
    ),
    "es": (
        ("{}", "nominative"),
        ("una imagen de {}", "nominative"),
        ("una imagen con {}", "nominative"),
        ("una foto de {}", "nominative"),
        ("un dibujo con {}", "nominative"),
        ("fotos de {}", "nominative"),
        ("muéstrame {}", "nominative"),
        ("encuentra {}", "nominative"),
        ("busco {}", "nominative"),
        ("aquí hay {}", "nominative"),
    ),
    "zh": (
        ("{}", "nominative"),
        ("{}的图片", "nominative"),
        ("{}的照片", "nominative"),
        ("一张{}的图片", "nominative"),
        ("有{}的图片", "nominative"),
        ("画着{}的图", "nominative"),
        ("图片里有{}", "nominative"),
        ("请找{}", "nominative"),
        ("我想看{}", "nominative"),
        ("这是{}", "nominative"),
    ),
}
