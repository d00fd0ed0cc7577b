"""What a text model is beside its files, and how a text is read."""

from __future__ import annotations

import pytest

from clipline.core.errors import EncoderMismatchError
from clipline.core.records import IndexMarks
from clipline.core.text_encoders import check_text_model
from clipline.core.text_models import IMPORT_DEFAULTS, TextEncoderIdentity, as_read

DIGEST, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32
WANTED = TextEncoderIdentity(
    model="org/text",
    revision="0123456789",
    digest=DIGEST,
    dims=12,
    parameters={**IMPORT_DEFAULTS, "ingest_prefix": "d: "},
)


@pytest.mark.parametrize("identity", [WANTED, WANTED.with_digest(None)])
def test_the_mark_is_read_as_it_was_written(identity: TextEncoderIdentity) -> None:
    assert TextEncoderIdentity.from_json(identity.to_json()) == identity
    assert None not in identity.to_json().values()
    assert None not in identity.to_json()["import"].values()


def test_marks_of_an_index() -> None:
    encoder = {"model": "i", "dims": 12, "similarity": "cosine"}
    marks = {"stack": "s", "generation": 1, "encoder": encoder, "space": "x", "text_model": "t"}

    def read(**more: object) -> IndexMarks | None:
        return IndexMarks.from_mapping({"_meta": {"clipline": {**marks, **more}}})

    assert (plain := read()) is not None
    assert plain.text_encoder is None
    assert (with_text := read(text_encoder=WANTED.to_json())) is not None
    assert with_text.text_encoder == WANTED
    # Of a place that is not known here nobody can say which vectors are right.
    assert read(text_encoder={**WANTED.to_json(), "where": "moon"}) is None
    assert read(text_encoder="client") is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("snow ❄️", "snow ❄️"),
        ("mountain 🏔️!", "mountain ️!"),
        ("𠀀", ""),
        ("caf\udce9", "caf"),
        ("一座山", "一座山"),
    ],
)
def test_as_read(text: str, read: str) -> None:
    assert as_read(text) == read


def test_another_model_is_refused_with_both_names() -> None:
    check_text_model(WANTED, digest=DIGEST, dims=12)
    check_text_model(WANTED.with_digest(None), digest=OTHER, dims=12)
    with pytest.raises(EncoderMismatchError) as caught:
        check_text_model(WANTED, digest=OTHER, dims=12, found="/models/text", where="pictures-000001")
    assert str(WANTED) in caught.value.what
    assert "/models/text is another text model (sha256:cdcdcdcd…)" in caught.value.what
    assert caught.value.where == "pictures-000001"
    assert "--text-model" in (caught.value.hint or "")
    with pytest.raises(EncoderMismatchError, match="holds vectors of 12 dims, and this gives 13"):
        check_text_model(WANTED, digest=DIGEST, dims=13)
