"""The ``_security`` APIs refuse what is wrong in Elasticsearch's words, and what they lack with 501."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.secure_node import Secure, secure_node


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_node(tmp_path_factory.mktemp("secure-apis")) as secure:
        yield secure


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "words"),
    [
        ("PUT", "user/x", {"password": "short", "roles": []}, "validation_exception", "at least [6] characters"),
        ("PUT", "user/x", {"roles": []}, "validation_exception", "password must be specified"),
        ("PUT", "user/x", {"password": "long-enough", "role": []}, "parse_exception", "unexpected field [role]"),
        ("PUT", "user/elastic", {"password": "long-enough", "roles": []}, "action_request_validation_exception", "reserved"),
        ("PUT", "role/superuser", {}, "illegal_argument_exception", "is reserved"),
        ("PUT", "role/r", {"cluster": ["everything"]}, "action_request_validation_exception", "unknown cluster privilege"),
        ("PUT", "role/r", {"indices": [{"names": ["a"]}]}, "parse_exception", "missing required [privileges] field"),
        ("PUT", "role/%20r", {}, "validation_exception", "Role names must be at least 1 and no more than 507"),
        ("PUT", "role/r", {"metadata": {"_a": 1}}, "action_request_validation_exception", "may not start with [_]"),
        ("PUT", "role/r", {"description": "x" * 1001}, "action_request_validation_exception", "less than 1000 characters"),
        ("PUT", "role/r", {"applications": [{"application": "a"}]}, "parse_exception", "application privileges"),
        ("PUT", "user/%C3%A9", {"password": "long-enough", "roles": []}, "action_request_validation_exception", "User names"),
        ("PUT", "user/x", {"password": "long-enough", "roles": [], "enabled": "x"}, "parse_exception", "of type boolean"),
        ("PUT", "user/x", {"password": 123456, "roles": []}, "parse_exception", "of type string, but found [VALUE_NUMBER]"),
        ("PUT", "user/x", {"username": "y", "password": "long-enough", "roles": []}, "illegal_argument_exception", "[x]"),
        ("PUT", "privilege", {"app": {"p": {"actions": ["plain"]}}}, "action_request_validation_exception", "[plain]"),
        ("PUT", "privilege", {"app": {"p": {}}}, "action_request_validation_exception", "at least one action"),
        ("POST", "role", {"roles": {}}, "action_request_validation_exception", "one or more roles"),
        ("POST", "user/_has_privileges", {"cluster": ["odd"]}, "illegal_argument_exception", "odd"),
        ("POST", "user/_has_privileges", {"index": -1}, "parse_exception", "array of objects"),
        ("DELETE", "api_key", {"ids": True}, "x_content_parse_exception", "ids"),
        ("POST", "_query/user", {"query": {"ids": {"values": 3}}}, "parsing_exception", "no list of texts"),
        ("POST", "api_key", {"expiration": "1d"}, "action_request_validation_exception", "api key name is required"),
        ("POST", "api_key", {"name": "a", "expiration": "soon"}, "illegal_argument_exception", "as a time value"),
        ("POST", "user/_has_privileges", None, "parse_exception", "request body is required"),
        ("DELETE", "api_key", {"owner": "perhaps"}, "x_content_parse_exception", "owner"),
        ("PUT", "role/r", {"indices": [{"names": "a", "privileges": "read", "allow_restricted_indices": "false"}]},
         "parse_exception", "boolean"),
    ],
)  # fmt: skip
def test_what_is_wrong(secure: Secure, method: str, path: str, body: Any, kind: str, words: str) -> None:
    error = secure(method, f"/_security/{path}", body, who=secure.elastic, code=400)["error"]
    assert error["type"] == kind
    assert words in error["reason"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("role/r", {"run_as": ["a"]}),
        ("role/r", {"indices": [{"names": ["a"], "privileges": ["read"], "query": "{}"}]}),
        ("role/r", {"indices": [{"names": ["/a.*/"], "privileges": ["read"]}]}),
        ("role/r", {"indices": [{"names": ["a"], "privileges": ["cross_cluster_replication"]}]}),
        ("role/r", {"cluster": ["monitor_esql"]}),
        ("user/u", {"password": "long-enough", "roles": ["viewer"]}),
        ("user/u", {"password_hash": "x", "roles": []}),
    ],
)
def test_what_is_not_emulated_is_said_so(secure: Secure, path: str, body: Any) -> None:
    error = secure("PUT", f"/_security/{path}", body, who=secure.elastic, code=501)["error"]
    assert error["type"] == "emulator_unsupported_exception"


def test_a_built_in_role_that_is_not_emulated_is_reserved_all_the_same(secure: Secure) -> None:
    secure("GET", "/_security/role/viewer", who=secure.elastic, code=501)
    error = secure("PUT", "/_security/role/viewer", {"cluster": []}, who=secure.elastic, code=400)["error"]
    assert error["reason"] == "role [viewer] is reserved and may not be modified."
