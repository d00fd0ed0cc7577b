"""The whole load into a running emulator, with a deterministic encoder."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import CliplineError, EncoderMismatchError, NotProvisionedError, UsageError
from clipline.core.records import document_id
from loader.discover import Root
from loader.outcome import Outcome
from loader.run import Progress, load
from tests.loader.fakes import DIGEST, DIMS, ColourEncoder, Loading, marks, picture, provision, write


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    write(folder / "phone" / "IMG_1.jpeg", picture("red"))
    write(folder / "camera" / "IMG_1.jpeg", picture("blue"))
    write(folder / "scan.png", picture("green"))
    (folder / "scan.png.txt").write_text("a green scan")
    (folder / "notes.md").write_text("notes")
    return folder


def run(client: Elasticsearch, alias: str, folder: Path, *, loading: Any = None, **options: Any) -> Outcome:
    roots: Sequence[Root] = options.pop("roots", None) or [Root(folder, "album")]
    options.setdefault("dead_letters", folder.parent / "letters.jsonl")
    return load(roots, client=client, alias=alias, load_encoder=loading or Loading(), **options)


def letters(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.dead_letters_file is not None
    return [json.loads(line) for line in Path(outcome.dead_letters_file).read_text("utf-8").splitlines()]


def test_a_load(client: Elasticsearch, alias: str, album: Path) -> None:
    index = provision(client, alias)
    loading = Loading()
    outcome = run(client, alias, album, loading=loading)
    assert (outcome.indexed, outcome.skipped, outcome.rejected, outcome.other_files) == (3, 0, 0, 1)
    assert outcome.dead_letters_file is None
    assert not (album.parent / "letters.jsonl").exists()
    stored = client.get(index=index, id=document_id("album", b"scan.png"))["_source"]
    assert (stored["image_id"], stored["caption"], stored["encoder"]) == ("scan", "a green scan", DIGEST)
    assert client.count(index=alias)["count"] == 3, "what was loaded is searchable"
    assert [identity.model for identity in loading.asked] == ["fake"]
    json.dumps(outcome.to_json())


def test_a_second_load_does_nothing_and_loads_no_encoder(client: Elasticsearch, alias: str, album: Path) -> None:
    provision(client, alias)
    run(client, alias, album)
    loading = Loading()
    again = run(client, alias, album, loading=loading)
    assert (again.indexed, again.skipped, again.rejected) == (0, 3, 0)
    assert loading.asked == []


def test_what_changed_is_loaded_again(client: Elasticsearch, alias: str, album: Path) -> None:
    index = provision(client, alias)
    run(client, alias, album)
    os.utime(album / "scan.png", (1, 1))
    write(album / "new.png", picture("yellow"))
    again = run(client, alias, album)
    assert (again.indexed, again.skipped) == (2, 2)
    assert client.count(index=index)["count"] == 4
    assert client.get(index=index, id=document_id("album", b"scan.png"))["_source"]["mtime"] == 1000


def test_bad_pictures_become_dead_letters(client: Elasticsearch, alias: str, album: Path) -> None:
    provision(client, alias)
    (album / "text.jpg").write_text("no picture")
    (album / "empty.png").write_bytes(b"")
    (album / "scan.png.txt").write_bytes(b"caf\xe9")
    outcome = run(client, alias, album)
    assert (outcome.indexed, outcome.rejected, outcome.unread_captions) == (3, 2, 1)
    assert outcome.to_json()["rejected_by_stage"] == {"decode": 2}
    found = {(letter["path"], letter["stage"]): letter for letter in letters(outcome)}
    assert set(found) == {("text.jpg", "decode"), ("empty.png", "decode"), ("scan.png", "caption")}
    assert found["empty.png", "decode"] == {
        "path": "empty.png",
        "source": "album",
        "stage": "decode",
        "reason": "the file is empty",
        "retriable": False,
    }


def test_what_the_cluster_refuses_becomes_a_dead_letter(client: Elasticsearch, alias: str, album: Path) -> None:
    index = provision(client, alias)
    client.indices.put_mapping(index=index, properties={"phash": {"type": "keyword"}})
    client.ingest.put_pipeline(
        id=f"{alias}-odd",
        processors=[{"set": {"if": "ctx.image_id == 'scan'", "field": "unknown_field", "value": "x"}}],
    )
    client.indices.put_settings(index=index, settings={"index.default_pipeline": f"{alias}-odd"})
    outcome = run(client, alias, album)
    client.indices.put_settings(index=index, settings={"index.default_pipeline": None})
    client.ingest.delete_pipeline(id=f"{alias}-odd")
    assert (outcome.indexed, outcome.rejected) == (2, 1)
    (letter,) = letters(outcome)
    assert (letter["path"], letter["stage"], letter["retriable"]) == ("scan.png", "bulk", False)
    assert "unknown_field" in letter["reason"]


def test_documents_that_search_cannot_use_are_counted(client: Elasticsearch, alias: str, album: Path) -> None:
    index = provision(client, alias)
    client.index(index=index, id="odd", document={"image_id": "odd", "ingest_error": "queue is full"})
    outcome = run(client, alias, album)
    assert (outcome.without_vector, outcome.ingest_errors) == (1, 1)


def test_two_roots_with_equal_paths_are_two_documents(client: Elasticsearch, alias: str, tmp_path: Path) -> None:
    provision(client, alias)
    roots = [Root(tmp_path / name, name) for name in ("a", "b")]
    for root in roots:
        write(root.directory / "1.png", picture())
    assert run(client, alias, tmp_path / "a", roots=roots).indexed == 2
    assert client.count(index=alias)["count"] == 2


def test_batches_and_progress(client: Elasticsearch, alias: str, album: Path) -> None:
    provision(client, alias)
    loading, told = Loading(), list[Progress]()
    run(client, alias, album, loading=loading, batch_size=2, progress=told.append)
    assert loading.encoder.batches == [2, 1]
    assert told[-1] == Progress(3, 3)
    assert [state.done for state in told] == sorted(state.done for state in told)


def test_the_first_load_makes_the_encoder_binding(client: Elasticsearch, alias: str, album: Path) -> None:
    index = provision(client, alias)
    run(client, alias, album)
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    assert meta == marks(digest=DIGEST), "nothing else of _meta may change"
    write(album / "new.png", picture())
    with pytest.raises(EncoderMismatchError, match="this is another encoder"):
        run(client, alias, album, loading=Loading(ColourEncoder("sha256:" + "cd" * 32)))
    assert client.count(index=alias)["count"] == 3


def test_vectors_of_another_length_are_refused_before_anything_is_written(
    client: Elasticsearch, alias: str, album: Path
) -> None:
    index = provision(client, alias, meta=marks(dims=DIMS + 1), dims=DIMS + 1)
    with pytest.raises(EncoderMismatchError, match="holds vectors of 13 dims, and the encoder gives 12"):
        run(client, alias, album)
    assert client.indices.get_mapping(index=index)[index]["mappings"]["_meta"] == marks(dims=DIMS + 1)


def test_no_index(client: Elasticsearch, alias: str, album: Path) -> None:
    with pytest.raises(NotProvisionedError, match="there is no index alias") as caught:
        run(client, alias, album)
    assert caught.value.hint == "run `clipline apply` first"
    assert not client.indices.exists(index=alias)


def test_a_concrete_index_of_that_name(client: Elasticsearch, alias: str, album: Path) -> None:
    client.indices.create(index=alias)
    with pytest.raises(NotProvisionedError, match=f"{alias} is a concrete index"):
        run(client, alias, album)


def test_an_index_without_marks(client: Elasticsearch, alias: str, album: Path) -> None:
    provision(client, alias, meta={})
    with pytest.raises(NotProvisionedError, match="not made by `clipline apply`"):
        run(client, alias, album)


def test_an_alias_without_a_write_index(client: Elasticsearch, alias: str, album: Path) -> None:
    for number in (1, 2):
        client.indices.create(index=f"{alias}-{number}", aliases={alias: {}})
    with pytest.raises(NotProvisionedError, match="none of them is its write index"):
        run(client, alias, album)


def test_a_mapping_that_is_not_the_encoders(client: Elasticsearch, alias: str, album: Path) -> None:
    provision(client, alias, dims=DIMS + 1)
    with pytest.raises(NotProvisionedError, match="not a dense_vector of 12 dims"):
        run(client, alias, album)


@pytest.mark.parametrize("name", ["pictures-*", "a,b", "_all", ""])
def test_a_pattern_is_not_an_alias(client: Elasticsearch, album: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not the name of one index alias"):
        run(client, name, album)


def test_the_target_comes_before_the_pictures(client: Elasticsearch, alias: str, tmp_path: Path) -> None:
    with pytest.raises(NotProvisionedError):
        run(client, alias, tmp_path / "gone")


def test_no_picture_at_all(client: Elasticsearch, alias: str, tmp_path: Path) -> None:
    provision(client, alias)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.md").write_text("notes")
    with pytest.raises(CliplineError, match="no picture was found there"):
        run(client, alias, tmp_path / "empty")


def test_dead_letters_that_cannot_be_written(client: Elasticsearch, alias: str, album: Path, tmp_path: Path) -> None:
    provision(client, alias)
    (album / "text.jpg").write_text("no picture")
    with pytest.raises(CliplineError, match="the dead letters cannot be written"):
        run(client, alias, album, dead_letters=tmp_path / "nowhere" / "x.jsonl")
