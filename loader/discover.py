"""Folders → image refs: which files there are, in a stable order. Opens captions and first bytes, no picture."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipline.core.errors import UsageError
from clipline.core.records import display_path, document_id, path_bytes

EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""Names that promise a picture: such a file that is none is a dead letter, not another file."""

_CAPTION_SUFFIX = ".txt"
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_MAX_CAPTION_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of pictures and the name it has in ids and documents."""

    directory: Path
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A file that should be a picture.

    ``path`` is relative to its root, as the file system's bytes with ``/``; ``size`` in bytes, ``mtime`` in whole
    milliseconds since the epoch; ``caption`` is the text beside it, ``<file name>.txt``, if there is one.
    """

    source: str
    path: bytes
    file: Path
    size: int
    mtime: int
    caption: str | None = None

    @property
    def id(self) -> str:
        """The ``_id`` of its document."""
        return document_id(self.source, self.path)

    @property
    def relative_path(self) -> str:
        """The path as the document shows it."""
        return display_path(self.path)


def check_roots(roots: Sequence[Root]) -> None:
    """Two roots with one source would give two files one id.

    Raises:
        UsageError: two roots share a source.
    """
    seen: dict[str, Root] = {}
    for root in roots:
        other = seen.setdefault(root.source, root)
        if other is not root:
            raise UsageError(
                f"{other.directory} and {root.directory} have one source, {root.source!r}",
                hint="load them one by one, each with its own --source",
            )


def discover(root: Root) -> Iterator[ImageRef]:
    """The pictures below a root, sorted by path; hidden files and linked folders are passed over."""
    for file in _files(root.directory):
        if file.suffix.lower() == _CAPTION_SUFFIX or not _promises_picture(file):
            continue
        try:
            stat = file.stat()
        except OSError:
            continue  # gone since it was listed, or a link to nowhere
        yield ImageRef(
            source=root.source,
            path=path_bytes(file.relative_to(root.directory)),
            file=file,
            size=stat.st_size,
            mtime=stat.st_mtime_ns // 1_000_000,
            caption=_caption(file),
        )


def _files(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _promises_picture(file: Path) -> bool:
    if file.suffix.lower() in EXTENSIONS:
        return True
    try:
        with file.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return False
    return head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _caption(file: Path) -> str | None:
    beside = file.with_name(file.name + _CAPTION_SUFFIX)
    try:
        if not beside.is_file() or beside.stat().st_size > _MAX_CAPTION_BYTES:
            return None
        return beside.read_text("utf-8-sig").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
