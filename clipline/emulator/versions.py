"""What differs between versions of Elasticsearch as a whole: Lucene, compatibility, the ids that indices are marked with.

Index version ids: IndexVersions.java, where a constant ``M_NNN_S_PP`` is added with every change of the index format.
Up to 8.18 the release of each id is in IndexVersions.csv; for later releases it follows from the Lucene upgrade that
the release contains, and is uncertain in its last digits (the id of 9.5 altogether, which is newer than the newest
constant that could be read).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from clipline.emulator.identity import Version


@dataclass(frozen=True, slots=True)
class Release:
    """One minor release: its first version, Lucene, the id of an index that it creates, and its build date."""

    since: tuple[int, int]
    lucene: str
    index_version: int
    built: str


RELEASES = (
    Release((8, 19), "9.12.2", 8_536_000, "2025-07-23"),
    Release((9, 0), "10.1.0", 9_009_000, "2025-04-08"),
    Release((9, 1), "10.2.2", 9_033_000, "2025-07-23"),
    Release((9, 2), "10.3.0", 9_039_000, "2025-10-21"),
    Release((9, 3), "10.3.2", 9_051_000, "2026-01-29"),
    Release((9, 4), "10.3.2", 9_074_000, "2026-04-28"),
    Release((9, 5), "10.4.0", 9_090_000, "2026-07-28"),
)
"""Oldest first."""


def release(version: Version) -> Release:
    """The minor release that a version belongs to."""
    return next(found for found in reversed(RELEASES) if version[:2] >= found.since)


def index_version(version: Version) -> int:
    """``index.version.created`` of an index that a server of this version creates."""
    return release(version).index_version


def release_of_index(created: int) -> tuple[int, int]:
    """The minor release whose servers create indices with this id: ``(9, 2)``. For checks of "created on or after"."""
    return max((found.since for found in RELEASES if found.index_version <= created), default=RELEASES[0].since)


def minimum_wire_compatibility(version: Version) -> str:
    """The oldest version that may be in one cluster with this one: the last minor of the major before."""
    return "7.17.0" if version.major == 8 else "8.19.0"


def minimum_index_compatibility(version: Version) -> str:
    """The oldest version whose indices this one opens for writing."""
    return f"{version.major - 1}.0.0"


def build_hash(version: Version) -> str:
    """A hash as a build of Elasticsearch has one, 40 hexadecimal digits; no build of it has this one."""
    return hashlib.sha1(f"clipline emulator {version}".encode(), usedforsecurity=False).hexdigest()


def build_date(version: Version) -> str:
    """When the first build of the minor release was made, to the day."""
    return f"{release(version).built}T00:00:00.000000000Z"
