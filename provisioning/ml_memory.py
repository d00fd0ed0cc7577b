"""What ML nodes have for models and have given away, from ``GET _ml/memory/_stats``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TAKEN = ("native_code_overhead", "anomaly_detectors", "data_frame_analytics", "native_inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An ML node and its bytes for models; ``has_native`` says that the native code on it is reckoned already."""

    name: str
    free: int
    total: int
    has_native: bool


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
