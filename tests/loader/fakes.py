"""A deterministic encoder, pictures made on the spot, and an index as ``clipline apply`` leaves it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch
from numpy.typing import NDArray
from PIL import Image

from clipline.core.errors import TextError
from clipline.core.records import EncoderIdentity
from clipline.core.text_models import IMPORT_DEFAULTS, TextEncoderIdentity

DIGEST = "sha256:" + "ab" * 32
TEXT_DIGEST = "sha256:" + "ef" * 32
DIMS = 12


class ColourEncoder:
    """The mean colours of a picture's four quarters: 12 numbers, equal pictures → equal vectors."""

    dims = DIMS

    def __init__(self, digest: str = DIGEST) -> None:
        self.digest = digest
        self.batches: list[int] = []

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.batches.append(len(images))
        assert all(image.mode == "RGB" for image in images)
        rows = [np.asarray(image.resize((2, 2), Image.Resampling.BOX), dtype=np.float32).ravel() for image in images]
        return np.stack(rows) - 127


class WordEncoder:
    """A text's vector is that of a picture of the colour that it names, corner and all.

    "zero" gives a vector of zeros, "long" is a text that is too long; other words that are no colours make it fail.
    """

    dims = DIMS

    def __init__(self, digest: str = TEXT_DIGEST) -> None:
        self.digest = digest
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def encode(self, texts: Sequence[str], *, use: str) -> NDArray[np.float32]:
        self.asked.append((use, tuple(texts)))
        if "long" in texts:
            raise TextError("the text has 900 tokens, and the model reads 16")
        colours = [text.lower().split()[-1] for text in texts]
        return np.stack(
            [
                np.zeros(DIMS, dtype=np.float32)
                if colour == "zero"
                else ColourEncoder().encode([picture(colour, corner=colour)])[0]
                for colour in colours
            ]
        )


def text_identity(digest: str | None = TEXT_DIGEST) -> TextEncoderIdentity:
    """The text model of an index whose texts are encoded on the client."""
    return TextEncoderIdentity(model="words", revision="1", digest=digest, dims=DIMS, parameters=IMPORT_DEFAULTS)


class Loading:
    """A ``load_encoder`` or ``load_text`` that keeps what it was asked for."""

    def __init__(self, encoder: Any = None) -> None:
        self.encoder = encoder or ColourEncoder()
        self.asked: list[EncoderIdentity | TextEncoderIdentity] = []

    def __call__(self, identity: EncoderIdentity | TextEncoderIdentity) -> Any:
        self.asked.append(identity)
        return self.encoder


def picture(colour: str = "red", *, size: tuple[int, int] = (40, 30), corner: str = "white") -> Image.Image:
    """A picture of one colour with another one in its upper left quarter."""
    image = Image.new("RGB", size, colour)
    image.paste(Image.new("RGB", (size[0] // 2, size[1] // 2), corner), (0, 0))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write(file: Path, image: Image.Image, **options: Any) -> Path:
    """Write a picture, its folders too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = {".png": "PNG", ".webp": "WEBP", ".gif": "GIF"}.get(file.suffix, "JPEG")
    file.write_bytes(encoded(image, kind, **options))
    return file


def marks(
    *, digest: str | None = None, dims: int = DIMS, text_encoder: TextEncoderIdentity | None = None
) -> dict[str, Any]:
    """``_meta`` of a provisioned index; with a ``text_encoder`` its texts are encoded on the client."""
    encoder = EncoderIdentity(model="fake", revision="1", digest=digest, dims=dims, similarity="cosine")
    ours = {"stack": "clipline", "generation": 1, "space": "fake", "text_model": "fake-text", "pipeline": None}
    text = {} if text_encoder is None else {"text_encoder": text_encoder.to_json()}
    return {"clipline": {**ours, "encoder": encoder.to_json(), **text}, "note": "of somebody else"}


def provision(
    client: Elasticsearch,
    alias: str,
    *,
    meta: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    dims: int = DIMS,
    captions: bool = False,
) -> str:
    """An index behind an alias, as ``clipline apply`` makes it; gives the index's name.

    ``captions``: with a field for the vectors of captions, too.
    """
    index = f"{alias}-000001"
    vector = {
        "type": "dense_vector",
        "dims": dims,
        "index": True,
        "similarity": "cosine",
        "index_options": {"type": "hnsw", "m": 16, "ef_construction": 100},
    }
    client.indices.create(
        index=index,
        settings=dict(settings or {}),
        aliases={alias: {"is_write_index": True}},
        mappings={
            "dynamic": "strict",
            "_meta": dict(marks() if meta is None else meta),
            "properties": {
                **{name: {"type": "keyword"} for name in ("image_id", "image_name", "relative_path", "source")},
                **{name: {"type": "keyword"} for name in ("content_sha256", "format", "encoder", "ingest_error")},
                **{name: {"type": "integer"} for name in ("width", "height")},
                "size": {"type": "long"},
                "mtime": {"type": "date"},
                "caption": {"type": "text"},
                "exif": {"properties": {"location": {"type": "geo_point"}, "date": {"type": "date"}}},
                "image_embedding": vector,
                **({"caption_embedding": vector} if captions else {}),
            },
        },
    )
    return index


def remove(client: Elasticsearch, alias: str) -> None:
    """Every index whose name begins with an alias's."""
    for index in client.indices.get(index=f"{alias}*").body:
        client.indices.delete(index=index)
