"""``_update``: partial documents, upserts, no-ops, and what an update answers with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clipline.emulator.indices.update import merged
from tests.emulator.conftest import Api


def test_a_part_is_merged(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {"a": 1, "o": {"x": 1, "y": [1, 2]}}})
    answer = api("POST", f"/{index}/_update/1", {"doc": {"o": {"y": [3]}, "n": None}})
    assert (answer["result"], answer["_version"], answer["_seq_no"]) == ("updated", 2, 1)
    assert "get" not in answer
    assert api("GET", f"/{index}/_source/1") == {"a": 1, "o": {"x": 1, "y": [3]}, "n": None}


def test_nothing_to_do(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {"a": 1}})
    answer = api("POST", f"/{index}/_update/1?refresh=true", {"doc": {"a": 1}})
    assert (answer["result"], answer["_version"], answer["_seq_no"]) == ("noop", 1, 0)
    assert answer["_shards"] == {"total": 0, "successful": 0, "failed": 0}
    assert "forced_refresh" not in answer
    assert api("POST", f"/{index}/_update/1", {"doc": {"a": 1}, "detect_noop": False})["_version"] == 2


@pytest.mark.parametrize(
    ("new", "changed"),
    [({}, False), ({"a": 1}, False), ({"a": 1.0}, True), ({"a": True}, True), ({"o": {"x": [1, 2]}}, False),
     ({"o": {"x": [1, 2.0]}}, True), ({"o": {}}, False), ({"o": 1}, True), ({"n": None}, True)],
)  # fmt: skip
def test_what_changes_a_document(new: dict[str, Any], changed: bool) -> None:
    assert merged({"a": 1, "o": {"x": [1, 2]}}, new)[1] is changed


def test_upserts(api: Api, name: str) -> None:
    body = {"doc": {"a": 2}, "upsert": {"a": 1}}
    first = api("POST", f"/{name}/_update/1", body, code=201)
    assert (first["result"], first["_version"]) == ("created", 1)
    assert api("GET", f"/{name}/_source/1") == {"a": 1}
    assert api("POST", f"/{name}/_update/1", body)["result"] == "updated"
    assert api("GET", f"/{name}/_source/1") == {"a": 2}
    api("POST", f"/{name}/_update/2", {"doc": {"b": 1}, "doc_as_upsert": True}, code=201)
    assert api("GET", f"/{name}/_source/2") == {"b": 1}
    # The index is made even if there is nothing to update in it.
    kind, reason = api.error("POST", f"/{name}-b/_update/1", {"doc": {}}, code=404)
    assert (kind, reason) == ("document_missing_exception", "[1]: document missing")
    api("HEAD", f"/{name}-b")


@pytest.mark.parametrize(
    ("params", "body", "shown"),
    [
        ("", {}, None),
        ("_source=true", {}, {"a": 1, "b": 2}),
        ("_source=a", {}, {"a": 1}),
        ("_source=false", {}, None),
        ("_source_excludes=a", {}, {"b": 2}),
        ("", {"_source": True}, {"a": 1, "b": 2}),
        ("_source=a", {"_source": ["b"]}, {"b": 2}),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_the_source_it_answers_with(
    api: Api, make: Callable[..., str], params: str, body: dict[str, Any], shown: Any, there: bool
) -> None:
    index = make(docs={"1": {"a": 1}} if there else {})
    update = {"doc": {"b": 2}, "upsert": {"a": 1, "b": 2}, **body}
    answer = api("POST", f"/{index}/_update/1?{params}", update, code=200 if there else 201)
    if shown is None:
        assert "get" not in answer
        return
    wanted = {"_seq_no": int(there), "_primary_term": 1, "found": True, "_source": shown}
    assert answer["get"] == wanted
    noop = api("POST", f"/{index}/_update/1?{params}", update)
    assert (noop["result"], noop["get"]) == ("noop", wanted)


def test_on_a_condition(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {"a": 1}})
    api("POST", f"/{index}/_update/1?if_seq_no=0&if_primary_term=1", {"doc": {"a": 2}})
    for params, body in (
        ("if_seq_no=0&if_primary_term=1", {"doc": {"a": 2}}),
        ("", {"doc": {"a": 3}, "if_seq_no": 0, "if_primary_term": 1}),
    ):
        kind, reason = api.error("POST", f"/{index}/_update/1?{params}", body, code=409)
        assert kind == "version_conflict_engine_exception"
        assert reason.startswith("[1]: version conflict, required seqNo [0], primary term [1].")
    api("POST", f"/{index}/_update/1", {"doc": {"a": 4}, "if_seq_no": -2})
    missing = api.error("POST", f"/{index}/_update/x?if_seq_no=0&if_primary_term=1", {"doc": {}}, code=404)
    assert missing[0] == "document_missing_exception"


@pytest.mark.parametrize(
    ("params", "body", "reason"),
    [
        ("", None, "Validation Failed: 1: script or doc is missing;"),
        ("", {"upsert": {}}, "Validation Failed: 1: script or doc is missing;"),
        (
            "",
            {"doc_as_upsert": True},
            "Validation Failed: 1: script or doc is missing;2: doc must be specified if doc_as_upsert is enabled;",
        ),
        ("", {"dok": {}}, "[1:1] [UpdateRequest] unknown field [dok] did you mean [doc]?"),
        ("", {"doc": []}, "[1:1] [UpdateRequest] doc doesn't support values of type: START_ARRAY"),
        ("if_seq_no=1", {"doc": {}}, "Validation Failed: 1: ifSeqNo is set, but primary term is [0];"),
        (
            "if_seq_no=1&if_primary_term=1&retry_on_conflict=1",
            {"doc": {}, "doc_as_upsert": True, "upsert": {}},
            (
                "Validation Failed: 1: compare and write operations can not be retried;2: compare and write operations can not "
                "be used with upsert;3: upsert requests don't support `if_seq_no` and `if_primary_term`;"
            ),
        ),
        (
            "version=1&version_type=external",
            {"doc": {}},
            (
                "Validation Failed: 1: internal versioning can not be used for optimistic concurrency control. Please use "
                "`if_seq_no` and `if_primary_term` instead;"
            ),
        ),
        ("", {"doc": {}, "if_seq_no": -5}, "[1:1] [UpdateRequest] failed to parse field [if_seq_no]"),
        ("", {"doc": {}, "if_primary_term": -1}, "[1:1] [UpdateRequest] failed to parse field [if_primary_term]"),
        ("if_primary_term=-1", {"doc": {}}, "primary term must be non negative. got [-1]"),
        ("retry_on_conflict=x", {"doc": {}}, "Failed to parse int parameter [retry_on_conflict] with value [x]"),
    ],
)
def test_what_is_refused(api: Api, name: str, params: str, body: Any, reason: str) -> None:
    assert api.error("POST", f"/{name}/_update/1?{params}", body, code=400)[1] == reason


def test_pipelines_see_the_whole_document(api: Api, name: str) -> None:
    processors = [{"set": {"field": "seen", "value": "{{a}}"}}]
    api("PUT", f"/_ingest/pipeline/{name}", {"processors": processors})
    api("PUT", f"/{name}", {"settings": {"default_pipeline": name}})
    api("PUT", f"/{name}/_doc/1?pipeline=_none", {"a": "x"}, code=201)
    api("POST", f"/{name}/_update/1", {"doc": {"b": 1}})
    assert api("GET", f"/{name}/_source/1") == {"a": "x", "b": 1, "seen": "x"}


def test_at_the_same_time(api: Api, make: Callable[..., str]) -> None:
    index = make(docs={"1": {}})

    def write(number: int) -> int:
        body = {"doc": {f"f{number}": number}}
        return api.http.post(f"/{index}/_update/1?retry_on_conflict=50", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(24))) == {200}
    answer = api("GET", f"/{index}/_doc/1")
    assert answer["_source"] == {f"f{number}": number for number in range(24)}
    assert (answer["_version"], answer["_seq_no"]) == (25, 24)
