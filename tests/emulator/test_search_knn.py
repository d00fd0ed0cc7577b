"""kNN: the scores of every metric and element type, filters, limits, and the refusals of both forms."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api

Make = Callable[..., str]
_RNG = np.random.default_rng(7)


def formula(metric: str, element: str, row: np.ndarray, query: np.ndarray) -> float:
    """The documented score of one vector, in double precision."""
    row, query = row.astype(np.float64), query.astype(np.float64)
    dot = float(row @ query)
    if element == "bit":
        bits = np.unpackbits(row.astype(np.int8).view(np.uint8)) != np.unpackbits(query.astype(np.int8).view(np.uint8))
        return float(1 - bits.sum() / bits.size)
    if metric == "l2_norm":
        return 1 / (1 + float(((row - query) ** 2).sum()))
    if metric == "cosine":
        return (1 + dot / float(np.linalg.norm(row) * np.linalg.norm(query))) / 2
    if metric == "max_inner_product":
        return dot + 1 if dot >= 0 else 1 / (1 - dot)
    return 0.5 + dot / (32768 * row.size) if element == "byte" else (1 + dot) / 2


def vectors(element: str, metric: str, count: int, dims: int) -> np.ndarray:
    if element in ("byte", "bit"):
        return _RNG.integers(-128, 128, (count, dims if element == "byte" else dims // 8))
    found = _RNG.standard_normal((count, dims)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True) if metric == "dot_product" else found


@pytest.mark.parametrize("element", ["float", "byte", "bit"])
@pytest.mark.parametrize("metric", ["cosine", "dot_product", "l2_norm", "max_inner_product"])
def test_scores_by_the_documented_formulas(api: Api, make: Make, element: str, metric: str) -> None:
    if element == "bit" and metric != "l2_norm":
        pytest.skip("bits have one metric")
    rows, dims = vectors(element, metric, 20, 16), 16
    name = make(
        {"v": {"type": "dense_vector", "dims": dims, "similarity": metric, "element_type": element}},
        {str(number): {"v": row.tolist()} for number, row in enumerate(rows)},
    )
    query = vectors(element, metric, 1, dims)[0]
    knn = {"field": "v", "query_vector": query.tolist(), "k": 7, "num_candidates": 20}
    hits = api("POST", f"/{name}/_search", {"knn": knn})["hits"]
    wanted = sorted(((formula(metric, element, row, query), str(n)) for n, row in enumerate(rows)), reverse=True)[:7]
    assert [hit["_score"] for hit in hits["hits"]] == pytest.approx([score for score, _ in wanted], rel=1e-5)
    assert hits["total"]["value"] == 7
    assert hits["max_score"] == hits["hits"][0]["_score"]
    as_query = api("POST", f"/{name}/_search", {"query": {"knn": knn}})["hits"]["hits"]
    assert [(hit["_id"], hit["_score"]) for hit in as_query] == [(hit["_id"], hit["_score"]) for hit in hits["hits"]]


@pytest.mark.parametrize("filtered", [False, True])
def test_distances_of_many_vectors_are_exact(api: Api, make: Make, filtered: bool) -> None:
    name = make({"v": {"type": "dense_vector", "dims": 1024, "similarity": "l2_norm"}, "even": {"type": "boolean"}})
    # Far from the origin and near each other, so that products alone would not tell them apart.
    rows = (100 + _RNG.standard_normal((2100, 1024))).astype(np.float32)
    lines = []
    for number, row in enumerate(rows):
        lines += [{"index": {"_id": str(number)}}, {"v": row.tolist(), "even": number % 2 == 0}]
    import orjson

    body = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    headers = {"content-type": "application/x-ndjson"}
    assert not api("POST", f"/{name}/_bulk?refresh=true", content=body, headers=headers)["errors"]
    query = rows[5] + np.float32(0.01)
    knn: dict[str, Any] = {"field": "v", "query_vector": query.tolist(), "k": 5}
    if filtered:
        knn["filter"] = {"term": {"even": True}}
    hits = api("POST", f"/{name}/_search", {"knn": knn, "_source": False})["hits"]["hits"]
    scores = {n: formula("l2_norm", "float", row, query) for n, row in enumerate(rows) if not filtered or n % 2 == 0}
    wanted = sorted(scores, key=lambda n: -scores[n])[:5]
    assert [int(hit["_id"]) for hit in hits] == wanted
    assert [hit["_score"] for hit in hits] == pytest.approx([scores[n] for n in wanted], rel=1e-4)


@pytest.fixture
def small(make: Make) -> str:
    """Four vectors on a line, two of them red."""
    docs = {str(n): {"v": [float(n), 0.0], "tag": "red" if n % 2 else "blue"} for n in range(1, 5)}
    return make(
        {
            "v": {"type": "dense_vector", "dims": 2, "similarity": "l2_norm"},
            "tag": {"type": "keyword"},
            "plain": {"type": "dense_vector", "dims": 2, "index": False},
            "later": {"type": "dense_vector"},
        },
        docs,
    )


def ids(api: Api, path: str, body: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in api("POST", path, body)["hits"]["hits"]]


@pytest.mark.parametrize(
    ("options", "more", "wanted"),
    [
        ({}, {}, ["1", "2", "3", "4"]),
        ({}, {"size": 2}, ["1", "2"]),
        ({"k": 3}, {"size": 1}, ["1"]),
        ({"filter": {"term": {"tag": "blue"}}}, {}, ["2", "4"]),
        ({"filter": [{"term": {"tag": "blue"}}, {"ids": {"values": ["4", "1"]}}]}, {}, ["4"]),
        ({"similarity": 2}, {}, ["1", "2"]),
        ({"k": 1, "filter": {"match_none": {}}}, {}, []),
        ({"k": 2}, {"post_filter": {"term": {"tag": "blue"}}}, ["2"]),
        ({"k": 4}, {"min_score": 0.1}, ["1", "2", "3"]),
        ({"k": 4}, {"from": 1, "size": 2}, ["2", "3"]),
        ({"k": 1}, {"query": {"term": {"tag": {"value": "blue", "boost": 0}}}}, ["1", "2", "4"]),
        ({"k": 2, "rescore_vector": {"oversample": 3.0}}, {}, ["1", "2"]),
        ({"k": 2, "visit_percentage": 50}, {}, ["1", "2"]),
        ({"field": "nope"}, {}, []),
        ({"field": "later"}, {}, []),
    ],
)
def test_options(api: Api, small: str, options: dict[str, Any], more: dict[str, Any], wanted: list[str]) -> None:
    knn = {"field": "v", "query_vector": [0, 0], **options}
    assert ids(api, f"/{small}/_search", {"knn": knn, **more}) == wanted


def test_clauses_and_a_query_add_up(api: Api, small: str) -> None:
    clauses = [
        {"field": "v", "query_vector": [1, 0], "k": 1, "boost": 2, "_name": "near"},
        {"field": "v", "query_vector": [1, 0], "k": 2},
    ]
    hits = api("POST", f"/{small}/_search", {"knn": clauses, "query": {"ids": {"values": ["1", "4"]}}})["hits"]["hits"]
    assert {hit["_id"]: hit["_score"] for hit in hits} == {"1": 4.0, "2": 0.5, "4": 1.0}
    assert hits[0]["matched_queries"] == ["near"]


def test_an_alias_filters_before_the_nearest_are_found(api: Api, small: str) -> None:
    api(
        "POST",
        "/_aliases",
        {"actions": [{"add": {"index": small, "alias": f"{small}-b", "filter": {"term": {"tag": "blue"}}}}]},
    )
    knn = {"field": "v", "query_vector": [0, 0], "k": 1, "num_candidates": 1}
    assert ids(api, f"/{small}-b/_search", {"knn": knn}) == ["2"]
    assert ids(api, f"/{small}-b/_search", {"query": {"knn": knn}}) == ["2"]
    around = {"bool": {"must": {"knn": knn}, "filter": {"term": {"tag": "blue"}}}}
    assert ids(api, f"/{small}/_search", {"query": around}) == []


def test_the_query_finds_k_of_each_shard_and_the_option_k_of_all(api: Api, make: Make) -> None:
    docs = {str(n): {"v": [float(n)]} for n in range(40)}
    name = make(
        {"v": {"type": "dense_vector", "dims": 1, "similarity": "l2_norm"}}, docs, settings={"number_of_shards": 3}
    )
    knn = {"field": "v", "query_vector": [0], "k": 4, "num_candidates": 4}
    assert ids(api, f"/{name}/_search", {"knn": knn}) == ["0", "1", "2", "3"]
    answer = api("POST", f"/{name}/_search", {"query": {"knn": knn}})
    assert answer["hits"]["total"]["value"] == 12
    assert answer["_shards"]["total"] == 3


@pytest.mark.parametrize(
    ("options", "kind", "reason"),
    [
        ({"k": 0}, "illegal_argument_exception", "[k] must be greater than 0"),
        ({"k": 3, "num_candidates": 2}, "illegal_argument_exception", "[num_candidates] cannot be less than [k]"),
        ({"num_candidates": 10_001}, "illegal_argument_exception", "[num_candidates] cannot exceed [10000]"),
        ({"query_vector": None}, "illegal_argument_exception",
         "either [query_vector_builder] or [query_vector] must be provided"),
        ({"query_vector_builder": {"text_embedding": {"model_id": "m", "model_text": "x"}}}, "illegal_argument_exception",
         "cannot provide both [query_vector_builder] and [query_vector]"),
        ({"field": None}, "illegal_argument_exception", "Required [field]"),
        ({"boost": -1}, "illegal_argument_exception",
         "negative [boost] are not allowed in [knn], use a value between 0 and 1 to deboost"),
        ({"nope": 1}, "x_content_parse_exception", "[1:1] [knn] unknown field [nope]"),
        ({"query_vector": [None]}, "x_content_parse_exception", "[1:1] [knn] failed to parse field [query_vector]"),
        ({"query_vector": "xyz"}, "x_content_parse_exception", "[1:1] [knn] failed to parse field [query_vector]"),
        ({"k": "x"}, "x_content_parse_exception", "[1:1] [knn] failed to parse field [k]"),
        ({"rescore_vector": {"oversample": 0.5}}, "x_content_parse_exception",
         "[1:1] [knn] failed to parse field [rescore_vector]"),
    ],
)  # fmt: skip
def test_refusals_of_the_option(api: Api, small: str, options: dict[str, Any], kind: str, reason: str) -> None:
    knn = {"field": "v", "query_vector": [0, 0], **options}
    assert api.error("POST", f"/{small}/_search", {"knn": knn}, code=400) == (kind, reason)


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"k": 0}, "[k] must be greater than 0"),
        ({"k": 3, "num_candidates": 2}, "[num_candidates] cannot be less than [k]"),
        ({"query_vector": None}, "either [query_vector] or [query_vector_builder] must be provided"),
    ],
)
def test_refusals_of_the_query_are_wrapped(api: Api, small: str, options: dict[str, Any], cause: str) -> None:
    query = {"knn": {"field": "v", "query_vector": [0, 0], **options}}
    error = api("POST", f"/{small}/_search", {"query": query}, code=400)["error"]
    assert error["reason"] == "Failed to build [knn] after last required field arrived"
    assert error["caused_by"]["reason"] == cause


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"query_vector": [1]},
            "The query vector has a different number of dimensions [1] than the document vectors [2].",
        ),
        ({"field": "tag"}, "[knn] queries are only supported on [dense_vector] fields"),
        ({"field": "plain"}, "to perform knn search on field [plain], its mapping must have [index] set to [true]"),
    ],
)
def test_refusals_of_the_shard(api: Api, small: str, options: dict[str, Any], reason: str) -> None:
    knn = {"field": "v", "query_vector": [0, 0], **options}
    for phase, body in (("dfs", {"knn": knn}), ("query", {"query": {"knn": knn}})):
        error = api("POST", f"/{small}/_search", body, code=400)["error"]
        assert error["phase"] == phase
        assert error["root_cause"][0]["type"] == "query_shard_exception"
        assert error["root_cause"][0]["reason"] == f"failed to create query: {reason}"


def test_vectors_as_text_since_9_4(tmp_path: Any) -> None:
    with running_emulator(tmp_path, "--version", "9.5.2") as url, httpx.Client(base_url=url) as http:
        api = Api(http)
        types = {"float": 2, "byte": 2, "bit": 16, "bfloat16": 2}
        properties = {
            kind: {"type": "dense_vector", "dims": dims, "element_type": kind, "similarity": "l2_norm"}
            for kind, dims in types.items()
        }
        api("PUT", "/i", {"mappings": {"properties": properties}})
        api("PUT", "/i/_doc/1?refresh=true", {kind: [10, 20] for kind in types}, code=201)
        floats = base64.b64encode(np.asarray([10, 20], dtype=">f4").tobytes()).decode()
        halves = base64.b64encode(
            (np.asarray([10, 20], dtype=np.float32).view(np.uint32) >> 16).astype(">u2").tobytes()
        ).decode()
        for kind, texts in {"float": [floats, "0a14"], "byte": ["0a14", "ChQ="], "bit": ["0a14", "ChQ="],
                            "bfloat16": [floats, halves]}.items():  # fmt: skip
            for text in texts:
                hits = api("POST", "/i/_search", {"knn": {"field": kind, "query_vector": text, "k": 1}})["hits"]
                assert hits["max_score"] == 1.0, (kind, text)
        for text, reason in {
            "AQID": "the decoded bytes length [3] is not compatible with the expected vector length",
            "not base64!!": "[query_vector] must be a valid base64 or hex string",
        }.items():
            error = api("POST", "/i/_search", {"knn": {"field": "float", "query_vector": text, "k": 1}}, code=400)[
                "error"
            ]
            assert reason in error["root_cause"][0]["reason"]
        vector = {"docvalue_fields": [{"field": "float", "format": "binary"}, "byte"], "_source": False}
        assert api("POST", "/i/_search", vector)["hits"]["hits"][0]["fields"] == {"float": [floats], "byte": [[10, 20]]}
