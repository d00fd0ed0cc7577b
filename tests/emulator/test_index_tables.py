"""What is told about indices: ``_stats``, ``_cat``, ``_resolve``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api


@pytest.fixture
def two(api: Api, name: str) -> str:
    """``{name}-a`` with two documents, three shards and no replica; ``{name}-b``, hidden, with one."""
    settings = {"number_of_shards": 3, "number_of_replicas": 0}
    alias = {f"{name}-alias": {"filter": {"term": {"k": "x"}}, "routing": "7", "is_write_index": True}}
    mappings = {"properties": {"k": {"type": "keyword"}}}
    api("PUT", f"/{name}-a", {"settings": settings, "aliases": alias, "mappings": mappings})
    api("PUT", f"/{name}-b", {"settings": {"hidden": True}})
    for number, value in enumerate("xy"):
        api("PUT", f"/{name}-a/_doc/{number}?routing=7", {"k": value}, code=201)
    api("PUT", f"/{name}-b/_doc/1?refresh=true", {"k": "x"}, code=201)
    api("POST", f"/{name}-a/_refresh")
    return name


def test_stats(api: Api, two: str) -> None:
    found = api("GET", f"/{two}-*/_stats?expand_wildcards=open,hidden")
    assert found["_shards"] == {"total": 5, "successful": 4, "failed": 0}
    a, b = found["indices"][f"{two}-a"], found["indices"][f"{two}-b"]
    assert (a["health"], b["health"], a["status"]) == ("green", "yellow", "open")
    assert a["primaries"]["docs"]["count"] == 2
    assert found["_all"]["primaries"]["docs"]["count"] == 3
    assert a["primaries"]["indexing"]["index_total"] == 2
    assert a["primaries"]["store"]["size_in_bytes"] > 0
    assert a["primaries"] == a["total"]


def test_counters_count(api: Api, two: str) -> None:
    index = f"{two}-a"
    api("GET", f"/{index}/_doc/0?routing=7")
    api("GET", f"/{index}/_doc/none", code=404)
    api("DELETE", f"/{index}/_doc/0?routing=7")
    api("POST", f"/{index}/_flush")
    api("POST", f"/{index}/_search")
    found = api("GET", f"/{index}/_stats/get,indexing,flush,search")["_all"]["total"]
    assert set(found) == {"get", "indexing", "flush", "search"}
    assert found["get"] == {"total": 2, "exists_total": 1, "missing_total": 1, "current": 0}
    assert (found["indexing"]["index_total"], found["indexing"]["delete_total"]) == (2, 1)
    assert found["flush"] == {"total": 3, "periodic": 0}
    assert found["search"]["query_total"] == 3


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("fieldata", 400, "contains unrecognized metric: [fieldata] -> did you mean [fielddata]?"),
        ("_all,docs", 400, "contains _all and individual metrics [_all,docs]"),
        ("segments", 501, "the metric [segments] of _stats"),
        ("docs?level=shards", 501, "[level=shards] of _stats"),
        ("docs?level=x", 400, "level parameter must be one of [cluster] or [indices] or [shards] but was [x]"),
    ],
)
def test_refused_stats(api: Api, two: str, path: str, code: int, reason: str) -> None:
    assert reason in api.error("GET", f"/{two}-a/_stats/{path}", code=code)[1]


def test_stats_of_a_pattern_that_finds_nothing(api: Api, name: str) -> None:
    assert api("GET", f"/{name}*/_stats")["_shards"] == {"total": 0, "successful": 0, "failed": 0}
    assert "indices" not in api("GET", f"/{name}*/_stats?level=cluster")


def rows(api: Api, path: str) -> list[dict[str, Any]]:
    """A table as JSON."""
    found: list[dict[str, Any]] = api("GET", path, headers={"Accept": "application/json"})
    return found


def test_cat_indices(api: Api, two: str) -> None:
    (row,) = rows(api, f"/_cat/indices/{two}-*")
    uuid = api("GET", f"/{two}-a")[f"{two}-a"]["settings"]["index"]["uuid"]
    assert list(row) == [
        "health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size", "pri.store.size",
        "dataset.size",
    ]  # fmt: skip
    assert list(row.values())[:8] == ["green", "open", f"{two}-a", uuid, "3", "0", "2", "0"]
    assert [one["index"] for one in rows(api, f"/_cat/indices/{two}-*?expand_wildcards=all&h=index")] == [
        f"{two}-a", f"{two}-b",
    ]  # fmt: skip
    assert rows(api, f"/_cat/indices/{two}-*?expand_wildcards=all&health=yellow&h=i,rep") == [
        {"i": f"{two}-b", "rep": "1"}
    ]
    assert "the column [segments.count]" in api.error("GET", f"/_cat/indices/{two}-a?h=segments.count", code=501)[1]
    assert "[help] of a table" in api.error("GET", "/_cat/indices?help", code=501)[1]
    assert api.error("GET", f"/_cat/indices/{two}-x", code=404)[0] == "index_not_found_exception"
    assert api.error("GET", "/_cat/indices?health=blue", code=400)[1] == "unknown cluster health status [blue]"


def test_cat_aliases(api: Api, two: str) -> None:
    expected = {
        "alias": f"{two}-alias", "index": f"{two}-a", "filter": "*", "routing.index": "7", "routing.search": "7",
        "is_write_index": "true",
    }  # fmt: skip
    assert rows(api, f"/_cat/aliases/{two}-*") == [expected]
    assert rows(api, f"/_cat/aliases/{two}-nothing") == []
    assert rows(api, f"/_cat/aliases/{two}-*,-{two}-al*") == []


def test_cat_shards(api: Api, two: str) -> None:
    found = rows(api, f"/_cat/shards/{two}-*")
    assert [(row["index"], row["shard"], row["prirep"], row["state"]) for row in found] == [
        *((f"{two}-a", str(number), "p", "STARTED") for number in range(3)),
        (f"{two}-b", "0", "p", "STARTED"),
        (f"{two}-b", "0", "r", "UNASSIGNED"),
    ]
    assert sum(int(row["docs"]) for row in found if row["docs"]) == 3
    assert found[-1]["node"] is None


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("/_cat/shards?h=index,bulk.avg_time", "bulk.avg_time"), ("/_cat/shards?h=seq*", "seq_no.max"),
        ("/_cat/indices?h=pri.flush*", "pri.flush.total"), ("/_cat/indices?s=merges.total:desc", "merges.total"),
        ("/_cat/nodes?h=heap.*", "heap.current"), ("/_cat/nodes?h=ip,fdm", "fdm"),
    ],
)  # fmt: skip
def test_a_column_that_is_lacking(api: Api, path: str, column: str) -> None:
    """It would be left out in silence like one that no table has."""
    assert api.error("GET", path, code=501)[1].endswith(f"the column [{column}]")
    table = path.partition("?")[0]
    assert api.error("GET", f"{table}?help=true", code=501)[1].endswith("of which not all columns are there")


def test_cat_count(api: Api, two: str) -> None:
    assert rows(api, f"/_cat/count/{two}-a?h=count") == [{"count": "2"}]
    assert rows(api, f"/_cat/count/{two}-alias?h=count") == [{"count": "1"}]


def test_cat_templates(api: Api, name: str) -> None:
    template = {"settings": {"a": 1, "number_of_shards": 1, "hidden": True}, "aliases": {"x": {}}}
    template["settings"].pop("a")
    template["mappings"] = {"properties": {"a": {"type": "long"}, "b": {"type": "long"}}}
    api("PUT", f"/_component_template/{name}-c", {"template": template, "version": 4, "_meta": {"k": 1}})
    body = {"index_patterns": [f"{name}a*", f"{name}b*"], "composed_of": [f"{name}-c"], "priority": 3, "version": 5}
    api("PUT", f"/_index_template/{name}-t", body)
    assert rows(api, f"/_cat/templates/{name}*") == [{
        "name": f"{name}-t", "index_patterns": f"[{name}a*, {name}b*]", "order": "3", "version": "5",
        "composed_of": f"[{name}-c]",
    }]  # fmt: skip
    assert [row["name"] for row in rows(api, f"/_cat/templates/nothing*,{name}*,other")] == [f"{name}-t"]
    assert rows(api, f"/_cat/component_templates/{name}*") == [{
        "name": f"{name}-c", "version": "4", "alias_count": "1", "mapping_count": "2", "settings_count": "2",
        "metadata_count": "1", "included_in": f"[{name}-t]",
    }]  # fmt: skip


def test_resolve(api: Api, two: str) -> None:
    found = api("GET", f"/_resolve/index/{two}-*")
    assert found == {
        "indices": [{"name": f"{two}-a", "aliases": [f"{two}-alias"], "attributes": ["open"], "mode": "standard"}],
        "aliases": [{"name": f"{two}-alias", "indices": [f"{two}-a"]}],
        "data_streams": [],
    }
    hidden = api("GET", f"/_resolve/index/{two}-*,-{two}-a*?expand_wildcards=all")
    assert [(one["name"], one["attributes"]) for one in hidden["indices"]] == [(f"{two}-b", ["hidden", "open"])]
    assert hidden["aliases"] == []
    assert api.error("GET", f"/_resolve/index/{two}-none", code=404)[0] == "index_not_found_exception"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_refresh"),
        ("POST", "/_flush"),
        ("POST", "/_forcemerge?max_num_segments=1"),
        ("POST", "/_cache/clear"),
    ],
)
def test_maintenance(api: Api, make: Callable[..., str], method: str, path: str) -> None:
    index = make()
    assert api(method, f"/{index}{path}") == {"_shards": {"total": 2, "successful": 1, "failed": 0}}
    assert api.error(method, f"/{index}x{path}", code=404)[0] == "index_not_found_exception"
    assert api(method, path)["_shards"]["failed"] == 0


def test_maintenance_that_contradicts_itself(api: Api, make: Callable[..., str]) -> None:
    index = make()
    assert api.error("POST", f"/{index}/_flush?force=true&wait_if_ongoing=false", code=400)[1] == (
        "Validation Failed: 1: wait_if_ongoing must be true for a force flush;"
    )
    path = f"/{index}/_forcemerge?max_num_segments=1&only_expunge_deletes=true"
    assert "mutually exclusive" in api.error("POST", path, code=400)[1]
