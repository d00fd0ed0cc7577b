"""Roles: put, get, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import ApiError
from clipline.emulator.node_description import CLUSTER_NAME, NODE_NAME
from clipline.emulator.security.roles import RESERVED, read_role
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def put_role(node: Node, call: Call) -> Reply:
    """``PUT|POST /_security/role/{name}``."""
    name = call.args["name"]
    _check_own(name, "modified")
    created = node.security.store.put_role(read_role(name, call.required_body()))
    return Reply(body={"role": {"created": created}})


def get_roles(node: Node, call: Call) -> Reply:
    """``GET /_security/role[/{name}]``."""
    roles = node.security.store.roles()
    if "name" in call.args:
        wanted = call.args["name"].split(",")
        roles = {name: role for name, role in roles.items() if name in wanted}
        if not roles:
            return Reply(body={}, status=404)
    return Reply(body={name: dict(role.body) for name, role in roles.items()})


def delete_role(node: Node, call: Call) -> Reply:
    """``DELETE /_security/role/{name}``."""
    name = call.args["name"]
    _check_own(name, "deleted")
    found = node.security.store.delete_role(name)
    return Reply(body={"found": found}, status=200 if found else 404)


def clear_cache(node: Node, call: Call) -> Reply:
    """``POST /_security/role/{name}/_clear_cache``: roles are read anew for every request."""
    header = {"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": CLUSTER_NAME}
    return Reply(body={**header, "nodes": {node.node_id: {"name": NODE_NAME}}})


def _check_own(name: str, done: str) -> None:
    if name in RESERVED:
        raise ApiError(400, "illegal_argument_exception", f"role [{name}] is reserved and may not be {done}.")


_ROLE = "cluster:admin/xpack/security/role"

ROUTES = [
    Route("GET", "/_security/role", f"{_ROLE}/get", get_roles),
    Route("GET", "/_security/role/{name}", f"{_ROLE}/get", get_roles),
    Route("PUT", "/_security/role/{name}", f"{_ROLE}/put", put_role, {"refresh"}),
    Route("POST", "/_security/role/{name}", f"{_ROLE}/put", put_role, {"refresh"}),
    Route("DELETE", "/_security/role/{name}", f"{_ROLE}/delete", delete_role, {"refresh"}),
    Route("POST", "/_security/role/{name}/_clear_cache", "cluster:admin/xpack/security/roles/cache/clear", clear_cache),
]
