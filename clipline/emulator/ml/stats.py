"""The shapes of an assignment and of ``_stats``, with live counters (TrainedModelAssignment, AssignmentStats)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clipline.emulator.ml.adaptive import shown_adaptive
from clipline.emulator.ml.capacity import MODEL_OVERHEAD
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.sizes import parse_size, size_text
from clipline.emulator.ml.times import date_text
from clipline.emulator.node_description import description
from clipline.emulator.versions import index_version

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def assignment(node: Node, deployment: Deployment) -> dict[str, Any]:
    """What ``_start`` and ``_update`` answer."""
    parameters, number = deployment.parameters, deployment.allocations
    routing = {
        "current_allocations": number,
        "target_allocations": number,
        "routing_state": deployment.state,
        "reason": deployment.reason,
    }
    shown: dict[str, Any] = {
        "task_parameters": {
            "model_id": deployment.model_id,
            "deployment_id": deployment.id,
            "model_bytes": parameters["model_bytes"],
            "threads_per_allocation": parameters["threads_per_allocation"],
            "number_of_allocations": parameters["number_of_allocations"],
            "queue_capacity": parameters["queue_capacity"],
            "cache_size": parameters["cache_size"],
            "priority": parameters["priority"],
            "per_deployment_memory_bytes": parameters["per_deployment_memory_bytes"],
            "per_allocation_memory_bytes": parameters["per_allocation_memory_bytes"],
        },
        "routing_table": {node.node_id: routing} if number else {},
        "assignment_state": deployment.state,
    }
    if deployment.explanation is not None:
        shown["reason"] = deployment.explanation
    shown |= {
        "start_time": date_text(deployment.started),
        "max_assigned_allocations": deployment.most_allocations,
    }
    if (adaptive := parameters.get("adaptive_allocations")) is not None:
        shown["adaptive_allocations"] = shown_adaptive(adaptive)
    return shown


def model_stats(node: Node, config: dict[str, Any], deployment: Deployment | None, *, human: bool) -> dict[str, Any]:
    """One entry of ``_stats``; ``deployment_stats`` is absent for a model that is not deployed."""
    model_id = config["model_id"]
    pipelines = used_by(node, model_id)
    entry: dict[str, Any] = {
        "model_id": model_id,
        "model_size_stats": _sizes(node, config, deployment, human=human),
        "pipeline_count": len(pipelines),
    }
    if pipelines:
        entry["ingest"] = ingest_stats(node, pipelines)
    if deployment is not None:
        now = int(time.time() * 1000)
        serving = deployment.state == "started"
        entry["inference_stats"] = {
            "failure_count": sum(_failures(deployment).values()) if serving else 0,
            "inference_count": deployment.counters.inferences if serving else 0,
            # Of these two Elasticsearch counts nothing for a deployment either (AssignmentStats.getOverallInferenceStats).
            "cache_miss_count": 0,
            "missing_all_fields_count": 0,
            **moment("timestamp", now, human=human),
        }
        entry["deployment_stats"] = _deployment_stats(node, deployment, human=human)
    return entry


def used_by(node: Node, model_id: str) -> list[str]:
    """The pipelines that name a model, one of its aliases or one of its deployments."""
    names = {model_id, *(item.id for item in node.models.deployments_of(model_id))}
    names |= {alias for alias, target in node.models.store.aliases().items() if target == model_id}
    return sorted({pipeline for name in names for pipeline in node.pipelines.references(name)})


def ingest_stats(node: Node, pipelines: list[str]) -> dict[str, Any]:
    """The counters of some pipelines, and their sums."""
    every = node.pipelines.stats()["pipelines"]
    chosen = {name: every[name] for name in pipelines if name in every}
    names = ("count", "time_in_millis", "current", "failed", "ingested_as_first_pipeline_in_bytes",
             "produced_as_first_pipeline_in_bytes")  # fmt: skip
    total = {name: sum(pipeline.get(name, 0) for pipeline in chosen.values()) for name in names}
    return {"total": total, "pipelines": chosen}


def moment(name: str, milliseconds: int, *, human: bool) -> dict[str, Any]:
    """A time in milliseconds; its twin for people goes before it."""
    return {**({f"{name}_string": date_text(milliseconds)} if human else {}), name: milliseconds}


def size(name: str, twin: str, count: int, *, human: bool) -> dict[str, Any]:
    """A number of bytes; its twin for people goes before it."""
    return {**({twin: size_text(count)} if human else {}), name: count}


def _sizes(node: Node, config: dict[str, Any], deployment: Deployment | None, *, human: bool) -> dict[str, Any]:
    count, native = config["model_size_bytes"], 0
    if config["model_type"] == "pytorch":
        facts = node.models.store.part_facts(config["model_id"])
        count = facts[0].total_length if facts else 0
        native = MODEL_OVERHEAD + 2 * count if facts else 0
        if deployment is not None:
            native = deployment.need.memory(deployment.parameters["number_of_allocations"])
    return {
        **size("model_size_bytes", "model_size", count, human=human),
        **size("required_native_memory_bytes", "required_native_memory", native, human=human),
    }


def _deployment_stats(node: Node, deployment: Deployment, *, human: bool) -> dict[str, Any]:
    parameters = deployment.parameters
    wanted = parameters["number_of_allocations"]
    stats: dict[str, Any] = {
        "deployment_id": deployment.id,
        "model_id": deployment.model_id,
        "threads_per_allocation": parameters["threads_per_allocation"],
        "number_of_allocations": wanted,
    }
    if (adaptive := parameters.get("adaptive_allocations")) is not None:
        stats["adaptive_allocations"] = shown_adaptive(adaptive)
    stats |= {"queue_capacity": parameters["queue_capacity"], "state": deployment.state}
    if reason := deployment.reason or deployment.explanation:
        stats["reason"] = reason
    if deployment.state in ("starting", "started"):
        given = deployment.allocations if deployment.state == "started" else 0
        stats["allocation_status"] = {
            "allocation_count": given,
            "target_allocation_count": wanted,
            "state": "starting" if given == 0 else "started" if given < wanted else "fully_allocated",
        }
    stats |= {
        "cache_size": size_text(parse_size("cache_size", parameters["cache_size"]).bytes),
        "priority": parameters["priority"],
        **moment("start_time", deployment.started, human=human),
    }
    serving = deployment.state == "started"
    if serving:
        stats |= _failures(deployment)
        if deployment.counters.inferences:
            stats["inference_count"] = deployment.counters.inferences
    stats["peak_throughput_per_minute"] = deployment.counters.last_minute()[1] if serving else 0
    stats["nodes"] = [_node(node, deployment, human=human)] if deployment.allocations else []
    return stats


def _node(node: Node, deployment: Deployment, *, human: bool) -> dict[str, Any]:
    """What one node says; only a started deployment has numbers (NodeStats.forNotStartedState)."""
    routing: dict[str, Any] = {"routing_state": deployment.state}
    if deployment.reason:
        routing["reason"] = deployment.reason
    entry: dict[str, Any] = {
        "node": {node.node_id: _discovery_node(node)},
        "routing_state": routing,
    }
    if deployment.state != "started":
        return {**entry, "peak_throughput_per_minute": 0, "throughput_last_minute": 0}
    counters = deployment.counters
    minute, peak = counters.last_minute()
    entry["inference_count"] = counters.inferences
    if counters.inferences:
        milliseconds = 1000 * counters.seconds
        entry["average_inference_time_ms"] = milliseconds / counters.inferences
        # A remembered result takes no time.
        if asked := counters.inferences - counters.cached:
            entry["average_inference_time_ms_excluding_cache_hits"] = milliseconds / asked
    entry["inference_cache_hit_count"] = counters.cached
    if counters.inferences:
        entry |= moment("last_access", counters.last_access, human=human)
    entry |= {
        "number_of_pending_requests": deployment.pending,
        **_failures(deployment),
        **moment("start_time", deployment.launched, human=human),
        "threads_per_allocation": deployment.parameters["threads_per_allocation"],
        "number_of_allocations": deployment.allocations,
        "peak_throughput_per_minute": peak,
        "throughput_last_minute": minute.count,
    }
    if minute.count:
        entry["average_inference_time_ms_last_minute"] = 1000 * minute.seconds / minute.count
    entry["inference_cache_hit_count_last_minute"] = minute.cached
    return entry


def _discovery_node(node: Node) -> dict[str, Any]:
    """The node as the cluster's state has it (DiscoveryNode.toXContent)."""
    described = description(node)
    return {
        "name": described["name"],
        "ephemeral_id": node.node_id,
        "transport_address": described["transport_address"],
        "external_id": described["name"],
        "attributes": described["attributes"],
        "roles": described["roles"],
        "version": described["version"],
        "min_index_version": (node.version.major - 1) * 1_000_000 + 99,
        "max_index_version": index_version(node.version),
    }


def _failures(deployment: Deployment) -> dict[str, int]:
    counters = deployment.counters
    every = {
        "error_count": counters.errors,
        "rejected_execution_count": counters.rejections,
        "timeout_count": counters.timeouts,
    }
    return {name: number for name, number in every.items() if number}
