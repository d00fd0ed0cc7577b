"""``_cluster/settings``: what can be changed, what is obeyed, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipline.emulator.cluster_settings import check_auto_create, flat, nested
from clipline.emulator.errors import ApiError
from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """An emulator of one's own, whose settings nobody else minds."""
    with running_emulator(tmp_path) as url, httpx.Client(base_url=url) as http:
        yield Api(http)


def persistent(**settings: Any) -> dict[str, Any]:
    return {"persistent": {name.replace("__", "."): value for name, value in settings.items()}}


def test_what_was_set_is_shown_nested_and_flat(api: Api) -> None:
    body = {"persistent": {"search.max_buckets": 20, "indices": {"recovery": {"max_bytes_per_sec": "50mb"}}}}
    answer = api("PUT", "/_cluster/settings?flat_settings=true", body)
    set_ = {"indices.recovery.max_bytes_per_sec": "50mb", "search.max_buckets": "20"}
    assert answer == {"acknowledged": True, "persistent": set_, "transient": {}}
    assert api("GET", "/_cluster/settings")["persistent"]["search"] == {"max_buckets": "20"}
    cleared = api(
        "PUT", "/_cluster/settings", {"persistent": {"search.*": None, "indices.recovery.max_bytes_per_sec": None}}
    )
    assert cleared["persistent"] == {}
    assert api("GET", "/_cluster/settings?flat_settings") == {"persistent": {}, "transient": {}}


@pytest.mark.parametrize(
    ("body", "code", "kind", "reason"),
    [
        ({}, 400, "action_request_validation_exception", "Validation Failed: 1: no settings to update;"),
        (persistent(nonsense__x=1), 400, "illegal_argument_exception", "persistent setting [nonsense.x], not recognized"),
        ({"transient": {"a.b": 1}}, 400, "illegal_argument_exception", "transient setting [a.b], not recognized"),
        (persistent(cluster__name="x"), 400, "illegal_argument_exception",
         "persistent setting [cluster.name], not dynamically updateable"),
        (persistent(action__destructive_requires_name="x"), 400, "illegal_argument_exception",
         "Failed to parse value [x] as only [true] or [false] are allowed."),
        (persistent(cluster__max_shards_per_node=0), 400, "illegal_argument_exception",
         "Failed to parse value [0] for setting [cluster.max_shards_per_node] must be >= 1"),
        (persistent(cluster__routing__allocation__enable="none"), 501, "emulator_unsupported_exception", None),
        (persistent(xpack__ml__something_else=1), 501, "emulator_unsupported_exception", None),
        (persistent(cluster__routing__allocation__enable="all"), 200, None, None),
        (persistent(cluster__routing__allocation__disk__threshold_enabled=False), 200, None, None),
        (persistent(logger__org__elasticsearch="DEBUG"), 200, None, None),
        # What the emulator does nothing by has to be readable all the same.
        (persistent(logger__org__elasticsearch="loud"), 400, "illegal_argument_exception", "Unknown level constant [LOUD]."),
        (persistent(cluster__info__update__interval="often"), 400, "illegal_argument_exception", None),
        (persistent(cluster__routing__rebalance__enable="some"), 400, "illegal_argument_exception",
         "Illegal rebalance.enable value [SOME]"),
        (persistent(cluster__routing__allocation__allow_rebalance="never"), 400, "illegal_argument_exception", None),
        (persistent(cluster__routing__allocation__balance__shard="-1"), 400, "illegal_argument_exception",
         "Failed to parse value [-1] for setting [cluster.routing.allocation.balance.shard] must be >= 0.0"),
        (persistent(script__max_compilations_rate="many"), 400, "illegal_argument_exception", None),
        (persistent(indices__recovery__max_bytes_per_sec="fast"), 400, "parse_exception", None),
        (persistent(search__max_buckets="1_000"), 400, "illegal_argument_exception",
         "Failed to parse value [1_000] for setting [search.max_buckets]"),
        (persistent(search__max_buckets=2**31), 400, "illegal_argument_exception", None),
        (persistent(xpack__ml__max_open_jobs=513), 400, "illegal_argument_exception", None),
        # RestClusterUpdateSettingsAction: a map is read and cast, and only two of its fields are looked at.
        ({"persistent": []}, 500, "class_cast_exception",
         ("class java.util.ArrayList cannot be cast to class java.util.Map (java.util.ArrayList and java.util.Map are in "
          "module java.base of loader 'bootstrap')")),
        ({"transient": True}, 500, "class_cast_exception", None),
        ({"transient": None}, 501, "emulator_unsupported_exception", None),
        ({"elsewhere": {}}, 400, "action_request_validation_exception", "Validation Failed: 1: no settings to update;"),
        ({"elsewhere": {}, "persistent": {"search.max_buckets": None}}, 200, None, None),
    ],
)  # fmt: skip
def test_changes(api: Api, body: Any, code: int, kind: str | None, reason: str | None) -> None:
    if kind is None:
        assert api("PUT", "/_cluster/settings", body, code=code)["acknowledged"]
        return
    found = api.error("PUT", "/_cluster/settings", body, code=code)
    assert found[0] == kind
    assert reason in (None, found[1])


def test_a_refused_change_changes_nothing(api: Api) -> None:
    body = {"persistent": {"search.max_open_scroll_context": "7"}, "transient": {"nonsense": "1"}}
    api.error("PUT", "/_cluster/settings", body, code=400)
    assert "search" not in api("GET", "/_cluster/settings")["persistent"]


def test_persistent_stays_and_transient_does_not(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url:
        body = {"persistent": {"action.destructive_requires_name": False}, "transient": {"search.max_buckets": 1}}
        assert httpx.put(f"{url}/_cluster/settings", json=body).status_code == 200
    with running_emulator(tmp_path) as url:
        found = httpx.get(f"{url}/_cluster/settings?flat_settings").json()
    assert found == {"persistent": {"action.destructive_requires_name": "false"}, "transient": {}}


def test_what_is_obeyed(own: Api) -> None:
    own("PUT", "/a1")
    assert own.error("DELETE", "/a*", code=400)[1] == "Wildcard expressions or all indices are not allowed"
    own("PUT", "/_cluster/settings", persistent(action__destructive_requires_name=False))
    own("DELETE", "/a*")
    own("PUT", "/_cluster/settings", persistent(action__auto_create_index="+logs-*,-*"))
    own("PUT", "/logs-1/_doc/1", {"x": 1}, code=201)
    assert own.error("PUT", "/other/_doc/1", {"x": 1}, code=404)[1].startswith("no such index [other] and [action.auto")
    own("PUT", "/_cluster/settings", {"transient": {"cluster.max_shards_per_node": 3}})
    kind, reason = own.error("PUT", "/b", {}, code=400)
    assert kind == "validation_exception"
    expected = "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [2]/[3]"
    assert reason.startswith(expected)


@pytest.mark.parametrize(
    ("setting", "index", "why"),
    [
        ("true", "a", None),
        ("false", "a", "[action.auto_create_index] is [false]"),
        ("a*", "ab", None),
        ("a*", "b", "[action.auto_create_index] ([a*]) doesn't match"),
        ("-a*,+*", "ab", "[action.auto_create_index] contains [-a*] which forbids automatic creation of the index"),
        ("-a*,+*", "b", None),
    ],
)
def test_automatic_creation(setting: str, index: str, why: str | None) -> None:
    if why is None:
        check_auto_create(setting, index)
        return
    with pytest.raises(ApiError) as caught:
        check_auto_create(setting, index)
    assert (caught.value.status, caught.value.reason) == (404, f"no such index [{index}] and {why}")


def test_flat_and_nested() -> None:
    body = {"a": {"b": 1, "c.d": None}, "e": [1, "x"], "f": True}
    assert flat(body) == {"a.b": "1", "a.c.d": None, "e": "1,x", "f": "true"}
    assert nested({"a.b": "1", "a.b.c": "2", "d": "3"}) == {"a": {"b": "1", "b.c": "2"}, "d": "3"}
