"""The ``_security`` APIs beside users, roles and keys one by one: several at once, queries, grants, application privileges."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.security.privileges import CLUSTER, INDEX, granting, grants_cluster, implied, matches
from tests.emulator.secure_node import Secure, secure_node

KIM = ("kim", "kim-password")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_node(tmp_path_factory.mktemp("security-more")) as secure:
        role = {"cluster": ["manage_own_api_key"], "indices": [{"names": "a*", "privileges": ["read"]}],
                "applications": [{"application": "app", "privileges": ["look"], "resources": ["*"]}]}  # fmt: skip
        secure("PUT", "/_security/role/keyed", role, who=secure.elastic)
        user = {"password": KIM[1], "roles": ["keyed"], "full_name": "Kim", "metadata": {"desk": 4}}
        secure("PUT", "/_security/user/kim", user, who=secure.elastic)
        yield secure


def test_several_roles(secure: Secure) -> None:
    roles = {"b1": {"cluster": ["monitor"]}, "b2": {"cluster": ["nonsense"]}, "superuser": {}}
    made = secure("POST", "/_security/role", {"roles": roles}, who=secure.elastic)
    assert made["created"] == ["b1"]
    assert made["errors"]["count"] == 2
    assert made["errors"]["details"].keys() == {"b2", "superuser"}
    again = {"roles": {"b1": {"cluster": ["monitor"]}, "b3": {}}}
    assert secure("POST", "/_security/role", again, who=secure.elastic) == {"created": ["b3"], "noop": ["b1"]}
    changed = {"roles": {"b1": {"cluster": []}}}
    assert secure("POST", "/_security/role", changed, who=secure.elastic) == {"updated": ["b1"]}
    gone = secure("DELETE", "/_security/role", {"names": ["b1", "b3", "b4"]}, who=secure.elastic)
    assert gone == {"deleted": ["b1", "b3"], "not_found": ["b4"]}


def test_queries(secure: Secure) -> None:
    for name, roles in (("q1", ["left"]), ("q2", ["left", "right"]), ("q3", [])):
        user = {"password": "a-password", "roles": roles, "enabled": name != "q3"}
        secure("PUT", f"/_security/user/{name}", user, who=secure.elastic)

    def found(query: Any, **more: Any) -> list[str]:
        answer = secure(
            "POST", "/_security/_query/user", {"query": query, "sort": ["username"], **more}, who=secure.elastic
        )
        assert answer["count"] == len(answer["users"])
        return [user["username"] for user in answer["users"]]

    assert found({"prefix": {"username": "q"}}) == ["q1", "q2", "q3"]
    assert found({"wildcard": {"roles": "*ight"}}) == ["q2"]
    assert found({"bool": {"must": {"exists": {"field": "roles"}}, "must_not": {"term": {"roles": "right"}}}}) == [
        "kim",
        "q1",
    ]
    assert found({"terms": {"username": ["q1", "q3", "x"]}}, sort=[{"username": "desc"}], size=1) == ["q3"]
    assert found({"term": {"enabled": False}}) == ["q3"]
    assert found({"ids": {"values": ["q2"]}}) == ["q2"]
    assert found({"term": {"metadata.desk": 4}}) == ["kim"]
    body = {"query": {"term": {"password": "x"}}}
    error = secure("POST", "/_security/_query/user", body, who=secure.elastic, code=400)["error"]
    assert error["reason"] == "Field [password] is not allowed for querying or aggregation"
    secure("POST", "/_security/_query/user", {"query": {"match": {"username": "x"}}}, who=secure.elastic, code=501)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": {}}, 400),
        ({"query": []}, 400),
        ({"query": {"term": {"username": {"value": "KIM", "case_insensitive": True}}}}, 501),
        ({"query": {"term": {"username": {"value": "kim", "boost": 2}}}}, 200),
        ({"sort": [{"username": {"order": "sideways"}}]}, 400),
        ({"sort": [{"username": {"missing": "_first"}}]}, 501),
        ({"from": "x"}, 400),
        ({"size": True}, 400),
        ({"size": -1}, 400),
        ({"size": "1", "from": 0}, 200),
    ],
)
def test_nothing_of_a_query_is_passed_over(secure: Secure, body: Any, code: int) -> None:
    secure("POST", "/_security/_query/user", body, who=secure.elastic, code=code)


def test_keys_are_found_by_who_may_see_them(secure: Secure) -> None:
    own = secure("POST", "/_security/api_key", {"name": "kims", "metadata": {"n": 1}}, who=KIM)
    secure("POST", "/_security/api_key", {"name": "elastics"}, who=secure.elastic)
    assert [key["id"] for key in secure("GET", "/_security/_query/api_key", who=KIM)["api_keys"]] == [own["id"]]
    assert secure("GET", "/_security/_query/api_key", who=secure.elastic)["total"] == 2
    both = "/_security/api_key?id=x&name=y"
    assert "only one of" in secure("GET", both, who=secure.elastic, code=400)["error"]["reason"]


def test_ones_own_keys_are_those_that_the_request_calls_so(secure: Secure) -> None:
    path = "/_security/api_key"
    made = secure("POST", path, {"name": "mine"}, who=KIM)
    secure("POST", path, {"name": "mine-too"}, who=KIM)
    plain = secure("POST", path, {"name": "plain", "role_descriptors": {"r": {"indices": []}}}, who=KIM)
    itself, key, poor = f"{path}?id={made['id']}", f"ApiKey {made['encoded']}", f"ApiKey {plain['encoded']}"
    reason = secure.reason("GET", itself, who=KIM, code=403)
    assert reason.endswith("cluster privileges [read_security,manage_api_key,manage_security,all]")
    secure("GET", f"{itself}&owner=true&with_limited_by=true", who=KIM)
    secure("GET", f"{path}?username=kim&realm_name=default_native", who=KIM)
    secure("GET", f"{path}?username=elastic&realm_name=reserved", who=KIM, code=403)
    assert secure("GET", itself, who=key)["api_keys"][0]["name"] == "mine"
    secure("GET", f"{itself}&with_limited_by=true", who=key, code=403)
    # Whatever it may do, a key may look at itself; at its owner's other keys only with the right to.
    assert secure("GET", f"{path}?id={plain['id']}", who=poor)["api_keys"][0]["name"] == "plain"
    secure("GET", f"{path}?owner=true", who=poor, code=403)
    assert {"mine", "mine-too"} <= {one["name"] for one in secure("GET", f"{path}?owner=true", who=key)["api_keys"]}
    secure("DELETE", path, {"ids": [plain["id"]]}, who=key, code=403)
    assert secure("DELETE", path, {"ids": [made["id"]]}, who=key)["invalidated_api_keys"] == [made["id"]]


def test_keys_that_are_changed_together(secure: Secure) -> None:
    ids = [secure("POST", "/_security/api_key", {"name": f"u{number}"}, who=KIM)["id"] for number in (1, 2)]
    body = {"ids": [*ids, "none"], "metadata": {"seen": True}}
    first = secure("POST", "/_security/api_key/_bulk_update", body, who=KIM)
    assert (first["updated"], first["noops"]) == (ids, [])
    assert first["errors"]["details"]["none"]["reason"] == "no API key owned by requesting user found for ID [none]"
    assert secure("POST", "/_security/api_key/_bulk_update", body, who=KIM)["noops"] == ids


def test_a_key_of_a_key_has_no_privileges(secure: Secure) -> None:
    key = f"ApiKey {secure('POST', '/_security/api_key', {'name': 'parent'}, who=KIM)['encoded']}"
    for described in ({}, {"r": {"cluster": ["monitor"]}}):
        body = {"name": "child", "role_descriptors": described}
        reason = secure("POST", "/_security/api_key", body, who=key, code=400)["error"]["reason"]
        assert reason.startswith("creating derived api keys requires an explicit role descriptor that is empty")
    child = secure("POST", "/_security/api_key", {"name": "child", "role_descriptors": {"r": {}}}, who=key)["encoded"]
    secure("GET", "/a/_search", who=f"ApiKey {child}", code=403)
    made = secure("PUT", "/_security/api_key/x", {"metadata": {}}, who=key, code=400)["error"]["reason"]
    assert made == "authentication via API key not supported: only the owner user can update an API key"


def test_a_key_is_granted_to_who_gives_a_password(secure: Secure) -> None:
    body = {"grant_type": "password", "username": "kim", "password": KIM[1], "api_key": {"name": "granted"}}
    key = secure("POST", "/_security/api_key/grant", body, who=secure.elastic)["encoded"]
    shown = secure("GET", "/_security/_authenticate", who=f"ApiKey {key}")
    assert (shown["username"], shown["full_name"], shown["roles"]) == ("kim", "Kim", [])
    secure("POST", "/_security/api_key/grant", body, who=KIM, code=403)
    wrong = {**body, "password": "wrong"}
    reason = secure.reason("POST", "/_security/api_key/grant", wrong, who=secure.elastic, code=401)
    assert reason == "unable to authenticate user [kim] for action [cluster:admin/xpack/security/api_key/grant]"
    secure("POST", "/_security/api_key/grant", {**body, "grant_type": "access_token"}, who=secure.elastic, code=501)


def test_application_privileges(secure: Secure) -> None:
    privileges = {"app": {"look": {"actions": ["data:read/*"]}, "change": {"actions": ["data:write/*"]}}}
    made = secure("PUT", "/_security/privilege", privileges, who=secure.elastic)
    assert made == {"app": {"look": {"created": True}, "change": {"created": True}}}
    shown = secure("GET", "/_security/privilege/app/look", who=secure.elastic)
    assert shown == {
        "app": {"look": {"application": "app", "name": "look", "actions": ["data:read/*"], "metadata": {}}}
    }
    asked = {"application": [{"application": "app", "resources": ["r", "*"], "privileges": ["data:read/x", "change"]}]}
    answer = secure("POST", "/_security/user/_has_privileges", asked, who=KIM)
    one = {"data:read/x": True, "change": False}
    assert answer["application"] == {"app": {"r": one, "*": one}}
    assert answer["has_all_requested"] is False
    gone = secure("DELETE", "/_security/privilege/app/look,none", who=secure.elastic)
    assert gone == {"app": {"look": {"found": True}, "none": {"found": False}}}
    secure("GET", "/_security/privilege/app/look", who=secure.elastic, code=404)


def test_a_manager_has_not_all(secure: Secure) -> None:
    secure("PUT", "/_security/role/boss", {"cluster": ["manage"]}, who=secure.elastic)
    secure("PUT", "/_security/user/boss", {"password": "boss-password", "roles": ["boss"]}, who=secure.elastic)
    asked = {"cluster": ["all", "manage", "manage_security", "monitor", "manage_ml"]}
    answer = secure("POST", "/_security/user/_has_privileges", asked, who=("boss", "boss-password"))
    assert answer["cluster"] == {
        "all": False, "manage": True, "manage_security": False, "monitor": True, "manage_ml": True,
    }  # fmt: skip
    built_in = secure("GET", "/_security/privilege/_builtin", who=secure.elastic)
    assert len(built_in["cluster"]) == 62
    assert len(built_in["index"]) == 24


@given(
    name=st.sampled_from(sorted(CLUSTER)),
    action=st.from_regex(r"cluster:(admin|monitor)/xpack/[a-z/_]{0,30}", fullmatch=True),
)
def test_whoever_has_all_has_everything(name: str, action: str) -> None:
    assert implied(name, ["all"])
    if grants_cluster(name, action):
        assert grants_cluster("all", action)
        assert name in granting(action)


@given(text=st.text(max_size=20))
def test_a_pattern_without_wildcards_is_a_name(text: str) -> None:
    escaped = "".join(f"\\{character}" for character in text)
    assert matches(escaped, text)
    assert matches("*", text)
    assert not matches(escaped, f"{text}x")


@given(pattern=st.text("ab*?", max_size=8), text=st.text("ab\n", max_size=8))
def test_stars_and_question_marks(pattern: str, text: str) -> None:
    plain = re.compile(pattern.replace("*", ".*").replace("?", "."), re.DOTALL)
    assert matches(pattern, text) is (plain.fullmatch(text) is not None)


def test_a_pattern_of_many_stars_is_soon_compared() -> None:
    begun = time.monotonic()
    assert not matches("*a" * 14 + "b", "a" * 200)
    assert matches("*a" * 14 + "*b", "a" * 200 + "b")
    assert time.monotonic() - begun < 1


def test_every_index_privilege_lies_within_all() -> None:
    for patterns in INDEX.values():
        assert all(any(matches(wide, pattern) for wide in INDEX["all"]) for pattern in patterns)
