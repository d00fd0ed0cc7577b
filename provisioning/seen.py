"""What a plan was made from, so that a cluster that has moved since is noticed before anything is done. Pure.

For each address a digest of what the cluster holds there, of all that a plan compares or decides by and of nothing that
moves by itself (counters, dates, the number of documents beyond "none").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Set
from typing import Any

from provisioning.canonical import canonical, canonical_mappings, canonical_settings
from provisioning.observed import Observed
from provisioning.plan import Change, Plan, Problem, Verb

_DEPLOYMENT = ("model_id", "number_of_allocations", "threads_per_allocation", "queue_capacity", "priority",
               "cache_size", "adaptive_allocations")  # fmt: skip


def seen(observed: Observed, addresses: Iterable[str], *, going: Set[str] = frozenset()) -> dict[str, str]:
    """Address → digest of what is there, as ``sha256:<64 hex>``; ``going`` are the addresses that are deleted."""
    return {address: _digest(_there(observed, *address.split("/", 1), goes=address in going)) for address in addresses}


def going_of(changes: Iterable[Change | Problem]) -> set[str]:
    """The addresses that these changes delete."""
    return {change.address for change in changes if isinstance(change, Change) and change.verb is Verb.DELETE}


def moved(plan: Plan, observed: Observed) -> list[str]:
    """The addresses of a plan at which the cluster no longer holds what the plan was made from."""
    now = seen(observed, plan.seen, going=going_of(plan.changes))
    return [address for address, digest in plan.seen.items() if now[address] != digest]


def _there(observed: Observed, kind: str, name: str, *, goes: bool) -> Any:
    if kind == "index":
        index = observed.indices.get(name)
        return index and {
            "mappings": canonical_mappings(index.mappings),
            "settings": canonical_settings(index.settings),
            "stack": index.stack,
            "empty": index.documents == 0,
            "closed": index.closed,
        }
    if kind == "alias":
        return {index: body.aliases[name] for index, body in observed.indices.items() if name in body.aliases}
    if kind == "trained_model":
        return _model(observed, name, goes=goes)
    if kind == "model_alias":
        return observed.model_alias(name)
    if kind == "deployment":
        deployed = observed.deployments.get(name)
        # A deployment that is starting may have started since: that is what everybody waits for.
        failed = deployed and deployed.get("state") in ("failed", "stopping")
        return deployed and {
            **canonical("deployment", {key: deployed.get(key) for key in _DEPLOYMENT}),
            "failed": failed,
        }
    body = observed.resources.get((kind, name))
    return body and {"body": canonical(kind, body), "stack": observed.resource_stack(kind, name)}


def _model(observed: Observed, name: str, *, goes: bool) -> Mapping[str, Any] | None:
    config = observed.models.get(name)
    return config and {
        # Whether it is whole is asked for models that are wanted, and does not matter to one that is deleted.
        "fully_defined": None if goes else config.get("fully_defined"),
        "create_time": config.get("create_time"),
        "stack": observed.model_stack(name),
        "adopted": f"trained_model/{name}" in observed.adopted,
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
