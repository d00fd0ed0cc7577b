"""The resources of a stack that carry no mark of ours: what was adopted and cannot be marked.

The document ``adopted:<stack>``::

    {"kind": "adopted", "stack": "clipline", "body": {"resources": {
       "trained_model/sentence-transformers__clip-vit-b-32-multilingual-v1": {
          "digest": "sha256:cd8d…", "stem": "sentence-transformers__clip-vit-b-32-multilingual-v1",
          "since": "2026-11-26T19:44:32.120Z"}}}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ClusterError
from provisioning.state.clock import now
from provisioning.state.store import ensure_index, read, write

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Resources = Mapping[str, Mapping[str, Any]]

_ATTEMPTS = 20
"""How often a change is tried while others change the same list; each of them won once."""


def read_adopted(client: Elasticsearch, stack: str) -> Resources:
    """The adopted resources of a stack by address, by one GET in real time. Read-only."""
    stored = read(client, _id(stack))
    return {} if stored is None else _resources(stored.body)


def adopt(client: Elasticsearch, stack: str, address: str, details: Mapping[str, Any]) -> None:
    """Put a resource on the list, or put other details to it; ``since`` is added unless it is given.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """

    def change(resources: Resources) -> Resources:
        before = resources.get(address) or {}
        return {**resources, address: {"since": before.get("since") or now(), **details}}

    _update(client, stack, change)


def forget(client: Elasticsearch, stack: str, address: str) -> None:
    """Take a resource off the list; nothing is written where it does not stand there.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """

    def change(resources: Resources) -> Resources:
        return {name: details for name, details in resources.items() if name != address}

    _update(client, stack, change)


def _update(client: Elasticsearch, stack: str, change: Callable[[Resources], Resources]) -> None:
    from elasticsearch import ConflictError

    for _ in range(_ATTEMPTS):
        stored = read(client, _id(stack))
        before = {} if stored is None else _resources(stored.body)
        after = change(before)
        if after == before:
            return
        if stored is None:
            ensure_index(client)
        source = {"kind": "adopted", "stack": stack, "body": {"resources": after}}
        try:
            if stored is None:
                write(client, _id(stack), source, create=True)
            else:
                write(client, _id(stack), source, after=stored.position)
        except ConflictError:
            continue
        return
    raise ClusterError(
        "the list of adopted resources is being changed all the time", where=_id(stack), hint="try again"
    )


def _resources(body: Mapping[str, Any]) -> Resources:
    resources = body.get("resources")
    return resources if isinstance(resources, Mapping) else {}


def _id(stack: str) -> str:
    return f"adopted:{stack}"
