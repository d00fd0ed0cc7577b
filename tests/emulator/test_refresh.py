"""What a refresh and a start make searchable: what was indexed when a document was written, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api

MAPPINGS = {
    "dynamic": "false",
    "properties": {
        "tag": {"type": "keyword"},
        "taken": {"type": "date"},
        "place": {"type": "geo_point"},
        "v": {"type": "dense_vector", "dims": 3, "similarity": "cosine"},
        "inner": {"properties": {"w": {"type": "dense_vector", "dims": 2, "similarity": "l2_norm"}}},
    },
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "a": {"tag": ["x", "y"], "taken": "2024-05-17", "place": {"lat": 48.1, "lon": 11.6}, "v": [1, 0, 0.5]},
    "b": {"tag": "y", "v": [0, 1, 0], "inner": {"w": [0.25, 4]}},
    "c": {"tag": "z", "inner": {"w": [1, 1]}},
}
SEARCHES: list[dict[str, Any]] = [
    {"knn": {"field": "v", "query_vector": [1, 0.25, 0], "k": 5, "num_candidates": 5}},
    {"knn": {"field": "inner.w", "query_vector": [0.25, 3], "k": 5, "num_candidates": 5}},
    {"query": {"term": {"tag": "y"}}, "fields": ["place", "taken"]},
    {"query": {"range": {"taken": {"gte": "2024-05-17"}}}},
    {"query": {"exists": {"field": "place"}}},
    {"sort": [{"tag": "desc"}]},
]


def _answers(api: Api) -> list[Any]:
    return [api("POST", "/pictures/_search", body)["hits"] for body in SEARCHES]


def _filled(api: Api) -> list[Any]:
    api("PUT", "/pictures", {"mappings": MAPPINGS})
    for doc_id, source in DOCUMENTS.items():
        api("PUT", f"/pictures/_doc/{doc_id}", source, code=201)
    # Written again, written and gone: what was there before must leave no trace.
    api("PUT", "/pictures/_doc/c", {**DOCUMENTS["c"], "tag": "y"})
    api("PUT", "/pictures/_doc/d", DOCUMENTS["a"], code=201)
    api("DELETE", "/pictures/_doc/d")
    api("POST", "/pictures/_refresh")
    return _answers(api)


def _with_emulator(data: Path, use: Callable[[Api], Any]) -> Any:
    with running_emulator(data) as url, httpx.Client(base_url=url, timeout=30) as http:
        return use(Api(http))


def test_a_start_brings_back_what_was_searchable(tmp_path: Path) -> None:
    before = _with_emulator(tmp_path, _filled)
    assert [hit["_id"] for hit in before[0]["hits"]] == ["a", "b"]
    assert before[2]["hits"][0]["fields"]["place"][0]["coordinates"] == [11.6, 48.1]
    assert _with_emulator(tmp_path, _answers) == before


def test_a_field_that_came_later_does_not_change_older_documents(tmp_path: Path) -> None:
    found = {"query": {"exists": {"field": "late"}}}

    def write(api: Api) -> None:
        api("PUT", "/pictures", {"mappings": MAPPINGS})
        api("PUT", "/pictures/_doc/before", {"late": "x"}, code=201)
        api("PUT", "/pictures/_mapping", {"properties": {"late": {"type": "keyword"}}})
        api("PUT", "/pictures/_doc/after", {"late": "x"}, code=201)
        api("POST", "/pictures/_refresh")
        check(api)

    def check(api: Api) -> None:
        assert [hit["_id"] for hit in api("POST", "/pictures/_search", found)["hits"]["hits"]] == ["after"]

    _with_emulator(tmp_path, write)
    _with_emulator(tmp_path, check)


def test_the_index_takes_its_documents_along(tmp_path: Path) -> None:
    def make_and_delete(api: Api) -> None:
        _filled(api)
        api("DELETE", "/pictures")

    _with_emulator(tmp_path, make_and_delete)
    with sqlite3.connect(tmp_path / "emulator.sqlite") as database:
        assert [database.execute(f"SELECT count(*) FROM {t}").fetchone() for t in ("documents", "shards")] == [(0,)] * 2
    database.close()


def test_before_a_refresh_a_search_sees_the_old_version(api: Api, make: Callable[..., str]) -> None:
    index = make(
        {"k": {"type": "keyword"}}, {"1": {"k": "old"}, "2": {"k": "old"}}, settings={"refresh_interval": "-1"}
    )
    api("PUT", f"/{index}/_doc/1", {"k": "new"})
    api("PUT", f"/{index}/_doc/1", {"k": "newer"})
    api("DELETE", f"/{index}/_doc/2")

    def ids(value: str) -> list[str]:
        body = {"query": {"term": {"k": value}}}
        return [hit["_id"] for hit in api("POST", f"/{index}/_search", body)["hits"]["hits"]]

    assert (ids("old"), ids("new"), ids("newer")) == (["1", "2"], [], [])
    api("POST", f"/{index}/_refresh")
    assert (ids("old"), ids("new"), ids("newer")) == ([], [], ["1"])
