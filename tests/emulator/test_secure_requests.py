"""``--secure``: requests that name their indices in the body, or that are carried out as several requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.secure_node import Secure, secure_node

ROLES: dict[str, list[dict[str, Any]]] = {
    "creator": [{"names": ["open*"], "privileges": ["create_doc"]}],
    "indexer": [{"names": ["open*"], "privileges": ["index"]}],
    "writer": [{"names": ["open*"], "privileges": ["write", "create_index"]}],
    "deleter": [{"names": ["open*"], "privileges": ["delete"]}, {"names": ["open"], "privileges": ["read"]}],
    "reader": [{"names": ["open*", "seen"], "privileges": ["read", "view_index_metadata"]}],
    "manager": [{"names": ["open*"], "privileges": ["manage"]}, {"names": ["seen"], "privileges": ["all"]}],
    "raw": [{"names": ["?pe[n"], "privileges": ["indices:data/read/search"]}],
}


def who(name: str) -> tuple[str, str]:
    return name, f"{name}-password"


def refusal(action: str, name: str, on: str = "") -> str:
    where = f" on indices [{on}]" if on else ""
    return f"action [{action}] is unauthorized for user [{name}] with effective roles [{name}]{where}, this action"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_node(tmp_path_factory.mktemp("secure-requests")) as secure:
        for name, grants in ROLES.items():
            secure("PUT", f"/_security/role/{name}", {"indices": grants}, who=secure.elastic)
            secure("PUT", f"/_security/user/{name}", {"password": who(name)[1], "roles": [name]}, who=secure.elastic)
        for index in ("open", "open-2", "closed"):
            secure("PUT", f"/{index}/_doc/1?refresh=true", {"a": 1}, who=secure.elastic, code=201)
        secure("PUT", "/closed/_alias/seen", who=secure.elastic)
        yield secure


def bulk(secure: Secure, name: str, *lines: Any) -> list[dict[str, Any]]:
    content = "".join(json.dumps(line) + "\n" for line in lines)
    answer = secure.http.post(
        "/_bulk", content=content, headers={"content-type": "application/x-ndjson"}, auth=who(name)
    )
    return [item for entry in answer.json()["items"] for item in entry.values()]


def test_each_kind_of_write_asks_for_its_own_action(secure: Secure) -> None:
    made = secure("POST", "/open/_doc", {"a": 1}, who=who("creator"), code=201)
    reason = secure.reason("PUT", f"/open/_doc/{made['_id']}", {"a": 2}, who=who("creator"), code=403)
    assert reason == (
        refusal("indices:data/write/index:op_type/index", "creator", "open")
        + " is granted by the index privileges [create,index,write,all]"
    )
    reason = secure.reason("PUT", "/closed/_doc/1", {"a": 2}, who=who("creator"), code=403)
    assert reason.startswith(refusal("indices:data/write/bulk[s]", "creator", "closed"))
    # By name only: some index of his would do, and the name that the request has tells nothing.
    reason = secure.reason("DELETE", "/open/_doc/1", who=who("creator"), code=403)
    assert reason.startswith(refusal("indices:data/write/delete", "creator", "open"))
    reason = secure.reason("POST", "/closed/_update/1", {"doc": {"a": 3}}, who=who("indexer"), code=403)
    assert reason.startswith(refusal("indices:data/write/update", "indexer", "closed"))


def test_the_items_of_a_bulk(secure: Secure) -> None:
    items = bulk(secure, "creator", {"create": {"_index": "open", "_id": "b"}}, {"a": 1},
                 {"index": {"_index": "open", "_id": "b"}}, {"a": 1}, {"update": {"_index": "open", "_id": "b"}},
                 {"doc": {"a": 2}}, {"delete": {"_index": "open", "_id": "b"}}, {"create": {"_index": "closed"}},
                 {"a": 1}, {"create": {"_index": "open-new"}}, {"a": 1})  # fmt: skip
    assert [item["status"] for item in items] == [201, 403, 403, 403, 403, 403]
    assert [item["error"]["reason"].split("]")[0] for item in items[1:]] == [
        "action [indices:data/write/index:op_type/index",
        "action [indices:data/write/update",
        "action [indices:data/write/delete",
        "action [indices:data/write/bulk[s",
        "action [indices:admin/auto_create",
    ]


def test_an_update_is_written_with_the_rights_of_who_asks(secure: Secure) -> None:
    secure("PUT", "/open/_doc/u", {"a": 1}, who=secure.elastic, code=201)
    secure("POST", "/open/_update/u", {"doc": {"a": 2}}, who=who("indexer"))
    gone = {"script": {"source": "ctx.op = 'delete'"}}
    reason = secure.reason("POST", "/open/_update/u", gone, who=who("indexer"), code=403)
    assert reason.startswith(refusal("indices:data/write/delete", "indexer", "open"))
    # An update makes its index by another action than the other writes do.
    upsert = {"doc": {"a": 1}, "doc_as_upsert": True}
    reason = secure.reason("POST", "/open-made/_update/u", upsert, who=who("indexer"), code=403)
    assert reason.startswith(refusal("indices:admin/create", "indexer", "open-made"))
    secure("POST", "/open-made/_update/u", upsert, who=who("writer"), code=201)


def test_new_fields_are_added_by_whoever_may_write(secure: Secure) -> None:
    secure("POST", "/open/_doc", {"fresh": "field"}, who=who("creator"), code=201)
    secure("PUT", "/open/_mapping", {"properties": {"told": {"type": "long"}}}, who=who("creator"))
    secure("PUT", "/open/_mapping", {"properties": {"told": {"type": "long"}}}, who=who("reader"), code=403)


def test_a_pipeline_does_not_lead_where_its_user_may_not_write(secure: Secure) -> None:
    for name, index in (("out", "closed"), ("in", "open-2")):
        body = {"processors": [{"set": {"field": "_index", "value": index}}]}
        secure("PUT", f"/_ingest/pipeline/{name}", body, who=secure.elastic)
    reason = secure.reason("POST", "/open/_doc?pipeline=out", {"a": 1}, who=who("creator"), code=403)
    assert reason.startswith(refusal("indices:data/write/bulk[s]", "creator", "closed"))
    # Only where it arrives counts.
    assert secure("POST", "/closed/_doc?pipeline=in", {"a": 1}, who=who("creator"), code=201)["_index"] == "open-2"


def test_delete_by_query_reads_too(secure: Secure) -> None:
    every = {"query": {"term": {"a": 99}}}
    assert secure("POST", "/open/_delete_by_query", every, who=who("deleter"))["deleted"] == 0
    reason = secure.reason("POST", "/open-2/_delete_by_query", every, who=who("deleter"), code=403)
    assert reason.startswith(refusal("indices:data/read/search", "deleter", "open-2"))
    reason = secure.reason("POST", "/*/_delete_by_query", every, who=who("deleter"), code=403)
    assert "open-2" in reason
    assert "closed" not in reason
    secure("PUT", "/open/_doc/gone?refresh=true", {"a": 99}, who=secure.elastic, code=201)
    reason = secure.reason("POST", "/open/_delete_by_query?refresh=true", every, who=who("deleter"), code=403)
    assert reason.startswith(refusal("indices:admin/refresh", "deleter", "open"))


def test_an_alias_needs_both_names(secure: Secure) -> None:
    aliased = {"aliases": {"other": {}}}
    reason = secure.reason("PUT", "/open-aliased", aliased, who=who("manager"), code=403)
    assert reason.startswith(refusal("indices:admin/aliases", "manager"))
    secure("PUT", "/open-aliased", {"aliases": {"open-alias": {}}}, who=who("manager"))
    actions = {"actions": [{"add": {"index": "open", "alias": "other"}}]}
    assert secure.reason("POST", "/_aliases", actions, who=who("manager"), code=403).startswith(
        refusal("indices:admin/aliases", "manager")
    )
    actions = {"actions": [{"add": {"indices": ["open", "closed"], "alias": "open-alias"}}]}
    assert secure.reason("POST", "/_aliases", actions, who=who("manager"), code=403).startswith(
        refusal("indices:admin/aliases", "manager", "closed")
    )


def test_a_pattern_takes_no_alias_away_that_is_not_granted(secure: Secure) -> None:
    secure("PUT", "/open-2/_alias/theirs", who=secure.elastic)
    every = {"actions": [{"remove": {"index": "*", "alias": "thei*"}}]}
    assert (
        secure("POST", "/_aliases", every, who=who("manager"), code=404)["error"]["type"]
        == "aliases_not_found_exception"
    )
    secure("DELETE", "/open-2/_alias/theirs", who=who("manager"), code=403)
    secure("GET", "/open-2/_alias/theirs", who=secure.elastic)


def test_an_alias_does_not_give_more_than_its_index(secure: Secure) -> None:
    actions = {"actions": [{"add": {"index": "open", "alias": "seen"}}]}
    error = secure("POST", "/_aliases", actions, who=who("manager"), code=403)["error"]
    assert (
        error["reason"] == "Adding an alias is not allowed when the alias has more permissions than any of the indices"
    )


def test_wildcards_and_lists(secure: Secure) -> None:
    def found(path: str) -> list[str]:
        return sorted(secure("GET", path, who=who("reader")))

    mine = [name for name in found("/_mapping") if name in ("open", "open-2", "closed")]
    assert mine == ["closed", "open", "open-2"]  # closed through its alias
    assert found("/open*,-open-*/_mapping") == ["open"]
    assert found("/clos*/_mapping") == []
    assert found("/open,closed/_mapping?ignore_unavailable=true") == ["open"]
    assert "closed" in secure.reason("GET", "/open,closed/_mapping", who=who("reader"), code=403)
    assert secure("GET", "/clos*/_mapping?allow_no_indices=false", who=who("reader"), code=404)
    assert secure("GET", "/%3Copen-%7Bnow%2Fd%7D%3E/_mapping", who=who("reader"), code=404)
    resolved = secure("GET", "/_resolve/index/*", who=who("reader"))
    assert "closed" not in [index["name"] for index in resolved["indices"]]
    assert [alias["name"] for alias in resolved["aliases"]] == ["open-alias", "seen"]


def test_deleting_by_pattern_reaches_what_is_granted(secure: Secure) -> None:
    setting = {"persistent": {"action.destructive_requires_name": False}}
    secure("PUT", "/_cluster/settings", setting, who=secure.elastic)
    for name in ("open-x", "kept-x"):
        secure("PUT", f"/{name}", who=secure.elastic)
    secure("DELETE", "/*-x", who=who("manager"))
    secure("GET", "/open-x", who=secure.elastic, code=404)
    secure("GET", "/kept-x", who=secure.elastic)
    setting["persistent"] = {"action.destructive_requires_name": None}  # type: ignore[dict-item]
    secure("PUT", "/_cluster/settings", setting, who=secure.elastic)


def test_a_point_in_time_over_a_pattern_is_about_what_it_stood_for(secure: Secure) -> None:
    pit = secure("POST", "/*/_pit?keep_alive=1m", who=secure.elastic)["id"]
    reason = secure.reason("POST", "/_search", {"pit": {"id": pit}}, who=who("reader"), code=403)
    assert reason.startswith("action [indices:data/read/search] is unauthorized for user [reader]")
    pit = secure("POST", "/open*/_pit?keep_alive=1m", who=secure.elastic)["id"]
    secure("POST", "/_search", {"pit": {"id": pit}}, who=who("reader"))


def test_a_search_of_several_reaches_what_may_be_searched(secure: Secure) -> None:
    grants = [{"names": ["open"], "privileges": ["read"]},
              {"names": ["closed"], "privileges": ["indices:data/read/msearch"]}]  # fmt: skip
    secure("PUT", "/_security/role/several", {"indices": grants}, who=secure.elastic)
    secure("PUT", "/_security/user/several", {"password": who("several")[1], "roles": ["several"]}, who=secure.elastic)
    answer = secure.http.post("/_msearch", content=b"{}\n{}\n", auth=who("several"),
                              headers={"content-type": "application/x-ndjson"}).json()  # fmt: skip
    assert {hit["_index"] for hit in answer["responses"][0]["hits"]["hits"]} == {"open"}


def test_brackets_in_a_role_stand_for_themselves(secure: Secure) -> None:
    secure.reason("GET", "/open/_search", who=who("raw"), code=403)


def test_tables_ask_for_the_cluster_too(secure: Secure) -> None:
    role = {"indices": [{"names": ["open*"], "privileges": ["monitor"]}]}
    secure("PUT", "/_security/role/watcher", role, who=secure.elastic)
    secure("PUT", "/_security/user/watcher", {"password": who("watcher")[1], "roles": ["watcher"]}, who=secure.elastic)
    for table in ("indices", "shards"):
        reason = secure.reason("GET", f"/_cat/{table}", who=who("watcher"), code=403)
        assert reason.startswith(refusal("cluster:monitor/state", "watcher"))
    secure("PUT", "/_security/role/watcher", {**role, "cluster": ["monitor"]}, who=secure.elastic)
    shown = secure("GET", "/_cat/indices?format=json&h=index", who=who("watcher"))
    assert all(row["index"].startswith("open") for row in shown)
