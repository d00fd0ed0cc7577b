"""Decoded images → embeddings, batch by batch. The only stage that sees an encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, ImageError, ModelError
from loader.decode import DecodedImage

MAX_BATCH_PIXELS = 100_000_000
"""A batch is closed early at 300 MB of pixels, so that large pictures need no more memory than small ones."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A picture with its vector of ``encoder.dims`` floats."""

    image: DecodedImage
    vector: list[float]


@dataclass(frozen=True, slots=True)
class NotEmbedded:
    """A picture that the encoder makes no usable vector of, and why."""

    image: DecodedImage
    error: ImageError


def embed(
    images: Iterable[DecodedImage], *, encoder: ImageEncoder, batch_size: int
) -> Iterator[Embedding | NotEmbedded]:
    """Encode pictures in batches of at most ``batch_size``, in their order.

    Raises:
        ModelError: the encoder fails on whole batches, or gives vectors of another length than it says.
    """
    for batch in _batches(images, batch_size):
        yield from _embed(batch, encoder)


def _batches(images: Iterable[DecodedImage], batch_size: int) -> Iterator[list[DecodedImage]]:
    batch: list[DecodedImage] = []
    pixels = 0
    for image in images:
        batch.append(image)
        pixels += image.width * image.height
        if len(batch) >= batch_size or pixels >= MAX_BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _embed(batch: Sequence[DecodedImage], encoder: ImageEncoder) -> Iterator[Embedding | NotEmbedded]:
    try:
        vectors = encoder.encode([image.pixels for image in batch]).tolist()
    except CliplineError:
        raise
    except Exception as error:  # whatever a model's libraries raise on a picture they do not like
        yield from _one_by_one(batch, encoder, error)
        return
    if len(vectors) != len(batch) or any(len(vector) != encoder.dims for vector in vectors):
        raise ModelError(f"the encoder does not give one vector of {encoder.dims} dims for each picture")
    for image, vector in zip(batch, vectors, strict=True):
        if all(map(math.isfinite, vector)) and any(vector):
            yield Embedding(image, vector)
        else:
            yield NotEmbedded(image, ImageError("the encoder gives no usable vector for it"))


def _one_by_one(
    batch: Sequence[DecodedImage], encoder: ImageEncoder, error: Exception
) -> Iterator[Embedding | NotEmbedded]:
    """Find the picture that an encoder failed on; if it fails on all of several, the encoder is at fault."""
    reason = f"the encoder fails on it: {str(error).partition(chr(10))[0] or type(error).__name__}"
    if len(batch) == 1:
        yield NotEmbedded(batch[0], ImageError(reason))
        return
    found = [item for image in batch for item in _embed([image], encoder)]
    if not any(isinstance(item, Embedding) for item in found):
        raise ModelError(f"the image encoder fails on every picture: {error}") from error
    yield from found
