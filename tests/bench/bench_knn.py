"""kNN over 100,000 vectors with a filter that lets a tenth through, and how long a start with them takes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from served import DIMS, INDEX, MAPPINGS, Server, bulks

from clipline.emulator.launch import running_emulator

VERSION = ("--version", "9.5.2")
"""The first vectors in base64 are those of 9.3."""

COUNT = 100_000
STEP = 10_000
SEARCHES = 60
GOAL_MS, GOAL_READY = 40.0, 1.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        print(f"ready, empty              {_ready(data):6.2f} s, goal {GOAL_READY} s")
        with running_emulator(data, *VERSION) as url:
            server = Server(url)
            server("PUT", f"/{INDEX}", {"mappings": MAPPINGS})
            for step in range(0, COUNT, STEP):
                server.fill(_renumbered(bulks(STEP, encoded=True, seed=step), step))
            _timed("refresh after the load", lambda: server("POST", f"/{INDEX}/_refresh"))
            _timed("first search after it", lambda: server("POST", f"/{INDEX}/_search", _search(0)))
            _searches(server)
        print(f"ready, {COUNT} documents {_ready(data):6.2f} s, goal {GOAL_READY} s")
        with running_emulator(data, *VERSION) as url:
            server = Server(url)
            _timed("first search after a start", lambda: server("POST", f"/{INDEX}/_search", _search(0)))
            _searches(server)


def _ready(data: Path) -> float:
    started = time.perf_counter()
    with running_emulator(data, *VERSION):
        return time.perf_counter() - started


def _renumbered(bodies: list[bytes], start: int) -> list[bytes]:
    # The same documents would be written again: what is sent must be new.
    prefix = b'{"index": {"_id": "' + str(start // STEP).encode() + b"-"
    return [body.replace(b'{"index": {"_id": "', prefix) for body in bodies]


def _search(seed: int) -> dict[str, Any]:
    vector = np.random.default_rng(seed).standard_normal(DIMS).tolist()
    knn = {"field": "image_embedding", "query_vector": vector, "k": 10, "num_candidates": 100}
    return {"knn": {**knn, "filter": {"term": {"tag": f"t{seed % 10}"}}}, "size": 10}


def _searches(server: Server) -> None:
    times = []
    for seed in range(SEARCHES):
        body = _search(seed)
        started = time.perf_counter()
        assert len(server("POST", f"/{INDEX}/_search", body)["hits"]["hits"]) == 10
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(times, [50, 95])
    print(f"knn with filter, {COUNT} documents: p50 {p50:5.1f} ms, p95 {p95:5.1f} ms, goal p50 {GOAL_MS} ms")


def _timed(what: str, do: Any) -> None:
    started = time.perf_counter()
    do()
    print(f"{what:<26} {time.perf_counter() - started:6.2f} s")


if __name__ == "__main__":
    main()
