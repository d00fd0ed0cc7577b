"""A file is hashed once, unless anything about it says that it may be another one."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from clipline.core import digest_cache
from clipline.core.digest_cache import SMALLEST, file_digest

LONG_AGO = 1_700_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "clipline" / "digests.json"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this moment count as old: nobody can set back the time at which an inode changed."""
    monkeypatch.setattr(digest_cache, "RACY_SECONDS", -1.0)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose content was read."""
    seen: list[Path] = []
    real = digest_cache._hashed

    def count(path: Path) -> str:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(digest_cache, "_hashed", count)
    return seen


def big(path: Path, letter: bytes = b"a", *, when: int = LONG_AGO) -> Path:
    path.write_bytes(letter * SMALLEST)
    os.utime(path, (when, when))
    return path


@pytest.mark.usefixtures("settled")
def test_once(tmp_path: Path, hashed: list[Path]) -> None:
    file = big(tmp_path / "weights")
    wanted = hashlib.sha256(b"a" * SMALLEST).hexdigest()
    assert [file_digest(file) for _ in range(3)] == [wanted] * 3
    assert len(hashed) == 1


@pytest.mark.usefixtures("settled")
def test_a_link_counts_as_what_it_points_to(tmp_path: Path, hashed: list[Path]) -> None:
    file = big(tmp_path / "blob")
    (tmp_path / "link").symlink_to(file)
    assert file_digest(tmp_path / "link") == file_digest(file)
    assert len(hashed) == 1


@pytest.mark.usefixtures("settled")
def test_other_content_of_the_same_size_and_time(tmp_path: Path) -> None:
    file = big(tmp_path / "weights")
    before = file_digest(file)
    time.sleep(0.05)  # more than a tick of the file system's clock
    big(file, b"b")  # in place: the inode stays, and its time is set back
    assert file_digest(file) != before
    other = big(tmp_path / "other", b"c")
    other.replace(file)
    assert file_digest(file) == hashlib.sha256(b"c" * SMALLEST).hexdigest()


def test_a_file_that_just_changed_is_not_remembered(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"a" * SMALLEST)
    file_digest(file)
    assert not cache.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 99}', b'{"format": 1, "files": {"x": 5}}']
)
def test_a_damaged_cache(tmp_path: Path, cache: Path, content: bytes) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content)
    assert file_digest(big(tmp_path / "weights")) == hashlib.sha256(b"a" * SMALLEST).hexdigest()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert file_digest(big(tmp_path / "weights")) == hashlib.sha256(b"a" * SMALLEST).hexdigest()


@pytest.mark.usefixtures("settled")
def test_it_is_bounded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest_cache, "MOST", 2)
    for name in "abc":
        file_digest(big(tmp_path / name))
    assert str(tmp_path / "a") not in cache.read_text("utf-8")
    assert str(tmp_path / "c") in cache.read_text("utf-8")
