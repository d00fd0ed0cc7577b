"""From a model's name to its directory: a directory, a hub id at hand, a hub id that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipline.core.errors import ModelError
from clipline.core.hub import ModelSource, at_hand, is_hub_id, obtain, resolve_source

REVISION = "0123abc"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache of its own, empty."""
    for name in ("HUGGINGFACE_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def snapshot(cache: Path) -> Path:
    folder = cache / "models--acme--clip" / "snapshots" / REVISION
    folder.mkdir(parents=True)
    (folder / "modules.json").write_text("[]")
    return folder


def test_a_directory_comes_before_a_hub_id(tmp_path: Path) -> None:
    (tmp_path / "acme" / "clip").mkdir(parents=True)
    source = resolve_source("acme/clip", revision=REVISION, base=tmp_path)
    assert source == ModelSource(str(tmp_path / "acme" / "clip"))
    assert source.is_directory
    assert str(source) == source.model
    assert not is_hub_id("acme/clip", base=tmp_path)


def test_a_directory_is_relative_to_its_base(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert resolve_source("../b", revision=None, base=tmp_path / "a").model == str(tmp_path / "b")
    assert resolve_source(str(tmp_path / "b"), revision=None, base=tmp_path / "a").model == str(tmp_path / "b")


def test_a_hub_id(tmp_path: Path) -> None:
    source = resolve_source("acme/clip", revision=REVISION, base=tmp_path)
    assert (source.model, source.revision, source.is_directory) == ("acme/clip", REVISION, False)
    assert str(source) == "acme/clip@0123abc"


@pytest.mark.parametrize("revision", [None, ""])
def test_a_hub_id_needs_a_revision(tmp_path: Path, revision: str | None) -> None:
    with pytest.raises(ModelError, match="has no revision, so what it is could change any day"):
        resolve_source("acme/clip", revision=revision, base=tmp_path)


@pytest.mark.parametrize("name", ["./nowhere", "../nowhere", "/nowhere", "~/nowhere", "a/b/c", "", " "])
def test_what_can_only_be_a_directory(tmp_path: Path, name: str) -> None:
    base = tmp_path / "base"  # not there, so that an empty name is no directory
    with pytest.raises(ModelError, match="does not exist"):
        resolve_source(name, revision=REVISION, base=base)


def test_at_hand_is_what_the_cache_holds(cache: Path) -> None:
    source = ModelSource("acme/clip", REVISION)
    assert at_hand(source) is None
    folder = snapshot(cache)
    assert at_hand(source) == obtain(source) == folder
    assert at_hand(ModelSource("acme/clip", "other")) is None
    (folder / "modules.json").unlink()  # a download that stopped half-way
    assert at_hand(source) is None


def test_the_cache_is_where_the_hub_s_own_library_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    source = ModelSource("acme/clip", REVISION)
    assert at_hand(source) is None
    assert at_hand(source) is None
    folder = snapshot(tmp_path / "xdg" / "huggingface" / "hub")
    assert at_hand(source) == folder
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert at_hand(source) is None
    assert at_hand(source) != snapshot(tmp_path / "home" / "hub") == at_hand(source)


def test_a_directory_that_went_away(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the model directory does not exist"):
        obtain(ModelSource(str(tmp_path / "gone")))


def test_offline_and_not_at_hand_is_one_sentence(cache: Path) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(ModelError) as caught:
        obtain(ModelSource("acme/clip", REVISION))
    assert caught.value.what.startswith("acme/clip@0123abc cannot be downloaded: ")
    assert "\n" not in caught.value.what
    assert "give a directory that holds a copy of the model" in str(caught.value.hint)
