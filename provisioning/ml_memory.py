"""What a model needs of an ML node's memory, and what ML nodes have and have given away (``GET _ml/memory/_stats``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipline.core.sizes import MIB

DEPLOYMENT_OVERHEAD = 240 * MIB
NODE_OVERHEAD = 30 * MIB
"""The server's estimates (StartTrainedModelDeploymentAction.MEMORY_OVERHEAD, MachineLearning.NATIVE_EXECUTABLE_CODE_OVERHEAD):
what a deployment needs beside its model, and what the native code needs once on a node."""


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
