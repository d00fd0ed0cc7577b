"""Scripts of updates: what they see, what they may do, and how their failures are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api


@pytest.fixture
def index(make: Callable[..., str]) -> str:
    """One document."""
    return make(docs={"1": {"n": 1, "tags": ["a"]}})


@pytest.mark.parametrize(
    ("script", "result", "source"),
    [
        ("ctx._source.n += 2", "updated", {"n": 3, "tags": ["a"]}),
        ({"source": "ctx._source.n += params.by", "params": {"by": 5}}, "updated", {"n": 6, "tags": ["a"]}),
        ("ctx._source.tags.add('b')", "updated", {"n": 1, "tags": ["a", "b"]}),
        ("ctx._source.remove('tags')", "updated", {"n": 1}),
        ("ctx._source.n = ctx._source.n", "updated", {"n": 1, "tags": ["a"]}),
        ("if (ctx._source.n == 1) { ctx.op = 'none' }", "noop", {"n": 1, "tags": ["a"]}),
        ("ctx.op = 'noop'", "noop", {"n": 1, "tags": ["a"]}),
        ("ctx.op = 'delete'", "deleted", None),
        ("ctx._source.from = ctx._index + ctx._id + ctx._version", "updated", None),
    ],
)
def test_what_a_script_does(api: Api, index: str, script: Any, result: str, source: Any) -> None:
    answer = api("POST", f"/{index}/_update/1", {"script": script})
    assert answer["result"] == result
    if result == "deleted":
        api("GET", f"/{index}/_doc/1", code=404)
    elif source is not None:
        assert api("GET", f"/{index}/_source/1") == source
        assert answer["_version"] == (1 if result == "noop" else 2)
    else:
        assert api("GET", f"/{index}/_source/1")["from"] == f"{index}11"


def test_upserts(api: Api, index: str) -> None:
    body: dict[str, Any] = {"script": "ctx._source.n = 10", "upsert": {"n": 0}}
    api("POST", f"/{index}/_update/2", body, code=201)
    assert api("GET", f"/{index}/_source/2") == {"n": 0}
    api("POST", f"/{index}/_update/3", {**body, "scripted_upsert": True}, code=201)
    assert api("GET", f"/{index}/_source/3") == {"n": 10}
    nothing = api("POST", f"/{index}/_update/4", {**body, "script": "ctx.op = 'none'", "scripted_upsert": True})
    assert (nothing["result"], nothing["_version"]) == ("noop", -1)
    assert "_seq_no" not in nothing
    assert api.error("POST", f"/{index}/_update/4", {"script": "ctx._source.n = 1"}, code=404)[0] == (
        "document_missing_exception"
    )


def test_in_bulk(api: Api, index: str) -> None:
    lines = (
        b'{"update":{"_id":"1"}}\n{"script":{"source":"ctx._source.n++"}}\n'
        b'{"update":{"_id":"1"}}\n{"script":{"source":"ctx._source.n += 10"},"_source":"n"}\n'
        b'{"update":{"_id":"1"}}\n{"script":{"source":"ctx._source.nothing.at.all = 1"}}\n'
        b'{"update":{"_id":"1"}}\n{"script":{"source":"ctx.op = \'delete\'"}}\n'
    )
    answer = api("POST", f"/{index}/_bulk", content=lines, headers={"Content-Type": "application/x-ndjson"})
    one, two, three, four = [item["update"] for item in answer["items"]]
    assert (one["result"], two["get"]["_source"], four["result"]) == ("updated", {"n": 12}, "deleted")
    assert (three["status"], three["error"]["reason"]) == (400, "failed to execute script")
    assert three["error"]["caused_by"]["type"] == "script_exception"


def test_failures(api: Api, index: str) -> None:
    for source in ("ctx._source.n = ", "ctx._source.missing.field = 1"):
        answer = api("POST", f"/{index}/_update/1", {"script": source}, code=400)
        assert answer["error"]["type"] == "illegal_argument_exception"
        assert answer["error"]["reason"] == "failed to execute script"
        assert answer["error"]["caused_by"]["type"] == "script_exception"
    assert api.error("POST", f"/{index}/_update/1", {"script": "ctx.op = 'none'", "doc": {}}, code=400)[1] == (
        "Validation Failed: 1: can't provide both script and doc;"
    )
    for script in ("ctx.op = 'create'", "ctx._id = 'other'", "ctx.more = 1", {"id": "stored"}):
        api.error("POST", f"/{index}/_update/1", {"script": script}, code=501)
    assert api("GET", f"/{index}/_doc/1")["_version"] == 1
