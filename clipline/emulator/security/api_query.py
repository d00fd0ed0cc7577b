"""``_security/_query/…``: users, roles and API keys that fit a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.security.api_keys import is_own, may_all, shown
from clipline.emulator.security.queries import Thing, chosen
from clipline.emulator.security.roles import RESERVED
from clipline.emulator.security.subject import ELASTIC

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_USER_FIELDS = ("username", "roles", "full_name", "email", "enabled")
_ROLE_FIELDS = ("name", "description")
_KEY_FIELDS = ("name", "type", "creation", "expiration", "invalidated", "invalidation", "username", "realm_name")


def query_users(node: Node, call: Call) -> Reply:
    """``GET|POST /_security/_query/user``: those that were put; the built-in one is not among them."""
    users = [user.shown() for name, user in node.security.store.users().items() if name != ELASTIC]
    return _answer(call, "users", [{"_id": user["username"], **user} for user in users], _USER_FIELDS)


def query_roles(node: Node, call: Call) -> Reply:
    """``GET|POST /_security/_query/role``: those that were put."""
    roles = [(name, role) for name, role in node.security.store.roles().items() if name not in RESERVED]
    return _answer(call, "roles", [{"_id": name, "name": name, **role.body} for name, role in roles], _ROLE_FIELDS)


def query_keys(node: Node, call: Call) -> Reply:
    """``GET|POST /_security/_query/api_key``: all, for who may see all; else one's own."""
    subject = node.security.subject
    everyones = may_all(subject, "cluster:admin/xpack/security/api_key/query")
    limited = call.flag("with_limited_by")
    keys = [key for key in node.security.store.api_keys() if everyones or is_own(subject, key)]
    things = [{"_id": key["id"], **shown(key, limited=limited)} for key in keys]
    return _answer(call, "api_keys", [{"realm_name": thing["realm"], **thing} for thing in things], _KEY_FIELDS)


def _answer(call: Call, name: str, things: list[dict[str, Any]], fields: tuple[str, ...]) -> Reply:
    total, page = chosen(things, call.body, fields)
    return Reply(body={"total": total, "count": len(page), name: [_plain(thing) for thing in page]})


def _plain(thing: Thing) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name not in ("_id", "realm_name")}


_ACTION = "cluster:admin/xpack/security"

ROUTES = [
    route
    for method in ("GET", "POST")
    for route in (
        Route(method, "/_security/_query/user", f"{_ACTION}/user/query", query_users, set(), {"with_profile_uid"}),
        Route(method, "/_security/_query/role", f"{_ACTION}/role/query", query_roles),
        Route(method, "/_security/_query/api_key", f"{_ACTION}/api_key/query", query_keys, {"with_limited_by"},
              {"with_profile_uid", "typed_keys"}),
    )
]  # fmt: skip
