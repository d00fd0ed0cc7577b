"""Bulk requests, searches, deletions of the index and mapping changes beside each other: right answers, no deadlock."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.emulator.conftest import Api

NDJSON = {"Content-Type": "application/x-ndjson"}
SECONDS = 1.5


@pytest.fixture
def connect(emulator_url: str) -> Callable[[], httpx.Client]:
    """A connection of a thread's own; one that waits for ever fails the test."""
    return lambda: httpx.Client(base_url=emulator_url, timeout=20)


def _lines(ids: list[str], **more: object) -> bytes:
    lines = [json.dumps(line) for doc_id in ids for line in ({"index": {"_id": doc_id}}, {"v": [1.0, 2.0], **more})]
    return ("\n".join(lines) + "\n").encode()


def test_many_bulks_into_one_index(api: Api, make: Callable[..., str], connect: Callable[[], httpx.Client]) -> None:
    index = make({"v": {"type": "dense_vector", "dims": 2, "similarity": "l2_norm"}})
    done = threading.Event()
    numbers: list[int] = []

    def write(writer: int) -> None:
        with connect() as http:
            for round_number in range(15):
                ids = [f"{writer}-{round_number}-{number}" for number in range(20)]
                # A field of its own in every request: the mapping changes all the time.
                content = _lines(ids, **{f"f{writer}-{round_number}": 1})
                answer = http.post(f"/{index}/_bulk", content=content, headers=NDJSON).json()
                assert not answer["errors"], answer
                numbers.extend(item["index"]["_seq_no"] for item in answer["items"])

    def search() -> int:
        last = looks = 0
        with connect() as http:
            while not done.is_set():
                knn = {"field": "v", "query_vector": [1, 2], "k": 5000, "num_candidates": 5000}
                http.post(f"/{index}/_refresh")
                found = http.post(f"/{index}/_search", json={"knn": knn, "size": 3}).json()
                total = found["hits"]["total"]["value"]
                assert total >= last
                assert all("f" in "".join(hit["_source"]) for hit in found["hits"]["hits"])
                last, looks = total, looks + 1
        return looks

    with ThreadPoolExecutor(6) as pool:
        searches = [pool.submit(search) for _ in range(2)]
        writers = [pool.submit(write, writer) for writer in range(4)]
        for writer in writers:
            writer.result(60)
        done.set()
        assert all(one.result(30) > 0 for one in searches)
    assert sorted(numbers) == list(range(4 * 15 * 20))
    api("POST", f"/{index}/_refresh")
    assert api("GET", f"/{index}/_count")["count"] == 4 * 15 * 20
    assert len(api("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]) == 4 * 15 + 1


def test_an_index_that_comes_and_goes(name: str, connect: Callable[[], httpx.Client]) -> None:
    ends = time.monotonic() + SECONDS

    def write(writer: int) -> set[tuple[int, str]]:
        seen = set()
        with connect() as http:
            while time.monotonic() < ends:
                content = _lines([f"{writer}-{number}" for number in range(10)])
                for item in http.post(f"/{name}/_bulk", content=content, headers=NDJSON).json()["items"]:
                    seen.add((item["index"]["status"], item["index"].get("error", {}).get("type", "")))
        return seen

    def delete() -> int:
        gone = 0
        with connect() as http:
            while time.monotonic() < ends:
                gone += http.delete(f"/{name}").status_code == 200
                time.sleep(0.01)
        return gone

    def search() -> set[int]:
        with connect() as http:
            statuses = set()
            while time.monotonic() < ends:
                statuses.add(http.post(f"/{name}*/_search", json={"query": {"match_all": {}}}).status_code)
                statuses.add(http.get(f"/{name}/_doc/1-1").status_code)
        return statuses

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, writer) for writer in range(3)]
        deleter, searchers = pool.submit(delete), [pool.submit(search) for _ in range(2)]
        outcomes = set().union(*(writer.result(60) for writer in writers))
        assert deleter.result(60) > 3
        assert set().union(*(one.result(60) for one in searchers)) <= {200, 404}
    assert outcomes <= {(201, ""), (200, ""), (404, "index_not_found_exception")}
    with connect() as http:
        http.delete(f"/{name}")
        http.put(f"/{name}/_doc/1?refresh=true", json={})
        assert http.get(f"/{name}/_count").json()["count"] == 1


def test_everything_at_once_on_several_indices(name: str, connect: Callable[[], httpx.Client]) -> None:
    ends = time.monotonic() + SECONDS
    names = [f"{name}-{letter}" for letter in "abc"]

    def work(worker: int) -> int:
        calls = 0
        with connect() as http:
            while time.monotonic() < ends:
                one, two = names[calls % 3], names[(calls + worker) % 3]
                lines = [json.dumps(line) for index in (two, one) for line in ({"index": {"_index": index}}, {"n": 1})]
                answers = [
                    http.post("/_bulk", content=("\n".join(lines) + "\n").encode(), headers=NDJSON),
                    http.post(f"/{one},{two}/_search?ignore_unavailable=true", json={}),
                    http.post(
                        f"/{two}/_delete_by_query?conflicts=proceed&refresh=true", json={"query": {"match_all": {}}}
                    ),
                    http.put(f"/{one}/_settings", json={"refresh_interval": "50ms"}),
                    http.put(f"/{two}/_mapping", json={"properties": {f"p{worker}": {"type": "keyword"}}}),
                    http.post("/_aliases", json={"actions": [{"add": {"index": one, "alias": f"{name}-x"}}]}),
                    http.put(f"/{one}/_doc/1?refresh=wait_for", json={"n": worker}),
                ]
                assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
                calls += 1
        return calls

    with ThreadPoolExecutor(5) as pool:
        assert all(worker.result(60) > 0 for worker in [pool.submit(work, number) for number in range(5)])


def test_what_asks_for_all_indices_passes_by_those_that_go(
    make: Callable[..., str], connect: Callable[[], httpx.Client]
) -> None:
    name = f"{make()}-gone"
    ends = time.monotonic() + SECONDS
    asked = [("GET", path) for path in ("_cat/indices", "_cat/shards", "_stats", "_mapping", "_settings", "_alias",
                                        "_resolve/index/*", "_all", "_cluster/health", "_mapping/field/none")]  # fmt: skip
    asked += [("POST", path) for path in ("_refresh", "_flush", "_forcemerge")]

    def come_and_go() -> None:
        with connect() as http:
            while time.monotonic() < ends:
                http.put(f"/{name}")
                http.delete(f"/{name}")

    def ask() -> set[int]:
        statuses = set()
        with connect() as http:
            while time.monotonic() < ends:
                for method, path in asked:
                    statuses.add(http.request(method, f"/{path}").status_code)
        return statuses

    with ThreadPoolExecutor(5) as pool:
        going, asking = pool.submit(come_and_go), [pool.submit(ask) for _ in range(4)]
        going.result(60)
        assert set().union(*(one.result(60) for one in asking)) == {200}
