"""Pictures to vectors.

``ImageEncoder`` is the seam: the loader and the searcher know nothing else of a model. ``load_image_encoder`` gives
the real one, a sentence-transformers directory; tests bring a deterministic one of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clipline.core.digest import model_digest
from clipline.core.errors import EncoderMismatchError, ModelError
from clipline.core.hub import ModelSource, obtain
from clipline.core.quiet import quiet_libraries
from clipline.core.records import EncoderIdentity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture


class ImageEncoder(Protocol):
    """Turns pictures into vectors of one length."""

    @property
    def digest(self) -> str:
        """What the encoder is, as ``clipline.core.digest`` computes it."""

    @property
    def dims(self) -> int:
        """The length of its vectors."""

    def encode(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """One row for each RGB picture, shape ``(len(images), dims)``."""


def image_encoder_digest(directory: Path) -> str:
    """The digest of an image encoder's directory: the rule of text models, without import parameters."""
    return model_digest(directory, parameters={})


def load_image_encoder(wanted: EncoderIdentity, *, override: ModelSource | None = None) -> ImageEncoder:
    """The encoder that an index names, from its own source or from another place (``override``).

    Raises:
        EncoderMismatchError: the files there are another encoder than the one the index was filled with.
        ModelError: the files cannot be found or loaded.
        MissingExtraError: ``clipline[models]`` is not installed.
    """
    source = override or ModelSource(wanted.model, wanted.revision)
    directory = obtain(source)
    digest = image_encoder_digest(directory)
    if wanted.digest is not None and digest != wanted.digest:
        raise EncoderMismatchError(
            f"the index was filled with {wanted}, and {source} is another encoder ({digest[:15]}…)",
            hint="name the right encoder's files with --image-model, or load into an index of its own",
        )
    encoder = SentenceTransformerEncoder(directory, digest=digest)
    if encoder.dims != wanted.dims:
        raise EncoderMismatchError(
            f"the index holds vectors of {wanted.dims} dims, and {source} gives {encoder.dims}",
            hint="name the right encoder's files with --image-model, or load into an index of its own",
        )
    return encoder


def open_model(directory: Path, *, purpose: str) -> Any:
    """The ``SentenceTransformer`` of a directory; ``purpose`` goes into the error for a missing extra.

    Raises:
        ModelError: its files are damaged.
        MissingExtraError: ``clipline[models]`` is not installed.
    """
    with quiet_libraries(purpose):
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(str(directory), local_files_only=True)
        except Exception as error:  # whatever the libraries raise on damaged files
            raise ModelError(f"the encoder cannot be loaded: {error}", where=str(directory)) from error


class SentenceTransformerEncoder:
    """A sentence-transformers directory whose first module is a CLIP model."""

    def __init__(self, directory: Path, *, digest: str) -> None:
        self.digest = digest
        self._model = open_model(directory, purpose="encoding pictures")
        self.dims = self._measure()

    def encode(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """One row for each RGB picture, shape ``(len(images), dims)``."""
        import numpy as np

        vectors = self._model.encode(list(images), batch_size=len(images), show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def _measure(self) -> int:
        # A CLIP module does not know its own projection in every version of the library: ask it.
        from PIL import Image

        return int(self.encode([Image.new("RGB", (32, 32))]).shape[1])
