"""The tiny text model on the client."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clipline.core.digest import model_digest
from clipline.core.errors import EncoderMismatchError, ModelError, TextError
from clipline.core.hub import ModelSource
from clipline.core.text_encoders import TextEncoder, load_text_encoder
from clipline.core.text_models import IMPORT_DEFAULTS, TextEncoderIdentity
from tests.conftest import TINY_TEXT

pytestmark = pytest.mark.models("encodes texts")


def wanted(
    *, digest: str | None = None, dims: int = 512, model: Path = TINY_TEXT, **parameters: Any
) -> TextEncoderIdentity:
    return TextEncoderIdentity(
        model=str(model),
        revision=None,
        digest=digest,
        dims=dims,
        parameters={**IMPORT_DEFAULTS, "embedding_size": 512, **parameters},
    )


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_text_encoder(wanted())


def one(encoder: TextEncoder, text: str, use: Any = "search") -> np.ndarray[Any, Any]:
    vector = encoder.encode([text], use=use)[0]
    return vector / np.linalg.norm(vector)


def test_rows(encoder: TextEncoder) -> None:
    rows = encoder.encode(["two red circles", "a star", ""], use="ingest")
    assert (rows.shape, rows.dtype, encoder.dims) == ((3, 512), np.float32, 512)
    assert np.allclose(one(encoder, "a star"), rows[1] / np.linalg.norm(rows[1]), atol=1e-5)
    assert encoder.digest == model_digest(TINY_TEXT, parameters=wanted().parameters)


def test_it_reads_as_the_server_does(encoder: TextEncoder) -> None:
    assert np.allclose(one(encoder, "a star 🏔"), one(encoder, "a star "), atol=1e-6)


def test_each_use_has_its_prefix(encoder: TextEncoder) -> None:
    prefixed = load_text_encoder(wanted(ingest_prefix="red ", search_prefix="blue "))
    assert prefixed.digest != encoder.digest
    assert np.allclose(one(prefixed, "star", "ingest"), one(encoder, "red star"), atol=1e-6)
    assert np.allclose(one(prefixed, "star", "search"), one(encoder, "blue star"), atol=1e-6)


def test_a_greatest_length_cuts_off_or_refuses(encoder: TextEncoder) -> None:
    text = "two red circles and three blue stars"
    short = load_text_encoder(wanted(max_model_input_size=5))
    assert not np.allclose(one(short, text), one(encoder, text), atol=1e-3)
    assert np.allclose(one(short, text), one(short, f"{text} and more"), atol=1e-6)
    strict = load_text_encoder(wanted(max_model_input_size=5, truncate="none"))
    assert np.allclose(one(strict, "red"), one(encoder, "red"), atol=1e-6)
    with pytest.raises(TextError, match=r"the text has \d+ tokens, and the model reads 5"):
        strict.encode(["red", text], use="ingest")


def test_a_default_prompt_of_the_library_is_not_used(tmp_path: Path, encoder: TextEncoder) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(TINY_TEXT, folder)
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "blue "}, "default_prompt_name": "query"}', "utf-8"
    )
    assert np.allclose(one(load_text_encoder(wanted(model=folder)), "star"), one(encoder, "star"), atol=1e-6)


def test_where_it_lies_does_not_matter(tmp_path: Path, encoder: TextEncoder) -> None:
    shutil.copytree(TINY_TEXT, tmp_path / "copy")
    source = ModelSource(str(tmp_path / "copy"))
    assert (
        load_text_encoder(wanted(digest=encoder.digest, model=Path("/gone")), override=source).digest == encoder.digest
    )


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderMismatchError, match="is another text model"):
        load_text_encoder(wanted(digest="sha256:" + "ab" * 32))
    with pytest.raises(EncoderMismatchError, match=r"holds vectors of 13 dims, and .* gives 512"):
        load_text_encoder(wanted(dims=13))
    with pytest.raises(ModelError, match="does not exist"):
        load_text_encoder(wanted(model=tmp_path / "nowhere"))
