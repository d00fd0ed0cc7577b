"""Pictures drawn ahead, and the batches that are dealt from them.

The album is drawn once, through the real CLIP preprocessing up to the pixels, and kept in memory: drawing per
step would cost more than learning. Each batch shifts and mirrors the pictures a little, and words new texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, Protocol

import torch
from torch import Tensor

from clipline.demo.pictures_draw import draw
from clipline.demo.pictures_scene import Scene, combinations, compose, held_out
from clipline.demo.train_texts import ANYTHING, full_text, partial_text, scene_code
from clipline.demo.train_towers import image_processor, tokenizer

if TYPE_CHECKING:
    from PIL import Image

# Drawn smaller than the files are, since all of it ends at 64 pixels; proportions as in the files.
_SIZES: Final = ((128, 96), (160, 120), (120, 160), (144, 96), (120, 120), (200, 150))
_SHIFT: Final = 3


@dataclass(frozen=True, slots=True)
class Album:
    """Scenes and their pixels, [pictures, 3, 64, 64] as bytes."""

    scenes: list[Scene]
    pixels: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Two texts per picture; `fits` [texts, pictures]."""

    tokens: Tensor
    mask: Tensor
    pixels: Tensor
    fits: Tensor


class Dealing(Protocol):
    """What dealing must know of a `train.Course`."""

    @property
    def seed(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def batch(self) -> int: ...


def draw_album(count: int, *, seed: int) -> Album:
    """Pictures of the trained combinations only, each combination equally often."""
    rng = Random(seed)
    trained = [pair for pair in combinations() if pair not in held_out()]
    scenes = [compose(rng, shape=shape, colour=colour) for shape, colour in _cycled(trained, count)]
    processor = image_processor()
    pixels = torch.empty((count, 3, 64, 64), dtype=torch.uint8)
    for index, scene in enumerate(scenes):
        width, height = rng.choice(_SIZES)
        picture: Image.Image = draw(scene, width=width, height=height)
        seen = processor(picture, do_rescale=False, do_normalize=False, return_tensors="np")
        pixels[index] = torch.from_numpy(seen["pixel_values"][0])
    return Album(scenes, pixels)


def batches(album: Album, *, pieces: list[str], course: Dealing) -> Iterator[Batch]:
    """`course.steps` batches; every picture comes once before any comes again."""
    rng = Random(course.seed + 1)
    words = tokenizer(pieces)
    codes = torch.tensor([scene_code(scene) for scene in album.scenes])
    order: list[int] = []
    for _ in range(course.steps):
        if len(order) < course.batch:
            order = rng.sample(range(len(album.scenes)), len(album.scenes))
        chosen, order = order[: course.batch], order[course.batch :]
        scenes = [album.scenes[index] for index in chosen]
        texts = [full_text(scene, rng) for scene in scenes] + [partial_text(scene, rng) for scene in scenes]
        encoded = words([text.words for text in texts], padding=True, truncation=True, return_tensors="pt")
        yield Batch(
            tokens=encoded["input_ids"],
            mask=encoded["attention_mask"],
            pixels=_varied(album.pixels[chosen], rng),
            fits=_fits(torch.tensor([text.code for text in texts]), codes[chosen]),
        )


def _fits(texts: Tensor, pictures: Tensor) -> Tensor:
    """True where every fact of the text is unsaid or equal."""
    said, shown = texts.unsqueeze(1), pictures.unsqueeze(0)
    return ((said == shown) | (said == ANYTHING)).all(dim=2)


def _varied(pixels: Tensor, rng: Random) -> Tensor:
    """Shifted by up to three pixels, half of them mirrored, a little brighter or darker; then normalised."""
    processor = image_processor()
    mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
    deviation = torch.tensor(processor.image_std).view(1, 3, 1, 1)
    count, _, height, width = pixels.shape
    framed = torch.nn.functional.pad(pixels.float() / 255, (_SHIFT,) * 4, mode="replicate")
    moved = torch.empty((count, 3, height, width))
    for index in range(count):
        x, y = rng.randint(0, 2 * _SHIFT), rng.randint(0, 2 * _SHIFT)
        cut = framed[index, :, y : y + height, x : x + width]
        moved[index] = cut.flip(2) if rng.random() < 0.5 else cut
    gain = torch.tensor([rng.uniform(0.94, 1.06) for _ in range(count)]).view(-1, 1, 1, 1)
    return ((moved * gain).clamp(0, 1) - mean) / deviation


def _cycled(pairs: list[tuple[str, str]], count: int) -> Iterator[tuple[str, str]]:
    for index in range(count):
        yield pairs[index % len(pairs)]
