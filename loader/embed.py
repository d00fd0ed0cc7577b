"""Decoded images → embeddings, batch by batch. The only stage that sees an encoder.

Where the index's texts are encoded on the client, a caption gets its vector here, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, ImageError, ModelError, TextError
from clipline.core.text_encoders import TextEncoder
from loader.decode import DecodedImage

MAX_BATCH_PIXELS = 100_000_000
"""A batch is closed early at 300 MB of pixels, so that large pictures need no more memory than small ones."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A picture with its vector of ``encoder.dims`` floats, and its caption's where that was encoded here.

    ``caption_error`` says why a caption got none that should have one.
    """

    image: DecodedImage
    vector: list[float]
    caption_vector: list[float] | None = None
    caption_error: str | None = None


@dataclass(frozen=True, slots=True)
class NotEmbedded:
    """A picture that the encoder makes no usable vector of, and why."""

    image: DecodedImage
    error: ImageError


def embed(
    images: Iterable[DecodedImage],
    *,
    encoder: ImageEncoder,
    batch_size: int,
    text_encoder: Callable[[], TextEncoder] | None = None,
) -> Iterator[Embedding | NotEmbedded]:
    """Encode pictures in batches of at most ``batch_size``, in their order.

    Args:
        images: the pictures.
        encoder: the pictures' encoder.
        batch_size: how many go to an encoder at once.
        text_encoder: gives the captions' encoder, and is asked when the first caption comes; ``None`` where the ingest
            pipeline encodes them.

    Raises:
        ModelError: an encoder fails on whole batches, or gives vectors of another length than it says.
    """
    for batch in _batches(images, batch_size):
        items = _embed(batch, encoder)
        yield from items if text_encoder is None else _with_captions(list(items), text_encoder)


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


def _with_captions(
    items: Sequence[Embedding | NotEmbedded], text_encoder: Callable[[], TextEncoder]
) -> Iterator[Embedding | NotEmbedded]:
    """The items of a batch in their order, the captions of its embeddings encoded at once."""
    captions = [item.image.ref.caption for item in items if isinstance(item, Embedding)]
    texts = [caption for caption in captions if caption]
    found = iter(_captions(texts, text_encoder()) if texts else ())
    for item in items:
        if not isinstance(item, Embedding) or not item.image.ref.caption:
            yield item
            continue
        result = next(found)
        if isinstance(result, str):
            yield replace(item, caption_error=result)
        else:
            yield replace(item, caption_vector=result)


def _captions(texts: Sequence[str], encoder: TextEncoder) -> list[list[float] | str]:
    """The vector of each text, or why it has none."""
    try:
        vectors = encoder.encode(texts, use="ingest").tolist()
    except Exception as error:  # a text that is too long, or whatever a model's libraries raise
        if isinstance(error, CliplineError) and not isinstance(error, TextError):
            raise
        if len(texts) > 1:
            return _captions_one_by_one(texts, encoder, error)
        what = error.what if isinstance(error, TextError) else str(error).partition("\n")[0] or type(error).__name__
        return [f"its caption gets no vector: {what}"]
    if len(vectors) != len(texts) or any(len(vector) != encoder.dims for vector in vectors):
        raise ModelError(f"the text model does not give one vector of {encoder.dims} dims for each caption")
    return [
        vector
        if all(map(math.isfinite, vector)) and any(vector)
        else "the text model gives no usable vector for its caption"
        for vector in vectors
    ]


def _captions_one_by_one(texts: Sequence[str], encoder: TextEncoder, error: Exception) -> list[list[float] | str]:
    """Find the captions that an encoder failed on; if it fails on all of several for no fault of theirs, it is at fault."""
    found = [result for text in texts for result in _captions([text], encoder)]
    if not isinstance(error, TextError) and all(isinstance(result, str) for result in found):
        raise ModelError(f"the text model fails on every caption: {error}") from error
    return found
