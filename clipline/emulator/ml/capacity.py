"""What an ML node has room for: memory and processors, as the server's planner reckons them on one node.

Sources: StartTrainedModelDeploymentAction.estimateMemoryUsageBytes, TrainedModelAssignmentRebalancer. Deployments that
are there keep what they have; a new one gets what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clipline.emulator.ml.sizes import size_text

MIB = 1024 * 1024
MODEL_OVERHEAD = 240 * MIB
"""What every deployment is reckoned to need beside twice its model's size."""
NODE_OVERHEAD = 30 * MIB
"""The native code itself, once for all deployments of a node."""
MOST_LOW_PRIORITY = 100
"""Deployments of low priority on one node; they do not count as users of its processors."""
MOST_DEPLOYMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A node's room for models: bytes and processors; ``ml`` is false for a node without that role."""

    node_id: str
    memory: int
    processors: int
    ml: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one deployment asks for."""

    model_bytes: int
    allocations: int
    threads: int
    low: bool
    per_deployment: int
    per_allocation: int

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> Need:
        """The need of a deployment with these task parameters."""
        return cls(
            model_bytes=parameters["model_bytes"],
            allocations=parameters["number_of_allocations"],
            threads=parameters["threads_per_allocation"],
            low=parameters["priority"] == "low",
            per_deployment=parameters["per_deployment_memory_bytes"],
            per_allocation=parameters["per_allocation_memory_bytes"],
        )

    def memory(self, allocations: int) -> int:
        """Bytes for so many allocations: twice the model while it is loaded, or what its author measured if more."""
        if allocations == 0:
            return 0
        base = MODEL_OVERHEAD + 2 * self.model_bytes
        if not self.per_deployment and not self.per_allocation:
            return base
        return max(base, self.per_deployment + self.per_allocation * allocations + self.model_bytes)


@dataclass(frozen=True, slots=True)
class Fit:
    """How many allocations there is room for, and why not for all."""

    allocations: int
    explanation: str | None = None


def fit(room: Room, taken: Iterable[tuple[Need, int]], need: Need) -> Fit:
    """Place a deployment beside what the others have (each with its number of allocations)."""
    if not room.ml:
        return Fit(0, "No ML nodes exist in the cluster")
    running = [(other, number) for other, number in taken if number]
    memory = room.memory - NODE_OVERHEAD - sum(other.memory(number) for other, number in running)
    if need.low:
        cores = all_cores = MOST_LOW_PRIORITY - sum(other.low for other, _ in running)
    else:
        all_cores = room.processors
        cores = all_cores - sum(number * other.threads for other, number in running if not other.low)
    number = max(0, min(need.allocations, cores // need.threads))
    while number and need.memory(number) > memory:
        number -= 1
    if number == need.allocations:
        return Fit(number)
    left_memory, left_cores = memory - need.memory(number), cores - number * need.threads
    if need.memory(need.allocations) > left_memory and not (number or need.memory(1) <= memory):
        reason = _no_memory(room, left_memory, need, first=not running and not number)
    else:
        reason = (
            f"This node has insufficient allocated processors. Available processors [{all_cores}], free processors "
            f"[{max(0, left_cores)}], processors required for each allocation of this model [{need.threads}]"
        )
        if left_cores >= need.threads:
            reason = _no_memory(room, left_memory, need, first=False)
    return Fit(number, f"Could not assign (more) allocations on node [{room.node_id}]. Reason: {reason}")


def used_memory(taken: Iterable[tuple[Need, int]]) -> tuple[int, int]:
    """Bytes reckoned for the native code and for the deployments."""
    models = sum(need.memory(number) for need, number in taken)
    return (NODE_OVERHEAD if models else 0), models


def _no_memory(room: Room, free: int, need: Need, *, first: bool) -> str:
    overhead = NODE_OVERHEAD if first else 0
    required, left = need.memory(max(1, need.allocations)) + overhead, free + overhead
    return (
        f"This node has insufficient available memory. Available memory for ML [{room.memory} ({size_text(room.memory)})], "
        f"free memory [{left} ({size_text(left)})], estimated memory required for this model [{required} "
        f"({size_text(required)})]."
    )
