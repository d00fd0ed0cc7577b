"""The models of a stack that others took the place of: since when, by which, and until when they are kept.

The document ``superseded:<stack>``::

    {"kind": "superseded", "stack": "clipline", "body": {"resources": {
       "trained_model/sentence-transformers__clip-vit-b-32-multilingual-v1-cd8d21aa": {
          "stem": "sentence-transformers__clip-vit-b-32-multilingual-v1",
          "by": "sentence-transformers__clip-vit-b-32-multilingual-v1-07fe55c1", "rolled_back": false,
          "since": "2026-11-26T19:44:32.120Z", "delete_after": "2026-12-03T19:44:32.120Z"}}}}

``delete_after`` is absent where the model is kept for good. A model's metadata cannot be changed, so this cannot stand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioning.state.clock import now
from provisioning.state.lists import SUPERSEDED, Resources, change_list, without

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def supersede(client: Elasticsearch, stack: str, leaves: Mapping[str, Any]) -> None:
    """Write down that a model is left, as the planner says it (``planner.succession.superseded_by``).

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """
    details = {"stem": leaves["stem"], "by": leaves["by"], "rolled_back": leaves["rolled_back"], "since": now()}
    if leaves["grace_seconds"] is not None:
        details["delete_after"] = now(later=leaves["grace_seconds"])
    address = f"trained_model/{leaves['model_id']}"
    change_list(client, SUPERSEDED, stack, lambda resources: {**resources, address: details})


def reinstate(client: Elasticsearch, stack: str, model_id: str) -> None:
    """Take a model off the list, because it serves or is gone; nothing is written where it does not stand there.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """

    def change(resources: Resources) -> Resources:
        return without(resources, f"trained_model/{model_id}")

    change_list(client, SUPERSEDED, stack, change)
