"""The machine learning tier: whether there is an ML node, and the one that autoscaling brings where a deployment waits.

``xpack.ml.max_lazy_ml_nodes`` says how many more ML nodes there could be. While it is above the number there is, a start that
finds no room is accepted and waits, with an empty routing table and a reason, instead of being refused with 429
(TrainedModelAssignmentClusterService.isScalingPossible). In Elastic Cloud the orchestrator sets it and adds the node; here
``--lazy-ml-node`` does both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipline.emulator.node import Node

LAZY = "xpack.ml.max_lazy_ml_nodes"


class Tier:
    """The node's role ``ml``, which it may get while it runs."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._delay = node.identity.lazy_ml_node
        self.there = node.identity.ml_node and self._delay is None
        """Whether there is an ML node now."""
        self._coming: threading.Timer | None = None

    @property
    def may_grow(self) -> bool:
        """Whether the cluster may get another ML node."""
        return self._node.settings.integer(LAZY) > int(self.there)

    def want(self, arrived: Callable[[], None]) -> None:
        """Tell autoscaling that a deployment waits; ``arrived`` is called once the node has joined."""
        if self.there or self._delay is None or self._coming is not None:
            return

        def join() -> None:
            self.there = True
            arrived()

        self._coming = threading.Timer(self._delay, join)
        self._coming.daemon = True
        self._coming.start()

    def close(self) -> None:
        """No node joins any more."""
        if self._coming is not None:
            self._coming.cancel()
