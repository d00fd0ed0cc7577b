"""From a hit to the picture's own file, below the roots that were given and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from clipline.core.errors import ImageError, UsageError
from clipline.core.pixels import read_picture
from clipline.core.records import document_id
from clipline.search.hits import Hit
from clipline.search.pictures import THUMBNAIL_PIXELS, thumbnail

_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")
_MOST_ESCAPES = 8


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
            source, directory = _split(option)
            if not directory.is_dir():
                raise UsageError(
                    f"the folder {directory} does not exist", where="--root", hint="write --root [SOURCE=]DIR"
                )
            name = directory.resolve().name if source is None else source
            if name in roots:
                raise UsageError(f"two roots have the source {name!r}", where="--root", hint="write --root SOURCE=DIR")
            roots[name] = directory.resolve()
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
            if document_id(hit.source, path) == hit.id:
                return _below(root, path)
        return None

    def thumbnail(self, hit: Hit) -> bytes | None:
        """A small JPEG of a hit's picture, upright; ``None`` where there is no file or it cannot be read."""
        file = self.file(hit)
        if file is None:
            return None
        try:
            return thumbnail(read_picture(file.read_bytes(), at_least=THUMBNAIL_PIXELS))
        except (OSError, ImageError):
            return None


def _split(option: str) -> tuple[str | None, Path]:
    # A folder whose own name has a "=" is still a folder.
    source, equals, directory = option.partition("=")
    if equals and not Path(option).expanduser().is_dir():
        return source, Path(directory).expanduser()
    return None, Path(option).expanduser()


def _candidates(relative_path: str) -> Iterator[bytes]:
    r"""The bytes that a path may stand for: each ``\xNN`` is four characters of a name, or one byte of it."""
    try:
        plain = relative_path.encode("utf-8")
    except UnicodeEncodeError:
        return  # no loader writes such a path
    parts = _ESCAPE.split(plain)  # text, digits, text, digits, …, text
    texts, digits = parts[::2], parts[1::2]
    if len(digits) > _MOST_ESCAPES:
        yield b"".join(_interleave(texts, [bytes([int(pair, 16)]) for pair in digits]))
        yield plain
        return
    choices = [(b"\\x" + pair, bytes([int(pair, 16)])) for pair in digits]
    for chosen in product(*choices):
        yield b"".join(_interleave(texts, list(chosen)))


def _interleave(texts: Sequence[bytes], between: Sequence[bytes]) -> Iterator[bytes]:
    yield texts[0]
    for gap, text in zip(between, texts[1:], strict=True):
        yield gap
        yield text


def _below(root: Path, path: bytes) -> Path | None:
    try:
        file = (root / os.fsdecode(path)).resolve(strict=True)
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError, RuntimeError):  # gone, a NUL in the name, a loop of links
        return None
