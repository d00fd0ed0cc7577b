"""Searches by text where the index's marks say that texts are encoded on the client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from clipline.core.errors import EncoderMismatchError, TextError
from clipline.core.records import document_id
from clipline.core.text_models import TextEncoderIdentity
from clipline.search import searcher as module
from clipline.search.searcher import Searcher
from clipline.search.web import build_app
from tests.loader.fakes import DIGEST, TEXT_DIGEST, Loading, WordEncoder, marks, text_identity
from tests.search.conftest import COLOURS, Album
from tests.search.test_web import served


@pytest.fixture
def on_client(album: Album) -> Iterator[Album]:
    """The album, its texts encoded on the client, by no model that the cluster has; as before afterwards."""
    before = album.client.indices.get_mapping(index=album.index)[album.index]["mappings"]["_meta"]
    album.client.indices.put_mapping(index=album.index, meta=marks(digest=DIGEST, text_encoder=text_identity()))
    yield album
    album.client.indices.put_mapping(index=album.index, meta=before)


def searcher(album: Album, texts: Loading) -> Searcher:
    return Searcher(album.client, alias=album.alias, load_encoder=Loading(), load_text=texts)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("colour", COLOURS)
def test_by_text(on_client: Album, colour: str, exact: bool) -> None:
    texts = Loading(WordEncoder())
    hits = searcher(on_client, texts).by_text(f"all {colour.upper()}", k=3, exact=exact)
    assert len(hits) == 3
    assert hits[0].id == document_id("album", f"phone/{colour}.png".encode())
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)
    assert texts.encoder.asked == [("search", (f"all {colour.upper()}",))]


def test_both_places_find_the_same(album: Album, on_client: Album) -> None:
    here = searcher(on_client, Loading(WordEncoder())).by_text("blue", k=5)
    meta = marks(digest=DIGEST)
    meta["clipline"]["text_model"] = "colour-text"
    album.client.indices.put_mapping(index=album.index, meta=meta)
    there = album.searcher().by_text("blue", k=5)
    assert [hit.id for hit in here] == [hit.id for hit in there]
    assert [hit.score for hit in here] == pytest.approx([hit.score for hit in there], abs=1e-3)


def test_the_model_is_loaded_once_and_when_it_is_needed(on_client: Album) -> None:
    texts = Loading(WordEncoder())
    asked = searcher(on_client, texts)
    asked.like(document_id("album", b"phone/red.png"), k=1)
    assert texts.asked == []
    for text in ("red", "blue"):
        asked.by_text(text, k=1)
    assert texts.asked == [text_identity()]


def test_another_mode_is_noticed(on_client: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MARKS_SECONDS", -1.0)
    texts = Loading(WordEncoder())
    asked = searcher(on_client, texts)

    def put(identity: TextEncoderIdentity | None) -> None:
        meta = marks(digest=DIGEST, text_encoder=identity)
        meta["clipline"]["text_model"] = "colour-text"
        on_client.client.indices.put_mapping(index=on_client.index, meta=meta)

    put(text_identity(None))
    asked.by_text("red", k=1)
    put(text_identity())
    asked.by_text("red", k=1)
    assert len(texts.asked) == 1, "the model that is loaded has the digest that was written since"
    put(None)
    before = len(texts.encoder.asked)
    asked.by_text("red", k=1)
    assert len(texts.encoder.asked) == before, "the cluster encodes it now"
    put(replace(text_identity(), digest="sha256:" + "00" * 32))
    asked.by_text("red", k=1)
    assert len(texts.asked) == 2


def test_another_text_model_is_the_loaders_refusal(on_client: Album) -> None:
    def refuse(identity: TextEncoderIdentity) -> WordEncoder:
        raise EncoderMismatchError(f"not {identity}")

    asked = Searcher(on_client.client, alias=on_client.alias, load_encoder=Loading(), load_text=refuse)
    with pytest.raises(EncoderMismatchError, match=TEXT_DIGEST[:15]):
        asked.by_text("red", k=1)


@pytest.mark.parametrize(("text", "wanted"), [("zero", "no usable vector"), ("long", "the text has 900 tokens")])
def test_a_text_without_a_vector(on_client: Album, text: str, wanted: str) -> None:
    with pytest.raises(TextError, match=wanted):
        searcher(on_client, Loading(WordEncoder())).by_text(text, k=1)


def test_the_page(on_client: Album) -> None:
    with served(build_app(searcher(on_client, Loading(WordEncoder())), on_client.originals())) as browser:
        found: httpx.Response = browser.get("/", params={"q": "all red"})
        assert found.status_code == 200
        assert "red.png" in found.text
        refused = browser.get("/", params={"q": "zero"})
        assert refused.status_code == 400
        assert "The text model gives no usable vector for this text." in refused.text
