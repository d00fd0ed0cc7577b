"""What is on a picture, before a single pixel is drawn.

A `Scene` is plain data: one shape, one colour, one to three of them, small or large, on a plain or textured
ground. Lengths are fractions of the *central square* of the picture, because CLIP's preprocessing crops to that
square: a shape placed there is seen by the encoder whatever the picture's proportions are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

SHAPES: Final = ("circle", "square", "triangle", "star", "heart", "cross", "ring", "moon", "arrow", "flower")
COLOURS: Final = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
COUNTS: Final = (1, 2, 3)
SIZES: Final = ("small", "large")
BACKGROUNDS: Final = ("plain", "striped", "dotted", "checked")

Tone = tuple[int, int, int]
Combination = tuple[str, str]

TONES: Final[dict[str, Tone]] = {
    "red": (214, 38, 42),
    "orange": (245, 134, 18),
    "yellow": (250, 214, 36),
    "green": (46, 152, 66),
    "blue": (38, 92, 212),
    "purple": (122, 52, 172),
    "pink": (246, 126, 182),
    "brown": (124, 76, 42),
    "black": (26, 26, 30),
    "white": (250, 250, 250),
}
# Muted on purpose: no ground may be taken for one of the ten colours.
GROUNDS: Final[tuple[Tone, ...]] = (
    (168, 190, 172),
    (174, 192, 208),
    (212, 196, 164),
    (206, 178, 162),
    (182, 174, 202),
    (128, 158, 160),
    (98, 110, 126),
    (190, 190, 188),
)
# Below this distance in RGB a shape would drown in its ground.
_CONTRAST: Final = 105.0
# The radius that a shape may have, by size and count: three large ones must still fit side by side.
_RADII: Final[dict[str, dict[int, tuple[float, float]]]] = {
    "small": {1: (0.23, 0.26), 2: (0.185, 0.205), 3: (0.165, 0.18)},
    "large": {1: (0.34, 0.41), 2: (0.235, 0.26), 3: (0.205, 0.225)},
}
_MARGIN: Final = 0.02
# A heart stays a heart only nearly upright; a flower looks the same however it is turned. Degrees to either side.
_TILT: Final[dict[str, float]] = {"flower": 180.0, "arrow": 25.0, "moon": 25.0}
_DEFAULT_TILT: Final = 12.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one shape stands: centre and radius in fractions of the central square, tilt in degrees."""

    x: float
    y: float
    radius: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the drawing needs; equal scenes give equal pixels."""

    shape: str
    colour: str
    count: int
    size: str
    background: str
    tone: Tone
    ground: Tone
    weave: float  # period of the texture
    slant: float  # angle of the texture in degrees
    placements: tuple[Placement, ...]


def combinations() -> tuple[Combination, ...]:
    """Every (shape, colour), in a fixed order."""
    return tuple((shape, colour) for shape in SHAPES for colour in COLOURS)


def held_out() -> tuple[Combination, ...]:
    """The combinations that training never sees: every shape twice, every colour twice.

    Both strides are coprime to ten, so each runs through all colours once; they never meet, because
    3i + 1 = 7i + 4 (mod 10) has no solution.
    """
    firsts = [(shape, COLOURS[(3 * i + 1) % 10]) for i, shape in enumerate(SHAPES)]
    seconds = [(shape, COLOURS[(7 * i + 4) % 10]) for i, shape in enumerate(SHAPES)]
    return tuple(firsts + seconds)


def compose(rng: Random, *, shape: str, colour: str) -> Scene:
    """A scene with this shape and colour; the rest is drawn from `rng`."""
    count = rng.choice(COUNTS)
    size = rng.choice(SIZES)
    tone = _near(rng, TONES[colour], spread=9)
    return Scene(
        shape=shape,
        colour=colour,
        count=count,
        size=size,
        background="plain" if rng.random() < 0.4 else rng.choice(BACKGROUNDS[1:]),
        tone=tone,
        ground=_near(rng, rng.choice([g for g in GROUNDS if math.dist(g, tone) > _CONTRAST]), spread=8),
        weave=rng.uniform(0.13, 0.19),
        slant=rng.choice((0.0, 45.0, 90.0, 135.0)) + rng.uniform(-6.0, 6.0),
        placements=_place(rng, shape=shape, count=count, radii=_RADII[size][count]),
    )


def _place(rng: Random, *, shape: str, count: int, radii: tuple[float, float]) -> tuple[Placement, ...]:
    """Positions that do not touch; the radius shrinks a little whenever the dice find no room."""
    radius = rng.uniform(*radii)
    tilt = _TILT.get(shape, _DEFAULT_TILT)
    while True:
        low, high = radius + _MARGIN, 1.0 - radius - _MARGIN
        for _ in range(40):
            centres = [(rng.uniform(low, high), rng.uniform(low, high)) for _ in range(count)]
            pairs = [(a, b) for i, a in enumerate(centres) for b in centres[:i]]
            if all(math.dist(a, b) > 2.12 * radius for a, b in pairs):
                return tuple(Placement(x, y, radius, rng.uniform(-tilt, tilt)) for x, y in centres)
        radius *= 0.97


def _near(rng: Random, tone: Tone, *, spread: int) -> Tone:
    red, green, blue = (min(255, max(0, part + rng.randint(-spread, spread))) for part in tone)
    return red, green, blue
