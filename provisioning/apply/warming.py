"""The first inferences of a deployment, made before anybody waits for one.

TorchScript profiles and compiles a graph during its first two runs in a process, which takes many times as long as a run
does afterwards, and every allocation has threads of its own. Each text is another, because a text that was seen is
answered from the deployment's cache.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from provisioning.assets.model_asset import INPUT_FIELD

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_ROUNDS = 4
_AT_ONCE = 16
"""Requests in flight at most: allocations beyond that are warmed up by the next round, or by the probes."""


def warm_up(client: Elasticsearch, deployment_id: str, *, allocations: int) -> float:
    """Let every allocation infer a few times; returns the milliseconds that an inference took in the last round.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: it does not infer.
    """
    at_once = max(1, min(allocations, _AT_ONCE))

    def infer(number: int) -> float:
        started = time.perf_counter()
        text = f"warm {number}"  # short: a model may refuse longer ones (truncate: none)
        client.ml.infer_trained_model(model_id=deployment_id, docs=[{INPUT_FIELD: text}], timeout="30s")
        return (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(at_once) as threads:
        for round_ in range(_ROUNDS):
            last = list(threads.map(infer, range(round_ * at_once, (round_ + 1) * at_once)))
    return statistics.median(last)
