"""A drawn picture as a file: JPEG with EXIF, PNG or WebP, the same bytes every time.

A camera held upside down stores the pixels as the sensor saw them and notes in the EXIF orientation (1 to 8)
how to turn them. The demo needs files like that, so the picture is stored turned the other way round: a reader
that honours the orientation sees it upright, one that forgets to does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image

# The inverse of what `PIL.ImageOps.exif_transpose` does for each orientation.
_STORED: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ORIENTATIONS: Final = (1, *_STORED)


@dataclass(frozen=True, slots=True)
class Shot:
    """What the camera noted; `location` is (latitude, longitude) in degrees."""

    orientation: int = 1
    taken: datetime | None = None
    location: tuple[float, float] | None = None


def write(picture: Image.Image, path: Path, *, shot: Shot) -> None:
    """Writes the picture in the format of the path's suffix; only JPEGs carry what the camera noted."""
    match path.suffix:
        case ".jpeg":
            _stored(picture, shot.orientation).save(path, "JPEG", quality=88, exif=_exif(shot))
        case ".png":
            picture.save(path, "PNG", compress_level=3)
        case ".webp":
            picture.save(path, "WEBP", quality=82, method=2)
        case suffix:
            raise ValueError(f"{path}: no format for the suffix {suffix!r}; use .jpeg, .png or .webp")


def _stored(picture: Image.Image, orientation: int) -> Image.Image:
    return picture if orientation == 1 else picture.transpose(_STORED[orientation])


def _exif(shot: Shot) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "clipline"
    exif[ExifTags.Base.Orientation] = shot.orientation
    if shot.taken:
        moment = shot.taken.strftime("%Y:%m:%d %H:%M:%S")
        exif[ExifTags.Base.DateTime] = moment
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
    if shot.location:
        latitude, longitude = shot.location
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "S" if latitude < 0 else "N",
                ExifTags.GPS.GPSLatitude: _sexagesimal(latitude),
                ExifTags.GPS.GPSLongitudeRef: "W" if longitude < 0 else "E",
                ExifTags.GPS.GPSLongitude: _sexagesimal(longitude),
            }
        )
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds, as GPS tags want them; seconds to two digits (30 cm)."""
    hundredths = round(abs(degrees) * 360_000)
    return float(hundredths // 360_000), float(hundredths // 6_000 % 60), hundredths % 6_000 / 100
