"""The demo's picture files: the same bytes every time, and as awkward as those of real cameras."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from PIL import ExifTags, Image, ImageChops, ImageOps, ImageStat

from clipline.demo.captions import LANGUAGES
from clipline.demo.pictures import Picture, generate
from clipline.demo.pictures_draw import draw
from clipline.demo.pictures_files import ORIENTATIONS, Shot, write
from clipline.demo.pictures_scene import COLOURS, SHAPES, TONES, combinations, compose, held_out

COUNT = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def pictures(folder: Path) -> list[Picture]:
    return generate(folder, count=COUNT, seed=3)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name, count=24, seed=11)
    generate(tmp_path / "other", count=24, seed=12)
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")
    assert _contents(tmp_path / "one") != _contents(tmp_path / "other")


def test_every_record_has_its_file_and_no_file_lacks_a_record(folder: Path, pictures: list[Picture]) -> None:
    sidecars = {picture.sidecar for picture in pictures if picture.caption_language}
    written = {path for path in folder.rglob("*") if path.is_file()}
    assert len(pictures) == COUNT
    assert written == {picture.path for picture in pictures} | sidecars


def test_every_combination_is_shown(pictures: list[Picture]) -> None:
    shown = Counter((picture.shape, picture.colour) for picture in pictures)
    assert shown == dict.fromkeys(combinations(), COUNT // 100)
    assert {picture.count for picture in pictures} == {1, 2, 3}
    assert len({picture.background for picture in pictures}) == 4
    assert len({picture.size for picture in pictures}) == 2


def test_formats_are_what_the_suffixes_say(pictures: list[Picture]) -> None:
    formats = {".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    for picture in pictures:
        with Image.open(picture.path) as image:
            assert image.format == formats[picture.path.suffix]
            assert image.mode == "RGB"
    assert {picture.path.suffix for picture in pictures} == set(formats)


def test_equal_names_in_different_folders(folder: Path, pictures: list[Picture]) -> None:
    folders: dict[str, set[Path]] = {}
    for picture in pictures:
        folders.setdefault(picture.path.name, set()).add(picture.path.parent.relative_to(folder))
    assert sum(len(places) > 1 for places in folders.values()) > COUNT // 10
    assert any(len(place.parts) > 1 for places in folders.values() for place in places), "no folder in a folder"


def test_all_orientations_appear_and_stand_in_the_exif(pictures: list[Picture]) -> None:
    jpegs = [picture for picture in pictures if picture.path.suffix == ".jpeg"]
    assert {picture.orientation for picture in jpegs} == set(ORIENTATIONS) == set(range(1, 9))
    for picture in jpegs:
        with Image.open(picture.path) as image:
            assert image.getexif()[ExifTags.Base.Orientation] == picture.orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_applying_the_orientation_gives_the_intended_picture(tmp_path: Path, orientation: int) -> None:
    # An arrow on stripes looks different in all eight ways of holding it.
    meant = draw(compose(Random(1), shape="arrow", colour="red"), width=320, height=240)
    write(meant, tmp_path / "a.jpeg", shot=Shot(orientation=orientation))
    with Image.open(tmp_path / "a.jpeg") as stored:
        seen = ImageOps.exif_transpose(stored)
        assert seen.size == meant.size
        assert _difference(seen, meant) < 3.0
        if orientation == 1:
            assert stored.size == meant.size
        elif orientation < 5:
            assert _difference(stored.convert("RGB"), meant) > 6.0
        else:
            assert stored.size == (240, 320)


def test_dates_and_places_are_readable(pictures: list[Picture]) -> None:
    jpegs = [picture for picture in pictures if picture.path.suffix == ".jpeg"]
    for picture in jpegs:
        with Image.open(picture.path) as image:
            exif = image.getexif()
            taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
            gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        assert (datetime.strptime(taken, "%Y:%m:%d %H:%M:%S") if taken else None) == picture.taken
        if picture.location is None:
            assert not gps
        else:
            assert _degrees(gps) == pytest.approx(picture.location, abs=1e-5)
    assert sum(picture.taken is not None for picture in jpegs) > 0.8 * len(jpegs)
    places = [picture.location for picture in jpegs if picture.location]
    assert len(places) > 0.7 * len(jpegs)
    assert {(latitude < 0, longitude < 0) for latitude, longitude in places} == {
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    }


def test_one_in_three_has_a_caption_beside_it(tmp_path: Path, pictures: list[Picture]) -> None:
    captioned = [picture for picture in pictures if picture.caption_language]
    assert 0.25 < len(captioned) / COUNT < 0.42
    assert {picture.caption_language for picture in captioned} == set(LANGUAGES)
    for picture in captioned:
        assert picture.sidecar.name == picture.path.name + ".txt"
        assert picture.caption_language is not None
        assert picture.sidecar.read_text("utf-8").strip() == picture.captions[picture.caption_language]
    generate(tmp_path, count=12, seed=3, captions=False)
    assert not list(tmp_path.rglob("*.txt"))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_stands_inside_the_central_square_in_its_colour(shape: str, colour: str) -> None:
    scene = compose(Random(f"{shape} {colour}"), shape=shape, colour=colour)
    picture = draw(scene, width=320, height=240)
    painted = ImageChops.difference(picture, draw(replace(scene, tone=(1, 255, 127)), width=320, height=240))
    # CLIP's preprocessing sees the columns 40 to 280 only.
    left, top, right, bottom = painted.getbbox() or pytest.fail("nothing is painted in the colour")
    assert 40 <= left < right <= 280
    assert 0 < top < bottom < 240
    mask = painted.convert("L").point([255 if value > 20 else 0 for value in range(256)])
    assert mask.histogram()[255] > 700
    # The edges are darker, never another colour.
    seen = ImageStat.Stat(picture, mask).mean
    assert all(0.7 * part - 12 < got < part + 12 for got, part in zip(seen, scene.tone, strict=True)), (
        seen,
        scene.tone,
    )
    assert min(TONES, key=lambda name: math.dist(TONES[name], scene.tone)) == colour


def test_held_out_combinations_are_two_per_shape_and_two_per_colour() -> None:
    kept = held_out()
    assert len(set(kept)) == 20
    assert set(kept) < set(combinations())
    assert Counter(shape for shape, _ in kept) == dict.fromkeys(SHAPES, 2)
    assert Counter(colour for _, colour in kept) == dict.fromkeys(COLOURS, 2)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of a channel, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def _degrees(gps: dict[int, object]) -> tuple[float, float]:
    def angle(tag: int, reference: int, negative: str) -> float:
        parts = gps[tag]
        assert isinstance(parts, tuple)
        degrees, minutes, seconds = (float(part) for part in parts)
        return (degrees + minutes / 60 + seconds / 3600) * (-1 if gps[reference] == negative else 1)

    return (
        angle(ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S"),
        angle(ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W"),
    )
