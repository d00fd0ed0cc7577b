"""Only a document's own file is ever served."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from clipline.core.errors import UsageError
from clipline.core.records import display_path, document_id
from clipline.search.hits import Hit
from clipline.search.originals import Originals


def hit(path: bytes, *, source: str = "album", id_of: bytes | None = None) -> Hit:
    name = display_path(path)
    return Hit(id=document_id(source, id_of or path), score=1, image_name=name, relative_path=name, source=source)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    Image.new("RGB", (640, 480), "red").save(folder / "a.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    return folder


def test_its_own_file(album: Path) -> None:
    originals = Originals.from_options([str(album)])
    assert originals.file(hit(b"a.png")) == album / "a.png"
    thumbnail = originals.thumbnail(hit(b"a.png"))
    assert thumbnail is not None
    assert thumbnail.startswith(b"\xff\xd8")


@pytest.mark.parametrize("path", [b"../secret.png", b"link.png", b"/etc/passwd", b"missing.png", b""])
def test_nothing_else(album: Path, path: bytes) -> None:
    assert Originals.from_options([str(album)]).file(hit(path)) is None


def test_a_path_that_the_id_does_not_follow_from(album: Path) -> None:
    assert Originals.from_options([str(album)]).file(hit(b"a.png", id_of=b"b.png")) is None


def test_another_source(album: Path) -> None:
    assert Originals.from_options([f"other={album}"]).file(hit(b"a.png")) is None
    assert Originals.from_options([f"other={album}"]).file(hit(b"a.png", source="other")) == album / "a.png"


def test_names_that_are_not_utf8(album: Path) -> None:
    raw = b"caf\xe9.png"
    Image.new("RGB", (8, 8)).save(album / os.fsdecode(raw))
    found = Originals.from_options([str(album)]).file(hit(raw))
    assert found == album / os.fsdecode(raw)


def test_options(album: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        Originals.from_options(["/nowhere"])
    with pytest.raises(UsageError, match="two roots"):
        Originals.from_options([str(album), f"album={album}"])
