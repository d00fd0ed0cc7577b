"""When writes become searchable: with the interval, with a refresh, and never at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clipline.emulator.database import Database
from clipline.emulator.indices import index as index_module
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.parse import Parsed
from clipline.emulator.indices.shard import Shard
from clipline.emulator.indices.stored import begin
from tests.emulator.conftest import Api


def _count(api: Api, index: str) -> int:
    count: int = api("GET", f"/{index}/_count")["count"]
    return count


def test_not_at_once_but_after_the_interval(api: Api, make: Callable[..., str]) -> None:
    index = make()
    api("PUT", f"/{index}/_doc/1", {}, code=201)
    began = time.monotonic()
    assert _count(api, index) == 0
    assert api("GET", f"/{index}/_doc/1")["found"]
    api("GET", f"/{index}/_doc/1?realtime=false", code=404)
    while _count(api, index) == 0:
        assert time.monotonic() - began < 5
        time.sleep(0.05)
    assert 0.8 < time.monotonic() - began < 2
    assert api("GET", f"/{index}/_doc/1?realtime=false")["found"]


def test_never_without_an_interval(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"refresh_interval": "-1"})
    api("PUT", f"/{index}/_doc/1", {}, code=201)
    time.sleep(1.1)
    assert _count(api, index) == 0
    answer = api("PUT", f"/{index}/_doc/2?refresh=true", {}, code=201)
    assert answer["forced_refresh"] is True
    assert _count(api, index) == 2
    api("PUT", f"/{index}/_doc/3?refresh", {}, code=201)
    assert _count(api, index) == 3
    api("DELETE", f"/{index}/_doc/3")
    assert _count(api, index) == 3
    api("GET", f"/{index}/_doc/1?refresh=true")
    assert _count(api, index) == 2


def test_waiting_for_the_interval(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"refresh_interval": "400ms"})
    began = time.monotonic()
    answer = api("PUT", f"/{index}/_doc/1?refresh=wait_for", {}, code=201)
    assert 0.3 < time.monotonic() - began < 2
    assert "forced_refresh" not in answer
    assert _count(api, index) == 1
    lines = b'{"delete":{"_id":"1"}}\n'
    headers = {"Content-Type": "application/x-ndjson"}
    (item,) = api("POST", f"/{index}/_bulk?refresh=wait_for", content=lines, headers=headers)["items"]
    assert "forced_refresh" not in item["delete"]
    assert _count(api, index) == 0


def test_waiting_for_somebody_else(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"refresh_interval": "-1"})
    statuses: list[int] = []
    path = f"/{index}/_doc/1?refresh=wait_for"
    waiting = threading.Thread(target=lambda: statuses.append(api.http.put(path, json={}).status_code))
    waiting.start()
    time.sleep(0.3)
    assert (statuses, _count(api, index)) == ([], 0)
    api("POST", f"/{index}/_refresh")
    waiting.join(10)
    assert statuses == [201]


def test_a_refresh_is_that_of_a_shard(api: Api, make: Callable[..., str]) -> None:
    # As in delete/50_refresh.yml: the two are in different shards, if there are as few routing shards.
    settings = {"refresh_interval": "-1", "number_of_shards": 5, "number_of_routing_shards": 5}
    index = make(docs={"1": {}, "3": {}}, settings=settings)
    api("DELETE", f"/{index}/_doc/1")
    assert _count(api, index) == 2
    api("DELETE", f"/{index}/_doc/3?refresh=true")
    assert _count(api, index) == 1
    api("POST", f"/{index}/_refresh")
    assert _count(api, index) == 0


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Index]:
    """An index of its own, without a server."""
    database = Database(tmp_path / "x.sqlite")
    begin(database)
    yield Index("x", "uuid", 0, {}, {}, Shard(database, "uuid"))
    database.close()


def _put(index: Index) -> None:
    with index.lock, index.shard.saving():
        index.shard.put((0, "1"), b"{}", Parsed(), version=1, routing=None, before=None)


@pytest.mark.parametrize(("interval", "seen"), [(None, 1), ("1h", 0)])
def test_an_idle_index_is_refreshed_by_the_search(quiet: Index, interval: str | None, seen: int) -> None:
    quiet.settings = {"refresh_interval": interval}
    _put(quiet)
    assert len(quiet.snapshot().documents) == 0
    quiet.searched -= 31
    assert len(quiet.snapshot().documents) == seen


def test_patience_ends_with_a_forced_refresh(quiet: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet.settings = {"refresh_interval": "-1"}
    monkeypatch.setattr(index_module, "_PATIENCE_SECONDS", 0.1)
    _put(quiet)
    assert quiet.wait_until_searchable({0}) is True
    assert len(quiet.snapshot().documents) == 1
    assert quiet.wait_until_searchable({0}) is False


def test_what_cannot_be_saved_has_not_happened(quiet: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(quiet)
    quiet.shard.refresh()
    assert len(quiet.snapshot().documents) == 1
    rows = quiet.shard._rows

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(rows), "save", full)

    def write() -> None:
        with quiet.lock, quiet.shard.saving():
            quiet.shard.delete((0, "1"), version=2, before=quiet.shard.get((0, "1")), remembered=60)
            quiet.shard.put((0, "2"), b"{}", Parsed(), version=1, routing=None, before=None)
            quiet.shard.delete((0, "3"), version=7, before=None, remembered=60)

    with pytest.raises(OSError, match="disk full"):
        write()
    monkeypatch.undo()
    assert quiet.shard.get((0, "1")) is not None
    assert quiet.deleted_version((0, "3")) is None
    assert [document.id for document in quiet.snapshot().documents] == ["1"]
    with quiet.lock, quiet.shard.saving():
        assert quiet.shard.put((0, "2"), b"{}", Parsed(), version=1, routing=None, before=None) == 1
