"""The cluster's identity: version, health, licence, nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.expressions import named
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

CLUSTER_NAME = "clipline-emulator"
NODE_NAME = "emulator"
BUILD_DATE = "2025-10-01T00:00:00.000000000Z"
ROLES = ["data", "ingest", "master", "ml"]
_ATTRIBUTES = {"ml.machine_memory": "4294967296", "xpack.installed": "true"}
_ISSUED = 1759276800000  # the build's date
_EXPIRES = 4102444800000  # 2100-01-01: an emulator's trial does not end


def info(node: Node, call: Call) -> Reply:
    """``GET /``: announces itself as an emulator in ``build_flavor``."""
    version = {
        "number": str(node.version),
        "build_flavor": "emulator",
        "build_type": "clipline",
        "build_hash": "emulator",
        "build_date": BUILD_DATE,
        "build_snapshot": False,
        "lucene_version": "10.3.0",
        "minimum_wire_compatibility_version": "8.19.0",
        "minimum_index_compatibility_version": "8.0.0",
    }
    body = {
        "name": NODE_NAME,
        "cluster_name": CLUSTER_NAME,
        "cluster_uuid": node.cluster_uuid,
        "version": version,
        "tagline": "You Know, for Search",
    }
    return Reply(body=body)


def health(node: Node, call: Call) -> Reply:
    """``GET /_cluster/health``: one node, so an index that wants replicas is yellow."""
    try:
        names, lacking = named(node, call, hidden=True), False
    except ApiError as error:
        # Elasticsearch waits for a missing index to appear and then says red; there is nothing to wait for here.
        if error.type != "index_not_found_exception":
            raise
        names, lacking = [], True
    replicas = sum(node.indices.replicas(name) * node.indices.shards(name) for name in names)
    primaries = sum(node.indices.shards(name) for name in names)
    status = "red" if lacking else "yellow" if replicas else "green"
    ranks = {"green": 0, "yellow": 1, "red": 2}
    wanted = call.params.get("wait_for_status", "red").lower()
    if wanted not in ranks:
        raise illegal_argument(f"unknown cluster health status [{wanted}]")
    timed_out = lacking or ranks[status] > ranks[wanted]
    total = primaries + replicas
    body = {
        "cluster_name": CLUSTER_NAME,
        "status": status,
        "timed_out": timed_out,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": primaries,
        "active_shards": primaries,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": replicas,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0 * primaries / total if total else 100.0,
    }
    return Reply(body=body, status=408 if timed_out else 200)


def licence(node: Node, call: Call) -> Reply:
    """``GET /_license``: a trial, so that machine learning is there."""
    body = {
        "status": "active",
        "uid": node.cluster_uuid,
        "type": "trial",
        "issue_date": "2025-10-01T00:00:00.000Z",
        "issue_date_in_millis": _ISSUED,
        "expiry_date": "2100-01-01T00:00:00.000Z",
        "expiry_date_in_millis": _EXPIRES,
        "max_nodes": 1000,
        "max_resource_units": None,
        "issued_to": CLUSTER_NAME,
        "issuer": "elasticsearch",
        "start_date_in_millis": -1,
    }
    return Reply(body={"license": body})


def xpack(node: Node, call: Call) -> Reply:
    """``GET /_xpack``: the features that clients ask for."""
    body = {
        "build": {"hash": "emulator", "date": BUILD_DATE},
        "license": {
            "uid": node.cluster_uuid,
            "type": "trial",
            "mode": "trial",
            "status": "active",
            "expiry_date_in_millis": _EXPIRES,
        },
        "features": {"ml": {"available": True, "enabled": True}, "security": {"available": True, "enabled": False}},
        "tagline": "You know, for X",
    }
    return Reply(body=body)


def nodes(node: Node, call: Call) -> Reply:
    """``GET /_nodes``: one node with the role ``ml``."""
    wanted = call.args.get("node_id", "_all")
    if wanted not in ("_all", "_local", "*", "_master", node.node_id, NODE_NAME, "ml:true", "data:true", "ingest:true"):
        raise unsupported(f"[{wanted}] of the nodes API")
    return Reply(
        body={
            "_nodes": {"total": 1, "successful": 1, "failed": 0},
            "cluster_name": CLUSTER_NAME,
            "nodes": {node.node_id: description(node)},
        }
    )


def description(node: Node) -> dict[str, Any]:
    """The node as ``_nodes`` and the model statistics show it."""
    return {
        "name": NODE_NAME,
        "transport_address": "127.0.0.1:9300",
        "host": "127.0.0.1",
        "ip": "127.0.0.1",
        "version": str(node.version),
        "roles": ROLES,
        "attributes": {**_ATTRIBUTES, "ml.allocated_processors": str(node.identity.ml_processors)},
    }


def change_licence(node: Node, call: Call) -> Reply:
    """The trial cannot be changed."""
    raise unsupported("changing the licence")


_HEALTH = {"wait_for_status", "timeout", "master_timeout", "local", "expand_wildcards"}
_HEALTH_REFUSED = {"level", "wait_for_active_shards", "wait_for_events", "wait_for_nodes",
                   "wait_for_no_initializing_shards", "wait_for_no_relocating_shards"}  # fmt: skip

ROUTES = [
    Route("GET", "/", "cluster:monitor/main", info),
    Route("GET", "/_cluster/health", "cluster:monitor/health", health, _HEALTH, _HEALTH_REFUSED),
    Route("GET", "/_cluster/health/{index}", "cluster:monitor/health", health, _HEALTH, _HEALTH_REFUSED),
    Route(
        "GET",
        "/_license",
        "cluster:monitor/xpack/license/get",
        licence,
        {"local", "accept_enterprise", "master_timeout"},
    ),
    *(
        Route(method, "/_license", "cluster:admin/xpack/license/put", change_licence)
        for method in ("PUT", "POST", "DELETE")
    ),
    Route("GET", "/_xpack", "cluster:monitor/xpack/info", xpack, {"accept_enterprise"}, {"categories"}),
    Route("GET", "/_nodes", "cluster:monitor/nodes/info", nodes, {"timeout"}, {"flat_settings"}),
    Route("GET", "/_nodes/{node_id}", "cluster:monitor/nodes/info", nodes, {"timeout"}, {"flat_settings"}),
]
