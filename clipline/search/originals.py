"""From a hit to the picture's own file, below the roots that were given and nowhere else."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipline.core.errors import UsageError
from clipline.core.records import document_id
from clipline.search.hits import Hit

THUMBNAIL_PIXELS = 320
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Originals:
    """The folders that pictures may be shown from, by source."""

    roots: dict[str, Path]

    @classmethod
    def from_options(cls, options: Sequence[str]) -> Originals:
        """Read ``[SOURCE=]DIR`` options; without a source it is the folder's name, as when loading.

        Raises:
            UsageError: a folder that does not exist, or two roots with one source.
        """
        roots: dict[str, Path] = {}
        for option in options:
            source, equals, directory = option.partition("=")
            path = Path(directory if equals else option).expanduser()
            if not path.is_dir():
                raise UsageError(f"the folder {path} does not exist", where="--root", hint="write --root [SOURCE=]DIR")
            name = source if equals else path.resolve().name
            if name in roots:
                raise UsageError(f"two roots have the source {name!r}", where="--root", hint="write --root SOURCE=DIR")
            roots[name] = path.resolve()
        return cls(roots)

    def file(self, hit: Hit) -> Path | None:
        """The file of a hit; ``None`` when its source has no root, or nothing below it is that document's file.

        A path leads to a file only if the document's id follows from it, so no document can name a file that it was
        not made of; and the file must lie below its root, links resolved.
        """
        root = self.roots.get(hit.source)
        if root is None:
            return None
        for path in _candidates(hit.relative_path):
            if document_id(hit.source, path) != hit.id:
                continue
            file = (root / os.fsdecode(path)).resolve()
            if file.is_relative_to(root) and file.is_file():
                return file
        return None

    def thumbnail(self, hit: Hit) -> bytes | None:
        """A small JPEG of a hit's picture, upright; ``None`` where there is no file or it cannot be read."""
        from PIL import Image, ImageOps

        file = self.file(hit)
        if file is None:
            return None
        try:
            with Image.open(file) as opened:
                opened.draft("RGB", (2 * THUMBNAIL_PIXELS, 2 * THUMBNAIL_PIXELS))
                picture = ImageOps.exif_transpose(opened).convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        picture.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=82)
        return buffer.getvalue()


def _candidates(relative_path: str) -> Iterator[bytes]:
    r"""The bytes that a path may stand for: as it is, and with each ``\xNN`` taken for the byte it may have been."""
    plain = relative_path.encode("utf-8", "surrogateescape")
    yield plain
    if _ESCAPE.search(plain):
        yield _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), plain)
