"""Decoded images → vectors, batch by batch. The only stage that sees an encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import ImageError
from loader.decode import DecodedImage


@dataclass(frozen=True, slots=True)
class Embedding:
    """A picture with its vector of ``encoder.dims`` floats."""

    image: DecodedImage
    vector: list[float]


def embed(
    images: Iterable[DecodedImage], *, encoder: ImageEncoder, batch_size: int
) -> Iterator[Embedding | tuple[DecodedImage, ImageError]]:
    """Encode pictures in batches of ``batch_size``; a picture whose vector is useless comes back with its reason."""
    waiting = iter(images)
    while batch := list(islice(waiting, batch_size)):
        vectors = encoder.encode([image.pixels for image in batch])
        for image, vector in zip(batch, vectors, strict=True):
            floats = [float(value) for value in vector]
            if not all(map(math.isfinite, floats)) or not any(floats):
                yield image, ImageError("the encoder gives no usable vector for it", where=image.ref.relative_path)
            else:
                yield Embedding(image, floats)
