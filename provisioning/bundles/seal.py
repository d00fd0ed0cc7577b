"""The last entry of a bundle: the SHA-256 of every byte before it, so that a flipped bit anywhere is found.

The digests in the manifest are of the members; nobody's are those of the manifest itself, of the entries' headers and of what
pads them. What stands behind the digest is known: it is the entry's own header, the digest, and zeros.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import IO

NAME = "SHA256"
_BLOCK = 1024 * 1024


class HashedStream:
    """A stream that is written once from front to back, with the digest of what was written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write, and count it in."""
        self._digest.update(data)
        return self._stream.write(data)

    def tell(self) -> int:
        """How many bytes were written."""
        return self._stream.tell()

    def seal(self, tar: tarfile.TarFile) -> None:
        """Add the entry to the archive that is written to this stream."""
        _add(tar, self._digest.hexdigest())


def is_sealed(path: Path, offset: int) -> bool:
    """Whether the entry whose header begins at ``offset`` is the seal of everything before it, and the end of the file."""
    digest, left = hashlib.sha256(), offset
    with path.open("rb") as stream:
        while left:
            block = stream.read(min(_BLOCK, left))
            if not block:
                return False
            digest.update(block)
            left -= len(block)
        return stream.read() == _end(digest.hexdigest(), offset)


def _end(digest: str, offset: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        _add(tar, digest)
    # tarfile fills up the last record with zeros, counted from the start of the whole archive
    blocks = 4 * tarfile.BLOCKSIZE  # header, digest, and the two empty ones that end an archive
    return buffer.getvalue()[:blocks] + bytes(-(offset + blocks) % tarfile.RECORDSIZE)


def _add(tar: tarfile.TarFile, digest: str) -> None:
    info = tarfile.TarInfo(NAME)
    content = f"{digest}\n".encode("ascii")
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
