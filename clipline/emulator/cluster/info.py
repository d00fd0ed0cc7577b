"""``GET /`` and ``GET /_xpack``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.cluster.licence_api import enterprise_warning
from clipline.emulator.errors import illegal_argument
from clipline.emulator.http.human import iso_date
from clipline.emulator.http.wire import Call, Reply, Route, boolean
from clipline.emulator.node_description import CLUSTER_NAME, NODE_NAME
from clipline.emulator.versions import (
    build_date,
    build_hash,
    minimum_index_compatibility,
    minimum_wire_compatibility,
    release,
)

if TYPE_CHECKING:
    from clipline.emulator.node import Node

FLAVOR, TYPE = "emulator", "clipline"
"""By ``build_flavor`` the emulator announces itself."""

_CATEGORIES = ("build", "license", "features")
_FREE = """
aggregate_metric analytics archive data_streams data_tiers enrich eql esql ilm logsdb monitoring rollup slm spatial sql
transform universal_profiling voting_only
"""
"""Features that a basic licence has too."""
_PAID = "ccr enterprise_search graph logstash ml searchable_snapshots watcher"
"""Those that it lacks."""
_ALWAYS_OFF = frozenset({"logsdb", "security"})


def info(node: Node, call: Call) -> Reply:
    """``GET /``."""
    version = {
        "number": str(node.version),
        "build_flavor": FLAVOR,
        "build_type": TYPE,
        "build_hash": build_hash(node.version),
        "build_date": build_date(node.version),
        "build_snapshot": False,
        "lucene_version": release(node.version).lucene,
        "minimum_wire_compatibility_version": minimum_wire_compatibility(node.version),
        "minimum_index_compatibility_version": minimum_index_compatibility(node.version),
    }
    body = {
        "name": NODE_NAME,
        "cluster_name": CLUSTER_NAME,
        "cluster_uuid": node.cluster_uuid,
        "version": version,
        "tagline": "You Know, for Search",
    }
    return Reply(body=body, pretty=True)


def xpack(node: Node, call: Call) -> Reply:
    """``GET /_xpack``: the parts that ``categories`` names, and a tagline unless ``human=false``."""
    warnings = enterprise_warning(call)
    wanted = _wanted(call.params.get("categories", "_all"))
    body: dict[str, Any] = {}
    if "build" in wanted:
        body["build"] = {"hash": build_hash(node.version), "date": build_date(node.version)}
    if "license" in wanted:
        body["license"] = _licence(node, human=call.flag("human"))
    if "features" in wanted:
        body["features"] = features(node)
    if boolean(call.params, "human", default=True):
        body["tagline"] = "You know, for X"
    return Reply(body=body, warnings=warnings)


def features(node: Node) -> dict[str, dict[str, bool]]:
    """Which features the licence makes available, and which are switched on."""
    names = {*_FREE.split(), *_PAID.split(), "security"}
    if node.version.major >= 9:
        names -= {"enterprise_search"}
    if node.version >= (9, 4):
        names |= {"gpu_vector_indexing"}
    paid = {*_PAID.split(), "gpu_vector_indexing"}
    secure = {"security"} if node.identity.secure else set()
    return {
        name: {
            "available": name not in paid or node.licence.allows(name),
            "enabled": name not in _ALWAYS_OFF | {"gpu_vector_indexing"} or name in secure,
        }
        for name in sorted(names)
    }


def _licence(node: Node, *, human: bool) -> dict[str, Any]:
    licence = node.licence
    body: dict[str, Any] = {
        "uid": licence.uid,
        "type": licence.type,
        "mode": licence.type,
        "status": "active" if licence.active else "expired",
    }
    if licence.expires is not None:
        if human:
            body["expiry_date"] = iso_date(licence.expires)
        body["expiry_date_in_millis"] = licence.expires
    return body


def _wanted(categories: str) -> set[str]:
    wanted: set[str] = set()
    for name in categories.lower().split(","):
        if name == "_all":
            wanted |= set(_CATEGORIES)
        elif name in _CATEGORIES:
            wanted.add(name)
        elif name != "_none":
            raise illegal_argument(
                f"No enum constant org.elasticsearch.protocol.xpack.XPackInfoRequest.Category.{name.upper()}"
            )
    return wanted


ROUTES = [
    Route("GET", "/", "cluster:monitor/main", info),
    Route("GET", "/_xpack", "cluster:monitor/xpack/info", xpack, {"categories", "accept_enterprise"}),
]
