"""Roots → image refs: which files there are, in a stable order. Reads names, sizes, first bytes and captions."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from clipline.core.errors import UsageError
from clipline.core.records import CAPTION_SUFFIX, MAX_CAPTION_BYTES, display_path, document_id, path_bytes

EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
"""Names that promise a picture: such a file is rejected with a reason when it is none, not passed over."""

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_HEIF_BRANDS = (b"heic", b"heix", b"mif1", b"avif", b"avis")
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of pictures and the name it has in ids and documents."""

    directory: Path
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A file that should be a picture.

    ``path`` is relative to its root, as the file system's bytes with ``/``; ``size`` in bytes; ``mtime`` in whole
    milliseconds since the epoch; ``caption`` is the text of the file beside it, if there is one.
    """

    root: Root
    path: bytes
    file: Path
    size: int
    mtime: int
    caption: str | None = None

    @property
    def source(self) -> str:
        """The name of its root."""
        return self.root.source

    @property
    def id(self) -> str:
        """The ``_id`` of its document."""
        return document_id(self.root.source, self.path)

    @property
    def relative_path(self) -> str:
        """The path as the document shows it."""
        return display_path(self.path)


class Why(StrEnum):
    """Why something that was found is no image ref."""

    OTHER = "other"
    """A file of another kind, which does not pretend to be a picture."""
    UNREADABLE = "unreadable"
    """A folder or a file that cannot be read."""
    CAPTION = "caption"
    """A caption that cannot be read; its picture is an image ref all the same, without caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """What is no image ref, and why; ``reason`` is a sentence, empty for files of another kind."""

    root: Root
    path: bytes
    why: Why
    reason: str = ""

    @property
    def relative_path(self) -> str:
        """The path as people read it."""
        return display_path(self.path)


def check_roots(roots: Sequence[Root]) -> None:
    """Two roots with one source would give two files one id.

    Raises:
        UsageError: two roots share a source, or a source is not a name.
    """
    seen: dict[str, Root] = {}
    for root in roots:
        other = seen.setdefault(root.source, root)
        if other is not root:
            raise UsageError(
                f"{other.directory} and {root.directory} have one source, {root.source!r}",
                hint="load them one by one, each with its own --source",
            )
        if not root.source or not _is_text(root.source):
            raise UsageError(
                f"the folder's name {root.source!r} cannot be the name of a source",
                where=display_path(os.fsencode(root.directory)),
                hint="name it with --source",
            )


def discover(root: Root, *, passed_over: Callable[[PassedOver], None] = lambda _: None) -> Iterator[ImageRef]:
    """The pictures below a root: those of a folder by name, then its folders by name.

    Hidden files and folders are as if they were not there, and linked folders are not followed. ``passed_over`` is told
    of what is left out otherwise.
    """
    failures: list[OSError] = []
    for folder, folders, names in os.walk(root.directory, onerror=failures.append, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        there = set(names)
        for name in sorted(names):
            if name.startswith(".") or _is_caption(name, there):
                continue
            found = _look_at(root, Path(folder, name))
            if isinstance(found, PassedOver):
                passed_over(found)
            elif found is not None:
                yield _with_caption(found, passed_over) if name + CAPTION_SUFFIX in there else found
        _tell(root, failures, passed_over)
    _tell(root, failures, passed_over)


def _tell(root: Root, failures: list[OSError], passed_over: Callable[[PassedOver], None]) -> None:
    while failures:
        error = failures.pop(0)
        folder = Path(os.fsdecode(error.filename or root.directory))
        path = path_bytes(folder.relative_to(root.directory))
        reason = f"the folder cannot be read: {error.strerror}"
        passed_over(PassedOver(root=root, path=path, why=Why.UNREADABLE, reason=reason))


def _is_caption(name: str, there: set[str]) -> bool:
    return name.endswith(CAPTION_SUFFIX) and name[: -len(CAPTION_SUFFIX)] in there


def _look_at(root: Root, file: Path) -> ImageRef | PassedOver | None:
    """What a file is; ``None`` for what is no regular file (sockets, pipes, links to nowhere) or gone by now."""
    path = path_bytes(file.relative_to(root.directory))
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode):
            return None
        if not _promises_picture(file):
            return PassedOver(root=root, path=path, why=Why.OTHER)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"the file cannot be read: {error.strerror}"
        return PassedOver(root=root, path=path, why=Why.UNREADABLE, reason=reason)
    milliseconds = facts.st_mtime_ns // 1_000_000
    return ImageRef(root=root, path=path, file=file, size=facts.st_size, mtime=milliseconds)


def _with_caption(ref: ImageRef, passed_over: Callable[[PassedOver], None]) -> ImageRef:
    try:
        with ref.file.with_name(ref.file.name + CAPTION_SUFFIX).open("rb") as stream:
            content = stream.read(MAX_CAPTION_BYTES + 1)
        if len(content) <= MAX_CAPTION_BYTES:
            return replace(ref, caption=content.decode("utf-8-sig").strip() or None)
        reason = f"its caption is longer than {MAX_CAPTION_BYTES // 1024} KB"
    except OSError as error:
        reason = f"its caption cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        reason = "its caption is not UTF-8"
    passed_over(PassedOver(root=ref.root, path=ref.path, why=Why.CAPTION, reason=reason))
    return ref


def _promises_picture(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix in EXTENSIONS:
        return True
    if suffix == CAPTION_SUFFIX:
        return False
    with file.open("rb") as stream:
        return _looks_like_picture(stream.read(32))


def _looks_like_picture(head: bytes) -> bool:
    if head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return True
    # "BM" alone begins many a text; the reserved bytes and the header's length are a bitmap's only.
    return head[:2] == b"BM" and head[6:10] == bytes(4) and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
