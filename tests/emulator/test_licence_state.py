"""The licence as a thing of its own: what it allows, and what of it stays."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize("text", ["8.19.20", "9.0.3", "9.2.0", "9.5.2"])
def test_an_index_tells_the_release_that_created_it(text: str) -> None:
    version = Version.parse(text)
    assert release_of_index(index_version(version)) == version[:2]
