"""``_mget``, ``_delete_by_query``, pipelines of writes, refresh (reference, sections 7.9, 4.7 and 5.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

QUIET = {"settings": {"refresh_interval": "-1", "number_of_replicas": 0, "number_of_shards": 1}}
DELETE = "modules/reindex/…/test/delete_by_query"
ALL = {"query": {"match_all": {}}}


@fact("7.9", evidence="T", source="rest-api-spec/test/mget/10_basic.yml, 12_non_existent_index.yml")
def test_mget(cluster: Cluster, index: Callable[..., str]) -> None:
    """Each document is found, or not, or an error of its own."""
    name = index(docs={"1": {"f": 1}})
    wanted = [{"_id": "1"}, {"_id": "2"}, {"_index": f"{name}-missing", "_id": "1"}]
    one, two, three = cluster("POST", f"/{name}/_mget", {"docs": wanted})["docs"]
    assert (one["found"], one["_source"]) == (True, {"f": 1})
    assert two == {"_index": name, "_id": "2", "found": False}
    assert three["error"]["type"] == "index_not_found_exception"
    assert three["error"]["root_cause"][0]["type"] == "index_not_found_exception"
    assert [doc["found"] for doc in cluster("POST", f"/{name}/_mget", {"ids": ["1", "2"]})["docs"]] == [True, False]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"docs": []}, "Validation Failed: 1: no documents to get;"),
        ({"docs": [{}]}, "Validation Failed: 1: index is missing for doc 0;2: id is missing for doc 0;"),
        ({"docs": [{"_id": "1", "x": 1}]}, "failed to parse multi get request. unknown field [x]"),
        ({"docx": []}, "unknown key [docx] for a START_ARRAY, expected [docs] or [ids]"),
    ],
)
@fact("7.9", evidence="S", source="MultiGetRequest")
def test_mget_that_is_none(cluster: Cluster, body: Any, reason: str) -> None:
    """What is wrong with a request for several documents, in the server's words."""
    assert cluster.error("POST", "/_mget", body, code=400)[1] == reason


@fact("7.9", evidence="T", source=f"{DELETE}/10_basic.yml")
def test_delete_by_query(cluster: Cluster, index: Callable[..., str]) -> None:
    """The answer counts documents and batches."""
    name = index(docs={"1": {}, "2": {}, "3": {}}, **QUIET)
    answer = cluster("POST", f"/{name}/_delete_by_query?scroll_size=2&refresh=true", ALL)
    answer.pop("took")
    assert answer == {
        "timed_out": False,
        "total": 3,
        "deleted": 3,
        "batches": 2,
        "version_conflicts": 0,
        "noops": 0,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": 0,
        "requests_per_second": -1.0,
        "throttled_until_millis": 0,
        "failures": [],
    }
    assert cluster("GET", f"/{name}/_count")["count"] == 0


@fact("7.9", evidence="T", source=f"{DELETE}/10_basic.yml")
def test_conflicts_of_delete_by_query(cluster: Cluster, index: Callable[..., str]) -> None:
    """A document that was written since it is searchable is a conflict, which ends the request unless it may not."""
    name = index(docs={"1": {}}, **QUIET)
    cluster("PUT", f"/{name}/_doc/1", {"f": 2})
    answer = cluster("POST", f"/{name}/_delete_by_query", ALL, code=409)
    assert (answer["deleted"], answer["version_conflicts"], answer["batches"]) == (0, 1, 1)
    (failure,) = answer["failures"]
    assert (failure["index"], failure["id"], failure["status"]) == (name, "1", 409)
    assert failure["cause"]["reason"].startswith("[1]: version conflict, required seqNo [0]")
    answer = cluster("POST", f"/{name}/_delete_by_query?conflicts=proceed", ALL)
    assert (answer["version_conflicts"], answer["failures"]) == (1, [])


@fact("7.9", evidence="T", source=f"{DELETE}/10_basic.yml")
def test_max_docs(cluster: Cluster, index: Callable[..., str]) -> None:
    """``max_docs`` limits how many are deleted, in the URL or in the body."""
    name = index(docs={"1": {}, "2": {}, "3": {}}, **QUIET)
    assert cluster("POST", f"/{name}/_delete_by_query?max_docs=1&refresh=true", ALL)["deleted"] == 1
    assert cluster("POST", f"/{name}/_delete_by_query?refresh=true", {**ALL, "max_docs": 1})["deleted"] == 1
    assert cluster("GET", f"/{name}/_count")["count"] == 1


@pytest.mark.parametrize(
    ("params", "body", "reason"),
    [
        ("", {}, "query is missing"),
        ("conflicts=cat", ALL, 'conflicts may only be "proceed" or "abort" but was [cat]'),
        ("max_docs=-4", ALL, "[max_docs] parameter cannot be negative, found [-4]"),
        ("max_docs=1&slices=2", ALL, "[max_docs] should be >= [slices]"),
        ("scroll_size=x", ALL, "Failed to parse int parameter [scroll_size] with value [x]"),
        (
            "requests_per_second=0",
            ALL,
            "[requests_per_second] must be a float greater than 0. Use -1 to disable throttling.",
        ),
        ("slices=0", ALL, '[slices] must be a positive integer or the string "auto"'),
    ],
)
@fact("7.9", evidence="T", source=f"{DELETE}/20_validation.yml")
def test_delete_by_query_that_is_none(
    cluster: Cluster, index: Callable[..., str], params: str, body: Any, reason: str
) -> None:
    """What is wrong with a deletion by query, in the server's words."""
    assert reason in cluster.error("POST", f"/{index()}/_delete_by_query?{params}", body, code=400)[1]


@pytest.mark.parametrize(
    ("where", "params", "reason"),
    [
        ("{}", "slices=junk", '[slices] must be a positive integer or the string "auto"'),
        ("{}", "max_docs=1&slices=2", "[max_docs] should be >= [slices]"),
        (
            "far:{}",
            "",
            "Cross-cluster calls are not supported in this context but remote indices were requested: [far:{}]",
        ),
    ],
)
@fact("7.9", evidence="T", source=f"{DELETE}/20_validation.yml")
def test_delete_by_query_of_an_index_that_is_missing(
    cluster: Cluster, name: str, where: str, params: str, reason: str
) -> None:
    """What is wrong with a deletion by query is said before its indices are looked for."""
    path = f"/{where.replace('{}', name)}/_delete_by_query?{params}"
    assert reason.replace("{}", name) in cluster.error("POST", path, ALL, code=400)[1]


@fact("7.9", evidence="T", source=f"{DELETE}/20_validation.yml")
def test_all_is_a_name_of_indices(cluster: Cluster) -> None:
    """``_all`` stands in a path where an index may."""
    assert "query is missing" in cluster.error("POST", "/_all/_delete_by_query", {}, code=400)[1]
    assert cluster("GET", "/_all/_count")["_shards"]["failed"] == 0


def _marking(cluster: Cluster, name: str, *letters: str) -> None:
    """Pipelines that append their letter to the field ``ran``."""
    for letter in letters:
        processors = [{"append": {"field": "ran", "value": letter}}]
        cluster("PUT", f"/_ingest/pipeline/{name}-{letter}", {"processors": processors})


@fact("4.7", evidence="S", source="IngestService.resolvePipelines")
def test_default_and_final_pipelines(cluster: Cluster, index: Callable[..., str], name: str) -> None:
    """The request's pipeline replaces the default one, ``_none`` is none, the final one always runs, last."""
    _marking(cluster, name, "d", "f", "r")
    made = index(settings={"default_pipeline": f"{name}-d", "final_pipeline": f"{name}-f"})
    wanted = {"": ["d", "f"], f"?pipeline={name}-r": ["r", "f"], "?pipeline=_none": ["f"]}
    for number, (params, ran) in enumerate(wanted.items()):
        cluster("PUT", f"/{made}/_doc/{number}{params}", {}, code=201)
        assert cluster("GET", f"/{made}/_source/{number}") == {"ran": ran}
    cluster("PUT", f"/{made}/_settings", {"index": {"final_pipeline": "_none", "default_pipeline": None}})


@fact("4.7", evidence="S", source="IngestService")
def test_a_pipeline_that_is_not_there(cluster: Cluster, index: Callable[..., str], name: str) -> None:
    """A pipeline that does not exist refuses the document."""
    kind, reason = cluster.error("PUT", f"/{index()}/_doc/1?pipeline={name}-x", {}, code=400)
    assert (kind, reason) == ("illegal_argument_exception", f"pipeline with id [{name}-x] does not exist")


@fact("4.7", evidence="K", source="TransportUpdateAction, TransportBulkAction.getIndexWriteRequest")
def test_pipelines_of_updates(cluster: Cluster, index: Callable[..., str], name: str) -> None:
    """An update of its own sends the merged document through the pipeline, one in a bulk request only what is new."""
    _marking(cluster, name, "d")
    made = index(docs={"1": {"a": 1}, "2": {"a": 1}}, **QUIET)
    cluster("PUT", f"/{made}/_settings", {"index": {"default_pipeline": f"{name}-d"}})
    cluster("POST", f"/{made}/_update/1", {"doc": {"b": 1}})
    assert cluster("GET", f"/{made}/_source/1") == {"a": 1, "b": 1, "ran": ["d"]}
    lines = b'{"update":{"_id":"2"}}\n{"doc":{"b":1}}\n{"update":{"_id":"3"}}\n{"doc":{},"upsert":{"u":1}}\n'
    cluster("POST", f"/{made}/_bulk", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert cluster("GET", f"/{made}/_source/2") == {"a": 1, "b": 1}
    assert cluster("GET", f"/{made}/_source/3") == {"u": 1, "ran": ["d"]}
    cluster("PUT", f"/{made}/_settings", {"index": {"default_pipeline": None}})


@fact("5.7", evidence="T", source="rest-api-spec/test/index/60_refresh.yml, bulk/50_refresh.yml")
def test_refresh(cluster: Cluster, index: Callable[..., str]) -> None:
    """A write is not searchable at once; ``refresh=true`` forces it, and the answer says so."""
    name = index(**QUIET)
    assert "forced_refresh" not in cluster("PUT", f"/{name}/_doc/1?refresh=false", {}, code=201)
    assert cluster("GET", f"/{name}/_count")["count"] == 0
    for value in ("=true", ""):
        answer = cluster("PUT", f"/{name}/_doc/2?refresh{value}", {"v": value}, code=201 if value else 200)
        assert answer["forced_refresh"] is True
    assert cluster("GET", f"/{name}/_count")["count"] == 2


@fact("5.7", evidence="T", source="rest-api-spec/test/index/60_refresh.yml")
def test_waiting_for_a_refresh(cluster: Cluster, index: Callable[..., str]) -> None:
    """``refresh=wait_for`` waits for the interval and forces nothing."""
    name = index(settings={"refresh_interval": "200ms"})
    answer = cluster("PUT", f"/{name}/_doc/1?refresh=wait_for", {}, code=201)
    assert "forced_refresh" not in answer
    assert cluster("GET", f"/{name}/_count")["count"] == 1
