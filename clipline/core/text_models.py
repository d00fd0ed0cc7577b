"""What a text model is beside its files, for whoever runs it: the cluster, or the client (``text_encoder: client``).

The mark ``_meta.clipline.text_encoder`` of an index whose texts are encoded on the client; it is absent where the cluster
does it::

    {"where": "client", "model": "sentence-transformers/clip-ViT-B-32-multilingual-v1", "revision": "58edf8c…",
     "digest": "sha256:…", "dims": 512,
     "import": {"task_type": "text_embedding", "embedding_size": 512, "quantize": false, "truncate": "first"}}

``digest`` is absent until the model's files were at hand once; of ``import`` what is not set is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

CLIENT, CLUSTER = "client", "cluster"
"""The values of ``text_encoder`` in a model file: who turns texts into vectors."""

IMPORT_DEFAULTS: Mapping[str, Any] = {
    "task_type": "text_embedding",
    "embedding_size": None,
    "quantize": False,
    "max_model_input_size": None,
    "truncate": "first",
    "ingest_prefix": None,
    "search_prefix": None,
}
"""The import parameters that make a model what it is, beside its files; all of them enter its digest."""

_BASIC_PLANE = 0xFFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoderIdentity:
    """Which text model gives the vectors of texts that are encoded on the client, and how it reads them.

    ``model`` is a hub id or a directory, ``revision`` the hub's commit (``None`` for a directory), ``digest`` that of the
    model in the cluster, too (``None`` while unknown), ``dims`` the length of its vectors. ``parameters`` are all import
    parameters, those at their defaults included.
    """

    model: str
    revision: str | None
    digest: str | None
    dims: int
    parameters: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The form stored in ``_meta.clipline.text_encoder``; what is unknown or not set is left out."""
        values = {
            "where": CLIENT,
            "model": self.model,
            "revision": self.revision,
            "digest": self.digest,
            "dims": self.dims,
            "import": {key: value for key, value in self.parameters.items() if value is not None},
        }
        return {key: value for key, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TextEncoderIdentity:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: it speaks of another place than the client.
        """
        if value["where"] != CLIENT:
            raise ValueError(f"texts are encoded at {value['where']!r}, which is not known here")
        return cls(
            model=str(value["model"]),
            revision=value.get("revision"),
            digest=value.get("digest"),
            dims=int(value["dims"]),
            parameters={**IMPORT_DEFAULTS, **value["import"]},
        )

    def with_digest(self, digest: str | None) -> TextEncoderIdentity:
        """The same model with its digest, or without."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        version = f"@{self.revision[:8]}" if self.revision else ""
        digest = f", {self.digest[:15]}…" if self.digest else ""
        return f"{self.model}{version} ({self.dims} dims{digest})"


def as_read(text: str) -> str:
    """A text as the server's tokenizer reads it: without the characters outside Unicode's basic plane.

    Elasticsearch's tokenizer takes the two halves that Java holds of such a character for control characters and drops
    them (``ControlCharFilter``), so it does not see emoji and rare ideographs at all. The client reads texts in the same
    way: the vectors of both places then agree, and a stack can change from one to the other without loading again.
    """
    return "".join(sign for sign in text if ord(sign) <= _BASIC_PLANE and ord(sign) not in _SURROGATES)
