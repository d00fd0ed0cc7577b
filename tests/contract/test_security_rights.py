"""Who may do what on indices (reference, section 1.9): asked of a node with security."""

from __future__ import annotations

import json

from tests.contract.facts import fact
from tests.contract.secured import PASSWORD, Secured, on


@fact("1.9", evidence="S", source="AuthorizationDenialMessages, ClusterPrivilegeResolver")
def test_cluster_action(secured: Secured, name: str) -> None:
    """A lacking cluster privilege is 403; the reason names the action, the user, his roles and what would grant it."""
    who = secured.person(name, cluster=["monitor"])
    secured("GET", "/_cluster/health", who=who)
    assert secured.reason("PUT", "/_ingest/pipeline/clipline-contract-none", {"processors": []}, who=who) == (
        f"action [cluster:admin/ingest/pipeline/put] is unauthorized for user [{name}] with effective roles [{name}], this "
        "action is granted by the cluster privileges [manage_ingest_pipelines,manage_pipeline,manage,all]"
    )


@fact("1.9", evidence="S", source="AuthorizationDenialMessages")
def test_unknown_roles(secured: Secured, name: str) -> None:
    """Assigned roles that do not exist are named in a refusal."""
    who = secured.person(name, cluster=[])
    secured("PUT", f"/_security/user/{name}", {"password": PASSWORD, "roles": ["clipline-contract-gone", name]})
    reason = secured.reason("GET", "/_cluster/health", who=who)
    roles = f"with effective roles [{name}] (assigned roles [clipline-contract-gone] were not found)"
    assert roles in reason


@fact("1.9", evidence="S", source="AuthorizationDenialMessages, IndexAuthorizationResult.getFailureDescription")
def test_index_action(secured: Secured, name: str) -> None:
    """A name that is spelled out and not granted is 403 with the index and the privileges that would grant it."""
    secured.index(name)
    who = secured.person(name, indices=on("clipline-contract-other", "read"))
    reason = secured.reason("GET", f"/{name}/_search", who=who)
    assert reason == (
        f"action [indices:data/read/search] is unauthorized for user [{name}] with effective roles [{name}] on indices "
        f"[{name}], this action is granted by the index privileges [read,all]"
    )


@fact("1.9", evidence="S", source="TransportSingleItemBulkWriteAction, RBACEngine.shouldAuthorizeIndexActionNameOnly")
def test_single_write(secured: Secured, name: str) -> None:
    """A document is written as a bulk of one: what is refused on its index is the action of the bulk's shard."""
    secured.index(name)
    who = secured.person(name, indices=on("clipline-contract-other", "write"))
    reason = secured.reason("PUT", f"/{name}/_doc/1", {"a": 1}, who=who)
    assert reason == (
        f"action [indices:data/write/bulk[s]] is unauthorized for user [{name}] with effective roles [{name}] on indices "
        f"[{name}], this action is granted by the index privileges [create_doc,create,delete,index,write,all]"
    )


@fact("1.9", evidence="S", source="AuthorizationService.authorizeBulkItems")
def test_create_doc(secured: Secured, name: str) -> None:
    """With create_doc a document may be created, and none may be put where one could be."""
    secured.index(name)
    who = secured.person(name, indices=on(name, "create_doc"))
    secured("PUT", f"/{name}/_create/1", {"a": 1}, who=who, code=201)
    secured("POST", f"/{name}/_doc", {"a": 1}, who=who, code=201)
    reason = secured.reason("PUT", f"/{name}/_doc/2", {"a": 1}, who=who)
    assert reason.startswith(f"action [indices:data/write/index:op_type/index] is unauthorized for user [{name}]")
    assert reason.endswith("granted by the index privileges [create,index,write,all]")


@fact("1.9", evidence="T", source="security/authz/10_index_doc.yml")
def test_bulk_items(secured: Secured, name: str) -> None:
    """In a bulk the items that are not granted are 403, and the others are carried out."""
    other = secured.index(f"{name}-other")
    secured.index(name)
    who = secured.person(name, indices=on(name, "index"))
    lines = [
        {"index": {"_index": other}},
        {"a": 1},
        {"index": {"_index": name}},
        {"a": 1},
        {"delete": {"_index": name, "_id": "1"}},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    answer = secured.http.post(
        "/_bulk", content=content, auth=who, headers={"content-type": "application/x-ndjson"}
    ).json()
    items = [item for entry in answer["items"] for item in entry.values()]
    assert [item["status"] for item in items] == [403, 201, 403]
    assert [item.get("error", {}).get("reason", "").partition("]")[0] for item in items] == [
        "action [indices:data/write/bulk[s", "", "action [indices:data/write/delete",
    ]  # fmt: skip


@fact("1.9", evidence="S", source="TransportBulkAction, IndexPrivilege; that it is 403: authz/15_auto_create.yml")
def test_auto_create(secured: Secured, name: str) -> None:
    """An index that a write makes needs auto_configure or create_index beside the right to write."""
    who = secured.person(name, indices=on(f"{name}*", "create_doc"))
    reason = secured.reason("POST", f"/{name}/_doc", {"a": 1}, who=who)
    assert reason.startswith("action [indices:admin/auto_create] is unauthorized")
    assert reason.endswith(f"on indices [{name}], this action is granted by the index privileges "
                           "[auto_configure,create_index,manage,all]")  # fmt: skip


@fact("1.9", evidence="S", source="IndicesPermission")
def test_mapping_update(secured: Secured, name: str) -> None:
    """create_doc, create, index and write allow updates of the mapping, by a document or by hand."""
    secured.index(name)
    who = secured.person(name, indices=on(name, "create_doc"))
    secured("POST", f"/{name}/_doc", {"new": "field"}, who=who, code=201)
    secured("PUT", f"/{name}/_mapping", {"properties": {"told": {"type": "keyword"}}}, who=who)


@fact("1.9", evidence="S", source="IndicesAndAliasesResolver")
def test_wildcards(secured: Secured, name: str) -> None:
    """A wildcard reaches what is granted, and the rest does not exist for the user; ignore_unavailable drops names."""
    for part in ("-a", "-b"):
        secured.index(name + part)
    who = secured.person(name, indices=on(f"{name}-a", "view_index_metadata"))
    assert list(secured("GET", f"/{name}-*/_mapping", who=who)) == [f"{name}-a"]
    assert secured("GET", f"/{name}-b*/_mapping", who=who) == {}
    assert list(secured("GET", f"/{name}-a,{name}-b/_mapping?ignore_unavailable=true", who=who)) == [f"{name}-a"]
    assert f"on indices [{name}-b]" in secured.reason("GET", f"/{name}-a,{name}-b/_mapping", who=who)


@fact("1.9", evidence="T", source="security/authz/12_index_alias.yml")
def test_alias(secured: Secured, name: str) -> None:
    """An alias is granted by its own name, and then what it points to is reached through it."""
    secured.index(name)
    secured("PUT", f"/{name}/_alias/{name}-alias")
    who = secured.person(name, indices=on(f"{name}-alias", "read", "write"))
    secured("POST", f"/{name}-alias/_doc?refresh=true", {"a": 1}, who=who, code=201)
    assert secured("GET", f"/{name}-alias/_count", who=who)["count"] == 1
    secured.reason("GET", f"/{name}/_count", who=who)


@fact("1.9", evidence="S", source="AuthorizationService.handleIndexActionAuthorizationResult")
def test_index_with_alias(secured: Secured, name: str) -> None:
    """Whoever makes an index with aliases needs the right to make those."""
    secured.made.append(f"/{name}")
    who = secured.person(name, indices=on(name, "create_index"))
    reason = secured.reason("PUT", f"/{name}", {"aliases": {f"{name}-alias": {}}}, who=who)
    assert reason.startswith("action [indices:admin/aliases] is unauthorized")
    assert reason.endswith("granted by the index privileges [manage,all]")


@fact("1.9", evidence="S", source="AbstractAsyncBulkByScrollAction")
def test_delete_by_query(secured: Secured, name: str) -> None:
    """Delete by query searches with the rights of who asks for it."""
    secured.index(name)
    who = secured.person(name, indices=on(name, "delete"))
    reason = secured.reason("POST", f"/{name}/_delete_by_query", {"query": {"match_all": {}}}, who=who)
    assert reason.startswith("action [indices:data/read/search] is unauthorized")


@fact("1.9", evidence="S", source="RestIndicesAction; which indices are shown: authz/14_cat_indices.yml")
def test_table_of_indices(secured: Secured, name: str) -> None:
    """The table of indices wants monitor on the cluster and on the indices, and shows those."""
    secured.index(name)
    who = secured.person(name, indices=on(name, "monitor"))
    assert secured.reason("GET", "/_cat/indices", who=who).startswith("action [cluster:monitor/")
    secured("PUT", f"/_security/role/{name}", {"cluster": ["monitor"], "indices": on(name, "monitor")})
    assert secured("GET", "/_cat/indices?format=json&h=index", who=who) == [{"index": name}]
