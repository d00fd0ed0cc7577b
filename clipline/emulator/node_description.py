"""What the one node says of itself wherever nodes are listed, and which node filters name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.http.wire import boolean
from clipline.emulator.patterns import simple_match

if TYPE_CHECKING:
    from clipline.emulator.node import Node

CLUSTER_NAME = "clipline-emulator"
NODE_NAME = "emulator"
IP = "127.0.0.1"
TRANSPORT_ADDRESS = f"{IP}:9300"
"""Where a real node would listen to others; nothing listens here."""


ROLES = {
    "data": "d",
    "data_cold": "c",
    "data_content": "s",
    "data_frozen": "f",
    "data_hot": "h",
    "data_warm": "w",
    "ingest": "i",
    "master": "m",
    "ml": "l",
    "remote_cluster_client": "r",
    "transform": "t",
}
"""Those of a node that was not told which to have, and their letters in ``_cat/nodes``."""

_OTHER_ROLES = ("voting_only", "coordinating_only")
"""What a filter may name and this node is not: neither adds it nor takes it away."""


def roles(node: Node) -> list[str]:
    """The roles, in the order of the alphabet."""
    return [role for role in ROLES if role != "ml" or node.ml_tier.there]


def attributes(node: Node) -> dict[str, str]:
    """The attributes; those of machine learning only where the node has that role."""
    always = {"transform.config_version": "10.0.0", "xpack.installed": "true"}
    if not node.ml_tier.there:
        return always
    return {
        "ml.allocated_processors": str(node.identity.ml_processors),
        "ml.allocated_processors_double": f"{node.identity.ml_processors:.1f}",
        "ml.config_version": "12.0.0",
        "ml.machine_memory": str(node.identity.ml_memory),
        "ml.max_jvm_size": str(node.identity.ml_memory // 4),
        **always,
    }


def description(node: Node) -> dict[str, Any]:
    """The node as ``_nodes`` begins and as the model statistics show it."""
    return {
        "name": NODE_NAME,
        "transport_address": TRANSPORT_ADDRESS,
        "host": IP,
        "ip": IP,
        "version": str(node.version),
        "roles": roles(node),
        "attributes": attributes(node),
    }


def is_meant(node: Node, wanted: str) -> bool:
    """Whether a comma-separated node filter names the node (DiscoveryNodes.resolveNodes); a later part wins.

    Raises:
        ApiError: 400 for a role that is neither ``true`` nor ``false``.
    """
    meant = False
    for part in filter(None, map(str.strip, wanted.split(","))):
        name, sign, value = part.partition(":")
        if sign and name in (*ROLES, *_OTHER_ROLES):
            had = boolean({name: value}, name, default=True)
            if name in roles(node):
                meant = had
        elif part in ("_all", "_local", "_master", node.node_id) or _matches(node, part):
            meant = True
    return meant


def _matches(node: Node, part: str) -> bool:
    """Whether a pattern is one of the name or an address, or ``key:value`` one of an attribute."""
    if any(simple_match(part, one) for one in (NODE_NAME, IP, TRANSPORT_ADDRESS)):
        return True
    name, sign, value = part.partition(":")
    return bool(sign) and any(
        simple_match(name, key) and simple_match(value, had) for key, had in attributes(node).items()
    )


def header(total: int) -> dict[str, Any]:
    """How the answers of all ``_nodes`` APIs begin."""
    return {"_nodes": {"total": total, "successful": total, "failed": 0}, "cluster_name": CLUSTER_NAME}
