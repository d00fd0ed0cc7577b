"""Points in time: what they see, how they are paged through, and how they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Api

Make = Callable[..., str]


def opened(api: Api, name: str, keep: str = "1m") -> str:
    answer = api("POST", f"/{name}/_pit?keep_alive={keep}")
    assert answer["_shards"]["failed"] == 0
    return str(answer["id"])


def test_later_writes_are_not_seen(api: Api, make: Make) -> None:
    name = make({"n": {"type": "integer"}}, {str(n): {"n": n} for n in range(5)})
    pit = opened(api, name)
    api("PUT", f"/{name}/_doc/0?refresh=true", {"n": 100})
    api("DELETE", f"/{name}/_doc/1?refresh=true")
    api("PUT", f"/{name}/_doc/new?refresh=true", {"n": 7}, code=201)
    for _ in range(2):
        answer = api("POST", "/_search", {"pit": {"id": pit, "keep_alive": "1m"}, "sort": "n"})
        assert answer["pit_id"] == pit
        assert [(hit["_id"], hit["_source"]["n"]) for hit in answer["hits"]["hits"]] == [(str(n), n) for n in range(5)]
        # Written before a refresh and after it: the point in time keeps what was.
        api("PUT", f"/{name}/_doc/2?refresh=true", {"n": -1})
    assert api("POST", f"/{name}/_count")["count"] == 5
    assert api("DELETE", "/_pit", {"id": pit}) == {"succeeded": True, "num_freed": 1}


def test_paging_ends_ties_by_shard_and_place(api: Api, make: Make) -> None:
    name = make({"n": {"type": "integer"}}, {str(n): {"n": n % 2} for n in range(25)}, settings={"number_of_shards": 2})
    pit = opened(api, name)
    seen: list[str] = []
    after: list[Any] | None = None
    while True:
        body: dict[str, Any] = {"size": 4, "pit": {"id": pit}, "sort": [{"n": "desc"}], "track_total_hits": False}
        hits = api("POST", "/_search", {**body, **({"search_after": after} if after else {})})["hits"]["hits"]
        if not hits:
            break
        assert all(len(hit["sort"]) == 2 for hit in hits)
        seen += [hit["_id"] for hit in hits]
        after = hits[-1]["sort"]
    assert len(seen) == len(set(seen)) == 25
    assert [int(one) % 2 for one in seen] == [1] * 12 + [0] * 13
    by_place = api("POST", "/_search", {"size": 30, "pit": {"id": pit}, "sort": ["_shard_doc"]})["hits"]["hits"]
    values = [hit["sort"][0] for hit in by_place]
    assert values == sorted(values)
    assert values[-1] >= 1 << 32


def test_as_many_values_as_criteria_leave_the_tiebreaker_out(api: Api, make: Make) -> None:
    name = make({"n": {"type": "integer"}}, {str(n): {"n": n} for n in range(3)})
    body = {"pit": {"id": opened(api, name)}, "sort": "n", "search_after": [0]}
    hits = api("POST", "/_search", body)["hits"]["hits"]
    assert [hit["sort"] for hit in hits] == [[1], [2]]


def test_several_indices_and_searches(api: Api, make: Make) -> None:
    name = make({"n": {"type": "integer"}}, {"1": {"n": 1}})
    api("PUT", f"/{name}-b/_doc/2?refresh=true", {"n": 2}, code=201)
    pit = opened(api, f"{name}*")
    lines = f'{{}}\n{{"pit":{{"id":"{pit}"}},"query":{{"match":{{"_index":"{name}"}}}}}}\n{{}}\n{{"pit":{{"id":"{pit}"}}}}\n'
    headers = {"content-type": "application/x-ndjson"}
    responses = api("POST", "/_msearch", content=lines, headers=headers)["responses"]
    assert [one["hits"]["total"]["value"] for one in responses] == [1, 2]
    api("DELETE", f"/{name}-b")


def test_what_is_gone_is_404(api: Api, make: Make) -> None:
    pit = opened(api, make({"n": {"type": "integer"}}), "10ms")
    time.sleep(0.05)
    answer = api("POST", "/_search", {"pit": {"id": pit}}, code=404)
    assert answer["error"]["type"] == "search_phase_execution_exception"
    assert answer["error"]["root_cause"][0]["type"] == "search_context_missing_exception"
    assert api("DELETE", "/_pit", {"id": pit}, code=404) == {"succeeded": False, "num_freed": 0}


def test_a_deleted_index_takes_its_part_along(api: Api, make: Make) -> None:
    name = make({"n": {"type": "integer"}}, {"1": {"n": 1}})
    api("PUT", f"/{name}-b/_doc/2?refresh=true", {"n": 2}, code=201)
    pit = opened(api, f"{name}*")
    api("DELETE", f"/{name}-b")
    answer = api("POST", "/_search", {"pit": {"id": pit}})
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["1"]
    assert answer["_shards"]["failures"][0]["reason"]["type"] == "search_context_missing_exception"
    api("DELETE", f"/{name}")
    api("POST", "/_search", {"pit": {"id": pit}}, code=404)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/_pit", "Validation Failed: 1: [index] is not specified;2: [keep_alive] is not specified;"),
        ("/_pit?keep_alive=1m", "Validation Failed: 1: [index] is not specified;"),
        ("/i/_pit", "Validation Failed: 1: [keep_alive] is not specified;"),
        ("/i/_pit?keep_alive=1",
         "failed to parse setting [keep_alive] with value [1] as a time value: unit is missing or unrecognized"),
        ("/i/_pit?keep_alive=25h",
         ("Keep alive for request (25h) is too large. It must be less than (1d). This limit can be set by changing the "
         "[search.max_keep_alive] cluster level setting.")),
    ],
)  # fmt: skip
def test_what_opening_needs(api: Api, path: str, reason: str) -> None:
    assert api.error("POST", path, code=400)[1] == reason


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/{}/_search", {}, ("Validation Failed: 1: [indices] cannot be used with point in time. Do not specify any index with "
                            "point in time.;")),
        ("/_search?routing=a", {}, "Validation Failed: 1: [routing] cannot be used with point in time;"),
        ("/_search", {"from": 1, "sort": "n", "search_after": [1]},
         "Validation Failed: 1: `from` parameter must be set to 0 when `search_after` is used;"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_it(api: Api, make: Make, path: str, body: dict[str, Any], reason: str) -> None:
    name = make({"n": {"type": "integer"}})
    pit = opened(api, name)
    assert api.error("POST", path.format(name), {"pit": {"id": pit}, **body}, code=400)[1] == reason


def test_an_id_that_is_none(api: Api) -> None:
    assert api.error("POST", "/_search", {"pit": {"id": "???"}}, code=400)[0] == "illegal_argument_exception"
    assert api.error("DELETE", "/_pit", {"id": "x"}, code=400)[0] == "illegal_argument_exception"
    assert api.error("DELETE", "/_pit", {}, code=400)[1] == "[id] is required"
