"""Image ref → decoded image: upright, RGB, with what the file says of itself."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from clipline.core.errors import ImageError
from loader.discover import ImageRef
from loader.exif import date_taken, place_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """A picture in memory; ``width`` and ``height`` in pixels, as seen upright; ``format`` in lower case."""

    ref: ImageRef
    pixels: Image.Image
    width: int
    height: int
    format: str
    content_sha256: str
    date: str | None
    location: dict[str, float] | None


def decode(ref: ImageRef) -> DecodedImage:
    """Read one file.

    Raises:
        ImageError: it cannot be read, is no picture, is cut off, or would take too much memory.
    """
    try:
        content = ref.file.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", where=ref.relative_path) from error
    if not content:
        raise ImageError("the file is empty", where=ref.relative_path)
    try:
        with warnings.catch_warnings():
            # Pillow warns from half of its limit on; only beyond the limit itself is a picture refused.
            warnings.simplefilter("ignore")
            return _decode(ref, content)
    except UnidentifiedImageError as error:
        raise ImageError("not a picture, or of a format that is not known here", where=ref.relative_path) from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"too many pixels: {error}", where=ref.relative_path) from error
    except MemoryError as error:
        raise ImageError("needs more memory than there is", where=ref.relative_path) from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise ImageError(f"damaged: {str(error) or type(error).__name__}", where=ref.relative_path) from error


def _decode(ref: ImageRef, content: bytes) -> DecodedImage:
    with Image.open(io.BytesIO(content)) as opened:
        exif = opened.getexif()
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        pixels = _rgb(upright)
        return DecodedImage(
            ref=ref,
            pixels=pixels,
            width=pixels.width,
            height=pixels.height,
            format=(opened.format or "unknown").lower(),
            content_sha256=hashlib.sha256(content).hexdigest(),
            date=date_taken(exif),
            location=place_taken(exif),
        )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        # What is transparent is looked at on white, as a page would show it; conversion alone would show black.
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    return image.convert("RGB")
