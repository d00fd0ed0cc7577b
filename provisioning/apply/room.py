"""A deployment that the cluster has no room for: what it needs, what is free, and who has the rest.

Elasticsearch refuses the start where no ML node can come (429, with the planner's words for each node)::

    Could not start deployment because no suitable nodes were found, allocation explanation [Could not assign (more)
    allocations on node [n1]. Reason: This node has insufficient available memory. Available memory for ML [..], …]

The numbers are asked of ``_ml/memory/_stats`` and ``_stats``, which need ``monitor_ml``; without it the words stay.
Read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.cluster import reason
from clipline.core.errors import ModelError
from clipline.core.sizes import size
from provisioning.ml_memory import Place, places

if TYPE_CHECKING:
    from elasticsearch import ApiError, Elasticsearch

_NO_ROOM = ("no ML nodes with sufficient capacity", "not enough resources to provide all requested allocations")


def is_about_room(error: ApiError) -> bool:
    """Whether an answer says that there is no room, now or at all."""
    return error.meta.status == 429 and any(words in reason(error) for words in _NO_ROOM)


def no_room(error: ApiError, client: Elasticsearch, deployment_id: str, *, model_id: str | None = None) -> ModelError:
    """The sentence for such an answer to the start of a deployment of ``model_id``, or to a change of one."""
    said = reason(error)
    where = f"deployment/{deployment_id}"
    if "No ML nodes exist" in said:
        return ModelError(
            "the cluster has no ML node, and adds none by itself (No ML nodes exist in the cluster)",
            where=where,
            hint="give a node the role ml (node.roles), or switch autoscaling on (Elastic Cloud); then run it again. Or have"
            " texts encoded on the client, which needs no ML node: text_encoder: client in models/*.yml",
        )
    if "insufficient allocated processors" in said and "insufficient available memory" not in said:
        return ModelError(
            f"the ML nodes have not enough free processors: {said}",
            where=where,
            hint="ask for fewer allocations or threads in models/*.yml, or give the cluster an ML node with more processors",
        )
    entries = _stats(client)
    numbers = _numbers(client, _needed(entries, deployment_id, model_id))
    if "not enough resources" in said:
        return ModelError(
            f"the ML nodes have not enough memory or processors for all allocations{numbers}: {said}",
            where=where,
            hint=f"ask for fewer allocations in models/*.yml, or stop another deployment{_others(entries)}",
        )
    return ModelError(
        f"no ML node has room for the model{numbers}: {said}",
        where=where,
        hint=f"give the cluster an ML node with that much free memory, or stop another deployment{_others(entries)}",
    )


def _numbers(client: Elasticsearch, needed: int) -> str:
    """What it needs, and what is free on which node."""
    text = f"; it needs {size(needed)}" if needed else ""
    if places := _places(client):
        text += "; free: " + ", ".join(f"{size(place.free)} of {size(place.total)} on {place.name}" for place in places)
    return text


def _needed(entries: list[Mapping[str, Any]], deployment_id: str, model_id: str | None) -> int:
    meant = (
        entry
        for entry in entries
        if entry["model_id"] == model_id or (entry.get("deployment_stats") or {}).get("deployment_id") == deployment_id
    )
    return max(map(_memory, meant), default=0)


def _others(entries: list[Mapping[str, Any]]) -> str:
    """The deployments by what they take, the largest first."""
    found = [entry for entry in entries if entry.get("deployment_stats")]
    taken = sorted(((_memory(entry), str(entry["deployment_stats"]["deployment_id"])) for entry in found), reverse=True)
    return ": " + ", ".join(f"{name} ({size(count)})" for count, name in taken) if taken else ""


def _places(client: Elasticsearch) -> list[Place]:
    from elasticsearch import ApiError

    try:
        return [place for place in places(client.ml.get_memory_stats().body) if place.total]
    except ApiError:
        return []


def _stats(client: Elasticsearch) -> list[Mapping[str, Any]]:
    from elasticsearch import ApiError

    try:
        answer = client.ml.get_trained_models_stats(model_id="_all", size=1000)
    except ApiError:
        return []
    found: list[Mapping[str, Any]] = answer["trained_model_stats"]
    return found


def _memory(entry: Mapping[str, Any]) -> int:
    return int((entry.get("model_size_stats") or {}).get("required_native_memory_bytes") or 0)
