"""The SHA-256 of files that were read before, so that half a gigabyte of weights is not hashed by every command.

``$XDG_CACHE_HOME/clipline/digests.json``: ``{"format": 1, "files": {"<absolute path>": ["<key>", "<sha256>"]}}``, where the
key is the file's size, its two times of change, its inode and device. A file that changed within the last two seconds is not
remembered: one written again in the same tick of the clock could not be told from it (git calls that racy). The cache may be
lost, damaged or not writable at any time; then files are hashed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

FORMAT = 1
RACY_SECONDS = 2.0
SMALLEST = 1024 * 1024
"""Bytes. Smaller files are hashed in less time than the cache takes to write."""
MOST = 1000
"""Entries; the oldest go first."""


def file_digest(file: Path) -> str:
    """The SHA-256 of a file's content, as 64 hex digits; a link counts as what it points to.

    Raises:
        OSError: it cannot be read.
    """
    path = file.resolve()
    stat = path.stat()
    if stat.st_size < SMALLEST:
        return _hashed(path)
    key = _key(stat)
    known = _read().get(str(path))
    if known is not None and known[0] == key:
        return known[1]
    digest = _hashed(path)
    after = path.stat()
    if _key(after) == key and time.time() - max(after.st_mtime, after.st_ctime) > RACY_SECONDS:
        _remember(str(path), key, digest)
    return digest


def _hashed(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _key(stat: os.stat_result) -> str:
    # The time of the inode's last change too: a file's own time can be set back, that one cannot.
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}:{stat.st_dev}"


def _place() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return root / "clipline" / "digests.json"


def _read() -> dict[str, tuple[str, str]]:
    try:
        value = json.loads(_place().read_text("utf-8"))
        if value["format"] != FORMAT:
            return {}
        return {str(path): (str(key), str(digest)) for path, (key, digest) in value["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _remember(path: str, key: str, digest: str) -> None:
    """Two who write at once: one entry may be lost, and is made again."""
    files = _read()
    files.pop(path, None)
    files[path] = (key, digest)
    kept = dict(list(files.items())[-MOST:])
    place = _place()
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, encoding="utf-8", delete=False) as stream:
            beside = Path(stream.name)
            try:
                json.dump({"format": FORMAT, "files": kept}, stream)
                stream.close()
                beside.replace(place)
            except OSError:
                beside.unlink(missing_ok=True)
                raise
