"""The resources of a stack that carry no mark of ours: what was adopted and cannot be marked.

The document ``adopted:<stack>``::

    {"kind": "adopted", "stack": "clipline", "body": {"resources": {
       "trained_model/sentence-transformers__clip-vit-b-32-multilingual-v1": {
          "digest": "sha256:cd8d…", "stem": "sentence-transformers__clip-vit-b-32-multilingual-v1",
          "since": "2026-11-26T19:44:32.120Z"}}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioning.state.clock import now
from provisioning.state.lists import ADOPTED, Resources, change_list, without

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def adopt(client: Elasticsearch, stack: str, address: str, details: Mapping[str, Any]) -> None:
    """Put a resource on the list, or put other details to it; ``since`` is added unless it is given.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """

    def change(resources: Resources) -> Resources:
        before = resources.get(address) or {}
        return {**resources, address: {"since": before.get("since") or now(), **details}}

    change_list(client, ADOPTED, stack, change)


def forget(client: Elasticsearch, stack: str, address: str) -> None:
    """Take a resource off the list; nothing is written where it does not stand there.

    Raises:
        ClusterError: others changed the list all the time, or ``clipline-state`` is not ours.
    """
    change_list(client, ADOPTED, stack, lambda resources: without(resources, address))
