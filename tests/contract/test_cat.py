"""Tables for people (reference, section 1.11)."""

from __future__ import annotations

from tests.contract.cluster import Cluster
from tests.contract.facts import fact


@fact("1.11", evidence="S", source="RestHealthAction, RestTable")
def test_a_table(cluster: Cluster) -> None:
    """``_cat`` is text, with the names on top for ``v``; JSON where it is asked for; ``help`` lists the columns."""
    answer = cluster.raw("GET", "/_cat/health?v&h=cluster,st", headers={"accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text.splitlines()[0].split() == ["cluster", "st"]
    (row,) = cluster("GET", "/_cat/health?format=json&h=st,node.total")
    assert row.keys() == {"st", "node.total"}
    assert isinstance(row["node.total"], str)
    help_ = cluster.raw("GET", "/_cat/health?help").text
    assert [line.split("|")[0].strip() for line in help_.splitlines()][:4] == [
        "epoch",
        "timestamp",
        "cluster",
        "status",
    ]


@fact(
    "1.11",
    evidence="K",
    source="RestNodesAction, RestMasterAction; cat/nodes.yml and cat/master.yml ask for the names only",
)
def test_nodes_as_a_table(cluster: Cluster) -> None:
    """``_cat/nodes`` and ``_cat/master`` have a row per node and one for the master."""
    rows = cluster("GET", "/_cat/nodes?format=json&full_id=true&h=id,name,ip,master")
    assert {row["id"] for row in rows} == cluster("GET", "/_nodes")["nodes"].keys()
    (master,) = cluster("GET", "/_cat/master?format=json")
    assert master["node"] in {row["name"] for row in rows}


@fact("1.11", evidence="S", source="RestTable.getRowOrder: UnsupportedOperationException")
def test_an_unknown_sort_key(cluster: Cluster) -> None:
    """Sorting by what is no column is the server's own fault, in its words."""
    found = cluster.error("GET", "/_cat/health?s=nope", code=500)
    assert found == ("unsupported_operation_exception", "Unable to sort by unknown sort key `nope`")
