"""Which indices an expression names: checked on the resolver alone, and once through HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.resolution import Names, Options, resolve
from clipline.emulator.patterns import overlap, simple_match
from tests.emulator.conftest import Api

NAMES = Names(
    ["a1", "a2", "b1", ".dot", ".hid", "hid"],
    {"al": ["a1", "b1"], "secret": ["b1"], "bridge": ["hid"]},
    {".hid", "hid", "secret"},
)


@pytest.mark.parametrize(
    ("expression", "options", "found"),
    [
        ("a1", {}, ["a1"]),
        ("b1,a1,b1", {}, ["b1", "a1"]),
        ("_all", {}, [".dot", "a1", "a2", "b1", "hid"]),
        ("_all", {"hidden": True}, [".dot", ".hid", "a1", "a2", "b1", "hid"]),
        ("*", {"aliases": False}, [".dot", "a1", "a2", "b1"]),
        ("a*", {}, ["a1", "a2", "b1"]),
        ("a*", {"aliases": False}, ["a1", "a2"]),
        ("a*,-a2", {}, ["a1", "b1"]),
        ("a*,-*1", {}, ["a2"]),
        ("_all,-a*,-.d*", {}, ["hid"]),
        ("s*", {}, []),
        ("s*", {"hidden": True}, ["b1"]),
        (".*", {}, [".dot", ".hid"]),
        ("hi*", {}, []),
        ("hid", {}, ["hid"]),
        ("bri*", {}, ["hid"]),
        ("al", {}, ["a1", "b1"]),
        ("al", {"aliases": False, "ignore_unavailable": True}, []),
        ("x,a1", {"ignore_unavailable": True}, ["a1"]),
        ("x*", {}, []),
        ("a[12]", {"ignore_unavailable": True}, []),
        ("*", {"open": False}, []),
        ("<a{2001-01-01||{uu}}>", {"ignore_unavailable": True}, []),
    ],
)
def test_expressions(expression: str, options: dict[str, Any], found: list[str]) -> None:
    assert resolve(expression, NAMES, Options(**options)) == found


@pytest.mark.parametrize(
    ("expression", "options", "status", "reason"),
    [
        ("x", {}, 404, "no such index [x]"),
        ("a1,x", {}, 404, "no such index [x]"),
        ("x*", {"allow_no_indices": False}, 404, "no such index [x*]"),
        ("a*", {"expand": False}, 404, "no such index [a*]"),
        ("x,y", {"ignore_unavailable": True, "allow_no_indices": False}, 404, "no such index [null]"),
        (
            "a1,-a2",
            {},
            404,
            (
                "no such index [-a2] and if you intended to exclude this index, ensure that you use wildcards that "
                "include it before explicitly excluding it"
            ),
        ),
        ("_foo", {}, 400, "Invalid index name [_foo], must not start with '_'."),
        (
            "al",
            {"aliases": False},
            400,
            "The provided expression [al] matches an alias, specify the corresponding concrete indices instead.",
        ),
        ("a1::failures", {}, 501, "the clipline emulator does not support the selector in [a1::failures]"),
    ],
)
def test_refused_expressions(expression: str, options: dict[str, Any], status: int, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        resolve(expression, NAMES, Options(**options))
    assert (refused.value.status, refused.value.reason) == (status, reason)


def test_no_index_at_all() -> None:
    with pytest.raises(ApiError, match=r"no such index \[_all\] and no indices exist"):
        resolve("_all", Names([], {}), Options(allow_no_indices=False))


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("plain", "plain"),
        ("<plain>", "plain"),
        ("<logs-{now/d}>", "logs-2024.02.29"),
        ("<logs-{now/M{yyyy-MM}}>", "logs-2024-02"),
        ("<{now-1d/d}>", "2024.02.28"),
        ("<{now+1y}>", "2025.02.28"),
        ("<{now/w}>", "2024.02.26"),
        ("<{now/d{yyyy.MM.dd|+12:00}}>", "2024.03.01"),
        ("<{now/h{HH:mm:ss}}-x>", "23:00:00-x"),
        ("<a{2022-12-31||/d{yyyy-MM-dd}}b{now{yy}}>", "a2022-12-31b24"),
    ],
)
def test_date_math(expression: str, name: str) -> None:
    assert resolve_name(expression, datetime(2024, 2, 29, 23, 10, 5, tzinfo=UTC)) == name


@pytest.mark.parametrize(
    "expression",
    ["<>", "<a{>", "<a}>", "<{later}>", "<{now*1d}>", "<{now+9999999y}>", "<{now{}}>", "<{now+%sd}>" % ("9" * 5000)],
)
def test_date_math_that_cannot_be_read(expression: str) -> None:
    with pytest.raises(ApiError) as refused:
        resolve_name(expression)
    assert (refused.value.status, refused.value.type) == (400, "parse_exception")


LETTERS = st.text("ab*", max_size=5)
WORDS = ["".join(word) for size in range(6) for word in product("ab", repeat=size)]


@given(LETTERS, LETTERS)
def test_two_patterns_overlap_when_a_word_matches_both(left: str, right: str) -> None:
    both = any(simple_match(left, word) and simple_match(right, word) for word in WORDS)
    # A common word need not be longer than both patterns' letters together; so short ones prove what the words show.
    if both or len((left + right).replace("*", "")) <= 5:
        assert overlap(left, right) is both
    assert overlap(left, right) is overlap(right, left)


@given(st.lists(st.sampled_from(["a1", "al", "a*", "*", "_all", "-a1", "-a*", "b1", ".*"]), min_size=1, max_size=5))
def test_every_result_is_an_index_once(parts: list[str]) -> None:
    found = resolve(",".join(parts), NAMES, Options(ignore_unavailable=True))
    assert len(found) == len(set(found))
    assert set(found) <= set(NAMES.indices)


def test_all_indices_by_name(api: Api, name: str) -> None:
    api("PUT", f"/{name}/_doc/1?refresh=true", {}, code=201)
    assert name in api("GET", "/_all")
    assert name in api("GET", f"/_all/_mapping?filter_path={name}")
    query = {"query": {"ids": {"values": ["1"]}}}
    assert name in {hit["_index"] for hit in api("POST", "/_all/_search?size=100", query)["hits"]["hits"]}
    assert api("POST", "/_all/_refresh")["_shards"]["failed"] == 0
    assert api.error("POST", "/_all/_delete_by_query", {}, code=400)[1] == "Validation Failed: 1: query is missing;"


@pytest.mark.parametrize("path", ["/far:x/_search", "/x*,far:x/_count", "/far:*/_mapping"])
def test_remote_clusters_are_not_emulated(api: Api, path: str) -> None:
    assert "far:" in api.error("GET", path, code=501)[1]


def test_parameters_over_http(api: Api, name: str) -> None:
    api("PUT", f"/{name}-1", {"settings": {"index.hidden": True}})
    api("PUT", f"/<{name}-{{2020-02-03||/d{{yyyy}}}}>".replace("/d", "%2Fd"))
    (shown,) = api("GET", f"/{name}-*").values()
    assert shown["settings"]["index"]["provided_name"] == f"<{name}-{{2020-02-03||/d{{yyyy}}}}>"
    assert set(api("GET", f"/{name}-*")) == {f"{name}-2020"}
    assert set(api("GET", f"/{name}-*?expand_wildcards=open,hidden")) == {f"{name}-1", f"{name}-2020"}
    assert api("GET", f"/{name}-*?expand_wildcards=closed") == {}
    assert api.error("GET", f"/{name}-*?expand_wildcards=none", code=404)[1] == f"no such index [{name}-*]"
    assert api.error("GET", "/_settings?expand_wildcards=ajar", code=400)[1] == "No valid expand wildcard value [ajar]"
    assert api.error("GET", f"/{name}-1?ignore_unavailable=perhaps", code=400)[1] == (
        "Could not convert [ignore_unavailable] to boolean"
    )
