"""The roles that a stack's jobs need, from its assets. Pure.

Four jobs, each with a role of its own::

    provisioner   plan, apply, drift, rollback, prune, destroy, history, doctor, test --stand-in
    loader        load
    searcher      search, web
    watcher       plan, drift, status, history, doctor, test and eval of a job that must not change anything

A cluster privilege is there only if the stack has something of that kind, and an index privilege is bound to the stack's
aliases and their generations. ``docs/privileges.md`` shows those of the default stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clipline.core.text_models import CLIENT
from provisioning.assets.stack import Stack, value_at

STATE_INDEX = "clipline-state"
"""Lock, history and what cannot be marked."""

ROLES = ("provisioner", "loader", "searcher", "watcher")


def roles_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """Job → role descriptor, as ``role_descriptors`` of ``POST _security/api_key`` holds them."""
    return roles(
        aliases=aliases_of(stack),
        pipelines=bool(stack.of("ingest_pipeline")),
        templates=bool(stack.of("index_template") or stack.of("component_template")),
        models=any(asset.body.get("text_encoder") != CLIENT for asset in stack.of("model")),
    )


def roles(*, aliases: Sequence[str], pipelines: bool, templates: bool, models: bool) -> dict[str, dict[str, Any]]:
    """Job → role descriptor, for a stack with these index aliases and these kinds of assets."""
    kinds = (
        ("manage_ml", models),
        ("manage_ingest_pipelines", pipelines),
        ("manage_index_templates", templates),
    )
    generations = [name for alias in aliases for name in (alias, f"{alias}-*")]
    state = ("create_index", "delete", "index", "read", "view_index_metadata")
    return {
        "provisioner": _role(
            ["monitor", *(privilege for privilege, wanted in kinds if wanted)],
            # ``manage``: alias, mappings, settings, deletion; ``read``: to count before anything is replaced.
            (generations, ("manage", "read")),
            ([STATE_INDEX], state),
        ),
        "loader": _role([], (generations, ("view_index_metadata", "read", "index", "maintenance"))),
        "searcher": _role([], (aliases, ("view_index_metadata", "read"))),
        "watcher": _role(
            # Listing pipelines is no part of ``monitor``; to look for them is part of every plan.
            ["monitor", "read_pipeline"],
            # ``monitor``: the size of an index, which status shows.
            (generations, ("view_index_metadata", "read", "monitor")),
            ([STATE_INDEX], ("read",)),
        ),
    }


def key_request(stack: str, job: str, role: dict[str, Any]) -> dict[str, Any]:
    """The body of ``POST _security/api_key`` for one job."""
    name = f"{stack}-{job}"
    return {"name": name, "role_descriptors": {name: role}}


def aliases_of(stack: Stack) -> list[str]:
    """The index aliases that the stack's templates declare."""
    found = (value_at(asset.document, "_meta", "clipline", "alias") for asset in stack.of("index_template"))
    return [alias for alias in found if isinstance(alias, str)]


def _role(cluster: Iterable[str], *indices: tuple[Sequence[str], Sequence[str]]) -> dict[str, Any]:
    return {
        "cluster": list(cluster),
        "indices": [{"names": list(names), "privileges": list(privileges)} for names, privileges in indices if names],
    }
