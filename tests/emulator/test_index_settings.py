"""The settings of an index: every spelling, the kinds of values, what may change when, blocks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.identity import DEFAULT_VERSION, Version
from clipline.emulator.indices.setting_table import SETTINGS, elsewhere
from clipline.emulator.indices.settings import flatten, nested
from tests.emulator.conftest import Api

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number_of_replicas": st.integers(0, 5),
    "refresh_interval": st.sampled_from(["1s", "-1", -1, "100ms"]),
    "hidden": st.booleans(),
    "mapping.total_fields.limit": st.integers(0, 9999),
    "routing.allocation.include._tier_preference": st.just("data_content"),
    "merge.policy.segments_per_tier": st.floats(2, 50, allow_nan=False).map(lambda x: round(x, 2)),
}


@st.composite
def spelled(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, Any]]:
    """Settings as they are stored, and one of the ways to write them down."""
    chosen = draw(st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), min_size=1))
    stored, body = {}, {}
    for name in chosen:
        value = draw(VALUES[name])
        stored[name] = str(value).lower() if isinstance(value, bool) else str(value)
        keys = draw(st.sampled_from([[name], [f"index.{name}"], ["index", name], ["index", *name.split(".")]]))
        place: Any = body
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = draw(st.sampled_from([value, stored[name]]))
    return stored, body


@given(spelled())
def test_every_spelling_is_the_same(pair: tuple[dict[str, str], dict[str, Any]]) -> None:
    stored, body = pair
    assert flatten(body, DEFAULT_VERSION) == stored
    assert flatten(nested(stored), DEFAULT_VERSION) == stored


def test_every_default_is_a_value() -> None:
    for name, setting in SETTINGS.items():
        if setting.default is not None and setting.scope != "private" and setting.since <= DEFAULT_VERSION:
            assert flatten({name: setting.default}, DEFAULT_VERSION) == {name: setting.default}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"number_of_replicas": "x"}, "Failed to parse value [x] for setting [index.number_of_replicas]"),
    ({"number_of_replicas": -1}, "Failed to parse value [-1] for setting [index.number_of_replicas] must be >= 0"),
    ({"number_of_shards": 1025}, "Failed to parse value [1025] for setting [index.number_of_shards] must be <= 1024"),
    ({"number_of_shards": 1.5}, "Failed to parse value [1.5] for setting [index.number_of_shards]"),
    ({"hidden": "yes"}, "Failed to parse value [yes] as only [true] or [false] are allowed."),
    ({"refresh_interval": "9" * 400 + "d"}, f"failed to parse [{'9' * 400}d]"),
    (
        {"refresh_interval": "5"},
        "failed to parse setting [index.refresh_interval] with value [5] as a time value: unit is missing or unrecognized",
    ),
    (
        {"translog.flush_threshold_size": "5"},
        (
            "failed to parse setting [index.translog.flush_threshold_size] with value [5] as a size in bytes: unit is missing "
            "or unrecognized"
        ),
    ),
    (
        {"codec": "x"},
        "unknown value for [index.codec] must be one of [default, lz4, best_compression, zstd] but was: x",
    ),
    (
        {"auto_expand_replicas": "3-1"},
        "[index.auto_expand_replicas] minReplicas must be =< maxReplicas but wasn't 3 > 1",
    ),
    ({"refresh_intervall": "5s"}, "unknown setting [index.refresh_intervall] did you mean [index.refresh_interval]?"),
    (
        {"number_of_shards": 3, "number_of_routing_shards": 5},
        "the number of source shards [3] must be a factor of [5]",
    ),
    (
        {"number_of_shards": 3, "number_of_routing_shards": 2},
        "index.number_of_routing_shards [2] must be >= index.number_of_shards [3]",
    ),
    ({"mode": "fast"}, "[fast] is an invalid index mode, valid modes are: [standard,time_series,logsdb,lookup]"),
]


@pytest.mark.parametrize(("settings", "reason"), WRONG)
def test_wrong_settings(api: Api, name: str, settings: dict[str, Any], reason: str) -> None:
    assert api.error("PUT", f"/{name}", {"settings": settings}, code=400) == ("illegal_argument_exception", reason)
    api("GET", f"/{name}", code=404)


@pytest.mark.parametrize("name", ["mapping.array_objects.limit", "mapping.tokens_per_field.limit", "slice.enabled"])
def test_what_a_late_version_may_have_is_not_called_unknown(name: str) -> None:
    assert elsewhere(name, Version.parse("9.5.2"))
    assert not elsewhere(name, Version.parse("9.2.0"))


def test_several_wrong_settings_are_told_at_once(api: Api, name: str) -> None:
    error = api("PUT", f"/{name}", {"settings": {"zzz1": 1, "zzz2": 2}}, code=400)["error"]
    assert error["reason"].startswith("unknown setting [index.zzz1] please check")
    assert [one["reason"].split(" please")[0] for one in error["suppressed"]] == ["unknown setting [index.zzz2]"]
    assert "suppressed" not in error["root_cause"][0]


def test_private_and_final_settings(api: Api, name: str) -> None:
    body = {"settings": {"version.created": "1"}}
    assert api.error("PUT", f"/{name}", body, code=400) == (
        "validation_exception",
        "Validation Failed: 1: private index setting [index.version.created] can not be set explicitly;",
    )
    assert (
        "soft-deletes disabled is no longer supported"
        in (api.error("PUT", f"/{name}", {"settings": {"soft_deletes.enabled": False}}, code=400)[1])
    )
    api("PUT", f"/{name}")
    assert api.error("PUT", f"/{name}/_settings", {"index.version.created": "1"}, code=400)[1] == (
        "can not update private setting [index.version.created]; this setting is managed by Elasticsearch"
    )


@pytest.mark.parametrize(
    "settings",
    [{"sort.field": "a"}, {"mode": "logsdb"}, {"mapping.source.mode": "synthetic"}, {"time_series.start_time": "2020-01-01"},
     {"routing.allocation.require.zone": "a"}, {"similarity.default.type": "DFR"}],
)  # fmt: skip
def test_settings_that_would_change_answers_are_refused(api: Api, name: str, settings: dict[str, Any]) -> None:
    assert api.error("PUT", f"/{name}", {"settings": settings}, code=501)


def settings_of(api: Api, index: str, more: str = "") -> dict[str, Any]:
    """What is shown below ``index``."""
    found: dict[str, Any] = api("GET", f"/{index}/_settings{more}")[index]["settings"]["index"]
    return found


def test_showing(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"store.preload": ["nvd", "dvd"], "codec": "best_compression", "mapping.coerce": True})
    shown = settings_of(api, index)
    assert (shown["store"], shown["codec"], shown["mapping"]) == (
        {"preload": ["nvd", "dvd"]}, "best_compression", {"coerce": "true"},
    )  # fmt: skip
    assert "creation_date_string" not in shown
    assert settings_of(api, index, "?human=true")["creation_date_string"].endswith("Z")
    flat = api("GET", f"/{index}/_settings?flat_settings=true")[index]["settings"]
    assert flat["index.codec"] == "best_compression"
    assert api("GET", f"/{index}/_settings/index.number*")[index]["settings"] == {
        "index": {"number_of_shards": "1", "number_of_replicas": "1"}
    }
    assert api("GET", f"/{index}/_settings/index.nothing") == {}
    defaults = api("GET", f"/{index}/_settings?include_defaults=true&flat_settings=true")[index]["defaults"]
    assert defaults["index.refresh_interval"] == "1s"
    assert "index.codec" not in defaults
    assert set(api("GET", f"/{index}?features=aliases,settings")[index]) == {"aliases", "settings"}


def test_changing(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"refresh_interval": "5s"})
    path = f"/{index}/_settings"
    api("PUT", f"{path}?preserve_existing=true", {"refresh_interval": "7s", "translog.durability": "async"})
    shown = settings_of(api, index)
    assert (shown["refresh_interval"], shown["translog"]) == ("5s", {"durability": "async"})
    api("PUT", path, {"settings": {"index.translog.*": None}})
    assert "translog" not in settings_of(api, index)
    assert api.error("PUT", path, {"settings": {}, "hidden": True}, code=400)[1] == (
        "mix of settings map and top-level properties"
    )
    assert api.error("PUT", path, {}, code=400)[1] == "Validation Failed: 1: no settings to update;"
    api("PUT", path, {"auto_expand_replicas": "0-1"})
    assert settings_of(api, index)["number_of_replicas"] == "0"
    api("PUT", f"{path}?reopen=true", {"codec": "best_compression"})
    assert settings_of(api, index)["codec"] == "best_compression"
    assert api.error("PUT", f"/{index}-none*/_settings", {"hidden": True}, code=404)
    api("PUT", f"/{index}-none*/_settings?allow_no_indices=true", {"hidden": True})
    assert api.error("PUT", f"/{index}-none/_settings", {"hidden": True}, code=404)


def test_all_indices_or_none(api: Api, name: str) -> None:
    for suffix in "ab":
        api("PUT", f"/{name}-{suffix}")
    api("PUT", f"/{name}-b/_block/metadata")
    assert api.error("PUT", f"/{name}-*/_settings", {"priority": 5}, code=403)[0] == "cluster_block_exception"
    assert "priority" not in settings_of(api, f"{name}-a")
    api("PUT", f"/{name}-b/_settings", {"blocks.metadata": None})
    api("PUT", f"/{name}-*/_settings", {"priority": 5})
    assert settings_of(api, f"{name}-b")["priority"] == "5"


BLOCKED: dict[str, tuple[str, list[tuple[str, str, Any]], list[tuple[str, str, Any]]]] = {
    "write": ("FORBIDDEN/8/index write (api)", [("PUT", "/_doc/1", {})], [("GET", "/_search", None)]),
    "read": (
        "FORBIDDEN/7/index read (api)",
        [("GET", "/_search", None), ("GET", "/_doc/1", None)],
        [("GET", "", None)],
    ),
    "read_only": (
        "FORBIDDEN/5/index read-only (api)",
        [("PUT", "/_doc/1", {}), ("DELETE", "", None), ("PUT", "/_alias/x", None), ("PUT", "/_mapping", {})],
        [("GET", "", None), ("GET", "/_search", None)],
    ),
    "metadata": (
        "FORBIDDEN/9/index metadata (api)",
        [("GET", "", None), ("GET", "/_settings", None), ("PUT", "/_alias/x", None)],
        [("GET", "/_search", None)],
    ),
}


@pytest.mark.parametrize("block", BLOCKED)
def test_blocks(api: Api, make: Callable[..., str], block: str) -> None:
    index = make({"a": {"type": "long"}}, {"1": {"a": 1}})
    text, refused, allowed = BLOCKED[block]
    assert api("PUT", f"/{index}/_block/{block}")["indices"] == [{"name": index, "blocked": True}]
    for method, path, body in refused:
        assert api.error(method, f"/{index}{path}", body, code=403) == (
            "cluster_block_exception", f"index [{index}] blocked by: [{text}];",
        )  # fmt: skip
    for method, path, body in allowed:
        api(method, f"/{index}{path}", body)
    assert api("DELETE", f"/{index}/_block/{block}")["indices"] == [{"name": index, "unblocked": True}]
    for method, path, body in chain(refused, allowed):
        if method == "GET":
            api(method, f"/{index}{path}", body)
    assert api.error("PUT", f"/{index}/_block/door", code=400)[1] == "No block found with name door"


def test_a_full_disk_lets_deletions_through(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"blocks.read_only_allow_delete": True})
    assert "TOO_MANY_REQUESTS/12/disk usage exceeded" in api.error("PUT", f"/{index}/_doc/1", {}, code=429)[1]
    api("DELETE", f"/{index}")


@pytest.fixture
def old(api_of: Callable[..., Api]) -> Api:
    """The server of the 8.19 line that all tests share."""
    return api_of("8.19.20")


def test_what_8_19_has_not(old: Api, name: str) -> None:
    body = {"settings": {"mapping.exclude_source_vectors": False}}
    assert old.error("PUT", f"/{name}", body, code=400)[1].startswith(
        "unknown setting [index.mapping.exclude_source_vectors]"
    )
    old("PUT", f"/{name}", {"mappings": {"properties": {"v": {"type": "dense_vector", "dims": 2}}}})
    old("PUT", f"/{name}/_doc/1", {"v": [1, 2]}, code=201)
    assert old("GET", f"/{name}/_doc/1")["_source"] == {"v": [1, 2]}
    assert old("GET", f"/{name}")[name]["settings"]["index"]["version"]["created"].startswith("85")
    assert old.error("DELETE", f"/{name}/_block/write", code=501)


def test_a_mapping_for_the_write_index_only(api: Api, name: str) -> None:
    body = {"properties": {"x": {"type": "keyword"}}}
    api("PUT", f"/{name}-b")
    api("PUT", f"/{name}-c", {"aliases": {f"{name}-w": {"is_write_index": True}}})
    api("PUT", f"/{name}-b/_alias/{name}-w")
    api("PUT", f"/{name}-w/_mapping?write_index_only=true", body)
    assert api("GET", f"/{name}-c/_mapping")[f"{name}-c"]["mappings"] == body
    assert api("GET", f"/{name}-b/_mapping")[f"{name}-b"]["mappings"] == {}


def test_waiting_for_copies(api: Api, name: str) -> None:
    assert api.error("PUT", f"/{name}?wait_for_active_shards=3", code=400)[1] == (
        "invalid wait_for_active_shards[3]: cannot be greater than number of shard copies [2]"
    )
    assert (
        api.error("PUT", f"/{name}?wait_for_active_shards=some", code=400)[1] == "cannot parse ActiveShardCount[some]"
    )
    assert api("PUT", f"/{name}?wait_for_active_shards=all")["shards_acknowledged"] is False


def test_too_many_replicas(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_shards": 10})
    kind, reason = api.error("PUT", f"/{index}/_settings", {"number_of_replicas": 500}, code=400)
    assert kind == "validation_exception"
    assert reason.startswith(
        "Validation Failed: 1: this action would add [4990] shards, but this cluster currently has ["
    )


def test_a_dot_is_warned_of(http: httpx.Client, name: str) -> None:
    answer = http.put(f"/.{name}")
    assert f"index name [.{name}] starts with a dot '.'" in answer.headers["Warning"]
    hidden = http.put(f"/.{name}-hidden", json={"settings": {"hidden": True}})
    assert "Warning" not in hidden.headers
