"""SIGKILL at any moment: what was acknowledged is there, nothing is half there, no number is given twice.

Writers of bulk requests, single documents and metadata go on over real HTTP until the server is killed; then it starts
again on the same folder, and everything is compared with what the writers were told.
"""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator.kill_writers import INDEX, Ledger, bulk_writer, metadata_writer, single_writer
from tests.emulator.test_durable import end, start

Writer = Callable[[httpx.Client, Ledger, random.Random, str], Iterator[None]]
WRITERS: dict[str, Writer] = {
    "bulk-a": bulk_writer,
    "bulk-b": bulk_writer,
    "single": single_writer,
    "meta": metadata_writer,
}
DIMS = {"type": "dense_vector", "dims": 3, "similarity": "l2_norm"}


def _prepare(http: httpx.Client) -> None:
    body = {
        "mappings": {"properties": {"v": DIMS, "n": {"type": "long"}, "by": {"type": "keyword"}}},
        "settings": {"refresh_interval": "100ms"},
        "aliases": {f"{INDEX}-alias": {}},
    }
    model = {
        "model_type": "pytorch",
        "inference_config": {"text_embedding": {"tokenization": {"bert": {}}}},
        "input": {"field_names": ["text_field"]},
    }
    for path, value in (
        (f"/{INDEX}", body),
        ("/_ingest/pipeline/seen", {"processors": [{"set": {"field": "seen", "value": True}}]}),
        ("/_ml/trained_models/swept-model", model),
    ):
        assert http.put(path, json=value).status_code == 200, path


def _written(url: str, ledgers: dict[str, Ledger], chance: random.Random, process: subprocess.Popen[str]) -> None:
    """Let all write until the server is killed."""

    def work(name: str, seed: int) -> None:
        with httpx.Client(base_url=url, timeout=20) as http:
            try:
                for _ in WRITERS[name](http, ledgers[name], random.Random(seed), name):
                    pass
            except (httpx.TransportError, ValueError):
                pass  # it is dead; half an answer is none

    threads = [threading.Thread(target=work, args=(name, chance.randrange(10**9))) for name in ledgers]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.05, 0.7))
    end(process, signal.SIGKILL)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def _seen(http: httpx.Client, known: list[str]) -> dict[str, dict[str, Any]]:
    docs = http.post(f"/{INDEX}/_mget", json={"ids": known}).json()["docs"] if known else []
    return {doc["_id"]: doc for doc in docs if doc["found"]}


def _settle(ledger: Ledger, found: dict[str, dict[str, Any]]) -> None:
    """What was sent and not answered has happened as a whole or not at all; from now on it is known which."""
    for group in ledger.open:
        done = [_is(found.get(doc_id), source) for doc_id, source in group.items()]
        before = [_is(found.get(doc_id), ledger.documents.get(doc_id, ({}, None))[1]) for doc_id in group]
        assert all(done) or all(before), f"half of a request: {group}"
        if all(done):
            for doc_id, source in group.items():
                ledger.documents[doc_id] = (found.get(doc_id, {}), source)
    ledger.open.clear()


def _is(doc: dict[str, Any] | None, source: dict[str, Any] | None) -> bool:
    if doc is None or source is None:
        return doc is None and source is None
    # Vectors are not shown, and an update of what is there keeps nothing else.
    return bool(doc["_source"]["n"] == source["n"])


def _check_documents(http: httpx.Client, ledgers: dict[str, Ledger]) -> None:
    known = sorted({i for one in ledgers.values() for i in [*one.documents, *(i for group in one.open for i in group)]})
    found = _seen(http, known)
    for ledger in ledgers.values():
        _settle(ledger, found)
        for doc_id, (answer, source) in ledger.documents.items():
            assert _is(found.get(doc_id), source), (doc_id, answer, found.get(doc_id))
            if source is not None and answer:
                for key in ("_version", "_seq_no", "_primary_term"):
                    assert found[doc_id][key] == answer[key], (doc_id, key)
    numbers = [number for ledger in ledgers.values() for number in ledger.numbers]
    assert len(numbers) == len(set(numbers)), "a sequence number was given twice"
    hits = http.post(f"/{INDEX}/_search", json={"size": 10_000, "version": True}).json()["hits"]["hits"]
    searched = {hit["_id"]: (hit["_version"], hit["_source"]) for hit in hits}
    assert searched == {doc_id: (doc["_version"], doc["_source"]) for doc_id, doc in found.items()}
    with_vectors = sum(doc_id.startswith("bulk") for doc_id in found)
    knn = {"field": "v", "query_vector": [0, 0, 0], "k": 10_000, "num_candidates": 10_000}
    assert http.post(f"/{INDEX}/_search", json={"knn": knn, "size": 0}).json()["hits"]["total"]["value"] == with_vectors


def _check_things(http: httpx.Client, ledger: Ledger) -> None:
    aliases = http.get(f"/{INDEX}/_alias").json()[INDEX]["aliases"]
    for path, kind in ledger.things.items():
        if kind == "alias":
            assert path.rpartition("/")[2] in aliases
        elif kind == "part":
            body = {"definition": "eA==", "total_definition_length": 3000 * 10**4, "total_parts": 10**4}
            assert "already exists" in http.put(path, json=body).text, path
        else:
            assert http.get(path).status_code == 200, path
        if kind == "index":
            assert http.get(f"{path}-alias").status_code == 200, path


def _sweep(folder: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    ledgers = {name: Ledger() for name in WRITERS}
    for round_number in range(rounds):
        process, url = start(folder)
        with httpx.Client(base_url=url, timeout=30) as http:
            if round_number == 0:
                _prepare(http)
            _check_documents(http, ledgers)
            _check_things(http, ledgers["meta"])
            following = http.put(f"/{INDEX}/_doc/after-{round_number}", json={"n": -1}).json()
            highest = max((number for ledger in ledgers.values() for number in ledger.numbers), default=-1)
            assert following["_seq_no"] > highest
            assert following["_primary_term"] == round_number + 1
            http.delete(f"/{INDEX}/_doc/after-{round_number}")
        _written(url, ledgers, chance, process)
    assert sum(len(ledger.numbers) for ledger in ledgers.values()) > rounds * 20
    assert {*ledgers["meta"].things.values()} >= {"template", "alias", "pipeline", "index", "part"}


def test_some_deaths(tmp_path: Path) -> None:
    _sweep(tmp_path, 5, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_deaths(tmp_path: Path, seed: int) -> None:
    _sweep(tmp_path, 20, seed=seed)
