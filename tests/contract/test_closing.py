"""Closed indices: what they keep, and what they no longer do (reference, section 5.8)."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

CLOSED = ("index_closed_exception", "closed")


def closed(cluster: Cluster, index: Callable[..., str]) -> str:
    """A closed index with one document."""
    name = index({"f": {"type": "keyword"}})
    cluster("PUT", f"/{name}/_doc/1?refresh=true", {"f": "x"}, code=201)
    cluster("POST", f"/{name}/_close")
    return name


@fact("5.8", evidence="S", source="MetadataIndexStateService.closeIndices, CloseIndexResponse")
def test_closing(cluster: Cluster, index: Callable[..., str]) -> None:
    """Closing tells of each index that it closed; of one that is closed already it says nothing."""
    name = index()
    assert cluster("POST", f"/{name}/_close") == {
        "acknowledged": True,
        "shards_acknowledged": True,
        "indices": {name: {"closed": True}},
    }
    assert cluster("POST", f"/{name}/_close") == {"acknowledged": True, "shards_acknowledged": False, "indices": {}}
    assert cluster("POST", f"/{name}/_open") == {"acknowledged": True, "shards_acknowledged": True}


@fact("5.8", evidence="S", source="MetadataIndexStateService.closeRoutingTable, VERIFIED_BEFORE_CLOSE_SETTING")
def test_where_it_is_seen(cluster: Cluster, index: Callable[..., str]) -> None:
    """That an index is closed stands in its settings, while it is."""
    name = closed(cluster, index)
    assert cluster("GET", f"/{name}")[name]["settings"]["index"]["verified_before_close"] == "true"
    (found,) = cluster("GET", f"/_resolve/index/{name}")["indices"]
    assert found["attributes"] == ["closed"]
    assert cluster("GET", f"/_cat/indices/{name}?format=json&h=status,docs.count") == [
        {"status": "close", "docs.count": None}
    ]
    cluster("POST", f"/{name}/_open")
    assert "verified_before_close" not in cluster("GET", f"/{name}")[name]["settings"]["index"]


@fact("5.8", evidence="S", source="IndexClosedException, IndicesOptions.strictExpandOpenAndForbidClosed")
def test_what_needs_documents(cluster: Cluster, index: Callable[..., str]) -> None:
    """Searches, writes and reads of a closed index are 400; opened again, it has what it had."""
    name = closed(cluster, index)
    assert cluster.error("POST", f"/{name}/_search", {}, code=400) == CLOSED
    assert cluster.error("GET", f"/{name}/_count", code=400) == CLOSED
    assert cluster.error("POST", f"/{name}/_refresh", code=400) == CLOSED
    assert cluster.error("GET", f"/{name}/_doc/1", code=400) == CLOSED
    assert cluster.error("PUT", f"/{name}/_doc/2", {"f": "y"}, code=400) == CLOSED
    assert cluster("GET", f"/{name}/_count?ignore_unavailable=true")["count"] == 0
    cluster("POST", f"/{name}/_open")
    cluster("POST", f"/{name}/_refresh")
    assert cluster("GET", f"/{name}/_count")["count"] == 1


@fact("5.8", evidence="S", source="IndicesOptions of GetIndexRequest, PutMappingRequest and UpdateSettingsRequest")
def test_what_it_is_described_by(cluster: Cluster, index: Callable[..., str]) -> None:
    """A closed index is shown by its name, and by a wildcard if closed ones are asked for; it takes mappings and settings."""
    name = closed(cluster, index)
    assert list(cluster("GET", f"/{name}")) == [name]
    assert cluster("GET", f"/{name}*") == {}
    assert list(cluster("GET", f"/{name}*?expand_wildcards=closed")) == [name]
    cluster("PUT", f"/{name}/_mapping", {"properties": {"g": {"type": "long"}}})
    cluster("PUT", f"/{name}/_settings", {"index.codec": "best_compression"})
    found = cluster("GET", f"/{name}")[name]
    assert found["mappings"]["properties"]["g"] == {"type": "long"}
    assert found["settings"]["index"]["codec"] == "best_compression"
