"""Indices and their aliases. An index that holds documents is deleted only where the plan says that it was named."""

from __future__ import annotations

from typing import Any

from clipline.core.cluster import create
from clipline.core.errors import PlanError
from provisioning.apply.work import Work
from provisioning.plan import Change, Verb


def index(work: Work, change: Change) -> str:
    """Create an index, change it in place, replace one that holds no documents, or delete it."""
    if change.verb is Verb.UPDATE:
        if "settings" in change.request:
            work.client.indices.put_settings(index=change.name, settings=change.request["settings"])
        if "mappings" in change.request:
            mappings = dict(change.request["mappings"])
            mappings["meta"] = mappings.pop("_meta")
            work.client.indices.put_mapping(index=change.name, **mappings)
        return ""
    if change.verb is Verb.DELETE and change.request.get("delete_data"):
        work.client.options(ignore_status=404).indices.delete(index=change.name)
        return ""
    if change.verb in (Verb.DELETE, Verb.REPLACE):
        _delete_empty(work, change)
    if change.verb is Verb.DELETE:
        return ""
    create(lambda: work.client.indices.create(index=change.name, **change.request))
    return ""


def alias(work: Work, change: Change) -> str:
    """Point an alias to its index, away from others in the same step; or remove it from indices."""
    if change.verb is Verb.DELETE:
        work.client.options(ignore_status=404).indices.delete_alias(
            index=",".join(change.request["indices"]), name=change.name
        )
        return ""
    request = dict(change.request)
    others = request.pop("others", [])
    # What a hand put on it (a filter, a routing) goes: an alias that is added is replaced as a whole.
    target = {"index": request["index"], "alias": change.name}
    actions: list[dict[str, Any]] = [{"remove": {"index": name, "alias": change.name}} for name in others]
    actions.append({"add": {**target, **request}})
    work.client.indices.update_aliases(actions=actions)
    return ""


def _delete_empty(work: Work, change: Change) -> None:
    """Delete an index that the plan saw empty; documents that came since (or wait for a refresh) are not lost.

    A write block stands while it is counted: it waits for writes under way, and no other comes in between.
    """
    client, name = work.client.options(ignore_status=404), change.name
    held = client.indices.get_settings(index=name, name="index.blocks.write").body.get(name) or {}
    client.indices.add_block(index=name, block="write")
    try:
        client.indices.refresh(index=name)
        documents = int(client.count(index=name).body.get("count", 0))
        if documents:
            raise PlanError(
                f"holds {documents} documents by now and is left as it is", where=change.address, hint="plan again"
            )
        client.indices.delete(index=name)
    except BaseException:
        if not held:
            client.indices.put_settings(index=name, settings={"blocks.write": None})
        raise
