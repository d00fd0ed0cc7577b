"""Batches, and what an encoder cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from clipline.core.errors import ModelError
from loader import embed as stage
from loader.decode import DecodedImage
from loader.discover import ImageRef, Root
from loader.document import document
from loader.embed import Embedding, NotEmbedded, embed
from tests.loader.fakes import DIGEST, ColourEncoder, picture


def decoded(name: str = "phone/1.jpeg", colour: str = "red", **values: object) -> DecodedImage:
    ref = ImageRef(root=Root(Path("/p"), "s"), path=name.encode(), file=Path("/p") / name, size=9, mtime=1)
    image = picture(colour)
    facts = {"format": "jpeg", "content_sha256": "0", "date": None, "location": None, **values}
    return DecodedImage(ref=ref, pixels=image, width=image.width, height=image.height, **facts)  # type: ignore[arg-type]


class Failing(ColourEncoder):
    """Fails on green pictures, and on everything when told so."""

    def __init__(self, *, always: bool = False) -> None:
        super().__init__()
        self.always = always

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        if self.always or any(image.getpixel((39, 29)) == (0, 128, 0) for image in images):
            raise RuntimeError("cannot do that\nand more")
        return super().encode(images)


def test_batches_are_as_large_as_told_and_pulled_one_by_one() -> None:
    pulled: list[int] = []

    def images() -> Iterator[DecodedImage]:
        for number in range(7):
            pulled.append(number)
            yield decoded(f"{number}.jpeg")

    encoder = ColourEncoder()
    found = embed(images(), encoder=encoder, batch_size=3)
    next(found)
    assert len(pulled) == 3, "the next batch must not be decoded before this one is used"
    assert [item.image.ref.relative_path for item in found] == [f"{number}.jpeg" for number in range(1, 7)]
    assert encoder.batches == [3, 3, 1]


def test_large_pictures_make_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MAX_BATCH_PIXELS", 2 * 40 * 30)
    encoder = ColourEncoder()
    assert len(list(embed([decoded() for _ in range(5)], encoder=encoder, batch_size=32))) == 5
    assert encoder.batches == [2, 2, 1]


def test_the_picture_that_an_encoder_fails_on_is_found() -> None:
    images = [decoded("a"), decoded("b", "green"), decoded("c", "blue")]
    found = list(embed(images, encoder=Failing(), batch_size=3))
    assert [type(item) for item in found] == [Embedding, NotEmbedded, Embedding]
    assert isinstance(found[1], NotEmbedded)
    assert found[1].error.what == "the encoder fails on it: cannot do that"


def test_an_encoder_that_fails_on_all_is_the_encoders_fault() -> None:
    with pytest.raises(ModelError, match="fails on every picture"):
        list(embed([decoded("a"), decoded("b")], encoder=Failing(always=True), batch_size=2))


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_useless_vectors(value: float) -> None:
    class Useless(ColourEncoder):
        def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
            return np.full((len(images), self.dims), value, dtype=np.float32)

    (item,) = embed([decoded()], encoder=Useless(), batch_size=2)
    assert isinstance(item, NotEmbedded)
    assert item.error.what == "the encoder gives no usable vector for it"


def test_vectors_of_another_length_than_said() -> None:
    class Liar(ColourEncoder):
        dims = 13

    with pytest.raises(ModelError, match="one vector of 13 dims"):
        list(embed([decoded()], encoder=Liar(), batch_size=2))


def test_the_document_of_the_series() -> None:
    image = decoded("phone/IMG_4032.jpeg", date="2024-05-17T09:41:03", location={"lat": 46.4, "lon": 6.8})
    assert document(Embedding(image, [1.0, 2.0]), encoder_digest=DIGEST) == {
        "image_id": "IMG_4032",
        "image_name": "IMG_4032.jpeg",
        "relative_path": "phone/IMG_4032.jpeg",
        "image_embedding": [1.0, 2.0],
        "exif": {"date": "2024-05-17T09:41:03", "location": {"lat": 46.4, "lon": 6.8}},
        "source": "s",
        "size": 9,
        "mtime": 1,
        "content_sha256": "0",
        "width": 40,
        "height": 30,
        "format": "jpeg",
        "encoder": DIGEST,
    }


def test_what_is_unknown_is_left_out() -> None:
    assert "exif" not in document(Embedding(decoded(), [1.0]), encoder_digest=DIGEST)
