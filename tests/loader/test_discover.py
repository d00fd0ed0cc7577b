"""Which files are pictures, under which names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clipline.core.errors import UsageError
from clipline.core.records import document_id
from loader.discover import PassedOver, Root, Why, check_roots, discover
from tests.loader.fakes import encoded, picture, write


def refs(directory: Path) -> list[str]:
    return [ref.relative_path for ref in discover(Root(directory, "s"))]


def others(directory: Path) -> list[tuple[str, Why, str]]:
    found: list[PassedOver] = []
    list(discover(Root(directory, "s"), passed_over=found.append))
    return [(item.relative_path, item.why, item.reason) for item in found]


def test_folders_are_walked_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.png", "a/z.png", "top.png", "a/deeper/1.png"):
        write(tmp_path / name, picture())
    assert refs(tmp_path) == ["top.png", "a/z.png", "a/deeper/1.png", "b/1.png", "b/2.png"]


def test_hidden_files_and_folders_are_not_there(tmp_path: Path) -> None:
    for name in (".hidden.png", ".cache/1.png", "1.png"):
        write(tmp_path / name, picture())
    assert refs(tmp_path) == ["1.png"]
    assert others(tmp_path) == []


def test_links(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    write(archive / "1.png", picture())
    outside = write(tmp_path / "outside" / "2.png", picture()).parent
    (archive / "loop").symlink_to(archive, target_is_directory=True)
    (archive / "elsewhere").symlink_to(outside, target_is_directory=True)
    (archive / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (archive / "linked.png").symlink_to(outside / "2.png")
    assert refs(archive) == ["1.png", "linked.png"]


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    assert refs(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content", "taken"),
    [
        ("photo", encoded(picture(), "JPEG"), True),
        ("photo.bin", encoded(picture(), "PNG"), True),
        ("photo.dat", encoded(picture(), "WEBP"), True),
        ("photo.x", encoded(picture(), "BMP"), True),
        ("photo.y", encoded(picture(), "GIF"), True),
        ("photo.z", encoded(picture(), "TIFF"), True),
        ("photo.a", encoded(picture(), "AVIF"), True),
        ("text.JPG", b"this is a text", True),  # promises a picture: rejected later, with a reason
        ("empty.jpeg", b"", True),
        ("from-a-phone.HEIC", b"\x00\x00\x00\x18ftypheic", True),
        ("notes.md", b"# notes", False),
        ("BMW", b"BMW is a text that begins like a bitmap", False),
        ("RIFFs", b"RIFF\x00\x00\x00\x00WAVEfmt ", False),
        ("empty", b"", False),
        ("picture.txt", encoded(picture(), "PNG"), False),
    ],
)
def test_what_counts_as_a_picture(tmp_path: Path, name: str, content: bytes, taken: bool) -> None:
    (tmp_path / name).write_bytes(content)
    assert refs(tmp_path) == ([name] if taken else [])
    assert others(tmp_path) == ([] if taken else [(name, Why.OTHER, "")])


def test_a_caption_is_not_another_file_and_a_text_is(tmp_path: Path) -> None:
    write(tmp_path / "1.png", picture())
    (tmp_path / "1.png.txt").write_text("a caption")
    (tmp_path / "readme.txt").write_text("no caption")
    assert refs(tmp_path) == ["1.png"]
    assert others(tmp_path) == [("readme.txt", Why.OTHER, "")]


def test_names_that_are_not_utf8_keep_their_bytes(tmp_path: Path) -> None:
    name = b"caf\xe9.png"
    (tmp_path / os.fsdecode(name)).write_bytes(encoded(picture()))
    (ref,) = discover(Root(tmp_path, "s"))
    assert ref.path == name
    assert ref.relative_path == "caf\\xe9.png"
    assert ref.id == document_id("s", name)
    assert ref.file.read_bytes() == encoded(picture())


def test_size_and_time_are_the_files(tmp_path: Path) -> None:
    file = write(tmp_path / "1.png", picture())
    os.utime(file, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    (ref,) = discover(Root(tmp_path, "s"))
    assert (ref.size, ref.mtime) == (file.stat().st_size, 1_700_000_000_123)


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    wanted = (".", Why.UNREADABLE, "the folder cannot be read: No such file or directory")
    assert others(tmp_path / "gone") == [wanted]


def test_two_roots_need_two_sources(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one source, 'phone'"):
        check_roots([Root(tmp_path / "a", "phone"), Root(tmp_path / "b", "phone")])
    check_roots([Root(tmp_path / "a", "phone"), Root(tmp_path / "a", "camera")])


@pytest.mark.parametrize("source", ["", os.fsdecode(b"caf\xe9")])
def test_a_source_is_a_name(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a source"):
        check_roots([Root(tmp_path, source)])


@pytest.mark.parametrize(
    ("content", "caption"),
    [
        (b"zwei rote Kreise\n", "zwei rote Kreise"),
        ("\ufeff三个紫色的圆形".encode(), "三个紫色的圆形"),
        (b"   \n", None),
    ],
)
def test_captions(tmp_path: Path, content: bytes, caption: str | None) -> None:
    write(tmp_path / "1.png", picture())
    (tmp_path / "1.png.txt").write_bytes(content)
    (ref,) = discover(Root(tmp_path, "s"))
    assert ref.caption == caption
    assert others(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"caf\xe9", "its caption is not UTF-8"), (b"x" * 70_000, "its caption is longer than 64 KB")],
)
def test_a_picture_whose_caption_cannot_be_read_is_kept(tmp_path: Path, content: bytes, reason: str) -> None:
    write(tmp_path / "1.png", picture())
    (tmp_path / "1.png.txt").write_bytes(content)
    (ref,) = discover(Root(tmp_path, "s"))
    assert ref.caption is None
    assert others(tmp_path) == [("1.png", Why.CAPTION, reason)]


def test_identity_depends_on_source_and_path_only(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b.jpg", picture())
    (ref,) = discover(Root(tmp_path, "s"))
    assert ref.id == document_id("s", b"a/b.jpg")
    # Fixed for good: another value would double every document of every index.
    assert ref.id == "05bddb312756edeec4d2b1d250eab3d8"
