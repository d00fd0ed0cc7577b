"""The words for shapes, colours, sizes, counts and grounds in five languages, as tables.

Synonyms stand side by side, divided by ``|``; the first is the one that `captions.caption` uses. How an entry is
read depends on the language:

- nouns: en ``singular plural``; de, fr, es ``singular plural gender``; zh ``noun measure-word``
- adjectives: en, zh one form; de the stem (``!`` after it: never declined); fr, es either one form for all or
  ``masculine feminine masculines feminines``
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Language = Literal["en", "de", "fr", "es", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de", "fr", "es", "zh")
# Stands for "any shape" in phrases such as "three red things".
ANY_SHAPE: Final = "any"


@dataclass(frozen=True, slots=True)
class Noun:
    """A shape's name; `gender` is m, f or n, `measure` the Chinese measure word."""

    singular: str
    plural: str
    gender: str = "n"
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Adjective:
    """The four forms of a Romance adjective; elsewhere `masculine` is the stem and the rest repeat it."""

    masculine: str
    feminine: str
    masculines: str
    feminines: str
    declined: bool = True


@cache
def nouns(language: Language, shape: str) -> tuple[Noun, ...]:
    """The names of a shape, the usual one first."""
    return tuple(_noun(language, entry.split()) for entry in _SHAPES[language][shape].split("|"))


@cache
def colours(language: Language, colour: str) -> tuple[Adjective, ...]:
    """The words for a colour, the usual one first."""
    return tuple(_adjective(entry.strip()) for entry in _COLOURS[language][colour].split("|"))


@cache
def sizes(language: Language, size: str) -> tuple[Adjective, ...]:
    """The words for a size, the usual one first."""
    return tuple(_adjective(entry.strip()) for entry in _SIZES[language][size].split("|"))


@cache
def grounds(language: Language, background: str) -> tuple[str, ...]:
    """Whole phrases such as "on a striped background", the usual one first."""
    return tuple(entry.strip() for entry in _GROUNDS[language][background].split("|"))


def _noun(language: Language, parts: list[str]) -> Noun:
    match language:
        case "en":
            return Noun(parts[0], parts[1])
        case "zh":
            return Noun(parts[0], parts[0], measure=parts[1])
        case _:
            return Noun(parts[0], parts[1], gender=parts[2])


def _adjective(entry: str) -> Adjective:
    forms = entry.rstrip("!").split()
    if len(forms) == 1:
        forms *= 4
    return Adjective(*forms, declined=not entry.endswith("!"))  # type: ignore[misc, arg-type]  # four forms


NUMBERS: Final[dict[Language, dict[int, tuple[str, ...]]]] = {
    "en": {1: ("one", "1"), 2: ("two", "2"), 3: ("three", "3")},
    "de": {1: ("1",), 2: ("zwei", "2"), 3: ("drei", "3")},
    "fr": {1: ("1",), 2: ("deux", "2"), 3: ("trois", "3")},
    "es": {1: ("1",), 2: ("dos", "2"), 3: ("tres", "3")},
    "zh": {1: ("一", "1"), 2: ("两", "2"), 3: ("三", "3")},
}

_SHAPES: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "circle": "circle circles | disc discs",
        "square": "square squares",
        "triangle": "triangle triangles",
        "star": "star stars",
        "heart": "heart hearts",
        "cross": "cross crosses | plus pluses",
        "ring": "ring rings",
        "moon": "moon moons | crescent crescents",
        "arrow": "arrow arrows",
        "flower": "flower flowers | blossom blossoms",
        ANY_SHAPE: "shape shapes | thing things",
    },
    "de": {
        "circle": "Kreis Kreise m | Scheibe Scheiben f",
        "square": "Quadrat Quadrate n | Viereck Vierecke n",
        "triangle": "Dreieck Dreiecke n",
        "star": "Stern Sterne m",
        "heart": "Herz Herzen n",
        "cross": "Kreuz Kreuze n",
        "ring": "Ring Ringe m",
        "moon": "Mond Monde m | Halbmond Halbmonde m",
        "arrow": "Pfeil Pfeile m",
        "flower": "Blume Blumen f | Blüte Blüten f",
        ANY_SHAPE: "Form Formen f | Ding Dinge n",
    },
    "fr": {
        "circle": "cercle cercles m | rond ronds m | disque disques m",
        "square": "carré carrés m",
        "triangle": "triangle triangles m",
        "star": "étoile étoiles f",
        "heart": "cœur cœurs m",
        "cross": "croix croix f",
        "ring": "anneau anneaux m",
        "moon": "lune lunes f | croissant croissants m",
        "arrow": "flèche flèches f",
        "flower": "fleur fleurs f",
        ANY_SHAPE: "forme formes f | chose choses f",
    },
    "es": {
        "circle": "círculo círculos m | disco discos m",
        "square": "cuadrado cuadrados m",
        "triangle": "triángulo triángulos m",
        "star": "estrella estrellas f",
        "heart": "corazón corazones m",
        "cross": "cruz cruces f",
        "ring": "anillo anillos m | aro aros m",
        "moon": "luna lunas f",
        "arrow": "flecha flechas f",
        "flower": "flor flores f",
        ANY_SHAPE: "forma formas f | cosa cosas f",
    },
    "zh": {
        "circle": "圆形 个 | 圆圈 个 | 圆 个",
        "square": "正方形 个 | 方块 个",
        "triangle": "三角形 个",
        "star": "星星 颗 | 五角星 个",
        "heart": "心形 个 | 爱心 颗",
        "cross": "十字 个 | 十字形 个",
        "ring": "圆环 个 | 环 个",
        "moon": "月亮 个 | 月牙 个",
        "arrow": "箭头 个",
        "flower": "花 朵 | 花朵 个",
        ANY_SHAPE: "图形 个 | 东西 个",
    },
}

_COLOURS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "red": "red",
        "orange": "orange",
        "yellow": "yellow",
        "green": "green",
        "blue": "blue",
        "purple": "purple | violet",
        "pink": "pink",
        "brown": "brown",
        "black": "black",
        "white": "white",
    },
    "de": {
        "red": "rot",
        "orange": "orange! | orangefarben",
        "yellow": "gelb",
        "green": "grün",
        "blue": "blau",
        "purple": "lila! | violett",
        "pink": "rosa! | pink!",
        "brown": "braun",
        "black": "schwarz",
        "white": "weiß",
    },
    "fr": {
        "red": "rouge rouge rouges rouges",
        "orange": "orange",
        "yellow": "jaune jaune jaunes jaunes",
        "green": "vert verte verts vertes",
        "blue": "bleu bleue bleus bleues",
        "purple": "violet violette violets violettes | mauve mauve mauves mauves",
        "pink": "rose rose roses roses",
        "brown": "marron | brun brune bruns brunes",
        "black": "noir noire noirs noires",
        "white": "blanc blanche blancs blanches",
    },
    "es": {
        "red": "rojo roja rojos rojas",
        "orange": "naranja | anaranjado anaranjada anaranjados anaranjadas",
        "yellow": "amarillo amarilla amarillos amarillas",
        "green": "verde verde verdes verdes",
        "blue": "azul azul azules azules",
        "purple": "morado morada morados moradas | violeta",
        "pink": "rosa | rosado rosada rosados rosadas",
        "brown": "marrón marrón marrones marrones | café",
        "black": "negro negra negros negras",
        "white": "blanco blanca blancos blancas",
    },
    "zh": {
        "red": "红色 | 红",
        "orange": "橙色 | 橘色",
        "yellow": "黄色 | 黄",
        "green": "绿色 | 绿",
        "blue": "蓝色 | 蓝",
        "purple": "紫色 | 紫",
        "pink": "粉色 | 粉红色",
        "brown": "棕色 | 褐色",
        "black": "黑色 | 黑",
        "white": "白色 | 白",
    },
}

_SIZES: Final[dict[Language, dict[str, str]]] = {
    "en": {"small": "small | little | tiny", "large": "large | big"},
    "de": {"small": "klein | winzig", "large": "groß | riesig"},
    "fr": {
        "small": "petit petite petits petites",
        "large": "grand grande grands grandes | gros grosse gros grosses",
    },
    "es": {"small": "pequeño pequeña pequeños pequeñas", "large": "grande grande grandes grandes"},
    "zh": {"small": "小", "large": "大"},
}

_GROUNDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "plain": "on a plain background",
        "striped": "on a striped background | on stripes",
        "dotted": "on a dotted background | on dots",
        "checked": "on a checked background | on checks",
    },
    "de": {
        "plain": "auf einfarbigem Hintergrund | auf glattem Hintergrund",
        "striped": "auf gestreiftem Hintergrund | auf Streifen",
        "dotted": "auf gepunktetem Hintergrund | auf Punkten",
        "checked": "auf kariertem Hintergrund | auf Karos",
    },
    "fr": {
        "plain": "sur fond uni | sur un fond uni",
        "striped": "sur fond rayé | sur un fond à rayures",
        "dotted": "sur fond à pois | sur un fond à pois",
        "checked": "sur fond à carreaux | sur un fond à carreaux",
    },
    "es": {
        "plain": "sobre fondo liso | sobre un fondo liso",
        "striped": "sobre fondo de rayas | sobre un fondo rayado",
        "dotted": "sobre fondo de lunares | sobre un fondo punteado",
        "checked": "sobre fondo de cuadros | sobre un fondo a cuadros",
    },
    "zh": {"plain": "纯色背景", "striped": "条纹背景", "dotted": "圆点背景", "checked": "格子背景"},
}
