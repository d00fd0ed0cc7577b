"""Searching: totals, hits, sorting, paging, points in time (reference, sections 7.6, 7.9, 7.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Index = Callable[..., str]
YAML = "rest-api-spec/test/search"


def numbers(index: Index, count: int = 12, **more: Any) -> str:
    """Documents with a number, a parity and a date."""
    docs = {str(n): {"n": n, "odd": str(n % 2), "at": f"2024-01-{n + 1:02}", "t": "snow crash"} for n in range(count)}
    properties = {"n": {"type": "integer"}, "odd": {"type": "keyword"}, "at": {"type": "date"}, "t": {"type": "text"}}
    return index(properties, docs, settings={"number_of_shards": 1}, **more)


def search(cluster: Cluster, name: str, body: dict[str, Any], params: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = cluster("POST", f"/{name}/_search{params}", body)
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


@fact("7.6", evidence="T", source=f"{YAML}/220_total_hits_object.yml")
def test_totals(cluster: Cluster, index: Index) -> None:
    """The total is exact up to a limit and a lower bound beyond; it can be left out or be a plain number."""
    name = numbers(index)
    assert search(cluster, name, {})["hits"]["total"] == {"value": 12, "relation": "eq"}
    assert search(cluster, name, {"track_total_hits": 5})["hits"]["total"] == {"value": 5, "relation": "gte"}
    assert "total" not in search(cluster, name, {"track_total_hits": False})["hits"]
    assert search(cluster, name, {}, "?rest_total_hits_as_int=true")["hits"]["total"] == 12


@fact("7.6", evidence="T", source=f"{YAML}/30_limits.yml")
def test_the_window(cluster: Cluster, index: Index) -> None:
    """A page beyond the ten thousandth hit is refused on the shards."""
    error = cluster("POST", f"/{numbers(index)}/_search?from=10000", code=400)["error"]
    assert error["root_cause"][0]["reason"].startswith(
        "Result window is too large, from + size must be less than or equal to: [10000] but was [10010]. See the scroll api"
    )


@fact("7.6", evidence="K", source="SearchPhaseController")
def test_scores_are_absent_where_hits_are_sorted(cluster: Cluster, index: Index) -> None:
    """Sorted hits have no score and the answer no maximum, unless scores are tracked."""
    name = numbers(index)
    plain = search(cluster, name, {"sort": "n"})["hits"]
    assert plain["max_score"] is None
    assert plain["hits"][0]["_score"] is None
    tracked = search(cluster, name, {"sort": "n", "track_scores": True})["hits"]
    assert tracked["max_score"] == 1.0


@fact("7.6", evidence="T", source=f"{YAML}/10_source_filtering.yml")
def test_parts_of_the_source(cluster: Cluster, index: Index) -> None:
    """The source of a hit can be left out or cut down, by the body and by parameters, which win."""
    name = numbers(index, 1)
    assert "_source" not in search(cluster, name, {"_source": False})["hits"]["hits"][0]
    assert search(cluster, name, {"_source": ["n", "t*"]})["hits"]["hits"][0]["_source"] == {"n": 0, "t": "snow crash"}
    shown = search(cluster, name, {"_source": "n"}, "?_source_includes=odd")
    assert shown["hits"]["hits"][0]["_source"] == {"odd": "0"}
    assert "_source" not in search(cluster, name, {"stored_fields": ["n"]})["hits"]["hits"][0]


@fact("7.6", evidence="T", source=f"{YAML}/330_fetch_fields.yml")
def test_fields_are_lists_in_the_form_of_their_type(cluster: Cluster, index: Index) -> None:
    """``fields`` gives lists; dates in their format or another; other types have no formats."""
    name = numbers(index, 1)
    body = {"fields": ["n", {"field": "at", "format": "epoch_millis"}], "_source": False}
    assert search(cluster, name, body)["hits"]["hits"][0]["fields"] == {"n": [0], "at": ["1704067200000"]}
    cluster("POST", f"/{name}/_search", {"fields": [{"field": "odd", "format": "x"}]}, code=400)


@fact("7.6", evidence="T", source=f"{YAML}/260_parameter_validation.yml")
def test_sizes_are_not_negative(cluster: Cluster, index: Index) -> None:
    """A negative size is refused by its name."""
    reason = cluster.error("POST", f"/{numbers(index)}/_search?size=-5", code=400)[1]
    assert reason == "[size] parameter cannot be negative, found [-5]"


@fact("7.6", evidence="K", source="SearchSourceBuilder.parseXContent")
def test_unknown_keys(cluster: Cluster, index: Index) -> None:
    """A key that a search does not have is refused with the kind of its value."""
    kind, reason = cluster.error("POST", f"/{numbers(index)}/_search", {"nope": {}}, code=400)
    assert (kind, reason) == ("parsing_exception", "Unknown key for a START_OBJECT in [nope].")


@fact("7.6", evidence="K", source="LegacyBM25Similarity")
def test_bm25_of_one_of_two(cluster: Cluster, index: Index) -> None:
    """A word that one of two equally long texts has scores 0.6931471."""
    name = index({"t": {"type": "text"}}, {"1": {"t": "snow"}, "2": {"t": "rain"}}, settings={"number_of_shards": 1})
    assert search(cluster, name, {"query": {"match": {"t": "SNOW"}}})["hits"]["max_score"] == pytest.approx(
        0.6931471, rel=1e-5
    )
    assert search(cluster, name, {"query": {"bool": {"filter": {"match": {"t": "snow"}}}}})["hits"]["max_score"] == 0.0


@fact("7.6", evidence="T", source=f"{YAML}/410_named_queries.yml")
def test_names_of_queries(cluster: Cluster, index: Index) -> None:
    """A hit lists the named queries that it matches."""
    should = [{"term": {"n": {"value": n, "_name": f"is {n}"}}} for n in (1, 2)]
    hits = search(cluster, numbers(index), {"query": {"bool": {"should": should}}, "sort": "n"})["hits"]["hits"]
    assert [hit["matched_queries"] for hit in hits] == [["is 1"], ["is 2"]]


@fact("7.6", evidence="K", source="SearchPhaseExecutionException")
def test_shards_that_fail_beside_others(cluster: Cluster, index: Index, name: str) -> None:
    """What only some shards refuse leaves an answer of the others and an entry in ``_shards.failures``."""
    first = numbers(index)
    other = f"{name}-b"
    cluster("PUT", f"/{other}", {"mappings": {"properties": {"n": {"type": "keyword"}}}})
    cluster("PUT", f"/{other}/_doc/x?refresh=true", {"n": "x"}, code=201)
    answer = search(cluster, f"{first},{other}", {"query": {"term": {"n": "x"}}})
    assert ids(answer) == ["x"]
    assert answer["_shards"]["failed"] >= 1
    assert answer["_shards"]["failures"][0]["reason"]["type"] == "query_shard_exception"


@fact("7.9", evidence="K", source="RestCountAction")
def test_counts(cluster: Cluster, index: Index) -> None:
    """``_count`` takes a query and nothing else."""
    name = numbers(index)
    assert cluster("POST", f"/{name}/_count", {"query": {"range": {"n": {"lt": 5}}}})["count"] == 5
    assert cluster("GET", f"/{name}/_count?q=odd:1")["count"] == 6
    assert cluster.error("POST", f"/{name}/_count", {"size": 1}, code=400)[1] == "request does not support [size]"


@fact("7.10", evidence="T", source=f"{YAML}/90_search_after.yml; the refusals: SearchAfterIT")
def test_going_on_behind_a_hit(cluster: Cluster, index: Index) -> None:
    """``search_after`` takes the sort values of a hit; dates as numbers or in their format."""
    name = numbers(index)
    body = {"size": 1, "sort": [{"odd": "desc"}, {"n": "desc"}], "search_after": ["1", 3]}
    assert ids(search(cluster, name, body)) == ["1"]
    for after in ("2024-01-05", 1704412800000):
        assert ids(search(cluster, name, {"size": 1, "sort": "at", "search_after": [after]})) == ["5"]
    for wrong, reason in (
        ([1, 2], "search_after has 2 value(s) but sort has 1."),
        (["x"], "Failed to parse search_after value for field [n]."),
    ):
        error = cluster("POST", f"/{name}/_search", {"sort": "n", "search_after": wrong}, code=400)["error"]
        assert error["root_cause"][0]["reason"] == reason
    body = {"from": 1, "sort": "n", "search_after": [1]}
    assert "`from` parameter must be set to 0" in cluster.error("POST", f"/{name}/_search", body, code=400)[1]


@fact("7.10", evidence="T", source=f"{YAML}/350_point_in_time.yml, SearchRequest.rewrite")
def test_a_point_in_time(cluster: Cluster, index: Index) -> None:
    """A point in time does not see later writes, and adds a tiebreaker to sorts that leave one out."""
    name = numbers(index, 3)
    pit = cluster("POST", f"/{name}/_pit?keep_alive=1m")["id"]
    cluster("PUT", f"/{name}/_doc/9?refresh=true", {"n": 9}, code=201)
    cluster("DELETE", f"/{name}/_doc/0?refresh=true")
    answer = cluster("POST", "/_search", {"pit": {"id": pit, "keep_alive": "1m"}, "sort": [{"n": "desc"}], "size": 2})
    assert ids(answer) == ["2", "1"]
    assert answer["pit_id"]
    last = answer["hits"]["hits"][-1]["sort"]
    assert len(last) == 2
    body = {"pit": {"id": answer["pit_id"]}, "sort": [{"n": "desc"}]}
    assert ids(cluster("POST", "/_search", {**body, "search_after": last})) == ["0"]
    assert ids(cluster("POST", "/_search", {**body, "search_after": last[:1]})) == ["0"]
    assert cluster("DELETE", "/_pit", {"id": answer["pit_id"]}) == {"succeeded": True, "num_freed": 1}
    gone = cluster("POST", "/_search", body, code=404)["error"]
    assert gone["root_cause"][0]["type"] == "search_context_missing_exception"


@fact("7.10", evidence="T", source="PointInTimeIT.testMissingRequiredParameters, RestSearchAction.preparePointInTime")
def test_what_a_point_in_time_needs(cluster: Cluster, index: Index) -> None:
    """Opening needs an index and a time; searching takes no index besides."""
    assert cluster.error("POST", "/_pit", code=400)[1] == (
        "Validation Failed: 1: [index] is not specified;2: [keep_alive] is not specified;"
    )
    name = numbers(index, 1)
    pit = cluster("POST", f"/{name}/_pit?keep_alive=1m")["id"]
    assert (
        "[indices] cannot be used with point in time"
        in cluster.error("POST", f"/{name}/_search", {"pit": {"id": pit}}, code=400)[1]
    )
    cluster("DELETE", "/_pit", {"id": pit})


@fact("7.10", evidence="T", source=f"{YAML}/90_search_after.yml")
def test_the_tiebreaker_needs_a_point_in_time(cluster: Cluster, index: Index) -> None:
    """``_shard_doc`` is no criterion of a plain search."""
    reason = cluster.error("POST", f"/{numbers(index, 1)}/_search", {"sort": ["_shard_doc"]}, code=400)[1]
    assert "[_shard_doc] sort field cannot be used without [point in time]" in reason


@fact("7.10", evidence="K", source="FieldSortBuilder")
def test_what_cannot_be_sorted_by(cluster: Cluster, index: Index) -> None:
    """An unmapped field, a text and the id are refused on the shards."""
    name = numbers(index, 1)
    for field, start in (
        ("nope", "No mapping found for [nope] in order to sort on"),
        ("t", f"Fielddata is disabled on [t] in [{name}]."),
        ("_id", "Fielddata access on the _id field is disallowed"),
    ):
        error = cluster("POST", f"/{name}/_search", {"sort": field}, code=400)["error"]
        assert error["root_cause"][0]["reason"].startswith(start)
    assert ids(search(cluster, name, {"sort": {"nope": {"unmapped_type": "long"}}})) == ["0"]


@fact(
    "7.10", evidence="S", source="IndexFieldData.XFieldComparatorSource.missingObject; MapperService (anonymous types)"
)
def test_what_stands_for_a_missing_number(cluster: Cluster, index: Index) -> None:
    """A sort's ``missing`` is exact, a text only if it is a whole number; an ``unmapped_type`` is a type that there is."""
    name = index({"n": {"type": "long"}}, {"1": {"a": 1}})
    for missing, shown in ((2**60 + 1, 2**60 + 1), ("-7", -7)):
        hits = search(cluster, name, {"sort": {"n": {"missing": missing}}})["hits"]["hits"]
        assert hits[0]["sort"] == [shown]
    for body in ({"n": {"missing": "1.5"}}, {"nope": {"unmapped_type": "nope"}}):
        cluster("POST", f"/{name}/_search", {"sort": body}, code=400)
