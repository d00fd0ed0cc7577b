"""Bytes → an upright RGB picture, and a picture → a small JPEG. Trusts neither the bytes nor their EXIF."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

from clipline.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

THUMBNAIL_PIXELS = 320
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened. Pillow knows more, and starts a PostScript interpreter for some of it."""

_ORIENTATION = 0x0112


def read_picture(content: bytes, *, at_least: int | None = None) -> Picture:
    """The picture in some bytes, in memory, upright and RGB; what is transparent becomes white.

    Args:
        content: a file's bytes.
        at_least: a size in pixels that is enough; a JPEG is then decoded smaller, which is many times faster.

    Raises:
        ImageError: it is not a picture, is damaged, or would take too much memory.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if at_least is not None:
                    opened.draft("RGB", (at_least, at_least))
                opened.load()
                return _upright(_rgb(opened), _orientation(opened))
    except MemoryError as error:
        raise ImageError("the picture needs more memory than there is") from error
    except Image.DecompressionBombError as error:
        raise ImageError("the picture has too many pixels") from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise ImageError("that is not a picture that can be read") from error


def thumbnail(picture: Picture) -> bytes:
    """A small JPEG of an RGB picture."""
    small = picture.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def data_uri(jpeg: bytes) -> str:
    """A JPEG as an address that carries it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _orientation(image: Picture) -> int:
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # a damaged block; the picture can be good all the same
        return 1
    return value if isinstance(value, int) else 1


def _upright(image: Picture, orientation: int) -> Picture:
    # Not ImageOps.exif_transpose: it writes the EXIF anew, and fails where that is damaged.
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _rgb(image: Picture) -> Picture:
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith("I;16"):
        # Conversion alone would clip every value above 255 to white.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image.convert("RGB")
