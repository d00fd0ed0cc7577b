"""A disk that takes no more: what was acknowledged stays, the rest is refused in words, and all goes on when there is room.

The disk is a limit on the size of the process's files, which fails like a full one and can be lifted again.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipline.emulator.launch import running_emulator, started
from clipline.emulator.record import Running

LIMIT = 2 * 1024**2
PAD = "y" * 20_000


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Running]:
    """An emulator whose files may not grow over 2 MB."""
    with started(tmp_path) as running:
        limit(running, LIMIT)
        yield running


def limit(running: Running, size: int) -> None:
    hard = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (size, hard))


def bulk(url: str, ids: range) -> list[dict[str, Any]]:
    lines = [json.dumps(line) for i in ids for line in ({"index": {"_index": "pads", "_id": str(i)}}, {"pad": PAD})]
    answer = httpx.post(f"{url}/_bulk", content="\n".join(lines) + "\n", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    return [item["index"] for item in answer.json()["items"]]


def filled(url: str) -> set[str]:
    """Fill it up; the ids that were acknowledged."""
    acknowledged: set[str] = set()
    for start in range(0, 400, 10):
        items = bulk(url, range(start, start + 10))
        acknowledged |= {item["_id"] for item in items if item["status"] == 201}
        refused = [item for item in items if item["status"] != 201]
        if refused:
            assert {item["status"] for item in refused} == {500}
            assert {item["error"]["type"] for item in refused} == {"i_o_exception"}
            return acknowledged
    raise AssertionError("the disk never was full")


def found(url: str, ids: set[str]) -> set[str]:
    answer = httpx.post(f"{url}/pads/_mget", params={"_source": "false"}, json={"ids": sorted(ids)})
    return {one["_id"] for one in answer.json()["docs"] if one["found"]}


def test_what_is_acknowledged_stays_and_the_rest_is_refused(full: Running, tmp_path: Path) -> None:
    acknowledged = filled(full.url)
    assert acknowledged
    one = httpx.put(f"{full.url}/pads/_doc/one", json={"pad": PAD * 10})
    assert one.status_code == 500
    assert one.json()["error"]["type"] == "i_o_exception"
    assert found(full.url, {*acknowledged, "one", "399"}) == acknowledged
    httpx.post(f"{full.url}/pads/_refresh")
    assert httpx.get(f"{full.url}/pads/_count").json()["count"] == len(acknowledged)
    # There is room again.
    limit(full, resource.RLIM_INFINITY)
    assert httpx.put(f"{full.url}/pads/_doc/one", json={"pad": PAD * 10}).status_code == 201
    assert found(full.url, {*acknowledged, "one"}) == {*acknowledged, "one"}


def test_after_the_next_start_it_is_all_there(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        limit(running, LIMIT)
        acknowledged = filled(running.url)
    with running_emulator(tmp_path) as url:
        assert found(url, {str(i) for i in range(400)}) == acknowledged


def test_other_writes_are_refused_too(full: Running) -> None:
    filled(full.url)
    wide = {"mappings": {"properties": {f"f{i}": {"type": "keyword"} for i in range(900)}}}
    answers = [httpx.put(f"{full.url}/wide{i}", json=wide) for i in range(60)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["error"]["type"]) for answer in refused} == {(500, "i_o_exception")}
    names = {one["index"] for one in httpx.get(f"{full.url}/_cat/indices/wide*", params={"format": "json"}).json()}
    assert names == {f"wide{i}" for i, answer in enumerate(answers) if answer.status_code == 200}


def test_a_change_that_is_refused_has_not_happened(full: Running) -> None:
    filled(full.url)
    last, refused = None, 0
    for number in range(2000):
        answer = httpx.put(f"{full.url}/pads/_settings", json={"priority": number, "default_pipeline": "x" * 3000})
        if answer.status_code == 200:
            last = str(number)
            continue
        assert answer.json()["error"]["type"] == "i_o_exception"
        refused += 1
        shown = httpx.get(f"{full.url}/pads/_settings").json()["pads"]["settings"]["index"]
        assert shown.get("priority") == last
        if refused == 3:
            break
    assert refused == 3
    swap = [{"add": {"index": "pads", "alias": "x" * 200}}, {"remove_index": {"index": "other"}}]
    limit(full, resource.RLIM_INFINITY)
    httpx.put(f"{full.url}/other/_doc/1", json={}).raise_for_status()
    limit(full, LIMIT)
    assert httpx.post(f"{full.url}/_aliases", json={"actions": swap}).status_code == 500
    assert httpx.get(f"{full.url}/other/_doc/1").status_code == 200
    assert httpx.get(f"{full.url}/other/_search").status_code == 200
    limit(full, resource.RLIM_INFINITY)
    assert httpx.put(f"{full.url}/other/_doc/2", json={}).status_code == 201
