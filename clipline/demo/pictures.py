"""Demo pictures as files: deterministic, pretty, and as awkward as pictures from real cameras.

`generate` writes JPEGs (EXIF date and GPS in most of them, all eight orientations), PNGs and WebPs into
subfolders in which file names repeat, the way two cameras both start at ``IMG_0001.jpeg``. About one in three has
a caption beside it: ``phone/IMG_0001.jpeg`` → ``phone/IMG_0001.jpeg.txt``. The same seed gives the same bytes
(for one version of Pillow).

Stages: deal (which shape and colour next) → `pictures_scene.compose` → `pictures_draw.draw` →
`pictures_files.write`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from clipline.demo import captions as wording
from clipline.demo.pictures_draw import draw
from clipline.demo.pictures_files import ORIENTATIONS, Shot, write
from clipline.demo.pictures_scene import Scene, combinations, compose

T = TypeVar("T")

# Folder → suffixes to choose from, as often as they stand there.
_FOLDERS: Final[dict[str, tuple[str, ...]]] = {
    "phone": (".jpeg", ".jpeg", ".jpeg", ".jpeg", ".webp"),
    "camera": (".jpeg",),
    "scans": (".png", ".png", ".jpeg"),
    "trips/lake": (".jpeg", ".jpeg", ".jpeg", ".webp"),
}
# Width and height as seen upright; some portrait, a few large.
_FORMATS: Final = (
    *[(320, 240)] * 10,
    *[(240, 320)] * 4,
    *[(400, 300)] * 2,
    *[(480, 320)] * 2,
    (300, 300),
    (640, 480),
)
# Both sides of the equator and of the prime meridian: a lost N/S or E/W shows at once.
_PLACES: Final = (
    (46.4586, 6.8570),
    (52.5163, 13.3777),
    (48.8584, 2.2945),
    (51.5007, -0.1246),
    (40.4169, -3.7033),
    (39.9163, 116.3972),
    (40.6892, -74.0445),
    (-33.8568, 151.2153),
    (-22.9519, -43.2105),
    (-1.2921, 36.8219),
)
_FIRST_DAY: Final = datetime(2019, 1, 1, 8, 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """One written file and the truth about it.

    `captions` holds the usual phrase by language code; `caption_language` is the language of the sidecar, None
    without one. `taken` and `location` (latitude, longitude) are what the EXIF says, None where it says nothing.
    """

    path: Path
    shape: str
    colour: str
    count: int
    size: str
    background: str
    orientation: int
    captions: Mapping[str, str]
    taken: datetime | None = None
    location: tuple[float, float] | None = None
    caption_language: str | None = None

    @property
    def sidecar(self) -> Path:
        """Where the caption lies, if there is one."""
        return self.path.with_name(self.path.name + ".txt")


def generate(directory: Path, *, count: int, seed: int, captions: bool = True) -> list[Picture]:
    """Writes `count` pictures below `directory` and says what is on them.

    Every 100 pictures in a row show every combination of shape and colour once.
    """
    rng = Random(seed)
    deck = _dealt(combinations(), rng)
    orientations = _dealt(ORIENTATIONS, rng)
    pictures = []
    for number in range(count):
        shape, colour = next(deck)
        folder = list(_FOLDERS)[number % len(_FOLDERS)]
        path = directory / folder / f"IMG_{number // len(_FOLDERS) + 1:04d}{rng.choice(_FOLDERS[folder])}"
        shot = _shot(rng, orientations) if path.suffix == ".jpeg" else Shot()
        scene = compose(rng, shape=shape, colour=colour)
        width, height = rng.choice(_FORMATS)
        language = rng.choice(wording.LANGUAGES) if rng.random() < 1 / 3 else None
        picture = _record(path, scene=scene, shot=shot, language=language if captions else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draw(scene, width=width, height=height), path, shot=shot)
        if picture.caption_language:
            picture.sidecar.write_text(picture.captions[picture.caption_language] + "\n", encoding="utf-8")
        pictures.append(picture)
    return pictures


def _record(path: Path, *, scene: Scene, shot: Shot, language: str | None) -> Picture:
    return Picture(
        path=path,
        shape=scene.shape,
        colour=scene.colour,
        count=scene.count,
        size=scene.size,
        background=scene.background,
        orientation=shot.orientation,
        captions=wording.captions(shape=scene.shape, colour=scene.colour, count=scene.count),
        taken=shot.taken,
        location=shot.location,
        caption_language=language,
    )


def _dealt(cards: Sequence[T], rng: Random) -> Iterator[T]:
    """The cards in random order, then again in another: nothing is missing for long."""
    while True:
        hand = list(cards)
        rng.shuffle(hand)
        yield from hand


def _shot(rng: Random, orientations: Iterator[int]) -> Shot:
    """What a camera might have noted; some have no clock, some no GPS."""
    taken = _FIRST_DAY + timedelta(seconds=rng.randrange(6 * 365 * 86_400))
    latitude, longitude = rng.choice(_PLACES)
    # Four digits are about ten metres, and survive the way through degrees, minutes and seconds.
    location = (
        round(latitude + rng.uniform(-0.02, 0.02), 4),
        round(longitude + rng.uniform(-0.02, 0.02), 4),
    )
    return Shot(
        orientation=next(orientations),
        taken=taken if rng.random() < 0.9 else None,
        location=location if rng.random() < 0.85 else None,
    )
