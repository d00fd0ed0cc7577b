"""Routing and shards: which shard a document is in, and what that changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from clipline.emulator.indices.shard_routing import routing_shards, shard_of
from tests.emulator.conftest import Api


@pytest.mark.parametrize(
    ("shards", "total"), [(1, 1024), (2, 1024), (3, 768), (5, 640), (8, 1024), (600, 1200), (1024, 2048)]
)
def test_routing_shards(shards: int, total: int) -> None:
    # The figures of MetadataCreateIndexService.calculateNumRoutingShards.
    assert routing_shards(shards) == total


def test_the_hash(api: Api) -> None:
    # Elasticsearch's own test of its hash function: Murmur3HashFunctionTests.
    for text, hashed in {"hell": 0x5A0CB7C3, "hello": 0xD7C31989, "hello w": 0x22AB2984, "hello wo": 0xDF0CA123,
                         "hello wor": 0xE7744D61, "The quick brown fox jumps over the lazy dog": 0xE07DB09C,
                         "The quick brown fox jumps over the lazy cog": 0x4E63D2AD}.items():  # fmt: skip
        signed = hashed - 2**32 if hashed >= 2**31 else hashed
        assert shard_of(text, None, 512) == signed % 1024 // 2


def test_documents_are_spread(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_shards": 3})
    numbers: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for number in range(30):
        answer = api("PUT", f"/{index}/_doc/{number}", {}, code=201)
        numbers[shard_of(str(number), None, 3)].append(answer["_seq_no"])
    # Each shard counts for itself.
    for found in numbers.values():
        assert found == list(range(len(found)))
    assert min(Counter(shard_of(str(number), None, 3) for number in range(3000)).values()) > 900
    kind, _reason = api.error("PUT", f"/{index}/_create/7", {}, code=409)
    assert kind == "version_conflict_engine_exception"
    error = api("PUT", f"/{index}/_create/7", {}, code=409)["error"]
    assert error["shard"] == str(shard_of("7", None, 3))


def test_another_routing_is_another_shard(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_shards": 5})
    here, there = "5", next(str(number) for number in range(9) if shard_of("", str(number), 5) != shard_of("", "5", 5))
    path = f"/{index}/_doc/1?routing="
    answer = api.http.put(f"{path}{here}", json={"at": here})
    assert answer.headers["location"] == f"/{index}/_doc/1?routing={here}"
    assert api("GET", f"{path}{here}")["_routing"] == here
    api("GET", f"{path}{there}", code=404)
    api("DELETE", f"{path}{there}", code=404)
    # The same id, in another shard, is another document.
    assert api("PUT", f"{path}{there}", {"at": there}, code=201)["_seq_no"] == 1
    api("POST", f"/{index}/_update/1?routing={here}", {"doc": {"n": 1}})
    assert api("GET", f"/{index}/_source/1?routing={here}") == {"at": here, "n": 1}
    docs = [{"_id": "1", "routing": here}, {"_id": "1", "routing": there}]
    got = api("POST", f"/{index}/_mget", {"docs": docs})["docs"]
    assert [doc["_source"]["at"] for doc in got] == [here, there]
    assert api("GET", f"/{index}/_count?ignore_unavailable=true")["count"] in (0, 1, 2)
    api("POST", f"/{index}/_refresh")
    assert api("GET", f"/{index}/_count")["count"] == 2
    gone = api("POST", f"/{index}/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    assert gone["deleted"] == 2


def test_with_one_shard_routing_is_a_note(api: Api, make: Callable[..., str]) -> None:
    index = make()
    api("PUT", f"/{index}/_doc/1?routing=a", {}, code=201)
    assert api("GET", f"/{index}/_doc/1")["_routing"] == "a"
    api("PUT", f"/{index}/_doc/1", {})
    assert "_routing" not in api("GET", f"/{index}/_doc/1?routing=b")
    lines = b'{"index":{"_id":"2","routing":"x"}}\n{}\n{"index":{"_id":"3"}}\n{}\n'
    api("POST", f"/{index}/_bulk?routing=y", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert [api("GET", f"/{index}/_doc/{doc_id}")["_routing"] for doc_id in (2, 3)] == ["x", "y"]
    # An update keeps it.
    api("POST", f"/{index}/_update/2", {"doc": {"f": 1}})
    assert api("GET", f"/{index}/_doc/2")["_routing"] == "x"


def test_a_mapping_that_requires_it(api: Api, make: Callable[..., str]) -> None:
    index = make(mappings={"_routing": {"required": True}})
    wanted = ("routing_missing_exception", f"routing is required for [{index}]/[1]")
    for method, path, body in (
        ("PUT", "_doc/1", {}),
        ("DELETE", "_doc/1", None),
        ("GET", "_doc/1", None),
        ("POST", "_update/1", {"doc": {}}),
    ):
        assert api.error(method, f"/{index}/{path}", body, code=400) == wanted
    api("PUT", f"/{index}/_doc/1?routing=a", {"f": 1}, code=201)
    lines = b'{"index":{"_id":"2"}}\n{}\n{"index":{"_id":"3","routing":"b"}}\n{}\n'
    answer = api("POST", f"/{index}/_bulk?refresh", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert [item["index"]["status"] for item in answer["items"]] == [400, 201]
    docs = [{"_id": "1", "routing": "a"}, {"_id": "1"}]
    found, missing = api("POST", f"/{index}/_mget", {"docs": docs})["docs"]
    assert (found["found"], missing["error"]["type"]) == (True, "routing_missing_exception")
    assert api("POST", f"/{index}/_delete_by_query?refresh=true", {"query": {"match_all": {}}})["deleted"] == 2


def test_an_alias_brings_it_to_updates(api: Api, make: Callable[..., str], name: str) -> None:
    index = make(settings={"number_of_shards": 5}, aliases={f"{name}-x": {"routing": "7"}})
    api("POST", f"/{name}-x/_update/1", {"doc": {"n": 1}, "doc_as_upsert": True}, code=201)
    api("POST", f"/{name}-x/_update/1", {"doc": {"n": 2}})
    assert api("POST", f"/{name}-x/_update/1", {"doc": {"n": 2}})["result"] == "noop"
    assert api("GET", f"/{index}/_doc/1?routing=7")["_source"] == {"n": 2}
    assert api("GET", f"/{index}/_stats")["_all"]["total"]["indexing"]["noop_update_total"] == 1
