"""``_ingest[/{index}]/_simulate``: the whole way into an index, mapping included, with nothing stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.emulator.errors import unsupported
from clipline.emulator.wire import Call, Reply

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def simulate_index(node: Node, call: Call) -> Reply:
    """``POST /_ingest[/{index}]/_simulate``."""
    raise unsupported("the simulation of ingestion into an index; simulate a pipeline instead")
