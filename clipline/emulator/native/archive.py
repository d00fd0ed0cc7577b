"""The look into a TorchScript archive before anything in it is loaded.

A ``.pt`` file is a zip; torch reads its records where they are and writes none to disk, so their names can do no harm.
Its unpickler builds tensors and the archive's own classes only, but those may bring ``__setstate__``, which would run
while the model is loaded: so every record is searched for such hooks, also a second one of the same name. Nothing is
held in memory but one piece of one record.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, Protocol

from clipline.emulator.native.rules import Rules

_READER = "Error loading the model: PytorchStreamReader failed reading"
_TWO_DIRECTORIES = (
    "The emulator does not load this model: its archive has bytes around it, or a directory that not every reader finds"
)
_PIECE = 1024 * 1024
_LONGEST_NAME = 255
_GROWTH = 20
_SLACK = 64 * 1024 * 1024
"""An archive may unpack to 20 times its size and 64 MiB. Weights are stored as they are, only code is packed."""


_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
"""The records at the end of a zip (APPNOTE 4.3.14 to 4.3.16)."""


class Refused(Exception):
    """The model is not loaded; the message is the native process's own where it has one."""


class _Readable(Protocol):
    def read(self, n: int = -1, /) -> bytes: ...


def check_archive(file: Path, rules: Rules) -> None:
    """Search every record for state hooks.

    Raises:
        Refused: hooks were found, or a record cannot be read, or it is no archive at all.
    """
    found: set[str] = set()
    with file.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise Refused(f"{_READER} zip archive: {error}") from error
        with archive:
            if not _one_directory(stream, file.stat().st_size):
                raise Refused(_unreadable(rules, _TWO_DIRECTORIES))
            _check_sizes(archive, file.stat().st_size)
            for record in archive.infolist():
                found |= _hooks_of(archive, record, rules)
    if found:
        names = ", ".join(sorted(found))
        if rules.scans_hooks:
            raise Refused(f"Model archive contains custom state hooks: {names}")
        raise Refused(
            f"The emulator does not load this model on any version: its archive contains custom state hooks: {names}. "
            f"Elasticsearch {rules.version} does not look for them"
        )


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    unpacked = sum(record.file_size for record in archive.infolist())
    if unpacked > size * _GROWTH + _SLACK:
        raise Refused(f"The emulator does not load this model: {size} bytes of archive would unpack to {unpacked}")


def _hooks_of(archive: zipfile.ZipFile, record: zipfile.ZipInfo, rules: Rules) -> set[str]:
    try:
        if len(record.orig_filename) > _LONGEST_NAME:
            raise zipfile.BadZipFile("a record's name is too long")
        with archive.open(record) as stream:
            return set(search(stream, rules.hooks))
    except Exception as error:  # zlib, lzma, struct, … each have their own for a broken record
        raise Refused(_unreadable(rules, f"{_READER} file {record.filename}: {error}")) from error


def _unreadable(rules: Rules, why: str) -> str:
    if rules.scan_fails_closed:
        return "Model archive failed pre-load state-hook scan (unreadable or truncated zip record; possible evasion)"
    return why


def _one_directory(stream: BinaryIO, size: int) -> bool:
    """Whether every reader must find the same directory: ``zipfile`` allows for bytes before and after, torch does not.

    So it is as torch writes it: the directory, perhaps the records of ZIP64, the end record without a comment.
    """
    tail = min(size, _END.size + _LOCATOR.size + _END64.size)
    stream.seek(size - tail)
    rest = stream.read(tail)
    if len(rest) < _END.size:
        return False
    mark, _, _, _, _, length, offset, comment = _END.unpack(rest[-_END.size :])
    if mark != b"PK\5\6" or comment:
        return False
    end = size - _END.size
    locator = rest[-_END.size - _LOCATOR.size : -_END.size]
    if locator.startswith(b"PK\6\7"):
        end -= _LOCATOR.size + _END64.size
        if len(rest) < tail or _LOCATOR.unpack(locator)[2] != end:
            return False
        mark, *_, length, offset = _END64.unpack(rest[: _END64.size])
        if mark != b"PK\6\6":
            return False
    return bool(offset + length == end)


def search(stream: _Readable | BinaryIO, words: tuple[str, ...]) -> set[str]:
    """Which words a stream contains, also across the borders of the pieces that are read."""
    wanted = {word: word.encode() for word in words}
    overlap = max(map(len, wanted.values())) - 1
    found: set[str] = set()
    rest = b""
    while piece := stream.read(_PIECE):
        text = rest + piece
        found |= {word for word, pattern in wanted.items() if pattern in text}
        rest = text[-overlap:]
    return found
