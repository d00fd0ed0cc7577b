"""Real files, nasty ones among them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from clipline.core.errors import ImageError, UsageError
from clipline.core.records import document_id
from loader.decode import decode
from loader.discover import ImageRef, Root, check_roots, discover


def refs(folder: Path) -> list[ImageRef]:
    return list(discover(Root(folder, "s")))


def picture(path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 20), "red").save(path, **options)
    return path


def test_what_is_found(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    picture(tmp_path / "a" / "b.jpg")
    picture(tmp_path / ".hidden" / "c.jpg")
    picture(tmp_path / ".d.jpg")
    picture(tmp_path / "no_extension", format="PNG")
    (tmp_path / "notes.md").write_text("text")
    (tmp_path / "b.jpg.txt").write_text(" a caption \n", "utf-8")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = refs(tmp_path)
    assert [ref.relative_path for ref in found] == ["b.jpg", "no_extension", "a/b.jpg"]
    assert [ref.caption for ref in found] == ["a caption", None, None]
    assert found[0].size == (tmp_path / "b.jpg").stat().st_size


def test_identity_depends_on_source_and_path_only(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "b.jpg")
    (ref,) = refs(tmp_path)
    assert ref.id == document_id("s", b"a/b.jpg")
    # Fixed for good: another value would double every document of every index.
    assert ref.id == "05bddb312756edeec4d2b1d250eab3d8"


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    Image.new("RGB", (8, 8)).save(tmp_path / name)
    (ref,) = refs(tmp_path)
    assert ref.path == b"caf\xe9.png"
    assert ref.relative_path == "caf\\xe9.png"


def test_two_roots_of_one_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one source"):
        check_roots([Root(tmp_path / "a", "x"), Root(tmp_path / "b", "x")])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.jpg", b"this is no picture", "not a picture"),
        ("empty.png", b"", "the file is empty"),
        ("zeros.gif", b"\0" * 100, "not a picture"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    (ref,) = refs(tmp_path)
    with pytest.raises(ImageError, match=reason):
        decode(ref)


def test_a_truncated_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.jpg")
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match="damaged"):
        decode(refs(tmp_path)[0])


def test_a_decompression_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match="too many pixels"):
        decode(refs(tmp_path)[0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste("red", (0, 0, 32, 16))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(tmp_path / "x.png", exif=exif)
    image = decode(refs(tmp_path)[0])
    assert (image.width, image.height) == (64, 32)
    assert image.pixels.getpixel((8, 8)) == (255, 0, 0)
    assert image.pixels.getpixel((56, 24)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"])
def test_modes(tmp_path: Path, mode: str) -> None:
    base = Image.new("L", (16, 16), 128)
    image = Image.fromarray(np.full((16, 16), 128 * 256, np.uint16)) if mode == "I;16" else base.convert(mode)
    image.save(tmp_path / ("x.jpg" if mode == "CMYK" else "x.png"))
    pixels = np.asarray(decode(refs(tmp_path)[0]).pixels, dtype=int)
    assert pixels.shape == (16, 16, 3)
    if mode != "1":
        assert abs(pixels - 128).max() <= 4


def test_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "x.png")
    assert decode(refs(tmp_path)[0]).pixels.getpixel((4, 4)) == (255, 255, 255)


def exif_picture(path: Path, *, date: str | None = None, gps: dict[int, object] | None = None) -> Path:
    exif = Image.Exif()
    if date is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = date
    if gps is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return picture(path, exif=exif)


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("2024:05:17 09:41:03", "2024-05-17T09:41:03"),
        ("0000:00:00 00:00:00", None),
        ("2024:13:40 25:61:61", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_dates(tmp_path: Path, date: str, wanted: str | None) -> None:
    exif_picture(tmp_path / "x.jpg", date=date)
    assert decode(refs(tmp_path)[0]).date == wanted


@pytest.mark.parametrize(
    ("gps", "wanted"),
    [
        ({1: "N", 2: (46.0, 30.0, 0.0), 3: "E", 4: (6.0, 0.0, 36.0)}, {"lat": 46.5, "lon": 6.01}),
        ({1: "S", 2: (33.0, 30.0, 0.0), 3: "W", 4: (70.0, 0.0, 0.0)}, {"lat": -33.5, "lon": -70.0}),
        ({1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (6.0, 0.0, 0.0)}, None),
        ({1: "N", 2: (46.0, 30.0, 0.0)}, None),
    ],
)
def test_places(tmp_path: Path, gps: dict[int, object], wanted: dict[str, float] | None) -> None:
    exif_picture(tmp_path / "x.jpg", gps=gps)
    assert decode(refs(tmp_path)[0]).location == wanted
