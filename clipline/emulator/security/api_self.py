"""What a subject may ask about himself: who he is, and what he may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.security.applications import held, stored
from clipline.emulator.security.privileges import INDEX, implied, unknown_privileges
from clipline.emulator.security.roles import texts
from clipline.emulator.security.subject import Subject

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def authenticate(node: Node, call: Call) -> Reply:
    """``GET /_security/_authenticate``."""
    subject = node.security.subject
    realm = {"name": subject.realm, "type": subject.realm.removeprefix("default_")}
    body = {
        **subject.user.shown(),
        "authentication_realm": realm,
        "lookup_realm": dict(realm),
        "authentication_type": "realm" if subject.key is None else "api_key",
    }
    if subject.key is not None:
        # A key has descriptors, not roles.
        body |= {"roles": [], "api_key": {"id": subject.key["id"], "name": subject.key["name"]}}
    return Reply(body=body)


def has_privileges(node: Node, call: Call) -> Reply:
    """``GET|POST /_security/user/_has_privileges``."""
    subject, body = node.security.subject, call.required_body()
    if call.args.get("username", subject.user.name) != subject.user.name:
        raise unsupported("asking for the privileges of another user")
    cluster = {name: _has_cluster(subject, name) for name in texts(body.get("cluster"), "cluster")}
    index: dict[str, dict[str, bool]] = {}
    for entry in _entries(body, "index"):
        for name in texts(entry.get("names"), "names"):
            asked = texts(entry.get("privileges"), "privileges")
            index.setdefault(name, {}).update({privilege: _has_index(subject, privilege, name) for privilege in asked})
    application = held(subject, _entries(body, "application"), stored(node.security.store.privileges()))
    wrong = unknown_privileges(cluster, cluster=True)
    wrong += unknown_privileges((asked for found in index.values() for asked in found), cluster=False)
    if wrong:
        raise illegal_argument(f"unknown privilege [{wrong[0]}]")
    if not cluster and not index and not application:
        raise validation_failed("must specify at least one privilege")
    every = [*cluster.values(), *(value for found in index.values() for value in found.values())]
    every += [value for found in application.values() for one in found.values() for value in one.values()]
    answer = {
        "username": subject.user.name,
        "has_all_requested": all(every),
        "cluster": cluster,
        "index": index,
        "application": application,
    }
    return Reply(body=answer)


def own_privileges(node: Node, call: Call) -> Reply:
    """``GET /_security/user/_privileges``."""
    subject = node.security.subject
    if subject.key is not None:
        raise illegal_argument(
            "Cannot retrieve privileges for API keys with assigned role descriptors. Please use the Get API key information "
            "API https://ela.st/es-api-get-api-key"
        )
    roles = [role for limit in subject.limits for role in limit]
    body: dict[str, Any] = {
        "cluster": sorted({privilege for role in roles for privilege in role.cluster}),
        "global": [],
        "indices": [entry for role in roles for entry in role.body["indices"]],
        "applications": [entry for role in roles for entry in role.body["applications"]],
        "run_as": [],
    }
    return Reply(body=body)


def _entries(body: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    entries = body.get(part) or []
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        reason = f"failed to parse privileges check [{part}]. expected an array of objects"
        raise ApiError(400, "parse_exception", reason)
    return entries


def _has_cluster(subject: Subject, privilege: str) -> bool:
    return all(
        implied(privilege, [privilege for role in roles for privilege in role.cluster]) for roles in subject.limits
    )


def _has_index(subject: Subject, privilege: str, name: str) -> bool:
    patterns = INDEX.get(privilege.lower(), (privilege,))
    # A pattern of names is held when its own spelling is: my-* by my-*, or by *.
    return all(subject.allows_index(_action(pattern), name) for pattern in patterns)


def _action(pattern: str) -> str:
    # An action that stands for all of a pattern: only a grant that covers the pattern covers it.
    return pattern.replace("*", "~")


_USER = "cluster:admin/xpack/security/user"

ROUTES = [
    Route("GET", "/_security/_authenticate", f"{_USER}/authenticate", authenticate),
    Route("GET", "/_security/user/_has_privileges", f"{_USER}/has_privileges", has_privileges),
    Route("POST", "/_security/user/_has_privileges", f"{_USER}/has_privileges", has_privileges),
    Route("GET", "/_security/user/{username}/_has_privileges", f"{_USER}/has_privileges", has_privileges),
    Route("POST", "/_security/user/{username}/_has_privileges", f"{_USER}/has_privileges", has_privileges),
    Route("GET", "/_security/user/_privileges", f"{_USER}/list_privileges", own_privileges),
]
