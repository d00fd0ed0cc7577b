"""Lists of a stack's resources, by address: one document a list, changed by whoever comes, none of them overwritten.

``adopted`` is what the stack owns without a mark on it, ``superseded`` the models that others took the place of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.errors import ClusterError
from provisioning.state.store import ensure_index, read, read_several, write

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Resources = Mapping[str, Mapping[str, Any]]

ADOPTED, SUPERSEDED = "adopted", "superseded"

_ATTEMPTS = 20
"""How often a change is tried while others change the same list; each of them won once."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a stack."""

    adopted: Resources
    superseded: Resources


def read_lists(client: Elasticsearch, stack: str) -> Lists:
    """The lists of a stack, by one request in real time. Read-only."""
    found = read_several(client, [f"{kind}:{stack}" for kind in (ADOPTED, SUPERSEDED)])
    return Lists(*(resources_of(stored.body) if stored else {} for stored in found))


def change_list(client: Elasticsearch, kind: str, stack: str, change: Callable[[Resources], Resources]) -> None:
    """Write a list as ``change`` makes it; nothing is written where that is what it is.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """
    from elasticsearch import ConflictError

    doc_id = f"{kind}:{stack}"
    for _ in range(_ATTEMPTS):
        stored = read(client, doc_id)
        before = {} if stored is None else resources_of(stored.body)
        after = change(before)
        if after == before:
            return
        if stored is None:
            ensure_index(client)
        source = {"kind": kind, "stack": stack, "body": {"resources": after}}
        try:
            if stored is None:
                write(client, doc_id, source, create=True)
            else:
                write(client, doc_id, source, after=stored.position)
        except ConflictError:
            continue
        return
    raise ClusterError(f"the list of {kind} resources is being changed all the time", where=doc_id, hint="try again")


def without(resources: Resources, address: str) -> Resources:
    """A list without one address."""
    return {name: details for name, details in resources.items() if name != address}


def resources_of(body: Mapping[str, Any]) -> Resources:
    """The list in a document's body; empty where something else was written there."""
    resources = body.get("resources")
    if not isinstance(resources, Mapping):
        return {}
    return {name: details for name, details in resources.items() if isinstance(details, Mapping)}
