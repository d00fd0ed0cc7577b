"""Image ref → decoded image: upright, RGB, with what the file says of itself."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from clipline.core.errors import ImageError
from clipline.core.pixels import FORMATS, exif_of, upright_rgb
from loader.discover import ImageRef
from loader.exif import date_taken, place_taken

MAX_FILE_BYTES = 512 * 1024 * 1024

_HEIC_BRANDS = (b"heic", b"heix", b"mif1")
_CUT_OFF = ("truncated", "broken data stream", "unexpected end")


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
    content = _content(ref)
    try:
        with warnings.catch_warnings():
            # Pillow warns from half of its limit on; only beyond the limit itself is a picture refused.
            warnings.simplefilter("ignore")
            return _decode(ref, content)
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise ImageError(_plain(error, content), where=ref.relative_path) from error


def _content(ref: ImageRef) -> bytes:
    try:
        with ref.file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ImageError(f"the file cannot be read: {error.strerror}", where=ref.relative_path) from error
    if not content:
        raise ImageError("the file is empty", where=ref.relative_path)
    if len(content) > MAX_FILE_BYTES:
        raise ImageError(f"the file is larger than {MAX_FILE_BYTES // 1024**2} MB", where=ref.relative_path)
    return content


def _decode(ref: ImageRef, content: bytes) -> DecodedImage:
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        opened.load()
        exif = exif_of(opened)
        upright = upright_rgb(opened, exif)
        name = (opened.format or "unknown").lower()
        return DecodedImage(
            ref=ref,
            pixels=upright,
            width=upright.width,
            height=upright.height,
            format="jpeg" if name == "mpo" else name,  # a JPEG with a second picture behind it, as phones write
            content_sha256=hashlib.sha256(content).hexdigest(),
            date=date_taken(exif),
            location=place_taken(exif),
        )


def _plain(error: Exception, content: bytes) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return "it has too many pixels: a decompression bomb, or a scan to be made smaller"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return "it is a HEIC picture, which is not read here: convert it to JPEG"
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture, or of a format that is not read here"
    text = str(error)
    if any(words in text.lower() for words in _CUT_OFF):
        return "the picture is cut off or damaged"
    return f"the picture is damaged: {text or type(error).__name__}"
