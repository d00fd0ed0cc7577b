"""kNN: what is found, how it scores, what is refused (reference, sections 6.3, 6.5, 7.1 to 7.3)."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Index = Callable[..., str]
YAML = "rest-api-spec/test/search.vectors"
EXACT = {"type": "hnsw"}
"""Not quantised, so that scores are those of the formulas on a real cluster, too."""


def vector(metric: str = "l2_norm", dims: int = 2, **more: Any) -> dict[str, Any]:
    """A field whose scores are exact."""
    return {"type": "dense_vector", "dims": dims, "index": True, "similarity": metric, "index_options": EXACT, **more}


def line(index: Index, count: int = 4, **more: Any) -> str:
    """Vectors on a line: document n is at distance n."""
    docs = {str(n): {"v": [n, 0], "tag": "odd" if n % 2 else "even"} for n in range(1, count + 1)}
    properties = {"v": vector(), "tag": {"type": "keyword"}, "off": {"type": "dense_vector", "dims": 2, "index": False}}
    return index(properties, docs, **more)


def found(cluster: Cluster, name: str, body: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in cluster("POST", f"/{name}/_search", body)["hits"]["hits"]]


def root(cluster: Cluster, name: str, body: dict[str, Any]) -> tuple[str, str, str]:
    """Phase of the failure, type and reason of its root cause."""
    error = cluster("POST", f"/{name}/_search", body, code=400)["error"]
    return error.get("phase", ""), error["root_cause"][0]["type"], error["root_cause"][0]["reason"]


NEAR = {"field": "v", "query_vector": [0, 0]}


@fact("6.3", evidence="S", source="DenseVectorFieldMapper.VectorSimilarity")
@pytest.mark.parametrize(
    ("metric", "row", "query", "score"),
    [
        ("cosine", [3, 4], [4, 3], (1 + 0.96) / 2),
        ("dot_product", [0.6, 0.8], [0.8, 0.6], (1 + 0.96) / 2),
        ("l2_norm", [3, 4], [0, 0], 1 / 26),
        ("max_inner_product", [3, 4], [1, 1], 8.0),
        ("max_inner_product", [3, 4], [-1, -1], 1 / 8),
    ],
)
def test_scores_of_floats(
    cluster: Cluster, index: Index, metric: str, row: list[float], query: list[float], score: float
) -> None:
    """Each similarity turns its raw value into a score by one formula."""
    name = index({"v": vector(metric)}, {"1": {"v": row}})
    hits = cluster("POST", f"/{name}/_search", {"knn": {"field": "v", "query_vector": query, "k": 1}})["hits"]
    assert hits["max_score"] == pytest.approx(score, rel=1e-5)


@fact("6.3", evidence="S", source="DenseVectorFieldMapper (ByteElement, BitElement)")
def test_scores_of_bytes_and_bits(cluster: Cluster, index: Index) -> None:
    """A product of bytes is divided by 32768 for each dim; bits score by the share that agrees."""
    name = index(
        {"b": vector("dot_product", element_type="byte"), "bits": vector("l2_norm", 8, element_type="bit")},
        {"1": {"b": [10, 20], "bits": [5]}},
    )
    for field, query, score in (("b", [3, 4], 0.5 + 110 / 65536), ("bits", [4], 7 / 8)):
        hits = cluster("POST", f"/{name}/_search", {"knn": {"field": field, "query_vector": query, "k": 1}})["hits"]
        assert hits["max_score"] == pytest.approx(score, rel=1e-5)


@fact("7.1", evidence="T", source=f"{YAML}/150_knn_search_missing_params.yml")
def test_k_is_the_size_of_the_page(cluster: Cluster, index: Index) -> None:
    """Without k the option finds as many as the page shows, ten by default."""
    name = line(index, 12)
    assert cluster("POST", f"/{name}/_search", {"knn": NEAR})["hits"]["total"]["value"] == 10
    assert cluster("POST", f"/{name}/_search", {"knn": NEAR, "size": 2})["hits"]["total"]["value"] == 2
    cluster("POST", f"/{name}/_search", {"knn": {**NEAR, "num_candidates": 2}}, code=400)


@fact("7.1", evidence="T", source=f"{YAML}/40_knn_search.yml")
def test_filters_come_first(cluster: Cluster, index: Index) -> None:
    """A filter, or all of a list, chooses before the nearest are found."""
    name = line(index)
    knn = {**NEAR, "k": 1, "num_candidates": 4}
    assert found(cluster, name, {"knn": {**knn, "filter": {"term": {"tag": "even"}}}}) == ["2"]
    both = [{"term": {"tag": "even"}}, {"ids": {"values": ["1", "4"]}}]
    assert found(cluster, name, {"knn": {**knn, "filter": both}}) == ["4"]


@fact("7.1", evidence="T", source=f"{YAML}/80_knn_similarity_search.yml")
def test_similarity_is_a_raw_value(cluster: Cluster, index: Index) -> None:
    """``similarity`` is a distance for l2_norm, and keeps what is at most so far away."""
    name = line(index)
    assert found(cluster, name, {"knn": {**NEAR, "k": 4, "num_candidates": 4, "similarity": 2}}) == ["1", "2"]


@fact("7.1", evidence="T", source=f"{YAML}/40_knn_search.yml")
def test_clauses_and_query_add_up(cluster: Cluster, index: Index) -> None:
    """Scores of several clauses and of a query are summed, each with its boost; names are listed."""
    name = line(index)
    clauses = [
        {**NEAR, "query_vector": [1, 0], "k": 1, "boost": 2, "_name": "near"},
        {**NEAR, "query_vector": [1, 0], "k": 2},
    ]
    body = {"knn": clauses, "query": {"ids": {"values": ["1", "4"]}}}
    hits = cluster("POST", f"/{name}/_search", body)["hits"]["hits"]
    assert {hit["_id"]: hit["_score"] for hit in hits} == {"1": 4.0, "2": 0.5, "4": 1.0}
    assert hits[0]["matched_queries"] == ["near"]


@fact("7.2", evidence="T", source=f"{YAML}/160_knn_query_missing_params.yml")
def test_the_query_finds_k(cluster: Cluster, index: Index) -> None:
    """The knn query matches k documents, whatever the size of the page; without k it is that size."""
    name = line(index, 12)
    body = {"query": {"knn": {**NEAR, "k": 2}}, "size": 1}
    assert cluster("POST", f"/{name}/_search", body)["hits"]["total"]["value"] == 2
    assert cluster("POST", f"/{name}/_search", {"query": {"knn": NEAR}})["hits"]["total"]["value"] == 10


@fact("7.2", evidence="T", source=f"{YAML}/60_knn_search_filter_alias.yml, 140_knn_query_with_other_queries.yml")
def test_alias_filters_before_and_bool_after(cluster: Cluster, index: Index) -> None:
    """An alias's filter works before the nearest are found, a bool around a knn query behind it."""
    name = line(index)
    action = {"add": {"index": name, "alias": f"{name}-alias", "filter": {"term": {"tag": "even"}}}}
    cluster("POST", "/_aliases", {"actions": [action]})
    knn = {**NEAR, "k": 1, "num_candidates": 1}
    assert found(cluster, f"{name}-alias", {"knn": knn}) == ["2"]
    assert found(cluster, f"{name}-alias", {"query": {"knn": knn}}) == ["2"]
    around = {"bool": {"must": {"knn": knn}, "filter": {"term": {"tag": "even"}}}}
    assert found(cluster, name, {"query": around}) == []


@fact("7.2", evidence="T", source=f"{YAML}/120_knn_query_multiple_shards.yml")
def test_k_of_each_shard_and_k_of_all(cluster: Cluster, index: Index) -> None:
    """The query finds k on each shard, the option k of all shards together."""
    name = line(index, 60, settings={"number_of_shards": 2})
    knn = {**NEAR, "k": 3, "num_candidates": 10}
    assert cluster("POST", f"/{name}/_search", {"query": {"knn": knn}})["hits"]["total"]["value"] == 6
    assert found(cluster, name, {"knn": knn}) == ["1", "2", "3"]


@fact("7.3", evidence="S", source="KnnSearchBuilder")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"k": 0}, "[k] must be greater than 0"),
        ({"k": 3, "num_candidates": 2}, "[num_candidates] cannot be less than [k]"),
        ({"k": 1, "num_candidates": 10_001}, "[num_candidates] cannot exceed [10000]"),
        ({"query_vector": None}, "either [query_vector_builder] or [query_vector] must be provided"),
    ],
)
def test_what_the_option_refuses(cluster: Cluster, index: Index, options: dict[str, Any], reason: str) -> None:
    """The numbers and vectors of a clause are checked before any shard is asked."""
    knn = {key: value for key, value in {**NEAR, **options}.items() if value is not None}
    assert cluster.error("POST", f"/{line(index)}/_search", {"knn": knn}, code=400) == (
        "illegal_argument_exception",
        reason,
    )


@fact("7.3", evidence="T", source=f"{YAML}/190_knn_query-with-k-param.yml")
def test_what_the_query_refuses_is_wrapped(cluster: Cluster, index: Index) -> None:
    """The same mistake in a knn query is the cause of a failed build."""
    error = cluster("POST", f"/{line(index)}/_search", {"query": {"knn": {**NEAR, "k": 0}}}, code=400)["error"]
    assert error["type"] == "x_content_parse_exception"
    assert error["caused_by"]["reason"] == "[k] must be greater than 0"


@fact("7.3", evidence="T", source=f"{YAML}/40_knn_search.yml")
def test_no_search_type_beside_it(cluster: Cluster, index: Index) -> None:
    """The option does not go with a search type."""
    path = f"/{line(index)}/_search?search_type=query_then_fetch"
    assert cluster.error("POST", path, {"knn": NEAR}, code=400)[1] == (
        "cannot set [search_type] when using [knn] search, since the search type is determined automatically"
    )


@fact("7.3", evidence="S", source="DenseVectorFieldMapper.createKnnQuery, KnnVectorQueryBuilder.doToQuery")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"query_vector": [1]},
            "The query vector has a different number of dimensions [1] than the document vectors [2].",
        ),
        ({"field": "tag"}, "[knn] queries are only supported on [dense_vector] fields"),
        ({"field": "off"}, "to perform knn search on field [off], its mapping must have [index] set to [true]"),
    ],
)
def test_what_a_shard_refuses(cluster: Cluster, index: Index, options: dict[str, Any], reason: str) -> None:
    """What depends on the mapping fails on the shards: in the phase dfs for the option, query for the query."""
    name = line(index)
    knn = {**NEAR, "k": 1, "num_candidates": 2, **options}
    shard = ("query_shard_exception", f"failed to create query: {reason}")
    assert root(cluster, name, {"knn": knn}) == ("dfs", *shard)
    assert root(cluster, name, {"query": {"knn": knn}}) == ("query", *shard)


@fact("7.3", evidence="T", source=f"{YAML}/40_knn_search.yml, 172_knn_query_base64_vectors.yml")
def test_fields_without_vectors_match_nothing(cluster: Cluster, index: Index) -> None:
    """An unmapped field, and one that has no dims yet, match nothing."""
    name = index({"later": {"type": "dense_vector"}}, {"1": {"a": 1}})
    for field in ("nope", "later"):
        assert found(cluster, name, {"knn": {"field": field, "query_vector": [1, 2], "k": 1}}) == []


@fact("6.5", evidence="T", source=f"{YAML}/170_knn_search_hex_encoded_byte_vectors.yml")
def test_bytes_in_hexadecimal(cluster: Cluster, index: Index) -> None:
    """A query vector for bytes may be written in hexadecimal."""
    name = index(
        {"v": vector("l2_norm", 3, element_type="byte")}, {"1": {"v": [10, 20, 30]}, "2": {"v": [-128, 127, 10]}}
    )
    for text, doc_id in (("0a141e", "1"), ("807f0a", "2")):
        hits = cluster("POST", f"/{name}/_search", {"knn": {"field": "v", "query_vector": text, "k": 1}})["hits"][
            "hits"
        ]
        assert (hits[0]["_id"], hits[0]["_score"]) == (doc_id, 1.0)


@fact("6.5", evidence="S", source="VectorData.decodeQueryVector", since=(9, 4))
def test_floats_in_base64(cluster: Cluster, index: Index) -> None:
    """A query vector may be written in base64: big-endian floats, or bytes."""
    name = index(
        {"v": vector(), "b": vector("l2_norm", 3, element_type="byte")}, {"1": {"v": [0.5, 2], "b": [10, 20, 30]}}
    )
    floats = base64.b64encode(struct.pack(">2f", 0.5, 2)).decode()
    for field, text in (("v", floats), ("b", "ChQe")):
        hits = cluster("POST", f"/{name}/_search", {"knn": {"field": field, "query_vector": text, "k": 1}})["hits"]
        assert hits["max_score"] == 1.0
    _, _, reason = root(cluster, name, {"knn": {"field": "v", "query_vector": "AQID", "k": 1}})
    assert "the decoded bytes length [3] is not compatible with the expected vector length" in reason


@fact("7.1", evidence="S", source="RescoreVectorBuilder")
def test_rescoring_of_exact_vectors_changes_nothing(cluster: Cluster, index: Index) -> None:
    """``rescore_vector`` is accepted where nothing is quantised; below 1 it is refused."""
    name = line(index)
    knn = {**NEAR, "k": 2, "num_candidates": 4}
    assert found(cluster, name, {"knn": {**knn, "rescore_vector": {"oversample": 1.5}}}) == ["1", "2"]
    cluster("POST", f"/{name}/_search", {"knn": {**knn, "rescore_vector": {"oversample": 0.5}}}, code=400)


@fact("7.4", evidence="T", source=f"{YAML}/260_knn_lookup_query_builder.yml", since=(9, 4))
def test_the_vector_of_another_document(cluster: Cluster, index: Index) -> None:
    """A query vector can be that of a document; what lacks is 404, what is no vector 400."""
    fields = {"f": {"type": "dense_vector", "dims": 2, "similarity": "cosine"}, "k": {"type": "keyword"}}
    name = index(fields, {"1": {"f": [1, 2], "k": "x"}, "2": {"f": [2, -1]}})

    def asked(code: int = 200, **place: str) -> Any:
        lookup = {"index": name, "id": "2", "path": "f", **place}
        clause = {"field": "f", "k": 1, "num_candidates": 2, "query_vector_builder": {"lookup": lookup}}
        return cluster("POST", f"/{name}/_search", {"knn": clause}, code=code)

    assert [hit["_id"] for hit in asked()["hits"]["hits"]] == ["2"]
    for place, code in (({"id": "none"}, 404), ({"path": "none"}, 404), ({"id": "1", "path": "k"}, 400)):
        asked(code, **place)
