"""Texts to vectors on this machine, for a stack with ``text_encoder: client``: the vectors that the cluster would give.

``TextEncoder`` is the seam: the loader and the searcher know nothing else of a text model. ``load_text_encoder`` gives the
real one, a sentence-transformers directory; tests bring a deterministic one of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from clipline.core.digest import model_digest
from clipline.core.encoders import open_model
from clipline.core.errors import EncoderMismatchError, TextError
from clipline.core.hub import ModelSource, obtain
from clipline.core.text_models import TextEncoderIdentity, as_read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Use = Literal["ingest", "search"]
"""What a text is: part of a document, or a query. A model may want another prefix before each."""

OTHER_MODEL = (
    "name the right model's files with --text-model; if the stack shall have another text model, `clipline apply` first"
)


class TextEncoder(Protocol):
    """Turns texts into vectors of one length. May be used by many threads."""

    @property
    def digest(self) -> str:
        """What the model is, as ``clipline.core.digest`` computes it with the import parameters."""

    @property
    def dims(self) -> int:
        """The length of its vectors."""

    def encode(self, texts: Sequence[str], *, use: Use) -> NDArray[np.float32]:
        """One row for each text, shape ``(len(texts), dims)``.

        Raises:
            TextError: one of the texts cannot be encoded; the others may well be.
        """


def load_text_encoder(wanted: TextEncoderIdentity, *, override: ModelSource | None = None) -> TextEncoder:
    """The text model that an index names, from its own source or from another place (``override``).

    Raises:
        EncoderMismatchError: the files there are another model than the index's.
        ModelError: the files cannot be found or loaded.
        MissingExtraError: ``clipline[models]`` is not installed.
    """
    source = override or ModelSource(wanted.model, wanted.revision)
    directory = obtain(source)
    digest = model_digest(directory, parameters=wanted.parameters)
    check_text_model(wanted, digest=digest, dims=wanted.dims, found=str(source))
    encoder = SentenceTransformerTextEncoder(directory, wanted=wanted, digest=digest)
    check_text_model(wanted, digest=digest, dims=encoder.dims, found=str(source))
    return encoder


def check_text_model(
    wanted: TextEncoderIdentity, *, digest: str, dims: int, found: str = "this", where: str | None = None
) -> None:
    """Refuse a text model that is not the index's.

    Args:
        wanted: the index's; without a digest any model of that many dims will do.
        digest: what the model at hand is.
        dims: the length of its vectors.
        found: how the message calls it.
        where: the index, where that is known.

    Raises:
        EncoderMismatchError: its digest or the length of its vectors is another.
    """
    if wanted.digest is not None and digest != wanted.digest:
        raise EncoderMismatchError(
            f"the index's texts are encoded by {wanted}, and {found} is another text model ({digest[:15]}…)",
            where=where,
            hint=OTHER_MODEL,
        )
    if dims != wanted.dims:
        raise EncoderMismatchError(
            f"the index holds vectors of {wanted.dims} dims, and {found} gives {dims}", where=where, hint=OTHER_MODEL
        )


class SentenceTransformerTextEncoder:
    """A sentence-transformers directory, read as the server reads the model that is made of it.

    The same prefixes, the same greatest length, the same characters left out. Weights are not quantised here where the
    cluster's are (``import.quantize``): the parity proof holds those to these.
    """

    def __init__(self, directory: Path, *, wanted: TextEncoderIdentity, digest: str) -> None:
        self.digest = digest
        self._parameters = wanted.parameters
        # A fast tokenizer is changed by every call, and refuses two at once.
        self._lock = threading.Lock()
        self._model = open_model(directory, purpose="encoding texts")
        # eland imports no prompts: what stands before a text is the stack's own prefix, or nothing.
        self._model.default_prompt_name = None
        if length := wanted.parameters["max_model_input_size"]:
            self._model.max_seq_length = length
        self.dims = int(self.encode(["x"], use="ingest").shape[1])

    def encode(self, texts: Sequence[str], *, use: Use) -> NDArray[np.float32]:
        """One row for each text, shape ``(len(texts), dims)``.

        Raises:
            TextError: a text is longer than the model reads, and the stack says ``truncate: none``.
        """
        import numpy as np

        prefix = self._parameters[f"{use}_prefix"] or ""
        read = [as_read(prefix + text) for text in texts]
        with self._lock:
            if self._parameters["truncate"] == "none":
                self._check_lengths(read)
            vectors = self._model.encode(read, batch_size=len(read), show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def _check_lengths(self, texts: Sequence[str]) -> None:
        most = self._model.max_seq_length
        for text in texts:
            length = len(self._model.tokenizer.encode(text, truncation=False, verbose=False))
            if length > most:
                raise TextError(
                    f"the text has {length} tokens, and the model reads {most}",
                    hint="shorten it, or set import.truncate to first in the model file",
                )
