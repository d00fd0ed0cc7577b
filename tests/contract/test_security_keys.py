"""API keys, and what the ``_security`` APIs refuse (reference, section 1.9): asked of a node with security."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.contract.facts import fact
from tests.contract.secured import Secured, on


@fact("1.9", evidence="S", source="ApiKeyService, RestCreateApiKeyAction")
def test_key(secured: Secured, name: str) -> None:
    """A key signs in as its owner without roles; the encoded form is that of the header."""
    made = secured("POST", "/_security/api_key", {"name": name})
    assert base64.b64decode(made["encoded"]).decode() == f"{made['id']}:{made['api_key']}"
    shown = secured("GET", "/_security/_authenticate", who=f"ApiKey {made['encoded']}")
    assert (shown["roles"], shown["authentication_type"]) == ([], "api_key")
    assert shown["api_key"] == {**shown["api_key"], "id": made["id"], "name": name}
    assert shown["authentication_realm"]["name"] == "_es_api_key"
    gone = secured("DELETE", "/_security/api_key", {"ids": [made["id"]]})
    assert gone == {"invalidated_api_keys": [made["id"]], "previously_invalidated_api_keys": [], "error_count": 0}
    secured("GET", "/", who=f"ApiKey {made['encoded']}", code=401)


@fact("1.9", evidence="S", source="AuthorizationDenialMessages")
def test_refusal_of_a_key(secured: Secured, name: str) -> None:
    """A refusal names a key by its id and owner, and no roles."""
    secured.index(name)
    made = secured("POST", "/_security/api_key", {"name": name, "role_descriptors": {"r": {"cluster": ["monitor"]}}})
    owner = secured("GET", "/_security/_authenticate")["username"]
    reason = secured.reason("GET", f"/{name}/_search", who=f"ApiKey {made['encoded']}")
    assert f"unauthorized for API key id [{made['id']}] of user [{owner}] on indices [{name}]" in reason
    secured("DELETE", "/_security/api_key", {"ids": [made["id"]]})


@fact("1.9", evidence="S", source="ApiKeyService")
def test_key_of_a_key(secured: Secured, name: str) -> None:
    """A key can make only a key without privileges, and has to say so."""
    made = secured("POST", "/_security/api_key", {"name": name})
    error = secured("POST", "/_security/api_key", {"name": name}, who=f"ApiKey {made['encoded']}", code=400)["error"]
    assert (
        error["reason"]
        == "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
    )
    secured("DELETE", "/_security/api_key", {"ids": [made["id"]]})


@fact("1.9", evidence="S", source="ApiKeyService")
def test_key_without_owner(secured: Secured, name: str) -> None:
    """A key outlives its owner's account."""
    who = secured.person(name, cluster=["manage_own_api_key", "monitor"])
    made = secured("POST", "/_security/api_key", {"name": name}, who=who)
    secured("DELETE", f"/_security/user/{name}")
    assert secured("GET", "/_security/_authenticate", who=f"ApiKey {made['encoded']}")["username"] == name
    secured("DELETE", "/_security/api_key", {"ids": [made["id"]]})


@fact("1.9", evidence="T", source="api_key/11_invalidation.yml")
def test_keys_of_others(secured: Secured, name: str) -> None:
    """manage_own_api_key is no right to ask for the keys of others, and the refusal does not name it."""
    who = secured.person(name, cluster=["manage_own_api_key"])
    secured("GET", "/_security/api_key?owner=true", who=who)
    reason = secured.reason("DELETE", "/_security/api_key", {"username": "clipline-contract-other"}, who=who)
    assert reason.endswith("this action is granted by the cluster privileges [manage_api_key,manage_security,all]")


@fact("1.9", evidence="T", source="api_key/10_basic.yml, ClusterPrivilegeResolver")
def test_has_privileges(secured: Secured, name: str) -> None:
    """What somebody has is told name by name; manage is not all."""
    who = secured.person(name, cluster=["manage"], indices=on(f"{name}-*", "write"))
    asked = {
        "cluster": ["manage", "all", "monitor"],
        "index": [{"names": [f"{name}-1", "*"], "privileges": ["index", "read"]}],
    }
    answer = secured("POST", "/_security/user/_has_privileges", asked, who=who)
    assert answer["cluster"] == {"manage": True, "all": False, "monitor": True}
    assert answer["index"] == {f"{name}-1": {"index": True, "read": False}, "*": {"index": False, "read": False}}
    assert answer["has_all_requested"] is False


@pytest.mark.parametrize(
    ("path", "body", "kind", "words"),
    [
        ("role/{}", {"cluster": ["clipline-nonsense"]}, "action_request_validation_exception",
         "unknown cluster privilege [clipline-nonsense]"),
        ("user/{}", {"password": "short", "roles": []}, "validation_exception", "passwords must be at least [6] characters long"),
        ("user/{}", {"password": "long-enough", "roles": [], "metadata": {"_x": 1}}, "action_request_validation_exception",
         "metadata keys may not start with [_]"),
        ("user/elastic", {"password": "long-enough", "roles": []}, "action_request_validation_exception",
         "user [elastic] is reserved and only the password can be changed"),
    ],
)  # fmt: skip
@fact("1.9", evidence="S", source="Validation, TransportPutUserAction, RoleDescriptorRequestValidator")
def test_refused_definitions(secured: Secured, name: str, path: str, body: Any, kind: str, words: str) -> None:
    """What is wrong with a user or a role is 400."""
    error = secured("PUT", f"/_security/{path.format(name)}", body, code=400)["error"]
    assert error["type"] == kind
    assert words in error["reason"]
