"""What the cluster says to a chunk, over real HTTP from a server that says what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from loader import bulk
from loader.bulk import PAUSES, Action, Result, send
from loader.discover import ImageRef, Root

FULL = {"type": "es_rejected_execution_exception", "reason": "queue capacity = 10000"}
Answer = Callable[[int, list[str]], tuple[int, Any]]
"""The number of the request and the names in it → status and body."""


def action(name: str) -> Action:
    ref = ImageRef(root=Root(Path("/p"), "s"), path=name.encode(), file=Path("/p") / name, size=1, mtime=1)
    return Action(ref, {"image_name": name})


def items(statuses: dict[str, int]) -> dict[str, Any]:
    """A bulk answer."""
    listed = [
        {"index": {"_id": name, "status": status, **({"error": FULL} if status >= 300 else {})}}
        for name, status in statuses.items()
    ]
    return {"errors": any(status >= 300 for status in statuses.values()), "took": 1, "items": listed}


@contextmanager
def cluster(answer: Answer) -> Iterator[tuple[Elasticsearch, list[tuple[str, list[str]]]]]:
    """A client of such a server, and what arrived there: path and names."""
    arrived: list[tuple[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
            names = [json.loads(line)["image_name"] for line in lines[1::2]]
            arrived.append((self.path, names))
            status, body = answer(len(arrived), names)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("X-elastic-product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT  # noqa: N815 - the server's name for it

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with Elasticsearch(f"http://127.0.0.1:{server.server_port}", max_retries=0) as client:
            yield client, arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(client: Elasticsearch, names: list[str]) -> tuple[dict[str, Result], list[float]]:
    pauses: list[float] = []
    results = list(send(map(action, names), client=client, alias="pictures", pause=pauses.append))
    assert len(results) == len(names)
    return {result.ref.relative_path: result for result in results}, pauses


def test_every_write_requires_the_alias() -> None:
    with cluster(lambda _, names: (200, items(dict.fromkeys(names, 201)))) as (client, arrived):
        results, pauses = run(client, ["a", "b"])
    assert [result.error for result in results.values()] == [None, None]
    assert arrived == [("/pictures/_bulk?require_alias=true", ["a", "b"])]
    assert pauses == []


def test_only_what_was_refused_for_load_is_sent_again() -> None:
    def answer(number: int, names: list[str]) -> tuple[int, Any]:
        first = {"a": 201, "b": 429, "c": 400, "d": 503}
        return 200, items(first if number == 1 else dict.fromkeys(names, 201))

    with cluster(answer) as (client, arrived):
        results, pauses = run(client, ["a", "b", "c", "d"])
    assert [names for _, names in arrived] == [["a", "b", "c", "d"], ["b", "d"]]
    assert pauses == [PAUSES[0]]
    assert results["b"].error is None
    assert results["c"] == Result(results["c"].ref, "es_rejected_execution_exception: queue capacity = 10000", False)


def test_patience_ends() -> None:
    with cluster(lambda _, names: (200, items(dict.fromkeys(names, 429)))) as (client, arrived):
        results, pauses = run(client, ["a"])
    assert pauses == list(PAUSES)
    assert len(arrived) == len(PAUSES) + 1
    assert results["a"].retriable
    assert results["a"].error is not None
    assert "queue capacity" in results["a"].error


def test_a_whole_request_refused_for_load_is_not_waited_for_twice() -> None:
    """The client has waited already (here it was told not to); what is left is to try again later."""
    with cluster(lambda *_: (429, {"error": FULL, "status": 429})) as (client, arrived):
        results, pauses = run(client, ["a", "b"])
    assert ([names for _, names in arrived], pauses) == ([["a", "b"]], [])
    assert all(result.retriable for result in results.values())
    assert "the cluster is overloaded" in str(results["a"].error)


def test_a_whole_request_refused_for_another_reason_ends_the_load() -> None:
    refusal = {"error": {"type": "security_exception", "reason": "no"}, "status": 403}
    with cluster(lambda *_: (403, refusal)) as (client, _), pytest.raises(ApiError):
        run(client, ["a"])


def test_the_cause_is_part_of_the_reason() -> None:
    error = {"type": "document_parsing_exception", "reason": "failed", "caused_by": {"type": "x", "reason": "dims"}}
    body = {"errors": True, "took": 1, "items": [{"index": {"_id": "a", "status": 400, "error": error}}]}
    with cluster(lambda *_: (200, body)) as (client, _):
        results, _ = run(client, ["a"])
    assert results["a"].error == "document_parsing_exception: failed (dims)"


def test_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_DOCUMENTS", 3)
    with cluster(lambda _, names: (200, items(dict.fromkeys(names, 201)))) as (client, arrived):
        run(client, list("abcdefg"))
        assert [len(names) for _, names in arrived] == [3, 3, 1]
        arrived.clear()
        monkeypatch.setattr(bulk, "CHUNK_BYTES", 50)  # two documents of 20 bytes
        run(client, list("abcde"))
        assert [len(names) for _, names in arrived] == [2, 2, 1]
