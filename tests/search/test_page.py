"""The page that needs nothing else."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from clipline.core.errors import CliplineError, ImageError
from clipline.core.pixels import read_picture
from clipline.core.records import document_id
from clipline.search.hits import Hit
from clipline.search.originals import Originals
from clipline.search.page import NO_ROOTS, Section, render_page, write_page
from tests.loader.fakes import encoded, picture, write


def hit(name: str = "1.png", **values: object) -> Hit:
    facts = {"image_name": name, "relative_path": name, "caption": None, **values}
    return Hit(id=document_id("album", name.encode()), score=0.75, source="album", **facts)  # type: ignore[arg-type]


def images(html: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(content))) for content in found]


def test_pictures_are_inside_and_small(tmp_path: Path) -> None:
    write(tmp_path / "album" / "1.png", picture(size=(900, 600)))
    originals = Originals.from_options([str(tmp_path / "album")])
    html = render_page("hits", sections=[Section("red", [hit(), hit("gone.png")], 0.0125)], originals=originals)
    (small,) = images(html)
    assert small.size == (320, 213)
    assert "no picture" in html
    assert "0.7500" in html
    assert "2 hits in 12 ms" in html
    assert NO_ROOTS not in html


def test_nothing_is_asked_of_elsewhere(tmp_path: Path) -> None:
    html = render_page("hits", sections=[Section("red", [hit()], 0.1)], originals=None)
    assert not re.search(r"https?://|@import|url\(|<script|<link", html)


def test_without_roots_it_says_so() -> None:
    html = render_page("hits", sections=[Section("red", [hit()], 0.1)], originals=None)
    assert NO_ROOTS in html
    assert images(html) == []


def test_everything_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    html = render_page(evil, sections=[Section(evil, [hit(evil, caption=evil)], 0.1)], originals=None)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_the_query_picture_is_shown() -> None:
    html = render_page("hits", sections=[Section("yours", [], 0.1, picture(size=(64, 48)))], originals=None)
    assert [image.size for image in images(html)] == [(64, 48)]


def test_a_name_that_is_not_utf8_is_written(tmp_path: Path) -> None:
    label = os.fsdecode(b"caf\xe9.png")
    write_page(tmp_path / "x.html", title="t", sections=[Section(label, [], 0.1)], originals=None)
    assert "caf\\udce9.png" in (tmp_path / "x.html").read_text("utf-8")


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CliplineError, match="cannot be written: No such file"):
        write_page(tmp_path / "nowhere" / "x.html", title="t", sections=[], originals=None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_thumbnails_are_upright(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored = picture("blue", size=(1200, 800), corner="yellow").transpose(Image.Transpose.ROTATE_90)
    content = encoded(stored, kind, exif=exif)
    upright = read_picture(content, at_least=320)
    assert upright.width > upright.height
    red = [upright.getpixel((x * upright.width // 8, upright.height // 8))[0] for x in (1, 7)]  # type: ignore[index]
    assert red[0] > 200 > 50 > red[1]


@pytest.mark.parametrize(
    "content", [b"", b"text", encoded(picture(size=(400, 300)), "JPEG")[:-900], b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(ImageError, match="not a picture that can be read"):
        read_picture(content)


def test_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match="too many pixels"):
        read_picture(encoded(picture()))


def test_transparency_is_white() -> None:
    assert read_picture(encoded(Image.new("RGBA", (4, 4)))).getpixel((1, 1)) == (255, 255, 255)
