"""What a model needs of an ML node's memory, and what ML nodes have and have given away (``GET _ml/memory/_stats``). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clipline.core.sizes import MIB

DEPLOYMENT_OVERHEAD = 240 * MIB
NODE_OVERHEAD = 30 * MIB
"""The server's estimates (StartTrainedModelDeploymentAction.MEMORY_OVERHEAD, MachineLearning.NATIVE_EXECUTABLE_CODE_OVERHEAD):
what a deployment needs beside its model, and what the native code needs once on a node."""


Need = Callable[[str, int], int | None]
"""A model id and a number of allocations → bytes, ``None`` where it is not known."""

_TAKEN = ("native_code_overhead", "anomaly_detectors", "data_frame_analytics", "native_inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An ML node and its bytes for models; ``has_native`` says that the native code on it is reckoned already."""

    name: str
    free: int
    total: int
    has_native: bool


def memory_need(model_bytes: int, *, allocations: int, metadata: Mapping[str, Any]) -> int:
    """Bytes that the server reckons for a deployment (StartTrainedModelDeploymentAction.estimateMemoryUsageBytes).

    Twice the model and an overhead; from 8.11 on, what the model's metadata says that it needs, if that is more.
    """
    base = DEPLOYMENT_OVERHEAD + 2 * model_bytes
    each, once = (int(metadata.get(f"per_{part}_memory_bytes") or 0) for part in ("allocation", "deployment"))
    return max(base, once + each * allocations + model_bytes) if each or once else base


@dataclass(frozen=True, slots=True)
class Held:
    """What a deployment holds, in bytes, and what it would hold with one allocation.

    To make room for another the server may take all others from it, but never the last one (``AssignmentPlanner``).
    """

    now: int
    least: int


def needs_of(models: Mapping[str, Mapping[str, Any]], model_bytes: Mapping[str, int]) -> Need:
    """What deployments of the models on a cluster take, from their configurations and the sizes of their definitions.

    Not ``required_native_memory_bytes`` of ``_stats``, which is reckoned for the allocations that a model happens to have.
    """

    def need(model_id: str, allocations: int) -> int | None:
        if not model_bytes.get(model_id):
            return None
        metadata = (models.get(model_id) or {}).get("metadata") or {}
        return memory_need(model_bytes[model_id], allocations=allocations, metadata=metadata)

    return need


def held_by(deployments: Mapping[str, Mapping[str, Any]], need: Need) -> dict[str, Held]:
    """What each deployment holds, by its id; ``deployments`` are ``deployment_stats``. One whose size is not known holds 0."""
    return {
        name: Held(
            now=need(entry["model_id"], int(entry.get("number_of_allocations") or 1)) or 0,
            least=need(entry["model_id"], 1) or 0,
        )
        for name, entry in deployments.items()
    }


def places(answer: Mapping[str, Any]) -> list[Place]:
    """The nodes with the role ``ml``, as the server lists them."""
    nodes = (node for node in answer.get("nodes", {}).values() if "ml" in node.get("roles", ()))
    return [_place(node) for node in nodes]


def _place(node: Mapping[str, Any]) -> Place:
    memory = (node.get("mem") or {}).get("ml") or {}
    taken = {part: int(memory.get(f"{part}_in_bytes") or 0) for part in _TAKEN}
    total = int(memory.get("max_in_bytes") or 0)
    return Place(
        name=str(node.get("name")),
        free=max(0, total - sum(taken.values())),
        total=total,
        has_native=taken["native_code_overhead"] > 0,
    )
