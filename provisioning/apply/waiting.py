"""Waiting until a deployment serves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ModelError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_POLL_SECONDS = 0.25


def wait_until_started(client: Elasticsearch, deployment_id: str, *, model_id: str, wait_seconds: float) -> None:
    """Wait until every allocation of a deployment serves.

    Raises:
        ModelError: it failed, or is not there within ``wait_seconds``; the message holds the server's reason.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        stats = _stats(client, deployment_id, model_id)
        allocation = stats.get("allocation_status") or {}
        if allocation.get("state") == "fully_allocated":
            return
        why = _reasons(stats)
        if stats.get("state") == "failed" or not stats:
            raise ModelError(
                f"the deployment failed: {why or 'the server removed it'}",
                where=f"deployment/{deployment_id}",
                hint="look at the log of the cluster's ML node",
            )
        if time.monotonic() > deadline:
            raise ModelError(
                f"not started within {wait_seconds:g} s; its state is {stats.get('state')}: {why or 'no reason given'}",
                where=f"deployment/{deployment_id}",
                hint="it goes on starting: run apply again, raise --wait-timeout, or free memory on the ML nodes",
            )
        time.sleep(_POLL_SECONDS)


def _stats(client: Elasticsearch, deployment_id: str, model_id: str) -> Mapping[str, Any]:
    answer = client.ml.get_trained_models_stats(model_id=model_id)
    for entry in answer["trained_model_stats"]:
        stats = entry.get("deployment_stats")
        if stats and stats["deployment_id"] == deployment_id:
            found: Mapping[str, Any] = stats
            return found
    return {}


def _reasons(stats: Mapping[str, Any]) -> str:
    nodes = [(node.get("routing_state") or {}).get("reason") for node in stats.get("nodes") or ()]
    return "; ".join(reason for reason in (stats.get("reason"), *nodes) if reason)
