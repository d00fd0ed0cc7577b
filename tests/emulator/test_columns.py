"""Vectors in memory: appended, outdated, made anew; an older snapshot goes on reading its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipline.emulator.database import Database
from clipline.emulator.indices import shard as shard_module
from clipline.emulator.indices.parse import Parsed
from clipline.emulator.indices.shard import Shard
from clipline.emulator.indices.snapshot import Snapshot
from clipline.emulator.indices.stored import begin

DIMS = 3
WRITES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["v", "v", "w", "none", "delete"]), st.booleans()),
    max_size=60,
)


def _write(shard: Shard, doc_id: str, what: str, number: int, model: dict[str, tuple[str, int]]) -> None:
    before = shard.get((0, doc_id))
    with shard.saving():
        model.pop(doc_id, None)
        if what == "delete":
            shard.delete((0, doc_id), version=1, before=before, remembered=60)
            return
        vectors = {} if what == "none" else {what: np.full(DIMS, number + 1, np.float32)}
        shard.put((0, doc_id), b"{}", Parsed({}, vectors), version=1, routing=None, before=before)
        model[doc_id] = (what, number + 1)


def _check(snapshot: Snapshot, model: dict[str, tuple[str, int]]) -> None:
    assert [document.id for document in snapshot.documents] == list(model)
    for field in ("v", "w"):
        wanted = [(place, value) for place, (what, value) in enumerate(model.values()) if what == field]
        vectors = snapshot.vectors(field)
        assert vectors.places.tolist() == [place for place, _ in wanted]
        assert vectors.rows.tolist() == [[value] * DIMS for _, value in wanted]
        assert np.allclose(vectors.norms, [value * DIMS**0.5 for _, value in wanted])
        for place, value in wanted:
            assert snapshot.documents[place].parsed.vectors[field].tolist() == [value] * DIMS


@settings(max_examples=60, deadline=None)
@given(writes=WRITES, most=st.sampled_from([0, 2, 5000]))
def test_any_history(tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, str, bool]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_module, "_MOST_FRESH", most)
        _history(tmp_path_factory.mktemp("columns"), writes)


def _history(folder: Path, writes: list[tuple[str, str, bool]]) -> None:
    database = Database(folder / "x.sqlite")
    begin(database)
    shard = Shard(database, "u")
    model: dict[str, tuple[str, int]] = {}
    seen: list[tuple[Snapshot, dict[str, tuple[str, int]]]] = []
    for number, (doc_id, what, look) in enumerate(writes):
        _write(shard, doc_id, what, number, model)
        if look:
            shard.refresh()
            seen.append((shard.snapshot(), dict(model)))
    shard.refresh()
    seen.append((shard.snapshot(), dict(model)))
    # A start reads the same from disk.
    seen.append((Shard(database, "u").snapshot(), dict(model)))
    for snapshot, then in seen:
        _check(snapshot, then)
    database.close()


def test_unrefreshed_writes_after_a_start(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    begin(database)
    model: dict[str, tuple[str, int]] = {}
    shard = Shard(database, "u")
    for number, doc_id in enumerate("abc"):
        _write(shard, doc_id, "v", number, model)
    shard, before = Shard(database, "u"), dict(model)
    _write(shard, "b", "v", 7, model)
    _write(shard, "c", "delete", 8, model)
    _write(shard, "d", "v", 9, model)
    _check(shard.snapshot(), before)
    shard.refresh()
    _check(shard.snapshot(), model)
    database.close()


def test_vectors_that_are_gone_leave_memory_without_a_search(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    begin(database)
    shard = Shard(database, "u")
    model: dict[str, tuple[str, int]] = {}
    for number, doc_id in enumerate("abcdefgh"):
        _write(shard, doc_id, "v", number, model)
    shard.refresh()
    _check(shard.snapshot(), model)
    for number in range(50):
        _write(shard, "a", "v", number, model)
        shard.refresh()
    assert len(shard._columns["v"]) < 12
    _check(shard.snapshot(), model)
    database.close()


def test_deletions_are_forgotten_in_time(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    begin(database)
    shard = Shard(database, "u")
    for number in range(20):
        with shard.saving():
            shard.delete((0, str(number)), version=number, before=None, remembered=0 if number < 15 else 60)
    assert [shard.deleted_version((0, str(number)), 60) for number in (13, 14, 15, 19)] == [None, 14, 15, 19]
    assert len(shard._tombstones) == 6
    database.close()


def test_a_reader_goes_on_with_what_it_saw_when_a_write_fails(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    begin(database)
    shard = Shard(database, "u")
    for source in (b'{"n":1}', b'{"n":2}'):
        with shard.saving():
            shard.put((0, "a"), source, Parsed(), version=1, routing=None, before=shard.get((0, "a")))
        if source == b'{"n":1}':
            shard.refresh()
            (document,) = shard.snapshot().documents
            shard.retain()
    with pytest.raises(OSError, match="full"), shard.saving():
        raise OSError("full")
    assert shard.source(document) == {"n": 1}
    assert shard.get((0, "a")) == shard.read((0, "a"))
    shard.release()
    database.close()
