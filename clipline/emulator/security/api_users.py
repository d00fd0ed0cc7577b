"""Users: put, get, delete, passwords, on and off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token, unsupported, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.security.names import wrong_name
from clipline.emulator.security.roles import LACKING_ROLES, texts
from clipline.emulator.security.subject import ELASTIC, User

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_KEYS = {"username", "password", "password_hash", "roles", "full_name", "email", "metadata", "enabled"}
_LEAST = 6
"""Characters of a password (``Validation.Users``)."""


def put_user(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/user/{username}``."""
    name, body = call.args["username"], call.required_body()
    for key in body:
        if key not in _KEYS:
            reason = f"failed to parse add user request. unexpected field [{key}]"
            raise ApiError(400, "parse_exception", reason)
    if body.get("password_hash") is not None:
        raise unsupported("[password_hash] of users")
    _check_kinds(body)
    if body.get("username", name) != name:
        raise illegal_argument(f"[username] in source does not match the username provided [{name}]")
    if name == ELASTIC:
        raise validation_failed(f"user [{name}] is reserved and only the password can be changed")
    password = _password(body.get("password"))
    with node.security.store.changing():
        created = _put(node, name, body, password)
    node.security.authenticator.forget()
    return Reply(body={"created": created})


def _put(node: Node, name: str, body: Mapping[str, Any], password: str | None) -> bool:
    """Whether the user is a new one."""
    store = node.security.store
    existing = store.user(name)
    if existing is None and password is None:
        raise _invalid("password must be specified unless you are updating an existing user")
    roles = texts(body.get("roles"), "roles")
    if lacking := sorted(LACKING_ROLES & set(roles)):
        raise unsupported(f"the built-in role [{lacking[0]}]")
    wrong = [] if "roles" in body else ["roles are missing"]
    if any(key.startswith("_") for key in body.get("metadata") or {}):
        wrong.append("metadata keys may not start with [_]")
    wrong += [
        sentence for sentence in (wrong_name("User", name), *(wrong_name("Role", role) for role in roles)) if sentence
    ]
    if wrong:
        raise validation_failed(*wrong)
    user = User(
        name=name,
        roles=tuple(roles),
        full_name=body.get("full_name"),
        email=body.get("email"),
        metadata=body.get("metadata") or {},
        enabled=body.get("enabled", True),
    )
    store.put_user(user, password)
    return existing is None


def get_users(node: Node, call: Call) -> Reply:
    """``GET /_security/user[/{username}]``."""
    users = node.security.store.users()
    if "username" in call.args:
        wanted = call.args["username"].split(",")
        users = {name: user for name, user in users.items() if name in wanted}
        if not users:
            return Reply(body={}, status=404)
    return Reply(body={name: user.shown() for name, user in users.items()})


def delete_user(node: Node, call: Call) -> Reply:
    """``DELETE /_security/user/{username}``."""
    name = call.args["username"]
    if name == ELASTIC:
        raise validation_failed(f"user [{name}] is reserved and cannot be deleted")
    found = node.security.store.delete_user(name)
    node.security.authenticator.forget()
    return Reply(body={"found": found}, status=200 if found else 404)


def change_password(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/user[/{username}]/_password``."""
    body = call.required_body()
    name = call.args.get("username", node.security.subject.user.name)
    if body.get("password_hash") is not None:
        raise unsupported("[password_hash] of users")
    password = _password(body.get("password"))
    if password is None:
        raise validation_failed("password is missing")
    with node.security.store.changing():
        user = node.security.store.user(name)
        if user is None:
            raise validation_failed("user must exist in order to change password")
        node.security.store.put_user(user, password)
    node.security.authenticator.forget()
    return Reply(body={})


def enable_user(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/user/{username}/_enable`` and ``_disable``."""
    name = call.args["username"]
    with node.security.store.changing():
        user = node.security.store.user(name)
        if user is None:
            raise validation_failed("only existing users can be enabled or disabled")
        if name == node.security.subject.user.name:
            raise ApiError(
                400, "illegal_argument_exception", "users may not update the enabled status of their own account"
            )
        if name == ELASTIC:
            raise unsupported("switching the user [elastic] off")
        node.security.store.put_user(replace(user, enabled=call.path.endswith("/_enable")), None)
    node.security.authenticator.forget()
    return Reply(body={})


def _check_kinds(body: Mapping[str, Any]) -> None:
    kinds: dict[str, tuple[type, str]] = {
        **dict.fromkeys(("full_name", "email", "password", "username"), (str, "string")),
        "metadata": (dict, "object"),
        "enabled": (bool, "boolean"),
    }
    for field, (kind, name) in kinds.items():
        given = body.get(field)
        nullable = field not in ("enabled", "password", "username")
        if field in body and not isinstance(given, kind) and not (given is None and nullable):
            found = json_token(given)
            reason = f"expected field [{field}] to be of type {name}, but found [{found}] instead"
            raise ApiError(400, "parse_exception", reason)


def _password(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_kind("user", "password", value)
    if len(value) < _LEAST:
        raise _invalid(f"passwords must be at least [{_LEAST}] characters long")
    return value


def _invalid(message: str) -> ApiError:
    return ApiError(400, "validation_exception", f"Validation Failed: 1: {message};")


_USER = "cluster:admin/xpack/security/user"

ROUTES = [
    Route("GET", "/_security/user", f"{_USER}/get", get_users, frozenset(), {"with_profile_uid"}),
    Route("GET", "/_security/user/{username}", f"{_USER}/get", get_users, frozenset(), {"with_profile_uid"}),
    Route("DELETE", "/_security/user/{username}", f"{_USER}/delete", delete_user, {"refresh"}),
    *(
        route
        for method in ("PUT", "POST")
        for route in (
            Route(method, "/_security/user/{username}", f"{_USER}/put", put_user, {"refresh"}),
            Route(method, "/_security/user/_password", f"{_USER}/change_password", change_password, {"refresh"}),
            Route(
                method, "/_security/user/{username}/_password", f"{_USER}/change_password", change_password, {"refresh"}
            ),
            Route(method, "/_security/user/{username}/_enable", f"{_USER}/set_enabled", enable_user, {"refresh"}),
            Route(method, "/_security/user/{username}/_disable", f"{_USER}/set_enabled", enable_user, {"refresh"}),
        )
    ),
]
