"""Terms and query vectors that are taken from another document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api

VECTORS = {
    "f": ("float", "cosine", [3.0, 4.0]),
    "b": ("byte", "l2_norm", [3, -4]),
    "h": ("bfloat16", "cosine", [1.0, 2.0]),
}


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    data: Path = tmp_path_factory.mktemp("lookup")
    with running_emulator(data, "--version", "9.5.2") as url, httpx.Client(base_url=url, timeout=30) as http:
        api = Api(http)
        vectors = {name: {"type": "dense_vector", "dims": 2, "element_type": element, "similarity": similarity}
                   for name, (element, similarity, _) in VECTORS.items()}  # fmt: skip
        properties = {**vectors, "k": {"type": "keyword"}, "n": {"type": "long"}}
        api("PUT", "/lookup", {"settings": {"number_of_shards": 2}, "mappings": {"properties": properties}})
        source = {name: vector for name, (_, _, vector) in VECTORS.items()}
        api("PUT", "/lookup/_doc/1", {**source, "k": "x", "n": 1}, code=201)
        api("PUT", "/lookup/_doc/2", {name: [-one for one in vector] for name, vector in source.items()}, code=201)
        api("PUT", "/lookup/_doc/routed?routing=a", {"f": [3, -4]}, code=201)
        api("PUT", "/lookup/_doc/bare", {}, code=201)
        api("POST", "/lookup/_refresh")
        yield api


def search(api: Api, body: Any, *, code: int = 200) -> Any:
    return api("POST", "/lookup/_search", body, code=code)


def knn(field: str, code: int = 200, **lookup: Any) -> dict[str, Any]:
    place = {"index": "lookup", "id": "1", "path": field, **lookup}
    return {"field": field, "k": 1, "num_candidates": 5, "query_vector_builder": {"lookup": place}}


@pytest.mark.parametrize("field", VECTORS)
def test_the_vector_of_a_document(newest: Api, field: str) -> None:
    for doc_id in ("1", "2"):
        hits = search(newest, {"knn": knn(field, id=doc_id)})["hits"]["hits"]
        assert [(hit["_id"], hit["_score"]) for hit in hits] == [(doc_id, pytest.approx(1.0))]
        assert search(newest, {"query": {"knn": knn(field, id=doc_id)}})["hits"]["hits"] == hits
    assert search(newest, {"knn": knn("f", id="routed", routing="a")})["hits"]["hits"][0]["_id"] == "routed"


@pytest.mark.parametrize(
    ("lookup", "status", "reason"),
    [
        ({"id": "none"}, 404, "Document with id [none] not found in index [lookup] for lookup query vector builder."),
        ({"index": "none"}, 404, "no such index [none]"),
        ({"id": "bare"}, 404, "Field [f] not found in document with id [bare] for lookup query vector builder."),
        ({"path": "none"}, 404, "Field [none] not found in document with id [1] for lookup query vector builder."),
        ({"path": "k"}, 400, "Field [k] in document with id [1] is of unsupported type [java.lang.String] for"),
        ({"path": "n"}, 400, "Field [n] in document with id [1] is of unsupported type [java.lang.Long] for"),
        ({"type": "x"}, 400, "[1:1] [lookup] unknown field [type]"),
    ],
)  # fmt: skip
def test_no_vector(newest: Api, lookup: dict[str, str], status: int, reason: str) -> None:
    assert search(newest, {"knn": knn("f", **lookup)}, code=status)["error"]["reason"].startswith(reason)


def test_a_place_needs_all_its_parts(newest: Api) -> None:
    clause = {**knn("f"), "query_vector_builder": {"lookup": {"id": "1"}}}
    error = search(newest, {"knn": clause}, code=400)["error"]
    assert error["caused_by"]["reason"] == "Required [index, path]"


def test_older_versions_have_no_such_builder(api: Api, name: str) -> None:
    api("PUT", f"/{name}", {"mappings": {"properties": {"f": {"type": "dense_vector", "dims": 2}}}})
    error = api("POST", f"/{name}/_search", {"knn": knn("f", index=name)}, code=400)["error"]
    assert error["caused_by"]["reason"] == "[1:1] unknown field [lookup]"


@pytest.fixture
def users(api: Api, name: str) -> str:
    api(
        "PUT",
        f"/{name}",
        {"mappings": {"properties": {"user": {"type": "keyword"}}}, "settings": {"max_terms_count": 2}},
    )
    follow = {"u1": ["u2", "u3"], "u2": ["u1", "u3", "u4"], "u3": [], "u4": []}
    for user, others in follow.items():
        source = {"user": user, "follows": others, "circles": {"close": [{"id": "u1"}, {"id": None}]}}
        api("PUT", f"/{name}/_doc/{user}?refresh=true", source, code=201)
    return name


@pytest.mark.parametrize(
    ("doc_id", "path", "ids"),
    [
        ("u1", "follows", {"u2", "u3"}),
        ("u3", "circles.close.id", {"u1"}),
        ("u1", "nope", set()),
        ("u1", "follows.deeper", set()),
        ("nobody", "follows", set()),
    ],
)
def test_terms_of_a_document(api: Api, users: str, doc_id: str, path: str, ids: set[str]) -> None:
    query = {"terms": {"user": {"index": users, "id": doc_id, "path": path}}}
    hits = api("POST", f"/{users}/_search", {"query": query})["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == ids
    assert api("POST", f"/{users}/_count", {"query": query})["count"] == len(ids)


def test_terms_of_a_document_that_is_not_refreshed(api: Api, users: str) -> None:
    api("PUT", f"/{users}/_doc/new?refresh=false", {"follows": "u3"}, code=201)
    query = {"terms": {"user": {"index": users, "id": "new", "path": "follows"}}}
    assert [hit["_id"] for hit in api("POST", f"/{users}/_search", {"query": query})["hits"]["hits"]] == ["u3"]


@pytest.mark.parametrize(
    ("lookup", "status", "kind"),
    [
        ({"id": "u2", "path": "follows"}, 400, "search_phase_execution_exception"),
        ({"index": "nope", "id": "u1", "path": "follows"}, 404, "index_not_found_exception"),
        ({"id": "u1"}, 400, "illegal_argument_exception"),
        ({"id": ["u1"], "path": "follows"}, 400, "x_content_parse_exception"),
        ({"id": "u1", "path": "follows", "nope": 1}, 400, "x_content_parse_exception"),
        ({"id": "u3", "path": "circles"}, 501, "emulator_unsupported_exception"),
    ],
)
def test_refusals(api: Api, users: str, lookup: dict[str, Any], status: int, kind: str) -> None:
    query = {"terms": {"user": {"index": users, **lookup}}}
    assert api("POST", f"/{users}/_search", {"query": query}, code=status)["error"]["type"] == kind
