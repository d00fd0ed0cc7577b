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
from clipline.demo.train_heads import Denials, patch_labels
from clipline.demo.train_texts import ANYTHING, full_text, partial_text, scene_code
from clipline.demo.train_towers import image_processor, tokenizer

if TYPE_CHECKING:
    from PIL import Image

# Drawn smaller than the files are, since all of it ends at 64 pixels; proportions as in the files.
_SIZES: Final = ((128, 96), (160, 120), (120, 160), (144, 96), (120, 120), (200, 150))
_SHIFT: Final = 3


@dataclass(frozen=True, slots=True)
class Album:
    """Scenes, their pixels, [pictures, 3, 64, 64] as bytes, and the shape under each patch, [pictures, 8, 8]."""

    scenes: list[Scene]
    pixels: Tensor
    patches: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Two texts per picture.

    `fits`, `shows` and `denied` are [texts, pictures]: all that the text says holds for the picture; its shape and
    colour do; the pair may not count as a wrong answer. Codes and patches are what `train_heads` wants.
    """

    tokens: Tensor
    mask: Tensor
    pixels: Tensor
    fits: Tensor
    shows: Tensor
    denied: Tensor
    codes: Tensor
    patches: Tensor


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
    return Album(scenes, pixels, patch_labels(scenes))


def batches(album: Album, *, pieces: list[str], course: Dealing) -> Iterator[Batch]:
    """`course.steps` batches; every picture comes once before any comes again."""
    rng = Random(course.seed + 1)
    words = tokenizer(pieces)
    codes = torch.tensor([scene_code(scene) for scene in album.scenes])
    denials = Denials()
    order: list[int] = []
    for _ in range(course.steps):
        if len(order) < course.batch:
            order = rng.sample(range(len(album.scenes)), len(album.scenes))
        chosen, order = order[: course.batch], order[course.batch :]
        scenes = [album.scenes[index] for index in chosen]
        texts = [full_text(scene, rng) for scene in scenes] + [partial_text(scene, rng) for scene in scenes]
        encoded = words([text.words for text in texts], padding=True, truncation=True, return_tensors="pt")
        said = torch.tensor([text.code for text in texts])
        pixels, patches = _varied(album.pixels[chosen], album.patches[chosen], rng)
        yield Batch(
            tokens=encoded["input_ids"],
            mask=encoded["attention_mask"],
            pixels=pixels,
            fits=_fits(said, codes[chosen]),
            shows=_fits(said[:, :2], codes[chosen][:, :2]),
            denied=denials.between(said, pictures=codes[chosen]),
            codes=codes[chosen],
            patches=patches,
        )


def _fits(texts: Tensor, pictures: Tensor) -> Tensor:
    """True where every fact of the text is unsaid or equal."""
    said, shown = texts.unsqueeze(1), pictures.unsqueeze(0)
    return ((said == shown) | (said == ANYTHING)).all(dim=2)


def _varied(pixels: Tensor, patches: Tensor, rng: Random) -> tuple[Tensor, Tensor]:
    """Shifted by up to three pixels, half of them mirrored, a little brighter or darker; then normalised.

    The patches' labels are mirrored alike; the shift is less than half a patch and leaves them as they are.
    """
    processor = image_processor()
    mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
    deviation = torch.tensor(processor.image_std).view(1, 3, 1, 1)
    count, _, height, width = pixels.shape
    framed = torch.nn.functional.pad(pixels.float() / 255, (_SHIFT,) * 4, mode="replicate")
    moved, labels = torch.empty((count, 3, height, width)), patches.clone()
    for index in range(count):
        x, y = rng.randint(0, 2 * _SHIFT), rng.randint(0, 2 * _SHIFT)
        moved[index] = framed[index, :, y : y + height, x : x + width]
        if rng.random() < 0.5:
            moved[index], labels[index] = moved[index].flip(2), patches[index].flip(1)
    gain = torch.tensor([rng.uniform(0.94, 1.06) for _ in range(count)]).view(-1, 1, 1, 1)
    return ((moved * gain).clamp(0, 1) - mean) / deviation, labels


def _cycled(pairs: list[tuple[str, str]], count: int) -> Iterator[tuple[str, str]]:
    for index in range(count):
        yield pairs[index % len(pairs)]
