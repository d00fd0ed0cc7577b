"""Waiting until a deployment serves, and saying what it waits for.

``_stats`` of one that waits for a node, as where autoscaling goes down to none: accepted, and no failure::

    {"deployment_id": "m", "state": "starting", "reason": "No ML nodes exist in the cluster", "nodes": [],
     "allocation_status": {"allocation_count": 0, "target_allocation_count": 1, "state": "starting"}, …}
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ModelError
from clipline.core.output import say

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_POLL_SECONDS = 0.25
_SLOW_POLL_SECONDS = 2.0
_SLOW_AFTER = 10.0
"""Models of usual size start within this; a node takes minutes to come."""
_TOLD_EVERY = 30.0

_WHY_FAILED = (
    ("platform specific", "the model was built for another processor than the cluster's ML nodes have"),
    ("orbidden operation", "the cluster runs no model with these operators: take another one, or an older cluster"),
    ("does not match any supported architecture", "the cluster runs no model with these operators: take another one"),
    ("graph is too large", "the cluster runs no model of this size: take a smaller one"),
    ("vocabulary", "the model's vocabulary does not fit it: delete the model and apply again, from a new bundle"),
    ("process crashed", "often the ML node had too little memory for it: see its log, and the system's (oom)"),
)
"""Words of the server → the next thing to do (native process of 9.4 and later; TransportStartTrainedModelDeployment)."""


def wait_until_started(
    client: Elasticsearch,
    deployment_id: str,
    *,
    model_id: str,
    wait_seconds: float,
    tell: Callable[[str], None] = say,
) -> None:
    """Wait until every allocation of a deployment serves; ``tell`` gets a sentence when there is no node for it yet.

    Raises:
        ModelError: it failed, or is not there within ``wait_seconds``; the message holds the server's reason.
    """
    began = time.monotonic()
    told = _Told(tell=tell, wait_seconds=wait_seconds)
    while True:
        stats = deployment_stats(client, deployment_id, model_id)
        waited = time.monotonic() - began
        if (stats.get("allocation_status") or {}).get("state") == "fully_allocated":
            return
        if stats.get("state") == "failed" or not stats:
            raise failed(_reasons(stats) or "the server removed it", deployment_id)
        if waited > wait_seconds:
            raise _late(stats, deployment_id, wait_seconds)
        if lacks_room(stats):
            told.of(_reasons(stats), waited)
        time.sleep(_POLL_SECONDS if waited < _SLOW_AFTER else _SLOW_POLL_SECONDS)


def deployment_stats(client: Elasticsearch, deployment_id: str, model_id: str) -> Mapping[str, Any]:
    """What the server says of one deployment; empty where there is none of that id. Read-only."""
    answer = client.ml.get_trained_models_stats(model_id=model_id)
    for entry in answer["trained_model_stats"]:
        stats = entry.get("deployment_stats")
        if stats and stats["deployment_id"] == deployment_id:
            found: Mapping[str, Any] = stats
            return found
    return {}


def lacks_room(stats: Mapping[str, Any]) -> bool:
    """Whether a deployment was accepted and some of its allocations wait for a node."""
    given = sum(int(node.get("number_of_allocations") or 0) for node in stats.get("nodes") or ())
    starting = any(
        (node.get("routing_state") or {}).get("routing_state") == "starting" for node in stats.get("nodes") or ()
    )
    return bool(stats.get("reason")) and not starting and given < int(stats.get("number_of_allocations") or 0)


def failed(why: str, deployment_id: str) -> ModelError:
    """The sentence for a deployment that the server gave up."""
    hint = next((then for words, then in _WHY_FAILED if words in why), "look at the log of the cluster's ML node")
    return ModelError(f"the deployment failed: {why}", where=f"deployment/{deployment_id}", hint=hint)


class _Told:
    """What was said of the wait: each reason once, and every half minute that it goes on."""

    def __init__(self, *, tell: Callable[[str], None], wait_seconds: float) -> None:
        self._tell = tell
        self._limit = wait_seconds
        self._reason = ""
        self._at = 0.0

    def of(self, why: str, waited: float) -> None:
        if why != self._reason:
            self._tell(f"  waiting for room on an ML node, for {self._limit:g} s at most: {why}")
        elif waited - self._at < _TOLD_EVERY:
            return
        else:
            self._tell(f"  still waiting ({waited:.0f} s)")
        self._reason, self._at = why, waited


def _late(stats: Mapping[str, Any], deployment_id: str, wait_seconds: float) -> ModelError:
    where = f"deployment/{deployment_id}"
    why = _reasons(stats) or "no reason given"
    if lacks_room(stats):
        return ModelError(
            f"no ML node had room for it within {wait_seconds:g} s: {why}",
            where=where,
            hint="the cluster may still add a node (autoscaling): run apply again, or raise --wait-timeout; if none comes,"
            " GET /_autoscaling/capacity says what is asked for, and the limits of the ML tier may be too low",
        )
    return ModelError(
        f"not started within {wait_seconds:g} s; its state is {stats.get('state')}: {why}",
        where=where,
        hint="it goes on starting: run apply again, raise --wait-timeout, or free memory on the ML nodes",
    )


def _reasons(stats: Mapping[str, Any]) -> str:
    nodes = [(node.get("routing_state") or {}).get("reason") for node in stats.get("nodes") or ()]
    return "; ".join(dict.fromkeys(reason for reason in (stats.get("reason"), *nodes) if reason))
