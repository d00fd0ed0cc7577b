"""A picture → a small JPEG, and an address that carries it."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

THUMBNAIL_PIXELS = 320


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
