"""Bytes, or an opened picture, → upright RGB pixels. Trusts neither the bytes nor their EXIF.

One road for pictures that are indexed and pictures that are searched by: the same file must give the same vector.
"""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import ExifTags, Image

from clipline.core.errors import ImageError

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened. Pillow knows more, and starts a PostScript interpreter for some of it."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(content: bytes, *, at_least: int | None = None) -> Image.Image:
    """The picture in some bytes, in memory, upright and RGB; what is transparent becomes white.

    Args:
        content: a file's bytes.
        at_least: a size in pixels that is enough; a JPEG is then decoded smaller, which is many times faster.

    Raises:
        ImageError: it is not a picture, is damaged, or would take too much memory.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if at_least is not None:
                    opened.draft("RGB", (at_least, at_least))
                opened.load()
                return upright_rgb(opened, exif_of(opened))
    except MemoryError as error:
        raise ImageError("the picture needs more memory than there is") from error
    except Image.DecompressionBombError as error:
        raise ImageError("the picture has too many pixels") from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise ImageError("that is not a picture that can be read") from error


def exif_of(image: Image.Image) -> Image.Exif:
    """A picture's EXIF; empty where it cannot be read, because the picture can be good all the same."""
    try:
        return image.getexif()
    except Exception:  # struct, index, value and type errors: whatever a damaged block makes Pillow raise
        return Image.Exif()


def upright_rgb(image: Image.Image, exif: Image.Exif) -> Image.Image:
    """A loaded picture as it is meant to be seen; an orientation that does not exist counts as upright."""
    # Not ImageOps.exif_transpose: it writes the EXIF anew, and fails where that is damaged.
    turn = exif.get(ExifTags.Base.Orientation)
    pixels = _rgb(image)
    return pixels.transpose(_TURNS[turn]) if isinstance(turn, int) and turn in _TURNS else pixels


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        # What is transparent is looked at on white, as a page would show it; conversion alone would show black.
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith("I;16"):
        # Conversion alone would clip every value above 255 to white.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image.convert("RGB")
