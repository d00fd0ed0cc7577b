"""Identity, health, licence and nodes of the cluster (reference, sections 1.3 to 1.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

COMPATIBLE = {8: ("7.17.0", "7.0.0"), 9: ("8.19.0", "8.0.0")}


@fact("1.3", evidence="S", source="specification/_global/info")
def test_info(cluster: Cluster) -> None:
    """``GET /`` names the version, its Lucene and what it goes with."""
    body = cluster("GET", "/")
    assert body.keys() == {"name", "cluster_name", "cluster_uuid", "version", "tagline"}
    assert body["tagline"] == "You Know, for Search"
    assert body["version"].keys() == {
        "number", "build_flavor", "build_type", "build_hash", "build_date", "build_snapshot", "lucene_version",
        "minimum_wire_compatibility_version", "minimum_index_compatibility_version",
    }  # fmt: skip
    wire, index = COMPATIBLE[cluster.version[0]]
    assert body["version"]["minimum_wire_compatibility_version"] == wire
    assert body["version"]["minimum_index_compatibility_version"] == index
    assert len(body["version"]["build_hash"]) in (7, 40)


@fact("1.3", evidence="S", source="IndexVersions: the Lucene of the release")
def test_lucene(cluster: Cluster) -> None:
    """The major of Lucene goes with that of Elasticsearch."""
    lucene = cluster("GET", "/")["version"]["lucene_version"]
    assert lucene.startswith({8: "9.", 9: "10."}[cluster.version[0]])


@fact(
    "1.4",
    evidence="S",
    source="ClusterHealthResponse.toXContent; of the fields cluster.health/10_basic.yml asks for most",
)
def test_health(cluster: Cluster, index: Callable[..., str]) -> None:
    """The health of an index without replicas is green, and has these fields."""
    name = index(settings={"number_of_replicas": 0})
    body = cluster("GET", f"/_cluster/health/{name}?wait_for_status=green&wait_for_no_relocating_shards=true")
    assert (body["status"], body["timed_out"], body["unassigned_shards"]) == ("green", False, 0)
    assert body.keys() == {
        "cluster_name", "status", "timed_out", "number_of_nodes", "number_of_data_nodes", "active_primary_shards",
        "active_shards", "relocating_shards", "initializing_shards", "unassigned_shards", "unassigned_primary_shards",
        "delayed_unassigned_shards", "number_of_pending_tasks", "number_of_in_flight_fetch",
        "task_max_waiting_in_queue_millis", "active_shards_percent_as_number",
    }  # fmt: skip


@fact("1.4", evidence="T", source="rest-api-spec test cluster.health/10_basic.yml")
def test_health_by_level(cluster: Cluster, index: Callable[..., str]) -> None:
    """``level`` adds indices, and their shards by number."""
    name = index(settings={"number_of_replicas": 0})
    found = cluster("GET", f"/_cluster/health/{name}?level=indices")["indices"][name]
    assert (found["number_of_shards"], found["number_of_replicas"]) == (1, 0)
    assert "shards" not in found
    found = cluster("GET", f"/_cluster/health/{name}?level=shards")["indices"][name]
    assert found["shards"]["0"]["primary_active"] is True


@fact("1.4", evidence="O", source="elastic/rally#1434: 8.2.2 answers 408; the change to 200 was reverted (#80821)")
def test_health_that_does_not_come(cluster: Cluster) -> None:
    """What was waited for in vain is 408 with the same body."""
    body = cluster("GET", "/_cluster/health?wait_for_nodes=99&timeout=1ms", code=408)
    assert body["timed_out"] is True
    assert body["number_of_nodes"] < 99


@fact("1.4", evidence="S", source="TransportClusterHealthAction.prepareResponse")
def test_health_of_a_missing_index(cluster: Cluster, name: str) -> None:
    """A missing index is waited for, and then the health is red."""
    body = cluster("GET", f"/_cluster/health/{name}?timeout=1ms", code=408)
    assert (body["status"], body["timed_out"]) == ("red", True)


@fact("1.4", evidence="S", source="RestClusterHealthAction, ActiveShardCount")
@pytest.mark.parametrize(
    "wrong", ["wait_for_status=purple", "wait_for_events=soon", "wait_for_active_shards=x", "timeout=5"]
)
def test_health_with_a_wrong_parameter(cluster: Cluster, wrong: str) -> None:
    """A parameter that cannot be read is 400."""
    assert cluster.error("GET", f"/_cluster/health?{wrong}", code=400)[0] == "illegal_argument_exception"


@fact("1.4", evidence="S", source="TimeValue.parseTimeValue")
def test_a_duration_without_unit(cluster: Cluster) -> None:
    """A duration needs a unit."""
    reason = "failed to parse setting [timeout] with value [5] as a time value: unit is missing or unrecognized"
    assert cluster.error("GET", "/_cluster/health?timeout=5", code=400)[1] == reason


@fact("1.4", evidence="T", source="elasticsearch-clients-tests cluster/pending_tasks.yml")
def test_pending_tasks(cluster: Cluster) -> None:
    """``_cluster/pending_tasks`` is a list."""
    assert isinstance(cluster("GET", "/_cluster/pending_tasks")["tasks"], list)


@fact("1.5", evidence="S", source="specification/license/get; License.toInnerXContent")
def test_licence(cluster: Cluster) -> None:
    """``_license`` has these fields; a basic one no expiry."""
    licence = cluster("GET", "/_license")["license"]
    expected = {
        "status", "uid", "type", "issue_date", "issue_date_in_millis", "max_nodes", "max_resource_units", "issued_to",
        "issuer", "start_date_in_millis",
    }  # fmt: skip
    if licence["type"] != "basic":
        expected |= {"expiry_date", "expiry_date_in_millis"}
    assert licence.keys() == expected


@fact("1.5", evidence="S", source="RestGetLicenseAction (8.x)", until=(9,))
def test_accept_enterprise_is_always_true(cluster: Cluster) -> None:
    """``accept_enterprise`` may only be true."""
    reason = "The [accept_enterprise] parameters may not be false"
    assert cluster.error("GET", "/_license?accept_enterprise=false", code=400)[1] == reason


@fact(
    "1.5",
    evidence="U",
    source="RestGetLicenseAction (8.x), which means to drop it; the specification of 9.x has it",
    since=(9,),
)
def test_accept_enterprise_is_still_known(cluster: Cluster) -> None:
    """``accept_enterprise`` may only be true, in version 9 too."""
    reason = "The [accept_enterprise] parameters may not be false"
    assert cluster.error("GET", "/_license?accept_enterprise=false", code=400)[1] == reason


@fact("1.5", evidence="T", source="x-pack yamlRestTest license/20_put_license.yml")
def test_a_licence_needs_a_body(cluster: Cluster) -> None:
    """Putting a licence without a body is 400."""
    reason = "The license must be provided in the request body"
    assert cluster.error("POST", "/_license?acknowledge=true", code=400)[1] == reason


@fact("1.5", evidence="T", source="x-pack yamlRestTest license/20_put_license.yml", shared=True)
def test_a_trial_cannot_be_basic(cluster: Cluster) -> None:
    """``start_trial`` refuses the type basic."""
    assert cluster.error("POST", "/_license/start_trial?type=basic&acknowledge=true", code=400)


@fact("1.5", evidence="T", source="x-pack yamlRestTest license/20_put_license.yml")
def test_licence_states(cluster: Cluster) -> None:
    """The two states tell what the licence is: a trial is eligible for basic only."""
    kind = cluster("GET", "/_license")["license"]["type"]
    assert cluster("GET", "/_license/basic_status") == {"eligible_to_start_basic": kind != "basic"}
    if kind == "trial":
        assert cluster("GET", "/_license/trial_status") == {"eligible_to_start_trial": False}


@fact("1.5", evidence="S", source="PostStartBasicResponse, PostStartTrialResponse", shared=True)
@pytest.mark.parametrize("kind", ["basic", "trial"])
def test_a_start_must_be_acknowledged(cluster: Cluster, kind: str) -> None:
    """Without ``acknowledge`` nothing is started; to one that is there already it is 403."""
    if cluster("GET", "/_license")["license"]["type"] == kind == "basic":
        pytest.skip("it is basic already")
    body = cluster("POST", f"/_license/start_{kind}")
    assert (body["acknowledged"], body[f"{kind}_was_started"]) == (False, False)
    assert body["error_message"] == "Operation failed: Needs acknowledgement."
    assert body["acknowledge"]["message"]


@fact("1.6", evidence="S", source="XPackInfoResponse.toXContent")
def test_xpack(cluster: Cluster) -> None:
    """``_xpack`` tells build, licence and features; ``categories`` and ``human`` choose."""
    body = cluster("GET", "/_xpack")
    assert body.keys() == {"build", "license", "features", "tagline"}
    assert body["tagline"] == "You know, for X"
    assert {"uid", "type", "mode", "status"} <= body["license"].keys()
    assert body["features"]["ml"].keys() == {"available", "enabled"}
    assert {"security", "ilm", "sql", "graph", "watcher", "esql", "slm"} <= body["features"].keys()
    assert cluster("GET", "/_xpack?categories=build&human=false").keys() == {"build"}


@fact("1.8", evidence="S", source="NodesInfoResponse.toXContent")
def test_nodes(cluster: Cluster) -> None:
    """``_nodes`` has one entry per node, with its roles and attributes."""
    body = cluster("GET", "/_nodes")
    assert body["_nodes"] == {"total": len(body["nodes"]), "successful": len(body["nodes"]), "failed": 0}
    for node in body["nodes"].values():
        assert {"name", "transport_address", "host", "ip", "version", "build_hash", "roles"} <= node.keys()
        if "ml" in node["roles"]:
            assert int(node["attributes"]["ml.machine_memory"]) > 0
            assert int(node["attributes"]["ml.allocated_processors"]) > 0


@fact("1.8", evidence="S", source="RestNodesInfoAction.prepareRequest")
def test_a_metric_or_a_node(cluster: Cluster) -> None:
    """A word behind ``_nodes`` is a metric if it is one, else a node; an unknown metric behind a node counts nothing."""
    for node in cluster("GET", "/_nodes/os")["nodes"].values():
        assert "os" in node
        assert "process" not in node
    assert cluster("GET", "/_nodes/no-such-node")["nodes"] == {}
    for node in cluster("GET", "/_nodes/_all/no-such-metric")["nodes"].values():
        assert "os" not in node


@fact("1.8", evidence="S", source="DiscoveryNodes.resolveNodes")
def test_nodes_by_role(cluster: Cluster) -> None:
    """``ml:true`` means the nodes with that role."""
    every = cluster("GET", "/_nodes?filter_path=nodes.*.roles")["nodes"]
    chosen = cluster("GET", "/_nodes/ml:true")["nodes"]
    assert chosen.keys() == {key for key, node in every.items() if "ml" in node["roles"]}


@fact("1.8", evidence="S", source="RestNodesStatsAction.prepareRequest")
def test_node_stats(cluster: Cluster) -> None:
    """``_nodes/stats`` refuses an unknown metric, and ``_all`` beside others."""
    for node in cluster("GET", "/_nodes/stats/ingest")["nodes"].values():
        assert {"count", "time_in_millis", "current", "failed"} <= node["ingest"]["total"].keys()
        assert "os" not in node
    reason = cluster.error("GET", "/_nodes/stats/zzz", code=400)[1]
    assert reason == "request [/_nodes/stats/zzz] contains unrecognized metric: [zzz]"
    reason = cluster.error("GET", "/_nodes/stats/_all,os", code=400)[1]
    assert reason == "request [/_nodes/stats/_all,os] contains _all and individual metrics [_all,os]"


@fact("1.4", evidence="T", source="rest-api-spec cluster.health/30_indices_options.yml")
def test_health_of_no_index(cluster: Cluster, index: Callable[..., str]) -> None:
    """A pattern that is not expanded finds nothing, and nothing is green."""
    name = index()
    body = cluster("GET", f"/_cluster/health/{name[:-1]}*?level=indices&expand_wildcards=none")
    assert (body["status"], body["timed_out"], body["active_shards"]) == ("green", False, 0)
    assert body["indices"] == {}
