"""Answers of the emulator that clients rely on, by the genuine client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from elasticsearch import BadRequestError, ConflictError, Elasticsearch, NotFoundError

from clipline.emulator.launch import running_emulator


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator of this module's own: it is emptied between tests."""
    with running_emulator(tmp_path_factory.mktemp("own")) as url:
        yield url


@pytest.fixture
def client(own_url: str) -> Iterator[Elasticsearch]:
    """A client on an emulator whose indices are removed afterwards."""
    with Elasticsearch(own_url) as client:
        yield client
        for name in client.indices.get(index="*"):
            client.indices.delete(index=name)


def vectors(client: Elasticsearch, similarity: str = "cosine") -> np.ndarray:
    properties = {"v": {"type": "dense_vector", "dims": 3, "similarity": similarity}, "tag": {"type": "keyword"}}
    client.indices.create(index="v", mappings={"properties": properties})
    rows = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    if similarity == "dot_product":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    operations: list[dict[str, object]] = []
    for number, row in enumerate(rows):
        operations += [{"index": {"_id": str(number)}}, {"v": [float(x) for x in row], "tag": "ab"[number % 2]}]
    assert not client.bulk(index="v", operations=operations, refresh=True)["errors"]
    return rows


FORMULAS = {
    "cosine": lambda rows, q: (1 + rows @ q / np.linalg.norm(rows, axis=1) / np.linalg.norm(q)) / 2,
    "dot_product": lambda rows, q: (1 + rows @ q) / 2,
    "l2_norm": lambda rows, q: 1 / (1 + np.linalg.norm(rows - q, axis=1) ** 2),
    "max_inner_product": lambda rows, q: np.where(rows @ q < 0, 1 / (1 - np.minimum(rows @ q, 0)), rows @ q + 1),
}


@pytest.mark.parametrize("similarity", FORMULAS)
def test_knn_scores_by_the_documented_formulas(client: Elasticsearch, similarity: str) -> None:
    rows = vectors(client, similarity)
    query = rows[7] if similarity == "dot_product" else np.array([0.3, -0.5, 0.8], dtype=np.float32)
    wanted = FORMULAS[similarity](rows, query)
    knn = {"field": "v", "query_vector": [float(x) for x in query], "k": 5, "num_candidates": 20}
    hits = client.search(index="v", knn=knn)["hits"]["hits"]
    assert [int(hit["_id"]) for hit in hits] == list(np.argsort(-wanted)[:5])
    assert [hit["_score"] for hit in hits] == pytest.approx(sorted(wanted, reverse=True)[:5], abs=1e-5)


def test_a_knn_filter_is_applied_first(client: Elasticsearch) -> None:
    vectors(client)
    knn = {"field": "v", "query_vector": [1, 0, 0], "k": 10, "num_candidates": 20, "filter": {"term": {"tag": "a"}}}
    hits = client.search(index="v", knn=knn, source=["tag"])["hits"]["hits"]
    assert len(hits) == 10
    assert {hit["_source"]["tag"] for hit in hits} == {"a"}


def test_wrong_dims_fail_on_the_shard(client: Elasticsearch) -> None:
    vectors(client)
    with pytest.raises(BadRequestError) as caught:
        client.search(index="v", knn={"field": "v", "query_vector": [1, 0], "k": 1, "num_candidates": 2})
    assert caught.value.body["error"]["type"] == "search_phase_execution_exception"
    assert "different number of dimensions [2]" in str(caught.value.body)


def test_vectors_are_left_out_of_source_unless_asked_for(client: Elasticsearch) -> None:
    vectors(client)
    assert "v" not in client.get(index="v", id="1")["_source"]
    shown = client.search(index="v", query={"ids": {"values": ["1"]}}, source=False, fields=["v"])
    assert len(shown["hits"]["hits"][0]["fields"]["v"]) == 3


def test_refresh_decides_what_is_searchable(client: Elasticsearch) -> None:
    client.indices.create(index="r", settings={"refresh_interval": "-1"})
    client.index(index="r", id="1", document={"a": 1})
    assert client.count(index="r")["count"] == 0
    assert client.get(index="r", id="1")["found"]
    client.indices.refresh(index="r")
    assert client.count(index="r")["count"] == 1


def test_a_strict_mapping(client: Elasticsearch) -> None:
    client.indices.create(index="s", mappings={"dynamic": "strict", "properties": {"a": {"type": "keyword"}}})
    with pytest.raises(BadRequestError) as caught:
        client.index(index="s", document={"b": 1})
    assert caught.value.body["error"]["type"] == "strict_dynamic_mapping_exception"


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"v": [1, 2]}, "has a different number of dimensions [2] than defined in the mapping [3]"),
        ({"v": [1, 2, 3, 4]}, "has more dimensions than defined in the mapping [3]"),
        ({"v": [0, 0, 0]}, "does not support vectors with zero magnitude"),
        ({"v": "text"}, "expecting token of type [VALUE_NUMBER]"),
    ],
)
def test_vectors_that_are_refused(client: Elasticsearch, document: dict[str, object], wanted: str) -> None:
    vectors(client)
    with pytest.raises(BadRequestError) as caught:
        client.index(index="v", id="x", document=document)
    assert caught.value.body["error"]["type"] == "document_parsing_exception"
    assert wanted in str(caught.value.body)


def test_bulk_items(client: Elasticsearch) -> None:
    client.indices.create(index="b", mappings={"properties": {"n": {"type": "integer"}}})
    answer = client.bulk(
        index="b",
        operations=[
            {"create": {"_id": "1"}},
            {"n": 1},
            {"create": {"_id": "1"}},
            {"n": 2},
            {"index": {"_id": "2"}},
            {"n": "x"},
            {"delete": {"_id": "9"}},
        ],
    )
    assert answer["errors"] is True
    items = [next(iter(item.values())) for item in answer["items"]]
    assert [item["status"] for item in items] == [201, 409, 400, 404]
    assert "error" not in items[3]
    assert items[1]["error"]["type"] == "version_conflict_engine_exception"


def test_require_alias(client: Elasticsearch) -> None:
    answer = client.bulk(index="none", operations=[{"index": {}}, {"a": 1}], require_alias=True)
    assert answer["items"][0]["index"]["status"] == 404
    assert not client.indices.exists(index="none")


def test_mapping_conflicts(client: Elasticsearch) -> None:
    vectors(client)
    with pytest.raises(BadRequestError, match="cannot be changed from type"):
        client.indices.put_mapping(index="v", properties={"tag": {"type": "long"}})
    with pytest.raises(BadRequestError) as caught:
        client.indices.put_mapping(index="v", properties={"v": {"type": "dense_vector", "dims": 4}})
    assert "Cannot update parameter [dims] from [3] to [4]" in caught.value.body["error"]["reason"]


def test_aliases_are_swapped_at_once(client: Elasticsearch) -> None:
    for name in ("i1", "i2"):
        client.indices.create(index=name)
    client.indices.put_alias(index="i1", name="shown")
    client.indices.update_aliases(
        actions=[{"remove": {"index": "i1", "alias": "shown"}}, {"add": {"index": "i2", "alias": "shown"}}]
    )
    assert list(client.indices.get_alias(name="shown")) == ["i2"]
    with pytest.raises(NotFoundError):
        client.indices.update_aliases(
            actions=[
                {"add": {"index": "i1", "alias": "x"}},
                {"remove": {"index": "i1", "alias": "gone", "must_exist": True}},
            ]
        )
    assert "x" not in client.indices.get(index="i1")["i1"]["aliases"]


def test_sequence_numbers(client: Elasticsearch) -> None:
    first = client.index(index="q", id="1", document={"a": 1})
    client.index(index="q", id="1", document={"a": 2})
    with pytest.raises(ConflictError):
        client.index(index="q", id="1", document={"a": 3}, if_seq_no=first["_seq_no"], if_primary_term=1)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_sql", {"query": "x"}),
        ("POST", "/_search", {"aggs": {}}),
        ("POST", "/_search", {"query": {"intervals": {"a": {}}}}),
        ("PUT", "/_ingest/pipeline/x", {"processors": [{"grok": {"field": "a", "patterns": []}}]}),
    ],
)
def test_what_is_not_there_is_refused_loudly(own_url: str, method: str, path: str, body: object) -> None:
    httpx.put(f"{own_url}/for-search")
    answer = httpx.request(method, own_url + path, json=body)
    assert answer.status_code == 501
    assert answer.json()["error"]["type"] == "emulator_unsupported_exception"
    httpx.delete(f"{own_url}/for-search")


def test_envelope(own_url: str) -> None:
    vendored = "application/vnd.elasticsearch+json; compatible-with=9"
    answer = httpx.get(own_url, headers={"accept": vendored, "x-opaque-id": "me"})
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    assert answer.headers["content-type"].startswith("application/vnd.elasticsearch+json")
    assert answer.headers["x-opaque-id"] == "me"
    assert answer.json()["version"]["build_flavor"] == "emulator"
    assert httpx.get(own_url, headers={"accept": vendored.replace("9", "10")}).status_code == 400
    assert httpx.post(f"{own_url}/_bulk", content=b"x", headers={"content-type": "text/plain"}).status_code == 406
    assert httpx.get(f"{own_url}/_cluster/health?nonsense=1").status_code == 400
    assert httpx.get(f"{own_url}/?filter_path=version.number").json() == {"version": {"number": "9.2.0"}}
    wrong = httpx.delete(f"{own_url}/_cluster/health")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
