"""Embedding → document: the document of the series and what the loader knows besides. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from clipline.core.records import CAPTION_FIELD, CAPTION_VECTOR_FIELD, VECTOR_FIELD
from loader.embed import Embedding


def document(embedding: Embedding, *, encoder_digest: str) -> dict[str, Any]:
    """The document of one picture; fields without a value are left out.

    Example: ``{"image_id": "IMG_4032", "image_name": "IMG_4032.jpeg", "relative_path": "phone/IMG_4032.jpeg",
    "image_embedding": [...], "exif": {"date": "2024-05-17T09:41:03", "location": {"lat": 46.4, "lon": 6.8}},
    "source": "Pictures", "size": 48213, "mtime": 1715931663000, "content_sha256": "9f86…", "width": 4032,
    "height": 3024, "format": "jpeg", "encoder": "sha256:…", "caption": "two red circles"}``;
    where the client encodes texts, ``"caption_embedding": [...]`` too
    """
    image, ref = embedding.image, embedding.image.ref
    path = PurePosixPath(ref.relative_path)
    exif = {"date": image.date, "location": image.location}
    fields = {
        "image_id": path.stem,
        "image_name": path.name,
        "relative_path": ref.relative_path,
        VECTOR_FIELD: embedding.vector,
        "exif": {key: value for key, value in exif.items() if value is not None} or None,
        "source": ref.source,
        "size": ref.size,
        "mtime": ref.mtime,
        "content_sha256": image.content_sha256,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "encoder": encoder_digest,
        CAPTION_FIELD: ref.caption,
        CAPTION_VECTOR_FIELD: embedding.caption_vector,
    }
    return {name: value for name, value in fields.items() if value is not None}
