"""Who the cluster says it is, its health, its node and its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import httpx
import pytest
from elasticsearch import ApiError, Elasticsearch

from clipline.emulator.launch import running_emulator
from tests.emulator.conftest import Api

INFO = {
    "8.19.20": ("9.12.2", "7.17.0", "7.0.0"),
    "9.2.0": ("10.3.0", "8.19.0", "8.0.0"),
    "9.5.2": ("10.4.0", "8.19.0", "8.0.0"),
}


@pytest.fixture(scope="module", params=INFO)
def versioned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An emulator of each version, and its URL."""
    with running_emulator(tmp_path_factory.mktemp("versioned"), "--version", request.param) as url:
        yield request.param, url


def test_info_by_version(versioned: tuple[str, str]) -> None:
    version, url = versioned
    answer = httpx.get(url)
    found = answer.json()["version"]
    assert found["number"] == version
    assert found["build_flavor"] == "emulator"
    assert len(found["build_hash"]) == 40
    keys = ("lucene_version", "minimum_wire_compatibility_version", "minimum_index_compatibility_version")
    assert tuple(found[key] for key in keys) == INFO[version]
    assert httpx.head(url).headers["content-length"] == str(
        len(httpx.get(url, headers={"accept-encoding": ""}).content)
    )


def test_the_client_of_version_9_is_refused_by_8(versioned: tuple[str, str]) -> None:
    version, url = versioned
    with Elasticsearch(url) as client:
        if not version.startswith("8"):
            assert client.info()["version"]["number"] == version
            return
        with pytest.raises(ApiError) as caught:
            client.info()
    error = caught.value.body["error"]
    assert (caught.value.status_code, error["type"]) == (400, "media_type_header_exception")
    assert error["reason"] == "Invalid media-type value on headers [Accept, Content-Type]"
    sentence = "Accept version must be either version 8 or 7, but found 9. "
    assert error["caused_by"]["reason"] == f"{sentence}Accept=application/vnd.elasticsearch+json; compatible-with=9"


def test_warnings_name_version_and_build(api: Api) -> None:
    answer = api.http.put("/_cluster/settings", json={"transient": {"search.max_buckets": None}})
    agent, text = answer.headers["warning"].split(" ", 2)[1], answer.headers["warning"].split('"')[1]
    assert agent == f"Elasticsearch-9.2.0-{api('GET', '/')['version']['build_hash']}"
    assert text.startswith("[transient settings removal]")


def test_one_node_with_machine_learning(client: Elasticsearch) -> None:
    answer = client.nodes.info()
    (node,) = answer["nodes"].values()
    assert answer["_nodes"] == {"total": 1, "successful": 1, "failed": 0}
    assert "ml" in node["roles"]
    assert int(node["attributes"]["ml.machine_memory"]) > 0
    assert node["version"] == "9.2.0"
    assert {"type": "inference"} in node["ingest"]["processors"]


@pytest.mark.parametrize(
    ("path", "total"),
    [
        ("_local", 1), ("_all", 1), ("emul*", 1), ("127.0.0.*", 1), ("ml:true", 1), ("ml:false", 0), ("_all,ml:false", 0),
        ("nobody", 0), ("nobody,emulator", 1), ("coordinating_only:true", 0),
        ("_all,coordinating_only:true", 1), ("_all,coordinating_only:false", 1),
        ("_all,voting_only:false", 1), ("xpack.installed:t*", 1), ("os", 1),
        ("os,http", 1), ("_all/os", 1), ("_local/info/os", 1), ("nobody/os", 0),
    ],
)  # fmt: skip
def test_node_filters(api: Api, path: str, total: int) -> None:
    answer = api("GET", f"/_nodes/{path}")
    assert answer["_nodes"]["total"] == len(answer["nodes"]) == total


def test_a_role_is_there_or_not(api: Api) -> None:
    reason = "Failed to parse value [perhaps] as only [true] or [false] are allowed."
    assert api.error("GET", "/_nodes/ml:perhaps", code=400) == ("illegal_argument_exception", reason)


def test_node_metrics(api: Api) -> None:
    (node,) = api("GET", "/_nodes/os")["nodes"].values()
    assert "os" in node
    assert "process" not in node
    (node,) = api("GET", "/_nodes/_local/nonsense")["nodes"].values()
    assert "os" not in node
    assert api.error("GET", "/_nodes/thread_pool", code=501)[0] == "emulator_unsupported_exception"
    (node,) = api("GET", "/_nodes/settings?flat_settings")["nodes"].values()
    assert node["settings"]["node.name"] == "emulator"


def test_the_address_is_the_one_that_is_served(api: Api) -> None:
    port = api.http.base_url.port
    path = "/_nodes/http?filter_path=nodes.*.http.publish_address"
    (node,) = api("GET", path, headers={"host": "elsewhere:1"})["nodes"].values()
    assert node["http"]["publish_address"] == f"127.0.0.1:{port}"
    (row,) = api("GET", "/_cat/nodes?format=json&h=http", headers={"host": "elsewhere:1"})
    assert row["http"] == f"127.0.0.1:{port}"


def test_without_the_ml_node(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_emulator(tmp_path_factory.mktemp("no-ml"), "--no-ml-node") as url:
        answer = httpx.get(f"{url}/_nodes").json()
        (node,) = answer["nodes"].values()
        assert "ml" not in node["roles"]
        assert not any(key.startswith("ml.") for key in node["attributes"])
        assert httpx.get(f"{url}/_nodes/ml:true").json()["nodes"] == {}


def test_node_stats(api: Api, client: Elasticsearch, make: Callable[..., str]) -> None:
    make({}, {"1": {"x": 1}})
    (node,) = client.nodes.stats()["nodes"].values()
    assert node["indices"]["docs"]["count"] >= 1
    assert node["process"]["open_file_descriptors"] > 3
    assert node["ingest"]["total"].keys() >= {"count", "time_in_millis", "current", "failed"}
    (node,) = api("GET", "/_nodes/_local/stats/ingest,os")["nodes"].values()
    assert {"ingest", "os"} <= node.keys()
    assert "fs" not in node
    reason = "request [/_nodes/stats/nope] contains unrecognized metric: [nope]"
    assert api.error("GET", "/_nodes/stats/nope", code=400) == ("illegal_argument_exception", reason)
    reason = "request [/_nodes/stats/_all,os] contains _all and individual metrics [_all,os]"
    assert api.error("GET", "/_nodes/stats/_all,os", code=400)[1] == reason


def test_node_stats_of_indices(api: Api, make: Callable[..., str]) -> None:
    make({}, {"1": {"x": 1}})
    (node,) = api("GET", "/_nodes/stats/indices/docs,merge")["nodes"].values()
    assert node["indices"].keys() == {"docs", "merges"}
    (node,) = api("GET", "/_nodes/_local/stats/indices/_all")["nodes"].values()
    assert node["indices"]["shard_stats"]["total_count"] >= 1
    assert node["indices"]["indexing"]["index_total"] >= 1
    reason = "request [/_nodes/stats/os/docs] contains index metrics [docs] but indices stats not requested"
    assert api.error("GET", "/_nodes/stats/os/docs", code=400)[1] == reason
    reason = "request [/_nodes/stats/_all/docs] contains index metrics [docs] but all stats requested"
    assert api.error("GET", "/_nodes/stats/_all/docs", code=400)[1] == reason
    reason = "request [/_nodes/stats/indices/zzz] contains unrecognized index metric: [zzz]"
    assert api.error("GET", "/_nodes/stats/indices/zzz", code=400)[1] == reason
    assert api.error("GET", "/_nodes/stats/indices/segments", code=501)[0] == "emulator_unsupported_exception"


def test_health_is_yellow_with_replicas_and_green_without(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_replicas": 1})
    health = api("GET", f"/_cluster/health/{index}")
    assert (health["status"], health["unassigned_shards"], health["active_shards"]) == ("yellow", 1, 1)
    late = api("GET", f"/_cluster/health/{index}?wait_for_status=green&timeout=10ms", code=408)
    assert late["timed_out"] is True
    api("PUT", f"/{index}/_settings", {"index": {"number_of_replicas": 0}})
    assert api("GET", f"/_cluster/health/{index}?wait_for_status=green")["status"] == "green"


def test_health_waits_for_an_index_to_appear(api: Api, name: str) -> None:
    missing = api("GET", f"/_cluster/health/{name}?timeout=0s", code=408)
    assert (missing["status"], missing["timed_out"]) == ("red", True)

    def appear() -> None:
        time.sleep(0.2)
        api("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})

    thread = Thread(target=appear)
    thread.start()
    assert api("GET", f"/_cluster/health/{name}?timeout=20s")["status"] == "green"
    thread.join()


def test_health_by_level(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_replicas": 2, "number_of_shards": 2})
    assert "indices" not in api("GET", f"/_cluster/health/{index}")
    shown = api("GET", f"/_cluster/health/{index}?level=indices")["indices"][index]
    assert (shown["number_of_shards"], shown["unassigned_shards"], shown["status"]) == (2, 4, "yellow")
    assert "shards" not in shown
    shards = api("GET", f"/_cluster/health/{index}?level=shards")["indices"][index]["shards"]
    assert shards.keys() == {"0", "1"}
    assert shards["0"]["primary_active"] is True
    assert api.error("GET", "/_cluster/health?level=x", code=400)[0] == "illegal_argument_exception"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("wait_for_nodes=1", 200), ("wait_for_nodes=>=1", 200), ("wait_for_nodes=ge(2)", 408), ("wait_for_nodes=<2", 200),
        ("wait_for_nodes=x", 400), ("wait_for_active_shards=1", 200), ("wait_for_active_shards=all", 408),
        ("wait_for_active_shards=99", 408), ("wait_for_active_shards=-1", 400), ("wait_for_active_shards=x", 400),
        ("wait_for_no_relocating_shards=true", 200), ("wait_for_no_initializing_shards", 200),
        ("wait_for_no_relocating_shards=maybe", 400), ("wait_for_events=languid", 200), ("wait_for_events=soon", 400),
        ("wait_for_status=purple", 400), ("timeout=5", 400), ("wait_for_status=YELLOW", 200),
    ],
)  # fmt: skip
def test_what_health_waits_for(api: Api, make: Callable[..., str], condition: str, code: int) -> None:
    index = make(settings={"number_of_replicas": 1})
    api("GET", f"/_cluster/health/{index}?{condition}{'' if 'timeout' in condition else '&timeout=10ms'}", code=code)


def test_no_task_is_pending(client: Elasticsearch) -> None:
    assert client.cluster.pending_tasks()["tasks"] == []


def test_tables(api: Api, client: Elasticsearch) -> None:
    (row,) = client.cat.health(format="json").body
    assert row["status"] in ("green", "yellow")
    assert row["epoch"].isdigit()
    (row,) = client.cat.master(format="json").body
    assert row["node"] == "emulator"
    (row,) = client.cat.nodes(format="json", full_id=True, h="id,name,v,role,master").body
    assert row == {"id": row["id"], "name": "emulator", "v": "9.2.0", "role": "cdfhilmrstw", "master": "*"}
    assert row["id"] in api("GET", "/_nodes")["nodes"]
    (row,) = client.cat.nodes(format="json", h="disk*", bytes="gb").body
    assert float(row["disk.used_percent"]) <= 100
    assert int(row["disk.total"]) >= int(row["disk.avail"])
    answer = api.http.get("/_cat/health?ts=false&h=epoch,cluster")
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text == "clipline-emulator\n"


def test_xpack(api: Api, client: Elasticsearch) -> None:
    body: Any = client.xpack.info()
    assert body["features"]["ml"] == {"available": True, "enabled": True}
    assert body["features"]["security"]["enabled"] is False
    assert body["license"]["mode"] == "trial"
    assert api("GET", "/_xpack?categories=build,license&human=false").keys() == {"build", "license"}
    assert api("GET", "/_xpack?categories=_none") == {"tagline": "You know, for X"}
    assert api.error("GET", "/_xpack?categories=x", code=400)[0] == "illegal_argument_exception"


def test_human(api: Api) -> None:
    (node,) = api("GET", "/_nodes/stats/fs,indices?human")["nodes"].values()
    assert node["fs"]["total"]["total"].endswith("b")
    assert node["indices"]["store"]["size"].endswith("b")
    assert "size" not in next(iter(api("GET", "/_nodes/stats/indices")["nodes"].values()))["indices"]["store"]
    assert api("GET", "/_xpack?human=true")["license"]["expiry_date"].startswith("2100-01-01T")


def test_the_disk(client: Elasticsearch) -> None:
    (row,) = client.cat.nodes(format="json", h="disk*", bytes="b").body
    assert int(row["disk.used"]) + int(row["disk.avail"]) == int(row["disk.total"])
    (node,) = client.nodes.stats(metric="fs")["nodes"].values()
    disk = node["fs"]["total"]
    assert 0 < disk["available_in_bytes"] <= disk["free_in_bytes"] < disk["total_in_bytes"] == int(row["disk.total"])


def test_the_list_of_tables(client: Elasticsearch) -> None:
    lines = client.cat.help().body.splitlines()
    assert lines[0] == "=^.^="
    assert {"/_cat/health", "/_cat/nodes"} <= set(lines)


@pytest.mark.parametrize("path", ["/_nodes/hot_threads", "/_nodes/usage", "/_nodes/_local/hot_threads"])
def test_other_apis_of_nodes_are_no_node_filters(api: Api, path: str) -> None:
    assert api.error("GET", path, code=501)[0] == "emulator_unsupported_exception"
