"""Settings of an index, and what is done to whole indices (reference, section 5.7)."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Make = Callable[..., str]


@fact("5.7", evidence="S", source="MetadataUpdateSettingsService")
def test_static_settings(cluster: Cluster, index: Make) -> None:
    """What is static is refused on an open index, the number of shards too, even with the value that it has."""
    name = index(settings={"number_of_shards": 1})
    uuid = cluster("GET", f"/{name}")[name]["settings"]["index"]["uuid"]
    for setting, value in (("codec", "best_compression"), ("number_of_shards", 1)):
        assert cluster.error("PUT", f"/{name}/_settings", {setting: value}, code=400) == (
            "illegal_argument_exception",
            f"Can't update non dynamic settings [[index.{setting}]] for open indices [[{name}/{uuid}]]",
        )


@fact("5.7", evidence="T", source="rest-api-spec indices.put_settings/10_basic.yml")
def test_reopen(cluster: Cluster, index: Make) -> None:
    """With ``reopen`` a static setting is taken, and a final one is not."""
    name = index()
    cluster("PUT", f"/{name}/_settings?reopen=true", {"codec": "best_compression"})
    assert cluster("GET", f"/{name}/_settings")[name]["settings"]["index"]["codec"] == "best_compression"
    assert cluster.error("PUT", f"/{name}/_settings?reopen=true", {"number_of_shards": 2}, code=400)[1] == (
        f"final {name} setting [index.number_of_shards], not updateable"
    )


@fact("5.7", evidence="T", source="rest-api-spec indices.put_settings/10_basic.yml")
def test_preserve_existing(cluster: Cluster, index: Make) -> None:
    """``preserve_existing`` adds settings and changes none."""
    name = index(settings={"number_of_replicas": 0})
    body = {"index.number_of_replicas": 1, "index.translog.durability": "async"}
    cluster("PUT", f"/{name}/_settings?preserve_existing=true", body)
    shown = cluster("GET", f"/{name}/_settings")[name]["settings"]["index"]
    assert (shown["number_of_replicas"], shown["translog"]) == ("0", {"durability": "async"})


@fact("5.7", evidence="S", source="MetadataUpdateSettingsService.updateIndexSettings")
def test_null_resets(cluster: Cluster, index: Make) -> None:
    """``null`` takes a setting away; the number of replicas becomes 1."""
    name = index(settings={"number_of_replicas": 0, "refresh_interval": "5s"})
    cluster("PUT", f"/{name}/_settings", {"index": {"number_of_replicas": None, "refresh_interval": None}})
    shown = cluster("GET", f"/{name}/_settings")[name]["settings"]["index"]
    assert shown["number_of_replicas"] == "1"
    assert "refresh_interval" not in shown


@fact("5.7", evidence="S", source="RestGetSettingsAction")
def test_settings_by_name(cluster: Cluster, index: Make) -> None:
    """Settings can be chosen by name or pattern, and shown flat."""
    name = index()
    chosen = cluster("GET", f"/{name}/_settings/index.number_of_s*?flat_settings=true")
    assert chosen == {name: {"settings": {"index.number_of_shards": "1"}}}


@fact("5.7", evidence="S", source="IndexMetadata.INDEX_WRITE_BLOCK")
def test_a_write_block(cluster: Cluster, index: Make) -> None:
    """A write block refuses documents with 403, and lets searches through."""
    name = index()
    cluster("PUT", f"/{name}/_block/write")
    assert cluster("GET", f"/{name}/_settings")[name]["settings"]["index"]["blocks"] == {"write": "true"}
    assert cluster.error("PUT", f"/{name}/_doc/1", {}, code=403) == (
        "cluster_block_exception",
        f"index [{name}] blocked by: [FORBIDDEN/8/index write (api)];",
    )
    cluster("GET", f"/{name}/_search")


@fact("5.7", evidence="K", source="BroadcastResponse")
def test_broadcasts_count_copies(cluster: Cluster, index: Make) -> None:
    """Refresh, flush and force merge count the copies that there should be, replicas included."""
    name = index(settings={"number_of_shards": 2, "number_of_replicas": 1})
    for path in ("_refresh", "_flush", "_forcemerge?max_num_segments=1"):
        shards = cluster("POST", f"/{name}/{path}")["_shards"]
        assert (shards["total"], shards["failed"]) == (4, 0)


@fact("5.7", evidence="T", source="rest-api-spec indices.stats/10_index.yml")
def test_stats(cluster: Cluster, index: Make) -> None:
    """Stats tell documents and uuid; an unknown metric is 400 with a suggestion."""
    name = index({"a": {"type": "long"}}, {"1": {"a": 1}})
    found = cluster("GET", f"/{name}/_stats")
    assert found["indices"][name]["primaries"]["docs"]["count"] == 1
    assert found["indices"][name]["uuid"]
    assert cluster.error("GET", "/_stats/fieldata", code=400) == (
        "illegal_argument_exception",
        "request [/_stats/fieldata] contains unrecognized metric: [fieldata] -> did you mean [fielddata]?",
    )


@fact("5.7", evidence="T", source="rest-api-spec indices.resolve_index/10_basic_resolve_index.yml")
def test_resolve(cluster: Cluster, index: Make) -> None:
    """Resolving a pattern gives indices with their aliases, and aliases with their indices."""
    name = index()
    cluster("PUT", f"/{name}/_alias/{name}-alias")
    found = cluster("GET", f"/_resolve/index/{name}*")
    (shown,) = found["indices"]
    assert (shown["name"], shown["aliases"], shown["attributes"]) == (name, [f"{name}-alias"], ["open"])
    assert found["aliases"] == [{"name": f"{name}-alias", "indices": [name]}]
    assert found["data_streams"] == []


@fact("5.7", evidence="T", source="rest-api-spec cat.aliases/10_basic.yml")
def test_the_table_of_aliases(cluster: Cluster, index: Make, name: str) -> None:
    """An alias is listed with its index, and with dashes for what it has not."""
    index()
    cluster("PUT", f"/{name}/_alias/{name}-x", {"filter": {"term": {"a": "b"}}, "search_routing": "1"})
    assert cluster("GET", f"/_cat/aliases/{name}-x?format=json") == [
        {
            "alias": f"{name}-x",
            "index": name,
            "filter": "*",
            "routing.index": "-",
            "routing.search": "1",
            "is_write_index": "-",
        }
    ]


@fact(
    "5.7",
    evidence="T",
    source="rest-api-spec cat.indices/10_basic.yml, cat.count/10_basic.yml, cat.shards/10_basic.yml",
)
def test_the_tables_of_indices(cluster: Cluster, index: Make) -> None:
    """Every cell is a text; replicas that have no place are unassigned."""
    name = index({"a": {"type": "long"}}, {"1": {"a": 1}}, settings={"number_of_replicas": 0})
    (row,) = cluster("GET", f"/_cat/indices/{name}?format=json")
    assert list(row)[:8] == ["health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted"]
    assert (row["status"], row["pri"], row["rep"], row["docs.count"]) == ("open", "1", "0", "1")
    assert cluster("GET", f"/_cat/count/{name}?format=json&h=count") == [{"count": "1"}]
    shown = cluster("GET", f"/_cat/shards/{name}?format=json&h=index,shard,prirep,docs")
    assert shown == [{"index": name, "shard": "0", "prirep": "p", "docs": "1"}]


@fact("5.7", evidence="S", source="IndexMetadata.APIBlock.fromName")
def test_blocks_have_names(cluster: Cluster, index: Make) -> None:
    """A block that there is not is 400."""
    name = index()
    assert cluster.error("PUT", f"/{name}/_block/door", code=400) == (
        "illegal_argument_exception",
        "No block found with name door",
    )


@fact("5.7", evidence="T", source="rest-api-spec indices.put_settings/10_basic.yml; UpdateSettingsRequest")
def test_updates_that_say_nothing(cluster: Cluster, index: Make) -> None:
    """An update needs a setting."""
    name = index()
    assert cluster.error("PUT", f"/{name}/_settings", {}, code=400) == (
        "action_request_validation_exception",
        "Validation Failed: 1: no settings to update;",
    )
