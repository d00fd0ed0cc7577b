"""Captions that are encoded on the client, because the index's marks say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import EncoderMismatchError, ModelError
from clipline.core.records import document_id
from loader.discover import Root
from loader.outcome import Outcome
from loader.run import load
from tests.loader.fakes import (
    TEXT_DIGEST,
    ColourEncoder,
    Loading,
    WordEncoder,
    marks,
    picture,
    provision,
    text_identity,
    write,
)

COLOURS = ("red", "blue", "green")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    for colour in COLOURS:
        write(folder / f"{colour}.png", picture(colour))
        (folder / f"{colour}.png.txt").write_text(f"all {colour}")
    write(folder / "plain.png", picture("yellow"))
    return folder


def run(client: Elasticsearch, alias: str, folder: Path, texts: Loading, **options: Any) -> Outcome:
    return load(
        [Root(folder, "album")],
        client=client,
        alias=alias,
        load_encoder=Loading(),
        load_text=texts,
        dead_letters=folder.parent / "letters.jsonl",
        **options,
    )


def prepare(client: Elasticsearch, alias: str, *, digest: str | None = TEXT_DIGEST, captions: bool = True) -> str:
    # From 9.2 on vectors are left out of _source by default.
    settings = {"index.mapping.exclude_source_vectors": False}
    meta = marks(text_encoder=text_identity(digest))
    return provision(client, alias, meta=meta, captions=captions, settings=settings)


def stored(client: Elasticsearch, index: str, name: str) -> dict[str, Any]:
    source: dict[str, Any] = client.get(index=index, id=document_id("album", name.encode()))["_source"]
    return source


def letters(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.dead_letters_file is not None
    return [json.loads(line) for line in Path(outcome.dead_letters_file).read_text("utf-8").splitlines()]


def test_captions_come_with_their_vectors(client: Elasticsearch, alias: str, album: Path) -> None:
    index = prepare(client, alias)
    texts = Loading(WordEncoder())
    outcome = run(client, alias, album, texts)
    assert (outcome.indexed, outcome.rejected, outcome.captions_without_vector) == (4, 0, 0)
    assert texts.asked == [text_identity()]
    # In one batch, in the order of the files.
    assert texts.encoder.asked == [("ingest", ("all blue", "all green", "all red"))]
    for colour in COLOURS:
        vector = ColourEncoder().encode([picture(colour, corner=colour)])[0].tolist()
        assert stored(client, index, f"{colour}.png")["caption_embedding"] == vector
    assert "caption_embedding" not in stored(client, index, "plain.png")


def test_batches_are_those_of_the_pictures(client: Elasticsearch, alias: str, album: Path) -> None:
    prepare(client, alias)
    texts = Loading(WordEncoder())
    run(client, alias, album, texts, batch_size=2)
    assert texts.encoder.asked == [("ingest", ("all blue", "all green")), ("ingest", ("all red",))]
    assert len(texts.asked) == 1


def test_without_captions_no_text_model_is_loaded(client: Elasticsearch, alias: str, album: Path) -> None:
    prepare(client, alias)
    for file in album.glob("*.txt"):
        file.unlink()
    texts = Loading(WordEncoder())
    assert run(client, alias, album, texts).indexed == 4
    assert texts.asked == []


@pytest.mark.parametrize("where", ["cluster", "no field"])
def test_where_the_client_has_nothing_to_encode(client: Elasticsearch, alias: str, album: Path, where: str) -> None:
    index = provision(client, alias, captions=True) if where == "cluster" else prepare(client, alias, captions=False)
    texts = Loading(WordEncoder())
    assert run(client, alias, album, texts).indexed == 4
    assert texts.asked == []
    assert "caption_embedding" not in stored(client, index, "red.png")


def test_the_first_load_makes_the_text_model_binding(client: Elasticsearch, alias: str, album: Path) -> None:
    index = prepare(client, alias, digest=None)
    run(client, alias, album, Loading(WordEncoder()))
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    assert meta["clipline"]["text_encoder"] == text_identity().to_json()
    assert meta["note"] == "of somebody else"
    assert meta["clipline"]["encoder"]["digest"], "the image encoder's digest is not lost over it"
    write(album / "new.png", picture("black"))
    (album / "new.png.txt").write_text("all black")
    with pytest.raises(
        EncoderMismatchError, match=r"the index's texts are encoded by words@1 .* this is another"
    ) as caught:
        run(client, alias, album, Loading(WordEncoder("sha256:" + "00" * 32)))
    assert caught.value.where == index
    assert client.count(index=alias)["count"] == 4


def test_vectors_of_another_length_are_refused(client: Elasticsearch, alias: str, album: Path) -> None:
    prepare(client, alias, digest=None)
    encoder = WordEncoder()
    encoder.dims = 13  # type: ignore[misc]
    with pytest.raises(EncoderMismatchError, match="holds vectors of 12 dims, and this gives 13"):
        run(client, alias, album, Loading(encoder))


@pytest.mark.parametrize(
    ("caption", "reason"),
    [
        ("zero", "the text model gives no usable vector for its caption"),
        ("long", "its caption gets no vector: the text has 900 tokens, and the model reads 16"),
        ("nonsense", "its caption gets no vector: unknown color specifier: 'nonsense'"),
    ],
)
def test_a_caption_without_a_usable_vector_is_kept(
    client: Elasticsearch, alias: str, album: Path, caption: str, reason: str
) -> None:
    index = prepare(client, alias)
    (album / "red.png.txt").write_text(caption)
    outcome = run(client, alias, album, Loading(WordEncoder()))
    assert (outcome.indexed, outcome.rejected, outcome.captions_without_vector) == (4, 0, 1)
    assert outcome.to_json()["captions_without_vector"] == 1
    (letter,) = letters(outcome)
    assert (letter["path"], letter["stage"], letter["reason"]) == ("red.png", "caption", reason)
    document = stored(client, index, "red.png")
    assert (document["caption"], "caption_embedding" in document) == (caption, False)
    assert stored(client, index, "blue.png")["caption_embedding"]


def test_a_model_that_fails_on_everything_ends_the_load(client: Elasticsearch, alias: str, album: Path) -> None:
    prepare(client, alias)
    for colour in COLOURS:
        (album / f"{colour}.png.txt").write_text("nonsense")
    with pytest.raises(ModelError, match="the text model fails on every caption"):
        run(client, alias, album, Loading(WordEncoder()))
