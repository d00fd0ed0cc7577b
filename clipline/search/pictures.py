"""Bytes → an upright RGB picture, and a picture → a small JPEG. Trusts neither the bytes nor their EXIF."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

from clipline.core.errors import ImageError
from clipline.core.pixels import FORMATS, exif_of, upright_rgb

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

THUMBNAIL_PIXELS = 320


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
                return upright_rgb(opened, exif_of(opened))
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
