"""Trains the tiny pair from nothing: ``python -m clipline.demo.train --out-text DIR --out-image DIR``.

Stages: vocabulary → pictures drawn ahead (trained combinations only) → contrastive steps, helped by
`train_heads` → directories → measurement through the directories, as a user would load them. Everything is seeded;
the log says what was done.
"""

from __future__ import annotations

import argparse
import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.demo.captions_words import Language

if TYPE_CHECKING:
    from torch import Tensor

    from clipline.demo.train_batches import Album, Batch
    from clipline.demo.train_towers import ImageTower, TextTower

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """What a training run is made of; the defaults are those of the shipped weights."""

    seed: int = 7
    pictures: int = 16_000
    steps: int = 2_500
    batch: int = 64
    rate: float = 1.5e-3
    warmup: int = 100
    decay: float = 0.05
    threads: int = 1

    def share_of_rate(self, step: int) -> float:
        """A linear warm-up, then half a cosine down to zero."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        return 0.5 + 0.5 * math.cos(math.pi * (step - self.warmup) / max(1, self.steps - self.warmup))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m clipline.demo.train", description=__doc__)
    parser.add_argument("--out-text", type=Path, required=True, help="directory for the text model")
    parser.add_argument("--out-image", type=Path, required=True, help="directory for the image model")
    usual = Course()
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--pictures", type=int, default=usual.pictures)
    parser.add_argument("--log", type=Path, help="file that gets what is printed")
    options = parser.parse_args(arguments)
    course = Course(seed=options.seed, steps=options.steps, pictures=options.pictures)
    with Log(options.log) as say:
        train(course, out_text=options.out_text, out_image=options.out_image, say=say)


def train(course: Course, *, out_text: Path, out_image: Path, say: Say) -> dict[Language, float]:
    """One line per stage; returns the measured accuracy per language."""
    import torch

    from clipline.demo.train_batches import draw_album
    from clipline.demo.train_towers import ImageTower, TextTower
    from clipline.demo.train_vocabulary import vocabulary

    say(_versions(course))
    torch.manual_seed(course.seed)
    torch.set_num_threads(course.threads)
    pieces = vocabulary(seed=course.seed)
    say(f"vocabulary: {len(pieces)} pieces")
    album = draw_album(course.pictures, seed=course.seed)
    say(f"drawn: {course.pictures} pictures of trained combinations")
    text, image = TextTower(pieces), ImageTower()
    say(f"parameters: text {_size(text):,}, image {_size(image):,}")
    fit(text, image=image, album=album, course=course, say=say)
    text.save(out_text)
    image.save(out_image)
    return report(out_text, image=out_image, say=say)


def fit(text: TextTower, *, image: ImageTower, album: Album, course: Course, say: Say) -> None:
    """The steps: AdamW, a short warm-up, then a cosine down to zero."""
    import torch

    from clipline.demo.train_batches import batches
    from clipline.demo.train_heads import Heads
    from clipline.demo.train_towers import IMAGE_WIDTH

    heads = Heads(IMAGE_WIDTH)
    parameters = [*text.parameters(), *image.clip.vision_model.parameters()]
    parameters += [*image.clip.visual_projection.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": parameters}, {"params": [image.scale], "weight_decay": 0.0}],
        lr=course.rate,
        weight_decay=course.decay,
        betas=(0.9, 0.98),
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: course.share_of_rate(step))
    text.train()
    image.train()
    recent = torch.zeros(2)
    for step, batch in enumerate(batches(album, pieces=text.pieces, course=course), start=1):
        sight = image(batch.pixels)
        texts = text(batch.tokens, batch.mask)
        contrast = contrastive_loss(texts, pictures=sight.vector, batch=batch, scale=image.scale)
        named = heads(sight, codes=batch.codes, patches=batch.patches)
        optimizer.zero_grad()
        (contrast + named).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        recent += torch.stack([contrast, named]).detach()
        if step % 100 == 0:
            losses = "  ".join(
                f"{name} {loss / 100:.3f}" for name, loss in zip(("contrast", "heads"), recent, strict=True)
            )
            say(f"step {step}/{course.steps}  {losses}  scale {image.scale.exp().item():.1f}")
            recent.zero_()
    text.eval()
    image.eval()


def contrastive_loss(texts: Tensor, *, pictures: Tensor, batch: Batch, scale: Tensor) -> Tensor:
    """How far texts are from the pictures they fit; half of it asks for shape and colour only.

    That half makes two large red circles a better answer to "three red circles" than three red stars.
    """
    from torch.nn.functional import normalize

    cosines = normalize(texts, dim=1) @ normalize(pictures, dim=1).T
    logits = (cosines * scale.exp().clamp(max=100.0)).masked_fill(batch.denied, -1e4)
    loss: Tensor = (_both_ways(logits, batch.fits) + _both_ways(logits, batch.shows)) / 2
    return loss


def _both_ways(logits: Tensor, fits: Tensor) -> Tensor:
    """Cross entropy, texts to pictures and back, where every fitting partner is as right as the next.

    "Red" fits every red picture in the batch, so none of them may count as a wrong answer.
    """
    share = fits.to(logits.dtype)
    to_pictures = -(share / share.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    # Every picture has fitting texts: its own two.
    to_texts = -(share / share.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0).mean()
    loss: Tensor = (to_pictures + to_texts) / 2
    return loss


def report(text: Path, *, image: Path, say: Say) -> dict[Language, float]:
    """Measures the written directories."""
    from clipline.demo.measure import measure

    accuracy = measure(text, image=image)
    figures = "  ".join(f"{language} {share:.1%}" for language, share in accuracy.items())
    say(f"first hit right on combinations never trained on: {figures}")
    say(f"average: {sum(accuracy.values()) / len(accuracy):.1%}")
    return accuracy


class Log:
    """Prints lines with the seconds since the start, and keeps them in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._started = time.monotonic(), time.process_time()

    def __enter__(self) -> Say:
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text("", encoding="utf-8")
        return self._say

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._say(f"failed: {failure.__name__}" if failure else "done")

    def _say(self, line: str) -> None:
        seconds = time.monotonic() - self._started[0]
        busy = time.process_time() - self._started[1]
        line = f"[{seconds:6.0f} s, {busy:6.0f} s CPU] {line}"
        print(line, flush=True)
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _versions(course: Course) -> str:
    from importlib.metadata import version

    packages = ("torch", "transformers", "sentence-transformers", "pillow")
    known = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{course}; Python {platform.python_version()}, {known}"


def _size(tower: TextTower | ImageTower) -> int:
    return sum(parameter.numel() for parameter in tower.parameters())


if __name__ == "__main__":
    main()
