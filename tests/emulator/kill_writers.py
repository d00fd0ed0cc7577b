"""Writers that go on until the server dies, each with what it was told and with what it did not hear about any more."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

INDEX = "swept"
NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass(slots=True)
class Ledger:
    """What one writer knows over all rounds.

    ``documents`` holds the last acknowledged answer and source of each document (``None`` for one that is deleted);
    ``open`` the groups of changes that were sent and not answered: of each, all or nothing has happened.
    """

    documents: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = field(default_factory=dict)
    open: list[dict[str, dict[str, Any] | None]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    things: dict[str, Any] = field(default_factory=dict)
    counter: int = 0

    def told(self, answer: dict[str, Any], source: dict[str, Any] | None) -> None:
        """Note an acknowledged write."""
        self.documents[answer["_id"]] = (answer, source)
        self.numbers.append(answer["_seq_no"])


def bulk_writer(http: httpx.Client, ledger: Ledger, chance: random.Random, name: str) -> Iterator[None]:
    """Bulk requests: new documents, changes and deletions of its own."""
    while True:
        lines: list[Any] = []
        wanted: dict[str, dict[str, Any] | None] = {}
        for _ in range(chance.randint(1, 40)):
            ledger.counter += 1
            doc_id = f"{name}-{chance.randint(0, 60)}"
            if doc_id in wanted:
                continue
            source = {"by": name, "n": ledger.counter, "v": [float(ledger.counter), 1.0, 2.0]}
            if chance.random() < 0.15:
                lines.append({"delete": {"_id": doc_id}})
                wanted[doc_id] = None
            elif chance.random() < 0.3:
                lines += [{"update": {"_id": doc_id}}, {"doc": source, "doc_as_upsert": True}]
                wanted[doc_id] = source
            else:
                lines += [{"index": {"_id": doc_id}}, source]
                wanted[doc_id] = source
        ledger.open.append(wanted)
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        answer = http.post(f"/{INDEX}/_bulk", content=content, headers=NDJSON).json()
        ledger.open.pop()
        assert not answer["errors"], answer
        for item in answer["items"]:
            (result,) = item.values()
            ledger.told(result, wanted[result["_id"]])
        yield


def single_writer(http: httpx.Client, ledger: Ledger, chance: random.Random, name: str) -> Iterator[None]:
    """One document after the other, through an alias and a pipeline."""
    while True:
        ledger.counter += 1
        doc_id = f"{name}-{chance.randint(0, 9)}"
        source = {"by": name, "n": ledger.counter}
        ledger.open.append({doc_id: {**source, "seen": True}})
        refresh = chance.choice(["false", "true"])
        answer = http.put(f"/{INDEX}-alias/_doc/{doc_id}?pipeline=seen&refresh={refresh}", json=source).json()
        ledger.open.pop()
        ledger.told(answer, {**source, "seen": True})
        yield


def metadata_writer(http: httpx.Client, ledger: Ledger, chance: random.Random, name: str) -> Iterator[None]:
    """Templates, aliases, pipelines, indices and parts of a model's definition."""
    part = base64.b64encode(b"x" * 3000).decode()
    while True:
        ledger.counter += 1
        one = f"{name}-{ledger.counter}"
        kind = chance.choice(["template", "alias", "pipeline", "index", "part"])
        if kind == "template":
            template = {"index_patterns": [f"{one}-*"], "priority": ledger.counter}
            path, body = f"/_index_template/{one}", template
        elif kind == "alias":
            path, body = f"/{INDEX}/_alias/{one}", {}
        elif kind == "pipeline":
            path, body = f"/_ingest/pipeline/{one}", {"processors": [], "description": one}
        elif kind == "index":
            path, body = f"/{one}-made", {"aliases": {f"{one}-made-alias": {}}}
        else:
            length, total = 3000 * 10**4, 10**4
            body = {"definition": part, "total_definition_length": length, "total_parts": total}
            path = f"/_ml/trained_models/swept-model/definition/{ledger.counter}"
        answer = http.put(path, json=body)
        assert answer.status_code == 200, answer.text
        ledger.things[path] = kind
        yield
