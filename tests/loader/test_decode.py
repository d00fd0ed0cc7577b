"""Real files, nasty ones too: what is read from them, and the reasons for what is not."""

from __future__ import annotations

import contextlib
import hashlib
import struct
import tempfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from clipline.core.errors import ImageError
from loader.decode import DecodedImage, decode
from loader.discover import ImageRef, Root
from loader.exif import date_taken, place_taken
from tests.loader.fakes import encoded, picture

# orientation → how the stored pixels are made from the picture as it should be seen
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def read(tmp_path: Path, content: bytes, name: str = "1.jpg") -> DecodedImage:
    file = tmp_path / name
    file.write_bytes(content)
    return decode(ImageRef(root=Root(tmp_path, "s"), path=name.encode(), file=file, size=len(content), mtime=0))


def reason(tmp_path: Path, content: bytes, name: str = "1.jpg") -> str:
    with pytest.raises(ImageError) as caught:
        read(tmp_path, content, name)
    assert caught.value.where == name
    return caught.value.what


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied(tmp_path: Path, orientation: int, kind: str) -> None:
    seen = picture("blue", size=(64, 48), corner="yellow")
    turn = STORED[orientation]
    stored = seen if turn is None else seen.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = read(tmp_path, encoded(stored, kind, exif=exif))
    assert (image.width, image.height) == (64, 48) == image.pixels.size
    corners = [image.pixels.getpixel(place) for place in ((8, 8), (56, 8), (8, 40), (56, 40))]
    nearest = ["yellow" if colour[0] > 128 else "blue" for colour in corners]  # type: ignore[index]
    assert nearest == ["yellow", "blue", "blue", "blue"]


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_an_orientation_that_does_not_exist_is_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = read(tmp_path, encoded(picture(size=(64, 48)), "JPEG", exif=exif))
    assert (image.width, image.height) == (64, 48)


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    content = encoded(picture(), "WEBP")
    image = read(tmp_path, content)  # its name says JPEG; its content counts
    assert (image.format, image.content_sha256) == ("webp", hashlib.sha256(content).hexdigest())
    assert (image.date, image.location) == (None, None)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "F", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (8, 8)) if mode == "I;16" else picture(size=(8, 8)).convert(mode)
    assert read(tmp_path, encoded(image, "TIFF" if mode not in ("P", "LA") else "PNG")).pixels.mode == "RGB"


def test_transparency_is_white(tmp_path: Path) -> None:
    image = read(tmp_path, encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0))))
    assert image.pixels.getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    image = Image.new("I;16", (4, 4), 128 * 256)
    assert read(tmp_path, encoded(image)).pixels.getpixel((1, 1)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"this is a text", "it is not a picture, or of a format that is not read here"),
        (encoded(picture(size=(400, 300)), "JPEG")[:-900], "the picture is cut off or damaged"),
        (encoded(picture(size=(400, 300)), "PNG")[:-300], "the picture is cut off or damaged"),
        (b"\xff\xd8\xff", "it is not a picture, or of a format that is not read here"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "it is a HEIC picture, which is not read here: convert it to JPEG"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            "it is not a picture, or of a format that is not read here",
        ),
    ],
)
def test_reasons(tmp_path: Path, content: bytes, said: str) -> None:
    assert reason(tmp_path, content) == said


def test_a_decompression_bomb_is_refused_unopened(tmp_path: Path) -> None:
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + size
    head = struct.pack(">I", len(size)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    assert "too many pixels" in reason(tmp_path, b"\x89PNG\r\n\x1a\n" + head + data)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    ref = ImageRef(root=Root(tmp_path, "s"), path=b"1.png", file=tmp_path / "1.png", size=1, mtime=0)
    with pytest.raises(ImageError, match="cannot be read: No such file"):
        decode(ref)


@settings(deadline=None, max_examples=60)
@given(cut=st.integers(0, 2000), noise=st.binary(max_size=40), at=st.integers(0, 2000))
def test_damage_is_an_image_error_or_a_picture(cut: int, noise: bytes, at: int) -> None:
    whole = encoded(picture(size=(60, 40)), "JPEG", exif=_exif(date="2024:05:17 09:41:03"))
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ImageError):
        assert read(Path(folder), damaged[: len(damaged) - cut]).pixels.mode == "RGB"


def _exif(*, date: Any = None, gps: dict[int, Any] | None = None) -> Image.Exif:
    exif = Image.Exif()
    if date is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = date
    if gps is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return exif


def test_damaged_exif_does_not_lose_the_picture(tmp_path: Path) -> None:
    content = bytearray(encoded(picture(), "JPEG", exif=_exif(date="2024:05:17 09:41:03")))
    start = content.index(b"Exif\0\0") + 6
    content[start + 4 : start + 8] = b"\xff\xff\xff\x7f"  # the first directory lies far behind the end
    image = read(tmp_path, bytes(content))
    assert (image.date, image.pixels.mode) == (None, "RGB")


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("2024:05:17 09:41:03", "2024-05-17T09:41:03"),
        ("2024:05:17 09:41:03\0", "2024-05-17T09:41:03"),
        ("2024-05-17T09:41:03+02:00", "2024-05-17T09:41:03"),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2024:13:45 99:99:99", None),
        ("0001:01:01 00:00:00", None),
        ("9999:01:01 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (b"2024", None),
        (7, None),
    ],
)
def test_dates(value: Any, date: str | None) -> None:
    assert date_taken(_exif(date=value)) == date


def _place(lat: Any, south: Any, lon: Any, west: Any) -> dict[str, float] | None:
    gps = ExifTags.GPS
    values = {gps.GPSLatitude: lat, gps.GPSLatitudeRef: south, gps.GPSLongitude: lon, gps.GPSLongitudeRef: west}
    return place_taken(_exif(gps=values))


@pytest.mark.parametrize(
    ("lat", "south", "lon", "west", "place"),
    [
        ((46, 30, 0), "N", (6, 45, 36), "E", {"lat": 46.5, "lon": 6.76}),
        ((33, 51, 36), "S", (70, 39, 0), "W", {"lat": -33.86, "lon": -70.65}),
        ((0, 0, 0), "N", (6, 0, 0), "E", {"lat": 0.0, "lon": 6.0}),
        ((Fraction(93, 2), 0, 0), b"n\0", (6, 0, 0), b"e\0", {"lat": 46.5, "lon": 6.0}),
        ((0, 0, 0), "N", (0, 0, 0), "E", None),
        ((91, 0, 0), "N", (6, 0, 0), "E", None),
        ((46, 0, 0), "N", (181, 0, 0), "E", None),
        ((46, 99, 0), "N", (6, 0, 0), "E", None),
        ((-46, 0, 0), "N", (6, 0, 0), "E", None),
        ((float("nan"), 0, 0), "N", (6, 0, 0), "E", None),
        ((float("inf"), 0, 0), "N", (6, 0, 0), "E", None),
        ((46, 0), "N", (6, 0, 0), "E", None),
        ("46", "N", (6, 0, 0), "E", None),
        (46.0, "N", (6, 0, 0), "E", None),
        (None, "N", (6, 0, 0), "E", None),
        ((46, 0, 0), None, (6, 0, 0), "E", None),
        ((46, 0, 0), "E", (6, 0, 0), "E", None),
        ((46, 0, 0), "", (6, 0, 0), "E", None),
    ],
)
def test_places(lat: Any, south: Any, lon: Any, west: Any, place: dict[str, float] | None) -> None:
    assert _place(lat, south, lon, west) == place


@given(
    lat=st.one_of(st.none(), st.text(), st.lists(st.one_of(st.floats(), st.text()), max_size=4)),
    south=st.one_of(st.none(), st.text(), st.binary()),
)
def test_a_place_is_on_earth_or_absent(lat: Any, south: Any) -> None:
    place = _place(lat, south, (6.0, 0.0, 0.0), "E")
    assert place is None or abs(place["lat"]) <= 90


def test_date_and_place_come_through_a_real_file(tmp_path: Path) -> None:
    gps = ExifTags.GPS
    values = {gps.GPSLatitude: (46.0, 30.0, 0.0), gps.GPSLatitudeRef: "N"}
    values |= {gps.GPSLongitude: (6.0, 45.0, 36.0), gps.GPSLongitudeRef: "W"}
    image = read(tmp_path, encoded(picture(), "JPEG", exif=_exif(date="2024:05:17 09:41:03", gps=values)))
    assert image.date == "2024-05-17T09:41:03"
    assert image.location == {"lat": 46.5, "lon": -6.76}
