"""The licence as a thing of its own: what it allows, and what of it stays."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event, Thread

import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.identity import Identity, Version
from clipline.emulator.licence import require
from clipline.emulator.node import Node
from clipline.emulator.versions import index_version, release_of_index


@pytest.mark.parametrize(
    ("word", "allowed"), [("basic", False), ("trial", True), ("platinum", True), ("expired", False)]
)
def test_what_a_licence_allows(tmp_path: Path, word: str, allowed: bool) -> None:
    node = Node(tmp_path, Identity(license=word))
    try:
        if allowed:
            require(node, "ml")
        else:
            with pytest.raises(ApiError) as caught:
                require(node, "ml")
            assert (caught.value.status, caught.value.type) == (403, "security_exception")
            assert caught.value.reason == "current license is non-compliant for [ml]"
            assert caught.value.body()["error"]["license.expired.feature"] == "ml"
    finally:
        node.close()


def test_a_change_stays_until_the_process_is_started_as_something_else(tmp_path: Path) -> None:
    def seen(word: str, change: str | None = None) -> str:
        node = Node(tmp_path, Identity(license=word))
        try:
            if change:
                node.licence.start(change, 9)
            return node.licence.type
        finally:
            node.close()

    assert seen("trial", change="basic") == "basic"
    assert seen("trial") == "basic"
    assert seen("platinum") == "platinum"
    assert seen("trial") == "trial"


def test_who_reads_while_it_changes_does_not_keep_what_was_before(tmp_path: Path) -> None:
    node = Node(tmp_path, Identity(license="trial"))
    row, read = node.database.row, Event()

    def slow(sql: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
        found = row(sql, values)
        read.set()
        time.sleep(0.1)
        return found

    node.licence.start("trial", 9)  # nothing of it is known by heart now
    change = Thread(target=node.licence.start, args=("basic", 9))
    reader = Thread(target=lambda: node.licence.type)
    node.database.row = slow  # type: ignore[method-assign, assignment]
    try:
        reader.start()
        assert read.wait(5)
        change.start()
        reader.join()
        change.join()
        assert node.licence.type == "basic"
    finally:
        node.close()


@pytest.mark.parametrize("text", ["8.19.20", "9.0.3", "9.2.0", "9.5.2"])
def test_an_index_tells_the_release_that_created_it(text: str) -> None:
    version = Version.parse(text)
    assert release_of_index(index_version(version)) == version[:2]
