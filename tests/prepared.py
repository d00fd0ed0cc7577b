"""What only ``clipline[models]`` can make, made beforehand for an environment that lacks it.

``python -m tests.prepared FOLDER``, where the models' packages are, writes::

    FOLDER/cache/clipline/bundles-*/<digest>.tar   the bundles of the tiny text model, its twin, and one of another space
    FOLDER/pictures.npz                            the vectors of the pictures that tests/e2e loads

Elsewhere ``CLIPLINE_TEST_PREPARED=FOLDER`` makes the bundles the cache's of the test run, where ``apply`` finds them by
their digest, and ``recorded_encoder`` gives the vectors. A test that needs another bundle adds its model to ``_MODELS``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clipline.core.records import EncoderIdentity
from tests.tiny import ALBUM, ROOT, TINY, TINY_IMAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from clipline.core.encoders import ImageEncoder

PREPARED = Path(folder) if (folder := os.environ.get("CLIPLINE_TEST_PREPARED")) else None
HAS_MODELS = all(map(find_spec, ("eland", "sentence_transformers", "torch", "transformers")))
"""Whether ``clipline[models]`` is installed: bundles can be built, pictures encoded."""


def main(folder: Path) -> None:
    """Write everything below a folder."""
    from tests.provisioning.pairs import random_text_model

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        tiny_bundle()
        text_bundle(random_text_model(Path(temporary) / "twin", seed=7))
        text_bundle(random_text_model(Path(temporary) / "stranger", seed=8, kept=False))
        _record(Path(temporary) / "album", folder / "pictures.npz")


def tiny_bundle() -> Path:
    """The bundle of the tiny text model: the prepared one, or one built now."""
    return text_bundle(Path(TINY[0].partition("=")[2]))


def text_bundle(model: Path) -> Path:
    """The bundle of a text model under the default stack's import parameters, from the cache or built into it."""
    from provisioning.assets.model_asset import model_asset
    from provisioning.assets.stack import read_stack
    from provisioning.assets.variables import gather
    from provisioning.bundles.find import Bundles

    flags = (f"text_model={model}", *TINY[1:])
    (asset,) = read_stack(ROOT, gather(stack=ROOT, flags=flags, environment={})).of("model")
    return Bundles({asset.name: model_asset(asset)}).obtain(asset.name).path


class RecordedEncoder:
    """The tiny image encoder's vectors of known pictures; any other picture is an error."""

    def __init__(self, file: Path) -> None:
        from clipline.core.encoders import image_encoder_digest

        self.digest = image_encoder_digest(TINY_IMAGE)
        with np.load(file) as vectors:
            self._vectors = {name: vectors[name] for name in vectors.files}
        self.dims = len(next(iter(self._vectors.values())))

    def encode(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """One row for each picture."""
        return np.stack([self._vectors[_name(image)] for image in images])


def recorded_encoder(wanted: EncoderIdentity) -> ImageEncoder:
    """For ``load(load_encoder=…)`` and ``Searcher(load_encoder=…)`` where pictures cannot be encoded."""
    assert PREPARED, "set CLIPLINE_TEST_PREPARED to the folder that python -m tests.prepared wrote"
    encoder = RecordedEncoder(PREPARED / "pictures.npz")
    assert wanted.digest in (None, encoder.digest)
    return encoder


def _record(album: Path, file: Path) -> None:
    from clipline.core.encoders import load_image_encoder
    from clipline.demo.pictures import generate
    from loader.decode import decode
    from loader.discover import Root, discover

    generate(album, **ALBUM)
    wanted = EncoderIdentity(model=str(TINY_IMAGE), revision=None, digest=None, dims=512, similarity="cosine")
    encoder = load_image_encoder(wanted)
    pictures = [decode(ref).pixels for ref in discover(Root(album, "album"))]
    vectors = encoder.encode(pictures)
    np.savez(file, **{_name(picture): vector for picture, vector in zip(pictures, vectors, strict=True)})


def _name(image: Image) -> str:
    return hashlib.sha256(repr((image.mode, image.size)).encode() + image.tobytes()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))


def unpacked_members(bundle: Path, folder: Path) -> dict[str, Path]:
    """The members of a bundle as files."""
    with tarfile.open(bundle) as tar:
        for info in tar.getmembers():
            stream = tar.extractfile(info)
            assert stream is not None
            with (folder / info.name).open("wb") as file:
                shutil.copyfileobj(stream, file)
        return {info.name: folder / info.name for info in tar.getmembers()}
