"""``--secure``: who may do what, asked over TLS with real credentials."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch

from tests.conftest import Run
from tests.emulator.secure_node import Secure, secure_node

READER = {"cluster": ["monitor"], "indices": [{"names": ["shared-*", "pictures"], "privileges": ["read"]}]}
WRITER = {"indices": [{"names": ["shared-*"], "privileges": ["write", "create_index"]}]}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_node(tmp_path_factory.mktemp("secure")) as secure:
        for name, role in (("reader", READER), ("writer", WRITER)):
            secure("PUT", f"/_security/role/{name}", role, who=secure.elastic)
        for name, roles in (("ann", ["reader"]), ("bob", ["writer"]), ("eve", []), ("zoe", ["reader", "gone"])):
            user = {"password": f"{name}-password", "roles": roles}
            secure("PUT", f"/_security/user/{name}", user, who=secure.elastic)
        for index in ("shared-1", "shared-2", "private"):
            secure("PUT", f"/{index}/_doc/1?refresh=true", {"name": index}, who=secure.elastic, code=201)
        secure("PUT", "/private/_alias/pictures", who=secure.elastic)
        yield secure


ANN, BOB, EVE, ZOE = (
    ("ann", "ann-password"),
    ("bob", "bob-password"),
    ("eve", "eve-password"),
    ("zoe", "zoe-password"),
)


def test_the_certificate_is_checked(secure: Secure) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(secure.running.url)


def test_nobody_is_let_in_without_credentials(secure: Secure) -> None:
    answer = secure.http.get("/_search?size=1")
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == [
        'Basic realm="security", charset="UTF-8"', 'Bearer realm="security"', "ApiKey",
    ]  # fmt: skip
    error = answer.json()["error"]
    assert error["reason"] == "missing authentication credentials for REST request [/_search?size=1]"
    assert error["header"]["WWW-Authenticate"][2] == "ApiKey"
    assert error["root_cause"][0]["header"] == error["header"]


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (("ann", "wrong"), "unable to authenticate user [ann] for REST request [/]"),
        (("nobody", "x"), "unable to authenticate user [nobody] for REST request [/]"),
        ("Basic !", "invalid basic authentication header encoding"),
        ("Basic eA==", "invalid basic authentication header value"),
        ("ApiKey !", "unable to authenticate with provided credentials"),
        ("ApiKey " + base64.b64encode(b"a:b").decode(), "unable to authenticate with provided credentials"),
        ("Bearer x", "unable to authenticate with provided credentials"),
    ],
)
def test_wrong_credentials(secure: Secure, who: Any, reason: str) -> None:
    assert secure.reason("GET", "/", who=who, code=401).startswith(reason)


def test_a_stranger_is_shown_no_trace(secure: Secure) -> None:
    error = secure("GET", "/?error_trace=true", who=None, code=401)["error"]
    assert "stack_trace" not in str(error)
    assert "stack_trace" in secure("GET", "/none/_search?error_trace=true", who=secure.elastic, code=404)["error"]


def test_an_unknown_path_tells_nothing_to_strangers(secure: Secure) -> None:
    secure("GET", "/no/such/path", who=None, code=401)
    secure("GET", "/no/such/path", who=ANN, code=400)


def test_a_lacking_cluster_privilege_is_named(secure: Secure) -> None:
    assert secure.reason("PUT", "/_ingest/pipeline/p", {"processors": []}, who=ANN, code=403) == (
        "action [cluster:admin/ingest/pipeline/put] is unauthorized for user [ann] with effective roles [reader], this "
        "action is granted by the cluster privileges [manage_ingest_pipelines,manage_pipeline,manage,all]"
    )
    assert secure.reason("GET", "/", who=EVE, code=403) == (
        "action [cluster:monitor/main] is unauthorized for user [eve] with effective roles [], this action is granted by "
        "the cluster privileges [monitor,manage,all]"
    )


def test_roles_that_are_not_there_are_named(secure: Secure) -> None:
    reason = secure.reason("DELETE", "/shared-1", who=ZOE, code=403)
    assert (
        "user [zoe] with effective roles [reader] (assigned roles [gone] were not found) on indices [shared-1]"
        in reason
    )


def test_a_lacking_index_privilege_is_named(secure: Secure) -> None:
    assert secure.reason("GET", "/private/_search", who=ANN, code=403) == (
        "action [indices:data/read/search] is unauthorized for user [ann] with effective roles [reader] on indices "
        "[private], this action is granted by the index privileges [read,all]"
    )


def test_a_wildcard_reaches_what_is_granted(secure: Secure) -> None:
    def found(who: Any, path: str) -> list[str]:
        return sorted({hit["_index"] for hit in secure("GET", path, who=who)["hits"]["hits"]})

    assert found(secure.elastic, "/_search") == ["private", "shared-1", "shared-2"]
    assert found(ANN, "/shared-*/_search") == ["shared-1", "shared-2"]
    # The alias is granted, so what it points to is reached by it.
    assert found(ANN, "/_search") == ["private", "shared-1", "shared-2"]
    assert found(ANN, "/priv*/_search") == []
    assert found(ANN, "/shared-1,private/_search?ignore_unavailable=true") == ["shared-1"]


def test_an_alias_is_granted_by_its_own_name(secure: Secure) -> None:
    assert secure("GET", "/pictures/_count", who=ANN)["count"] == 1
    secure("GET", "/private/_doc/1", who=ANN, code=403)
    secure("GET", "/pictures/_doc/1", who=ANN)


def test_parts_of_a_bulk_are_refused_one_by_one(secure: Secure) -> None:
    lines = [{"index": {"_index": "shared-1", "_id": "b"}}, {"a": 1}, {"index": {"_index": "private"}}, {"a": 1},
             {"delete": {"_index": "private", "_id": "1"}}, {"create": {"_index": "other", "_id": "1"}}, {"a": 1}]  # fmt: skip
    content = "".join(json.dumps(line) + "\n" for line in lines)
    answer = secure.http.post("/_bulk", content=content, headers={"Content-Type": "application/x-ndjson"}, auth=BOB)
    items = [next(iter(item.values())) for item in answer.json()["items"]]
    assert [item["status"] for item in items] == [201, 403, 403, 403]
    assert items[1]["error"]["reason"] == (
        "action [indices:data/write/bulk[s]] is unauthorized for user [bob] with effective roles [writer] on indices "
        "[private], this action is granted by the index privileges [create_doc,create,delete,index,write,all]"
    )
    refused = secure.http.post("/_bulk", content=content, headers={"Content-Type": "application/x-ndjson"}, auth=ANN)
    assert refused.status_code == 403


def test_an_index_is_made_by_a_write_only_for_who_may_make_it(secure: Secure) -> None:
    secure("PUT", "/_security/role/plain", {"indices": [{"names": ["*"], "privileges": ["index"]}]}, who=secure.elastic)
    secure("PUT", "/_security/user/pat", {"password": "pat-password", "roles": ["plain"]}, who=secure.elastic)
    pat = ("pat", "pat-password")
    reason = secure.reason("PUT", "/fresh/_doc/1", {"a": 1}, who=pat, code=403)
    assert reason.startswith("action [indices:admin/auto_create] is unauthorized for user [pat]")
    assert reason.endswith("granted by the index privileges [auto_configure,create_index,manage,all]")
    secure("PUT", "/shared-fresh/_doc/1", {"a": 1}, who=BOB, code=201)


def test_mget_and_aliases_ask_for_each_index(secure: Secure) -> None:
    docs = {"docs": [{"_index": "shared-1", "_id": "1"}, {"_index": "private", "_id": "1"}]}
    first, second = secure("GET", "/_mget", docs, who=ANN)["docs"]
    assert first["found"]
    assert "indices:data/read/mget" in second["error"]["reason"]
    role = {"indices": [{"names": ["shared-*", "my-alias"], "privileges": ["manage"]}]}
    secure("PUT", "/_security/role/keeper", role, who=secure.elastic)
    secure("PUT", "/_security/user/kim", {"password": "kim-password", "roles": ["keeper"]}, who=secure.elastic)
    kim = ("kim", "kim-password")

    def add(index: str, alias: str) -> dict[str, Any]:
        return {"actions": [{"add": {"index": index, "alias": alias}}]}

    secure("POST", "/_aliases", add("shared-1", "my-alias"), who=kim)
    secure("POST", "/_aliases", add("private", "my-alias"), who=kim, code=403)
    secure("POST", "/_aliases", add("shared-1", "other-alias"), who=kim, code=403)


def test_a_key_may_what_its_owner_may_and_no_more(secure: Secure) -> None:
    wanted = {"name": "k", "role_descriptors": {"r": {"cluster": ["monitor"], "indices": [
        {"names": ["shared-1"], "privileges": ["read", "write"]}]}}}  # fmt: skip
    made = secure("POST", "/_security/api_key", wanted, who=secure.elastic)
    key = f"ApiKey {made['encoded']}"
    assert secure("GET", "/shared-1/_count", who=key)["count"] >= 1
    reason = secure.reason("GET", "/shared-2/_count", who=key, code=403)
    assert f"unauthorized for API key id [{made['id']}] of user [elastic] on indices [shared-2]" in reason
    mine = secure("GET", "/_security/_authenticate", who=key)
    assert (mine["authentication_type"], mine["api_key"]["name"]) == ("api_key", "k")
    shown = secure("GET", f"/_security/api_key?id={made['id']}", who=secure.elastic)["api_keys"][0]
    assert shown["role_descriptors"]["r"]["cluster"] == ["monitor"]
    assert "api_key" not in shown
    gone = secure("DELETE", "/_security/api_key", {"ids": [made["id"]]}, who=secure.elastic)
    assert gone["invalidated_api_keys"] == [made["id"]]
    error = secure("GET", "/", who=key, code=401)["error"]
    assert error["additional_unsuccessful_credentials"].endswith("has been invalidated")


def test_a_key_does_not_outgrow_its_owner(secure: Secure) -> None:
    role = {"cluster": ["manage_own_api_key"], **WRITER}
    secure("PUT", "/_security/role/maker", role, who=secure.elastic)
    secure("PUT", "/_security/user/max", {"password": "max-password", "roles": ["maker"]}, who=secure.elastic)
    everything = {"name": "big", "role_descriptors": {"r": {"cluster": ["all"], "indices": [
        {"names": ["*"], "privileges": ["all"]}]}}}  # fmt: skip
    max_ = ("max", "max-password")
    made = secure("POST", "/_security/api_key", everything, who=max_)
    key = f"ApiKey {made['encoded']}"
    secure("GET", "/", who=key, code=403)
    secure("PUT", "/shared-1/_doc/k", {"a": 1}, who=key, code=201)
    secure("PUT", "/private/_doc/k", {"a": 1}, who=key, code=403)
    other = secure("POST", "/_security/api_key", {"name": "other"}, who=secure.elastic)
    secure("GET", f"/_security/api_key?id={other['id']}", who=max_, code=403)
    assert len(secure("GET", "/_security/api_key?owner=true", who=max_)["api_keys"]) == 1


def test_a_key_expires(secure: Secure) -> None:
    made = secure("POST", "/_security/api_key", {"name": "short", "expiration": "1ms"}, who=secure.elastic)
    error = secure("GET", "/", who=f"ApiKey {made['encoded']}", code=401)["error"]
    assert error["additional_unsuccessful_credentials"] == "API key: api key is expired"


def test_privileges_can_be_asked_for(secure: Secure) -> None:
    asked = {"cluster": ["monitor", "manage_ml"], "index": [{"names": ["shared-1", "private"], "privileges": ["read"]}]}
    assert secure("POST", "/_security/user/_has_privileges", asked, who=ANN) == {
        "username": "ann", "has_all_requested": False, "cluster": {"monitor": True, "manage_ml": False},
        "index": {"shared-1": {"read": True}, "private": {"read": False}}, "application": {},
    }  # fmt: skip
    assert secure("POST", "/_security/user/_has_privileges", asked, who=secure.elastic)["has_all_requested"]


def test_a_new_password_counts_at_once(secure: Secure) -> None:
    secure("PUT", "/_security/user/tom", {"password": "first-one", "roles": ["reader"]}, who=secure.elastic)
    secure("GET", "/", who=("tom", "first-one"))
    secure("POST", "/_security/user/tom/_password", {"password": "second-one"}, who=secure.elastic)
    secure("GET", "/", who=("tom", "first-one"), code=401)
    secure("GET", "/", who=("tom", "second-one"))
    secure("PUT", "/_security/user/tom/_disable", who=secure.elastic)
    secure("GET", "/", who=("tom", "second-one"), code=401)


def test_the_genuine_client(secure: Secure) -> None:
    options = {"ca_certs": secure.running.environment["ELASTICSEARCH_CA_CERTS"]}
    with Elasticsearch(secure.running.url, basic_auth=secure.elastic, **options) as client:
        assert client.security.authenticate()["username"] == "elastic"
        key = client.security.create_api_key(name="client")["encoded"]
    with Elasticsearch(secure.running.url, api_key=key, **options) as client:
        assert client.ping()
    with Elasticsearch(secure.running.url, basic_auth=ANN, **options) as client, pytest.raises(AuthorizationException):
        client.indices.delete(index="shared-1")
    with Elasticsearch(secure.running.url, **options) as client, pytest.raises(AuthenticationException):
        client.info()


def test_users_survive_a_restart_and_the_command_tells_how_to_sign_in(tmp_path: Path, clipline: Run) -> None:
    arguments = ("emulator", "--data", str(tmp_path), "--port", "0", "--secure", "--detach", "--wait", "--print-env")

    def start() -> dict[str, str]:
        lines = clipline(*arguments, env={"ELASTIC_PASSWORD": "chosen-password"}).stdout.splitlines()
        return dict(shlex.split(line)[1].split("=", 1) for line in lines)

    first = start()
    assert first["ELASTICSEARCH_PASSWORD"] == "chosen-password"
    assert "stack clipline on https://127.0.0.1" in clipline("plan", env=first).stdout
    clipline("emulator", "stop", "--data", str(tmp_path))
    second = start()
    assert {**first, "ELASTICSEARCH_URL": ""} == {**second, "ELASTICSEARCH_URL": ""}
    assert "password" in clipline("plan", env={**second, "ELASTICSEARCH_PASSWORD": "wrong"}, code=1).stderr.lower()
    clipline("emulator", "stop", "--data", str(tmp_path))


def test_without_secure_there_is_no_security(api: Callable[..., Any]) -> None:
    answer = api("GET", "/_security/_authenticate", code=400)
    assert answer == {"error": "no handler found for uri [/_security/_authenticate] and method [GET]"}
    api("GET", "/", headers={"Authorization": "Basic nonsense"})
