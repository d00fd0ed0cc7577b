"""Single documents (reference, section 7.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

ONE = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
YAML = "rest-api-spec/test"


@fact("7.8", evidence="S", source="DocWriteResponse, GetResult")
def test_a_write_and_a_read(cluster: Cluster, index: Callable[..., str]) -> None:
    """What a write and a read of a document show."""
    name = index(**ONE)
    written = cluster.raw("PUT", f"/{name}/_doc/a", {"f": 1})
    assert written.headers["location"] == f"/{name}/_doc/a"
    assert written.json() == {
        "_index": name,
        "_id": "a",
        "_version": 1,
        "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
    }
    assert cluster("GET", f"/{name}/_doc/a") == {
        "_index": name,
        "_id": "a",
        "_version": 1,
        "_seq_no": 0,
        "_primary_term": 1,
        "found": True,
        "_source": {"f": 1},
    }
    assert cluster("GET", f"/{name}/_doc/b", code=404) == {"_index": name, "_id": "b", "found": False}


@fact("7.8", evidence="T", source=f"{YAML}/delete/60_missing.yml, index/12_result.yml")
def test_results(cluster: Cluster, index: Callable[..., str]) -> None:
    """created, updated, deleted, not_found; a deletion counts as a version, and takes a number even of nothing."""
    name = index(**ONE)
    calls = [("PUT", "created"), ("PUT", "updated"), ("DELETE", "deleted"), ("DELETE", "not_found"), ("PUT", "created")]
    answers = [cluster.raw(method, f"/{name}/_doc/1", {} if method == "PUT" else None).json() for method, _ in calls]
    assert [answer["result"] for answer in answers] == [result for _, result in calls]
    assert [answer["_version"] for answer in answers] == [1, 2, 3, 4, 5]
    assert [answer["_seq_no"] for answer in answers] == [0, 1, 2, 3, 4]


@fact("7.8", evidence="S", source="RestGetSourceAction")
def test_a_missing_source(cluster: Cluster, index: Callable[..., str]) -> None:
    """A source that is not there is a 404 with an error; a document that is not there is none."""
    name = index()
    assert cluster.error("GET", f"/{name}/_source/x", code=404) == (
        "resource_not_found_exception",
        f"Document not found [{name}]/[x]",
    )


@fact("7.8", evidence="T", source=f"{YAML}/create/10_with_id.yml")
def test_creation_of_what_is_there(cluster: Cluster, index: Callable[..., str]) -> None:
    """``_create`` and ``op_type=create`` refuse a document that is there."""
    name = index(docs={"1": {}})
    for path in ("_create/1", "_doc/1?op_type=create"):
        answer = cluster("PUT", f"/{name}/{path}", {}, code=409)["error"]
        assert answer["type"] == "version_conflict_engine_exception"
        assert answer["reason"] == "[1]: version conflict, document already exists (current version [1])"
        assert (answer["index"], answer["shard"]) == (name, "0")


@fact("7.8", evidence="T", source=f"{YAML}/index/30_cas.yml; VersionConflictEngineException")
def test_conditions_on_sequence_numbers(cluster: Cluster, index: Callable[..., str]) -> None:
    """Both parts of the condition are needed; one that does not hold is 409 with both numbers."""
    name = index(docs={"1": {}}, **ONE)
    path = f"/{name}/_doc/1"
    assert cluster.error("PUT", f"{path}?if_seq_no=7&if_primary_term=1", {}, code=409)[1] == (
        "[1]: version conflict, required seqNo [7], primary term [1]. current document has seqNo [0] and primary term [1]"
    )
    assert cluster.error("PUT", f"/{name}/_doc/2?if_seq_no=7&if_primary_term=1", {}, code=409)[1] == (
        "[2]: version conflict, required seqNo [7], primary term [1]. but no document was found"
    )
    assert cluster.error("PUT", f"{path}?if_seq_no=0", {}, code=400)[1] == (
        "Validation Failed: 1: ifSeqNo is set, but primary term is [0];"
    )
    assert cluster.error("PUT", f"{path}?if_primary_term=1", {}, code=400)[1] == (
        "Validation Failed: 1: ifSeqNo is unassigned, but primary term is [1];"
    )
    assert cluster("PUT", f"{path}?if_seq_no=0&if_primary_term=1", {})["_seq_no"] == 1


@fact("7.8", evidence="T", source=f"{YAML}/index/35_external_version.yml, 36_external_gte_version.yml; VersionType")
def test_external_versions(cluster: Cluster, index: Callable[..., str]) -> None:
    """``external`` takes higher versions only, ``external_gte`` the same too; a deletion is remembered."""
    name = index()
    path = f"/{name}/_doc/1?version_type=external&version="
    assert cluster("PUT", f"{path}5", {}, code=201)["_version"] == 5
    assert cluster.error("PUT", f"{path}5", {}, code=409)[1] == (
        "[1]: version conflict, current version [5] is higher or equal to the one provided [5]"
    )
    gte = f"/{name}/_doc/1?version_type=external_gte&version="
    assert cluster("PUT", f"{gte}5", {})["_version"] == 5
    assert cluster.error("PUT", f"{gte}4", {}, code=409)[1] == (
        "[1]: version conflict, current version [5] is higher than the one provided [4]"
    )
    assert cluster("DELETE", f"{path}9")["_version"] == 9
    cluster("PUT", f"{path}8", {}, code=409)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        (
            "version=1",
            (
                "Validation Failed: 1: internal versioning can not be used for optimistic concurrency control. Please use "
                "`if_seq_no` and `if_primary_term` instead;"
            ),
        ),
        ("version_type=external", "Validation Failed: 1: illegal version value [-3] for version type [EXTERNAL];"),
        ("version_type=x", "No version type match [x]"),
        ("refresh=x", "Unknown value for refresh: [x]."),
        ("op_type=x", "opType must be 'create' or 'index', found: [x]"),
    ],
)
@fact("7.8", evidence="S", source="DocWriteRequest, VersionType, WriteRequest, IndexRequest")
def test_parameters_that_are_none(cluster: Cluster, name: str, params: str, reason: str) -> None:
    """What is wrong with a write's parameters, in the server's words."""
    assert cluster.error("PUT", f"/{name}/_doc/1?{params}", {}, code=400)[1] == reason


@fact("7.8", evidence="S", source="RestIndexAction.AutoIdHandler, IndexRequest.validate")
def test_made_ids(cluster: Cluster, index: Callable[..., str]) -> None:
    """Without an id a write is a creation, with an id of 20 characters."""
    name = index()
    assert len(cluster("POST", f"/{name}/_doc", {}, code=201)["_id"]) == 20
    assert cluster.error("POST", f"/{name}/_doc?version=1&version_type=external", {}, code=400)[1] == (
        "Validation Failed: 1: create operations only support internal versioning. use index instead;"
    )


@fact("7.8", evidence="T", source=f"{YAML}/get/90_versions.yml")
def test_reading_a_version(cluster: Cluster, index: Callable[..., str]) -> None:
    """A read may name the version it wants, whatever its type."""
    name = index(docs={"1": {}})
    assert cluster("GET", f"/{name}/_doc/1?version=1")["found"]
    for kind in ("internal", "external", "external_gte"):
        answer = cluster.error("GET", f"/{name}/_doc/1?version=10&version_type={kind}", code=409)
        assert answer == (
            "version_conflict_engine_exception",
            "[1]: version conflict, current version [1] is different than the one provided [10]",
        )


@fact("7.8", evidence="T", source=f"{YAML}/get/60_realtime_refresh.yml")
def test_realtime(cluster: Cluster, index: Callable[..., str]) -> None:
    """A read sees what is not searchable yet, unless it says otherwise."""
    name = index(settings={"refresh_interval": "-1", "number_of_replicas": 0})
    cluster("PUT", f"/{name}/_doc/1", {}, code=201)
    cluster("GET", f"/{name}/_doc/1?realtime=false", code=404)
    assert cluster("GET", f"/{name}/_doc/1?realtime=true")["found"]
    assert cluster("GET", f"/{name}/_count")["count"] == 0
    assert cluster("GET", f"/{name}/_doc/1?realtime=false&refresh=true")["found"]
    assert cluster("GET", f"/{name}/_count")["count"] == 1


@fact("7.8", evidence="T", source=f"{YAML}/get/20_stored_fields.yml")
def test_stored_fields(cluster: Cluster, index: Callable[..., str]) -> None:
    """Stored fields are shown instead of the source; a field that is not stored is left out."""
    name = index({"s": {"type": "keyword", "store": True}, "t": {"type": "keyword"}}, {"1": {"s": "x", "t": "y"}})
    answer = cluster("GET", f"/{name}/_doc/1?stored_fields=s,t")
    assert answer["fields"] == {"s": ["x"]}
    assert "_source" not in answer
    assert cluster("GET", f"/{name}/_doc/1?stored_fields=s,_source")["_source"] == {"s": "x", "t": "y"}


@fact("7.8", evidence="T", source=f"{YAML}/get/40_routing.yml, update/40_routing.yml")
def test_routing(cluster: Cluster, index: Callable[..., str]) -> None:
    """With several shards a document is found with its own routing only; without it, in another shard."""
    name = index(settings={"number_of_shards": 5, "number_of_replicas": 0})
    cluster("PUT", f"/{name}/_doc/1?routing=5", {"f": 1}, code=201)
    assert cluster("GET", f"/{name}/_doc/1?routing=5")["_routing"] == "5"
    cluster("GET", f"/{name}/_doc/1", code=404)
    assert cluster.error("POST", f"/{name}/_update/1", {"doc": {}}, code=404)[0] == "document_missing_exception"


@fact("7.8", evidence="S", source="IndexRouting, Murmur3HashFunction")
def test_shards_count_for_themselves(cluster: Cluster, index: Callable[..., str]) -> None:
    """The shard of a document is the hash of its id; each shard counts its own sequence numbers."""
    name = index(settings={"number_of_shards": 3, "number_of_replicas": 0})
    numbers = [cluster("PUT", f"/{name}/_doc/{number}", {}, code=201)["_seq_no"] for number in range(9)]
    shards = [cluster("PUT", f"/{name}/_create/{number}", {}, code=409)["error"]["shard"] for number in range(9)]
    assert sorted(zip(shards, numbers, strict=True)) == [
        (shard, number) for shard in sorted(set(shards)) for number in range(shards.count(shard))
    ]
    assert len(set(shards)) > 1


@fact("7.8", evidence="K", source="rest-api-spec/test/update/10_doc.yml, 16_noop.yml, 20_doc_upsert.yml")
def test_updates(cluster: Cluster, index: Callable[..., str]) -> None:
    """A part is merged object by object; what changes nothing is a noop; an upsert is what there was not."""
    name = index(docs={"1": {"a": 1, "o": {"x": 1}}})
    assert cluster("POST", f"/{name}/_update/1", {"doc": {"o": {"y": 2}}})["result"] == "updated"
    assert cluster("GET", f"/{name}/_source/1") == {"a": 1, "o": {"x": 1, "y": 2}}
    noop = cluster("POST", f"/{name}/_update/1", {"doc": {"a": 1}})
    assert (noop["result"], noop["_version"]) == ("noop", 2)
    assert noop["_shards"] == {"total": 0, "successful": 0, "failed": 0}
    assert cluster("POST", f"/{name}/_update/1", {"doc": {"a": 1}, "detect_noop": False})["_version"] == 3
    assert cluster("POST", f"/{name}/_update/2", {"doc": {}, "upsert": {"u": 1}}, code=201)["result"] == "created"
    assert cluster.error("POST", f"/{name}/_update/3", {"doc": {}}, code=404)[1] == "[3]: document missing"


@pytest.mark.parametrize(
    ("params", "body", "reason"),
    [
        ("", {"upsert": {}}, "Validation Failed: 1: script or doc is missing;"),
        (
            "",
            {"doc_as_upsert": True},
            "Validation Failed: 1: script or doc is missing;2: doc must be specified if doc_as_upsert is enabled;",
        ),
        ("", {"doc": {}, "script": "ctx.op = 'none'"}, "Validation Failed: 1: can't provide both script and doc;"),
        (
            "if_seq_no=1&if_primary_term=1&retry_on_conflict=1",
            {"doc": {}},
            "Validation Failed: 1: compare and write operations can not be retried;",
        ),
    ],
)
@fact("7.8", evidence="S", source="UpdateRequest.validate")
def test_updates_that_are_none(cluster: Cluster, name: str, params: str, body: Any, reason: str) -> None:
    """What is wrong with an update, in the server's words."""
    assert cluster.error("POST", f"/{name}/_update/1?{params}", body, code=400)[1] == reason


@fact("7.8", evidence="T", source=f"{YAML}/update/80_source_filtering.yml")
def test_the_source_of_an_update(cluster: Cluster, index: Callable[..., str]) -> None:
    """An update that is asked for the source answers with ``get``."""
    name = index()
    answer = cluster("POST", f"/{name}/_update/1?_source=foo", {"doc": {}, "upsert": {"foo": 1, "bar": 2}}, code=201)
    assert answer["get"]["_source"] == {"foo": 1}
    assert answer["get"]["found"] is True


@fact("7.8", evidence="S", source="UpdateHelper")
def test_scripts_of_updates(cluster: Cluster, index: Callable[..., str]) -> None:
    """A script changes ``ctx._source`` and says in ``ctx.op`` what to do; a failing one is the cause of a 400."""
    name = index(docs={"1": {"n": 1}})
    cluster("POST", f"/{name}/_update/1", {"script": {"source": "ctx._source.n += params.by", "params": {"by": 2}}})
    assert cluster("GET", f"/{name}/_source/1") == {"n": 3}
    assert cluster("POST", f"/{name}/_update/1", {"script": "ctx.op = 'none'"})["result"] == "noop"
    assert cluster("POST", f"/{name}/_update/1", {"script": "ctx.op = 'delete'"})["result"] == "deleted"
    cluster("PUT", f"/{name}/_doc/1", {}, code=201)
    error = cluster("POST", f"/{name}/_update/1", {"script": "ctx._source.a.b = 1"}, code=400)["error"]
    assert (error["reason"], error["caused_by"]["type"]) == ("failed to execute script", "script_exception")


@fact("6.6", evidence="S", source="FetchSourceContext: _source_exclude_vectors came with 9.2", until=(9,))
def test_no_parameter_for_vectors_before_9(cluster: Cluster, index: Callable[..., str]) -> None:
    """Version 8 does not know ``_source_exclude_vectors``."""
    name = index(docs={"1": {}})
    reason = cluster.error("GET", f"/{name}/_doc/1?_source_exclude_vectors=false", code=400)[1]
    assert "contains unrecognized parameter: [_source_exclude_vectors]" in reason


@fact("6.6", evidence="S", source="FetchSourceContext", since=(9, 2))
def test_vectors_of_a_read(cluster: Cluster, index: Callable[..., str]) -> None:
    """A read leaves vectors out of the source unless it is asked for them."""
    name = index({"v": {"type": "dense_vector", "dims": 2}}, {"1": {"v": [1, 2], "f": 1}})
    assert cluster("GET", f"/{name}/_source/1") == {"f": 1}
    assert cluster("GET", f"/{name}/_source/1?_source_exclude_vectors=false") == {"f": 1, "v": [1.0, 2.0]}
    docs = cluster("POST", f"/{name}/_mget?_source_exclude_vectors=false", {"ids": ["1"]})["docs"]
    assert docs[0]["_source"]["v"] == [1.0, 2.0]
