"""The document, its identity, and the marks that an index carries.

``_meta.clipline`` of an index, as written by ``clipline apply``::

    {"stack": "clipline", "generation": 1, "space": "clip-vit-b-32", "text_model": "clip-text",
     "pipeline": "image-embeddings",
     "encoder": {"model": "sentence-transformers/clip-ViT-B-32", "revision": "327ab67…", "digest": "sha256:…",
                 "dims": 512, "similarity": "cosine"}}

``encoder.digest`` is absent until the encoder's files were at hand once. Where texts are encoded on the client there is
``text_encoder``, too (``clipline.core.text_models``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clipline.core.text_models import TextEncoderIdentity

VECTOR_FIELD = "image_embedding"
"""The field that holds a picture's vector: the series' own name."""

CAPTION_FIELD = "caption"
CAPTION_VECTOR_FIELD = "caption_embedding"

CAPTION_SUFFIX = ".txt"
"""Appended to a picture's whole name: ``IMG_1.jpeg.txt`` is the caption of ``IMG_1.jpeg``."""

MAX_CAPTION_BYTES = 64 * 1024

MARK = "clipline"
"""The key of ours inside ``_meta`` and ``metadata``."""


def document_id(source: str, path: bytes) -> str:
    """The ``_id`` of a picture: 32 hex digits that depend on its source and its path only.

    Args:
        source: name of the root that the picture was found under.
        path: path relative to that root, ``/`` between its parts, as the file system's bytes (``os.fsencode``).
            Bytes are taken as they are: two Unicode forms of one name are two files.
    """
    return hashlib.sha256(source.encode("utf-8") + b"\0" + path).hexdigest()[:32]


def display_path(path: bytes) -> str:
    r"""A path as ``relative_path`` holds it: UTF-8, with every byte that is not part of it as ``\xNN``."""
    return path.decode("utf-8", errors="backslashreplace")


def path_bytes(path: str | os.PathLike[str]) -> bytes:
    """A relative path as bytes with ``/`` between its parts."""
    return os.fsencode(path).replace(os.fsencode(os.sep), b"/")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderIdentity:
    """Which image encoder filled an index.

    ``model`` is a hub id or a directory, ``revision`` the hub's commit (``None`` for a directory), ``digest`` as
    ``clipline.core.digest`` computes it (``None`` while unknown), ``dims`` the length of its vectors.
    """

    model: str
    revision: str | None
    digest: str | None
    dims: int
    similarity: str

    def to_json(self) -> dict[str, Any]:
        """The form stored in ``_meta.clipline.encoder``; what is unknown is left out."""
        values = {
            "model": self.model,
            "revision": self.revision,
            "digest": self.digest,
            "dims": self.dims,
            "similarity": self.similarity,
        }
        return {key: value for key, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EncoderIdentity:
        """Read what ``to_json`` wrote."""
        return cls(
            model=str(value["model"]),
            revision=value.get("revision"),
            digest=value.get("digest"),
            dims=int(value["dims"]),
            similarity=str(value["similarity"]),
        )

    def with_digest(self, digest: str) -> EncoderIdentity:
        """The same encoder, now with its digest."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        version = f"@{self.revision[:8]}" if self.revision else ""
        digest = f", {self.digest[:15]}…" if self.digest else ""
        return f"{self.model}{version} ({self.dims} dims{digest})"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMarks:
    """What an index says of itself in ``_meta.clipline``.

    ``text_model`` is a model alias; ``text_encoder`` the text model to be run here, ``None`` where the cluster runs it.
    """

    stack: str
    generation: int
    encoder: EncoderIdentity
    space: str
    text_model: str
    pipeline: str | None
    text_encoder: TextEncoderIdentity | None = None

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> IndexMarks | None:
        """The marks in a mapping as ``GET _mapping`` returns it; ``None`` when it has none or they are incomplete."""
        marks = (mapping.get("_meta") or {}).get(MARK) or {}
        try:
            return cls(
                stack=str(marks["stack"]),
                generation=int(marks["generation"]),
                encoder=EncoderIdentity.from_json(marks["encoder"]),
                space=str(marks["space"]),
                text_model=str(marks["text_model"]),
                pipeline=marks.get("pipeline"),
                text_encoder=TextEncoderIdentity.from_json(marks["text_encoder"]) if "text_encoder" in marks else None,
            )
        except (KeyError, TypeError, ValueError):
            return None
