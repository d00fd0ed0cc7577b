"""Whether the stack's indices can be reached by their alias, and written to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs, own_names
from provisioning.observed import is_closed

_CHECK = "indices"
_BLOCKS = ("read_only_allow_delete", "read_only", "write")


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """For each alias of the stack: what it points to, and whether that takes documents."""
    found: Mapping[str, Any] | None = facts.get("indices")
    if found is None:
        return
    for alias in needs.aliases:
        behind = [name for name, body in found.items() if alias in body.get("aliases", {})]
        yield from _alias(alias, behind, found)
        for name in sorted({*behind, *own_names(list(found), [alias])}):
            yield from _unusable(name, found[name], facts)
            yield from _blocked(name, found[name])


def _alias(alias: str, behind: list[str], found: Mapping[str, Any]) -> Iterator[Finding]:
    subject = f"alias/{alias}"
    if alias in found:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what="an index has this very name, so the alias cannot be made",
            cause="it was made by the series' application, or by a write before the first apply",
            next_step="choose another alias (--var index_alias=…), or delete that index if nobody needs it",
        )
        return
    generations = own_names(list(found), [alias])
    if not behind and generations:
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what=f"is missing, and {', '.join(sorted(generations))} is there",
            cause="nobody finds the documents by the alias, and loads are refused (require_alias)",
            next_step="clipline apply makes it",
        )
    elif not behind:
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject=subject,
            what="is not there yet",
            cause="the stack was not applied here",
            next_step="clipline apply makes it, and its first index",
        )
    elif len(behind) > 1 and not any(found[name]["aliases"][alias].get("is_write_index") for name in behind):
        yield Finding(
            check=_CHECK,
            level=Level.WARNING,
            subject=subject,
            what=f"points to {len(behind)} indices: {', '.join(sorted(behind))}",
            cause="none of them is the one that is written to, so loads are refused; searches find the documents of all",
            next_step="take it off all but one: POST _aliases",
        )
    else:
        yield Finding(check=_CHECK, level=Level.OK, subject=subject, what=f"points to {', '.join(sorted(behind))}")


def _unusable(name: str, body: Mapping[str, Any], facts: Facts) -> Iterator[Finding]:
    subject = f"index/{name}"
    if is_closed(body):
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what="is closed",
            cause="somebody closed it: it can be neither searched nor written to, and apply leaves it as it is",
            next_step=f"POST {name}/_open, or delete it if nobody needs it",
        )
        return
    health = ((facts.get("health") or {}).get("indices") or {}).get(name) or {}
    if health.get("status") == "red":
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=subject,
            what="is red: a primary shard is not there",
            cause="searches miss its documents, and writes to it wait and fail",
            next_step="GET _cluster/allocation/explain says why; bring the node with that shard back, or restore a snapshot",
        )
    elif health.get("status") == "yellow":
        missing = int(health.get("unassigned_shards") or 0)
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject=subject,
            what=f"is yellow: {missing} replica{'' if missing == 1 else 's'} without a node",
            cause="there are fewer data nodes than copies; the documents are there, but once only",
            next_step="add a data node, or set number_of_replicas (--var replicas=0 on a single node)",
        )


def _blocked(name: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    settings = body.get("settings") or {}
    blocks = (settings.get("index") or {}).get("blocks") or {}
    held = [block for block in _BLOCKS if str(blocks.get(block, "false")) == "true"]
    if held:
        full = held == ["read_only_allow_delete"]
        yield Finding(
            check=_CHECK,
            level=Level.BLOCKS,
            subject=f"index/{name}",
            what=f"takes no documents: {', '.join(f'index.blocks.{block}' for block in held)} is set",
            cause="Elasticsearch sets it when a disk passes the watermark flood_stage, and takes it off below high"
            if full
            else "somebody set it",
            next_step=f"PUT {name}/_settings {json.dumps({f'index.blocks.{block}': None for block in held})}"
            + (", once there is room on the disk" if full else ""),
        )
