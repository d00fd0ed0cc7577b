"""Aliases (reference, section 5.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.facts import fact

Make = Callable[..., str]


@pytest.fixture
def pair(cluster: Cluster, name: str) -> tuple[str, str]:
    """Two indices."""
    for suffix in "ab":
        cluster("PUT", f"/{name}-{suffix}")
    return f"{name}-a", f"{name}-b"


def actions(cluster: Cluster, *entries: dict[str, Any], code: int = 200) -> Any:
    """``POST /_aliases``."""
    return cluster("POST", "/_aliases", {"actions": list(entries)}, code=code)


@fact("5.6", evidence="T", source="rest-api-spec indices.update_aliases/40_must_exist.yml")
def test_a_swap(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """Adding and removing in one request is atomic, and its answer says that there were no errors."""
    a, b = pair
    actions(cluster, {"add": {"index": a, "alias": name, "is_write_index": True}})
    found = actions(
        cluster,
        {"add": {"index": b, "alias": name, "is_write_index": True}},
        {"remove": {"index": a, "alias": name}},
    )
    assert found == {"acknowledged": True, "errors": False}
    assert cluster("GET", f"/_alias/{name}") == {b: {"aliases": {name: {"is_write_index": True}}}}


@fact("5.6", evidence="T", source="rest-api-spec indices.update_aliases/40_must_exist.yml")
def test_a_removal_that_finds_nothing(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """Beside another action it is an error of its own; with ``must_exist`` or alone it is 404 of the request."""
    add = {"add": {"index": f"{name}-*", "alias": name}}
    remove = {"index": pair[0], "alias": f"{name}-none"}
    found = actions(cluster, add, {"remove": remove})
    assert found["errors"] is True
    assert [one["status"] for one in found["action_results"]] == [200, 404]
    assert found["action_results"][1]["error"]["type"] == "aliases_not_found_exception"
    error = actions(cluster, add, {"remove": {**remove, "must_exist": True}}, code=404)["error"]
    assert (error["type"], error["resource.type"]) == ("aliases_not_found_exception", "aliases")
    alone = actions(cluster, {"remove": remove}, code=404)["error"]
    assert (alone["reason"], alone["resource.id"]) == (f"aliases [{name}-none] missing", f"{name}-none")


@fact("5.6", evidence="T", source="rest-api-spec indices.update_aliases/40_must_exist.yml")
def test_must_exist_is_for_removals(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """``add`` and ``remove_index`` do not know ``must_exist``."""
    for entry in (
        {"add": {"index": pair[0], "alias": name, "must_exist": True}},
        {"remove_index": {"index": pair[0], "must_exist": True}},
    ):
        assert actions(cluster, entry, code=400)["error"]["type"] == "x_content_parse_exception"


@fact("5.6", evidence="S", source="IndicesAliasesRequest.AliasActions")
@pytest.mark.parametrize(
    ("entry", "root"),
    [
        ({"add": {"index": "x", "indices": ["y"], "alias": "a"}}, "[add] failed to parse field [indices]"),
        ({"add": {"index": "x", "alias": "a", "foo": 1}}, "[add] unknown field [foo]"),
        ({"nothing": {}}, "[alias_action] unknown field [nothing]"),
    ],
)
def test_malformed_actions(cluster: Cluster, entry: dict[str, Any], root: str) -> None:
    """What is wrong inside an action is the root cause; the error is about the list."""
    error = actions(cluster, entry, code=400)["error"]
    assert error["reason"].endswith("[aliases] failed to parse field [actions]")
    assert root in error["root_cause"][0]["reason"]


@fact("5.6", evidence="T", source="rest-api-spec indices.update_aliases/30_remove_index_and_replace_with_alias.yml")
def test_an_alias_replaces_an_index(cluster: Cluster, pair: tuple[str, str]) -> None:
    """An index can give its name to an alias in one request."""
    a, b = pair
    actions(cluster, {"add": {"index": a, "alias": b}}, {"remove_index": {"index": b}})
    assert set(cluster("GET", f"/_alias/{b}")) == {a}


@fact("5.6", evidence="S", source="AliasValidator.validateAlias")
def test_the_name_of_an_index(cluster: Cluster, pair: tuple[str, str]) -> None:
    """An alias cannot have the name of an index."""
    a, b = pair
    assert cluster.error("PUT", f"/{a}/_alias/{b}", code=400) == (
        "invalid_alias_name_exception",
        f"Invalid alias name [{b}]: an index or data stream exists with the same name as the alias",
    )


@fact("5.6", evidence="T", source="rest-api-spec indices.put_alias/10_basic.yml")
def test_names_that_cannot_be(cluster: Cluster, pair: tuple[str, str]) -> None:
    """A name with a forbidden character is 400."""
    found = cluster.error("PUT", f"/{pair[0]}/_alias/test_*", code=400)
    assert found[0] == "invalid_alias_name_exception"
    assert found[1].startswith("Invalid alias name [test_*]: must not contain the following characters")


@fact("5.6", evidence="S", source="IndexAbstraction.Alias, validated by Metadata.Builder")
def test_two_write_indices(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """An alias has one write index."""
    entries = [{"add": {"index": index, "alias": name, "is_write_index": True}} for index in pair]
    error = actions(cluster, *entries, code=500)["error"]
    assert error["type"] == "illegal_state_exception"
    assert error["reason"].startswith(f"alias [{name}] has more than one write index [")


@fact("5.6", evidence="S", source="IndexNameExpressionResolver.concreteWriteIndex, concreteSingleIndex")
def test_one_document_through_several_indices(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """Without a write index there is no writing, and a document cannot be read through several indices."""
    for index in pair:
        cluster("PUT", f"/{index}/_alias/{name}")
    assert cluster.error("PUT", f"/{name}/_doc/1", {}, code=400)[1] == (
        f"no write index is defined for alias [{name}]. The write index may be explicitly disabled using "
        "is_write_index=false or the alias points to multiple indices without one being designated as a write index"
    )
    assert cluster.error("GET", f"/{name}/_doc/1", code=400)[1].startswith(
        f"alias [{name}] has more than one index associated with it ["
    )


@fact("5.6", evidence="T", source="rest-api-spec indices.create/10_basic.yml, put_index_template/10_basic.yml")
def test_routing_stands_for_both(cluster: Cluster, index: Make, name: str) -> None:
    """``routing`` is shown as the routing of indexing and of searching."""
    index(aliases={f"{name}-r": {"routing": "b"}, f"{name}-f": {"filter": {"term": {"a": "b"}}}})
    assert cluster("GET", f"/{name}/_alias")[name]["aliases"] == {
        f"{name}-r": {"index_routing": "b", "search_routing": "b"},
        f"{name}-f": {"filter": {"term": {"a": "b"}}},
    }


@fact("5.6", evidence="S", source="ProjectMetadata.resolveIndexRouting")
def test_routing_of_documents(cluster: Cluster, index: Make, name: str) -> None:
    """A document that is written through an alias has its routing; another routing is refused."""
    alias = f"{name}-r"
    index(aliases={alias: {"routing": "b"}})
    cluster("PUT", f"/{alias}/_doc/1", {}, code=201)
    assert cluster("GET", f"/{alias}/_doc/1")["_routing"] == "b"
    assert cluster.error("PUT", f"/{alias}/_doc/1?routing=c", {}, code=400)[1] == (
        f"Alias [{alias}] has index routing associated with it [b], and was provided with routing value [c], rejecting "
        "operation"
    )


@fact("5.6", evidence="K", source="QueryShardContext alias filters")
def test_filters(cluster: Cluster, index: Make, name: str) -> None:
    """A search through an alias sees what its filter lets through."""
    index({"a": {"type": "keyword"}}, {"1": {"a": "x"}, "2": {"a": "y"}})
    cluster("PUT", f"/{name}/_alias/{name}-x", {"filter": {"term": {"a": "x"}}})
    assert cluster("GET", f"/{name}-x/_count")["count"] == 1
    assert cluster("GET", f"/{name}-x,{name}/_count")["count"] == 2


@fact("5.6", evidence="S", source="AliasValidator.validateAliasFilter")
def test_a_filter_that_is_no_query(cluster: Cluster, index: Make, name: str) -> None:
    """A filter is read when the alias is made."""
    index()
    error = cluster("PUT", f"/{name}/_alias/{name}-x", {"filter": {"nope": {}}}, code=400)["error"]
    assert (error["type"], error["reason"]) == (
        "illegal_argument_exception",
        f"failed to parse filter for alias [{name}-x]",
    )
    assert error["caused_by"]["type"] == "parsing_exception"


@fact("5.6", evidence="T", source="rest-api-spec indices.get_alias/10_basic.yml")
def test_getting(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """Without a name every index is shown, with a name or pattern those that have it."""
    a, b = pair
    for alias in ("one", "two"):
        cluster("PUT", f"/{a}/_alias/{name}-{alias}")
    assert cluster("GET", f"/{name}-*/_alias") == {
        a: {"aliases": {f"{name}-one": {}, f"{name}-two": {}}},
        b: {"aliases": {}},
    }
    assert cluster("GET", f"/{name}-*/_alias/_all") == {a: {"aliases": {f"{name}-one": {}, f"{name}-two": {}}}}
    assert cluster("GET", f"/_alias/{name}-o*") == {a: {"aliases": {f"{name}-one": {}}}}


@fact("5.6", evidence="T", source="rest-api-spec indices.get_alias/10_basic.yml")
def test_getting_what_is_missing(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """A missing alias is 404 with a text as error, and what was found beside it."""
    a = pair[0]
    cluster("PUT", f"/{a}/_alias/{name}-one")
    assert cluster("GET", f"/{a}/_alias/{name}-x", code=404) == {"error": f"alias [{name}-x] missing", "status": 404}
    found = cluster("GET", f"/{a}/_alias/{name}-one,{name}-z,{name}-y", code=404)
    assert found == {
        "error": f"aliases [{name}-y,{name}-z] missing",
        "status": 404,
        a: {"aliases": {f"{name}-one": {}}},
    }
    cluster("HEAD", f"/{a}/_alias/{name}-one")
    cluster("HEAD", f"/{a}/_alias/{name}-x", code=404)


@fact("5.6", evidence="S", source="RestIndexDeleteAliasesAction")
def test_deleting(cluster: Cluster, pair: tuple[str, str], name: str) -> None:
    """Aliases are deleted by names and patterns, and a missing one is 404."""
    for index in pair:
        cluster("PUT", f"/{index}/_alias/{name}")
    cluster("DELETE", f"/{name}-*/_alias/{name}*")
    error = cluster("DELETE", f"/{pair[0]}/_alias/{name}", code=404)["error"]
    assert (error["type"], error["reason"]) == ("aliases_not_found_exception", f"aliases [{name}] missing")


@fact("5.6", evidence="T", source="rest-api-spec indices.get_alias/30_wildcards.yml; Metadata.findAliases")
def test_taking_away_in_a_list(cluster: Cluster, index: Make) -> None:
    """A minus takes away what stands before it, a plain name too; before any pattern it is a name of its own."""
    name = index(aliases={})
    one, two, other = f"{name}-a1", f"{name}-a2", f"{name}-b1"
    for alias in (one, two, other):
        cluster("PUT", f"/{name}/_alias/{alias}")

    def found(*names: str, code: int = 200) -> tuple[set[str], Any]:
        body = cluster("GET", f"/{name}/_alias/{','.join(names)}", code=code)
        return set(body.get(name, {"aliases": {}})["aliases"]), body.get("error")

    assert found(other, f"{name}-a*", f"-{one}") == ({other, two}, None)
    assert found(one, other, f"-{name}-a*") == ({other}, None)
    assert found(one, other, f"-{name}-a*", f"-{other}") == (set(), None)
    assert found(f"{name}-a*", f"-{name}-nope") == ({one, two}, None)
    assert found(f"-{one}", f"{name}-a*", f"-{two}", code=404) == ({one}, f"alias [-{one}] missing")
