"""``_clear_cache``: what was changed is seen at once here; only credentials that were right are believed for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.node_description import CLUSTER_NAME, NODE_NAME

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def clear_cache(node: Node, call: Call) -> Reply:
    """``POST /_security/…/_clear_cache``."""
    node.security.authenticator.forget()
    header = {"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": CLUSTER_NAME}
    return Reply(body={**header, "nodes": {node.node_id: {"name": NODE_NAME}}})


_ACTION = "cluster:admin/xpack/security"

ROUTES = [
    Route("POST", "/_security/role/{name}/_clear_cache", f"{_ACTION}/roles/cache/clear", clear_cache),
    Route("POST", "/_security/realm/{realms}/_clear_cache", f"{_ACTION}/realm/cache/clear", clear_cache, {"usernames"}),
    Route("POST", "/_security/api_key/{ids}/_clear_cache", f"{_ACTION}/api_key/cache/clear", clear_cache),
    Route("POST", "/_security/privilege/{application}/_clear_cache", f"{_ACTION}/privilege/cache/clear", clear_cache),
]
