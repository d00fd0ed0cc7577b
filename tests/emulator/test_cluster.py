"""Who the cluster says it is."""

from __future__ import annotations

from collections.abc import Callable

from elasticsearch import Elasticsearch

from tests.emulator.conftest import Api


def test_licence_is_an_active_trial(client: Elasticsearch) -> None:
    licence = client.license.get()["license"]
    assert (licence["status"], licence["type"]) == ("active", "trial")
    assert client.xpack.info()["features"]["ml"] == {"available": True, "enabled": True}


def test_one_node_with_machine_learning(client: Elasticsearch) -> None:
    answer = client.nodes.info()
    (node,) = answer["nodes"].values()
    assert answer["_nodes"] == {"total": 1, "successful": 1, "failed": 0}
    assert "ml" in node["roles"]
    assert int(node["attributes"]["ml.machine_memory"]) > 0
    assert node["version"] == "9.2.0"


def test_health_is_yellow_with_replicas_and_green_without(api: Api, make: Callable[..., str]) -> None:
    index = make(settings={"number_of_replicas": 1})
    health = api("GET", f"/_cluster/health/{index}")
    assert (health["status"], health["unassigned_shards"], health["active_shards"]) == ("yellow", 1, 1)
    late = api("GET", f"/_cluster/health/{index}?wait_for_status=green", code=408)
    assert late["timed_out"] is True
    api("PUT", f"/{index}/_settings", {"index": {"number_of_replicas": 0}})
    assert api("GET", f"/_cluster/health/{index}?wait_for_status=green")["status"] == "green"


def test_health_of_a_missing_index_is_red(api: Api) -> None:
    assert api("GET", "/_cluster/health/nothing-here", code=408)["status"] == "red"
