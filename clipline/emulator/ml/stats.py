"""The shapes of an assignment and of ``_stats``, with live counters."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clipline.emulator.ml.deployment import Deployment

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_NATIVE_OVERHEAD = 240 * 1024 * 1024
"""What a deployment is reckoned to need beside twice its model's size."""


def assignment(node: Node, deployment: Deployment) -> dict[str, Any]:
    """What ``_start`` and ``_update`` answer."""
    parameters = deployment.parameters
    allocations = parameters["number_of_allocations"]
    size = parameters["model_bytes"]
    return {
        "task_parameters": {
            "model_id": deployment.model_id,
            "deployment_id": deployment.id,
            "model_bytes": size,
            "threads_per_allocation": parameters["threads_per_allocation"],
            "number_of_allocations": allocations,
            "queue_capacity": parameters["queue_capacity"],
            "cache_size": parameters["cache_size"],
            "priority": parameters["priority"],
            "per_deployment_memory_bytes": 0,
            "per_allocation_memory_bytes": 0,
        },
        "routing_table": {
            node.node_id: {
                "current_allocations": allocations,
                "target_allocations": allocations,
                "routing_state": deployment.state,
                "reason": deployment.reason,
            }
        },
        "assignment_state": deployment.state,
        "start_time": datetime.fromtimestamp(deployment.started / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        + "Z",
        "max_assigned_allocations": allocations,
    }


def model_stats(node: Node, model_id: str, deployment: Deployment | None) -> dict[str, Any]:
    """One entry of ``_stats``; ``deployment_stats`` is absent for a model that is not deployed."""
    size = sum(fact[3] for fact in node.models.store.part_facts(model_id))
    used = len(node.pipelines.references(model_id))
    aliases = [alias for alias, target in node.models.store.aliases().items() if target == model_id]
    entry: dict[str, Any] = {
        "model_id": model_id,
        "model_size_stats": {
            "model_size_bytes": size,
            "required_native_memory_bytes": _NATIVE_OVERHEAD + 2 * size if size else 0,
        },
        "pipeline_count": used + sum(len(node.pipelines.references(alias)) for alias in aliases),
    }
    if deployment is not None:
        entry["inference_stats"] = {
            "failure_count": deployment.counters.errors,
            "inference_count": deployment.counters.inferences,
            "cache_miss_count": 0,
            "missing_all_fields_count": 0,
            "timestamp": int(time.time() * 1000),
        }
        entry["deployment_stats"] = _deployment_stats(node, deployment)
    return entry


def _deployment_stats(node: Node, deployment: Deployment) -> dict[str, Any]:
    from clipline.emulator.cluster import description

    parameters = deployment.parameters
    allocations = parameters["number_of_allocations"]
    stats: dict[str, Any] = {
        "deployment_id": deployment.id,
        "model_id": deployment.model_id,
        "threads_per_allocation": parameters["threads_per_allocation"],
        "number_of_allocations": allocations,
        "queue_capacity": parameters["queue_capacity"],
        "state": deployment.state,
    }
    if deployment.reason:
        stats["reason"] = deployment.reason
    if deployment.state in ("starting", "started"):
        started = deployment.state == "started"
        stats["allocation_status"] = {
            "allocation_count": allocations if started else 0,
            "target_allocation_count": allocations,
            "state": "fully_allocated" if started else "starting",
        }
    stats |= {
        "cache_size": parameters["cache_size"],
        "priority": parameters["priority"],
        "start_time": deployment.started,
        "peak_throughput_per_minute": deployment.counters.last_minute()[1],
    }
    if deployment.counters.inferences:
        stats["inference_count"] = deployment.counters.inferences
    stats |= _failures(deployment)
    stats["nodes"] = [_node(node, deployment, description(node))]
    return stats


def _node(node: Node, deployment: Deployment, described: dict[str, Any]) -> dict[str, Any]:
    routing: dict[str, Any] = {"routing_state": deployment.state}
    if deployment.reason:
        routing["reason"] = deployment.reason
    counters = deployment.counters
    minute, peak = counters.last_minute()
    entry: dict[str, Any] = {
        "node": {node.node_id: {**described, "ephemeral_id": node.node_id, "external_id": described["name"]}},
        "routing_state": routing,
        "inference_count": counters.inferences,
        # There is no cache, whatever cache_size says: every document reaches the model.
        "inference_cache_hit_count": 0,
        "number_of_pending_requests": deployment.pending,
        "start_time": deployment.started,
        "threads_per_allocation": deployment.parameters["threads_per_allocation"],
        "number_of_allocations": deployment.parameters["number_of_allocations"],
        "peak_throughput_per_minute": peak,
        "throughput_last_minute": minute.count,
    }
    if counters.inferences:
        average = 1000 * counters.seconds / counters.inferences
        entry |= {
            "average_inference_time_ms": average,
            "average_inference_time_ms_excluding_cache_hits": average,
            "last_access": counters.last_access,
        }
    if minute.count:
        entry["average_inference_time_ms_last_minute"] = 1000 * minute.seconds / minute.count
    return entry | _failures(deployment)


def _failures(deployment: Deployment) -> dict[str, int]:
    counters = deployment.counters
    every = {
        "error_count": counters.errors,
        "rejected_execution_count": counters.rejections,
        "timeout_count": counters.timeouts,
    }
    return {name: number for name, number in every.items() if number}
