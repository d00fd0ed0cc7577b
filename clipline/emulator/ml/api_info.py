"""What machine learning is on this node: its limits and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import unsupported
from clipline.emulator.http.wire import ACKNOWLEDGED, Call, Reply, Route
from clipline.emulator.ml.capacity import MIB, NODE_OVERHEAD, used_memory
from clipline.emulator.ml.platforms import platform_name
from clipline.emulator.ml.sizes import Size, parse_size
from clipline.emulator.ml.stats import size
from clipline.emulator.node_description import description, header, is_meant

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_ANALYZER = {
    "tokenizer": "ml_standard",
    "char_filter": ["first_line_with_letters"],
    "filter": [
        {
            "type": "stop",
            "stopwords": [
                *_DAYS,
                *(day[:3] for day in _DAYS),
                *_MONTHS,
                *(month[:3] for month in _MONTHS),
                "GMT",
                "UTC",
            ],
        },
        {"type": "limit", "max_token_count": "100"},
    ],
}
_DETECTORS = {
    "categorization_analyzer": _ANALYZER,
    "categorization_examples_limit": 4,
    "model_snapshot_retention_days": 10,
    "daily_model_snapshot_retention_after_days": 1,
}
_INTEL = "linux-x86_64"
_JOB_OVERHEAD = 10 * MIB
_JOB_LIMIT = "xpack.ml.max_model_memory_limit"
_USUAL = Size("1gb", 1 << 30)


def info(node: Node, call: Call) -> Reply:
    """``GET /_ml/info``."""
    room = node.models.room
    memory = room.memory if room.ml else 0
    largest = max(0, memory - NODE_OVERHEAD - _JOB_OVERHEAD) // MIB
    effective, usual, limits = Size(f"{largest}mb", largest * MIB), _USUAL, dict[str, Any]()
    limit = parse_size(_JOB_LIMIT, node.settings.value(_JOB_LIMIT))
    if limit.bytes > 0:
        limits["max_model_memory_limit"] = limit.given
        effective = min(effective, limit, key=_bytes_of)
        usual = min(usual, limit, key=_bytes_of)
    limits |= {
        "effective_max_model_memory_limit": effective.given,
        "total_ml_memory": f"{memory // MIB}mb",
        "max_single_ml_node_processors": room.processors if room.ml else 0,
        "total_ml_processors": room.processors if room.ml else 0,
    }
    defaults: dict[str, Any] = {
        "anomaly_detectors": {**_DETECTORS, "model_memory_limit": usual.given},
        "datafeeds": {"scroll_size": 1000},
        "model_platform_variant": _INTEL if platform_name() == _INTEL and room.ml else "platform_agnostic",
    }
    body = {
        "defaults": defaults,
        "upgrade_mode": False,
        "native_code": {"version": str(node.version), "build_hash": "emulator"},
        "limits": limits,
    }
    return Reply(body=body)


def memory(node: Node, call: Call) -> Reply:
    """``GET /_ml/memory[/{node_id}]/_stats``; the machine is what ``--ml-memory`` says, the heap of a JVM a quarter of it."""
    room, human = node.models.room, call.flag("human")
    chosen = is_meant(node, call.args.get("node_id", "_all"))
    described = description(node)
    overhead, models = used_memory(node.models.taken())
    machine, heap = node.identity.ml_memory, node.identity.ml_memory // 4
    entry = {
        "name": described["name"],
        "ephemeral_id": node.node_id,
        "transport_address": described["transport_address"],
        "attributes": {key: value for key, value in described["attributes"].items() if key.startswith("ml.")},
        "roles": described["roles"],
        "mem": {
            **_bytes("total", machine, human=human),
            **_bytes("adjusted_total", machine, human=human),
            "ml": {
                **_bytes("max", room.memory if room.ml else 0, human=human),
                **_bytes("native_code_overhead", overhead, human=human),
                **_bytes("anomaly_detectors", 0, human=human),
                **_bytes("data_frame_analytics", 0, human=human),
                **_bytes("native_inference", models, human=human),
            },
        },
        "jvm": {
            **_bytes("heap_max", heap, human=human),
            **_bytes("java_inference_max", heap * 4 // 10, human=human),
            **_bytes("java_inference", 0, human=human),
        },
    }
    return Reply(body={**header(int(chosen)), "nodes": {node.node_id: entry} if chosen else {}})


def set_upgrade_mode(node: Node, call: Call) -> Reply:
    """``POST /_ml/set_upgrade_mode``: it is off, and stays so."""
    if call.flag("enabled"):
        raise unsupported("the upgrade mode of machine learning")
    return ACKNOWLEDGED


def _bytes_of(found: Size) -> int:
    return found.bytes


def _bytes(name: str, count: int, *, human: bool) -> dict[str, Any]:
    return size(f"{name}_in_bytes", name, count, human=human)


_MEMORY = {"timeout", "master_timeout"}

ROUTES = [
    Route("GET", "/_ml/info", "cluster:monitor/xpack/ml/info/get", info),
    Route("GET", "/_ml/memory/_stats", "cluster:monitor/xpack/ml/memory/stats/get", memory, _MEMORY),
    Route("GET", "/_ml/memory/{node_id}/_stats", "cluster:monitor/xpack/ml/memory/stats/get", memory, _MEMORY),
    Route(
        "POST", "/_ml/set_upgrade_mode", "cluster:admin/xpack/ml/upgrade_mode", set_upgrade_mode, {"enabled", "timeout"}
    ),
]
