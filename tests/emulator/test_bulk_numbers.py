"""``_seq_no``s and versions of any mixture of writes, against the plainest model of a shard."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.conftest import Api

_RUNS = itertools.count()
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["index", "create", "delete", "update", "upsert"]), st.sampled_from("abc"), st.integers(0, 2)
    ),
    min_size=1,
    max_size=25,
)


def _modelled(actions: list[tuple[str, str, int]]) -> tuple[list[tuple[int, int | None]], dict[str, dict[str, Any]]]:
    """Status and sequence number of each action, and the documents at the end."""
    documents: dict[str, tuple[int, dict[str, Any]]] = {}
    results: list[tuple[int, int | None]] = []
    following = 0
    for verb, doc_id, value in actions:
        there = doc_id in documents
        source = {"v": value}
        if verb == "create" and there:
            results.append((409, None))
            continue
        if verb == "update" and not there:
            results.append((404, None))
            continue
        if verb in ("update", "upsert") and there and documents[doc_id][1] == source:
            results.append((200, documents[doc_id][0]))
            continue
        if verb == "delete":
            results.append((200 if documents.pop(doc_id, None) else 404, following))
        else:
            results.append((200 if there else 201, following))
            documents[doc_id] = (following, source)
        following += 1
    return results, {doc_id: source for doc_id, (_, source) in documents.items()}


def _lines(actions: list[tuple[str, str, int]]) -> bytes:
    lines: list[Any] = []
    for verb, doc_id, value in actions:
        lines.append({"update" if verb == "upsert" else verb: {"_id": doc_id}})
        if verb in ("update", "upsert"):
            lines.append({"doc": {"v": value}, "doc_as_upsert": verb == "upsert"})
        elif verb != "delete":
            lines.append({"v": value})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, cut=st.integers(0, 25))
def test_any_mixture(api: Api, actions: list[tuple[str, str, int]], cut: int) -> None:
    index = f"numbers-{next(_RUNS)}"
    api("PUT", f"/{index}")
    wanted, documents = _modelled(actions)
    items: list[dict[str, Any]] = []
    for part in filter(None, (actions[:cut], actions[cut:])):
        headers = {"Content-Type": "application/x-ndjson"}
        answer = api("POST", f"/{index}/_bulk", content=_lines(part), headers=headers)
        items += [next(iter(item.values())) for item in answer["items"]]
    assert [(item["status"], item.get("_seq_no")) for item in items] == wanted
    api("POST", f"/{index}/_refresh")
    hits = api("POST", f"/{index}/_search", {"query": {"match_all": {}}})["hits"]["hits"]
    assert {hit["_id"]: hit["_source"] for hit in hits} == documents
    api("DELETE", f"/{index}")
