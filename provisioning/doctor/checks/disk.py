"""Whether data nodes have room left before Elasticsearch stops placing shards on them, or writing to them.

The watermarks as the server reads them: ``85%`` or ``0.85`` of the disk used, with a cap on what must stay free
(``max_headroom``, 8.5 on), or a size that must stay free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clipline.core.sizes import size as shown
from provisioning.doctor.facts import Facts
from provisioning.doctor.finding import Finding, Level
from provisioning.doctor.needs import Needs

_CHECK = "disk"
_PREFIX = "cluster.routing.allocation.disk"
_STAGES = (
    ("flood_stage", Level.BLOCKS, "every index with a shard on it is made read-only"),
    ("high", Level.WARNING, "shards are moved away from it, and at the next watermark its indices become read-only"),
    ("low", Level.WARNING, "no shard is placed on it any more, but those of new indices' primaries"),
)
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb|pb)", re.IGNORECASE)


def judge(facts: Facts, needs: Needs) -> Iterator[Finding]:
    """One finding for each data node that has passed a watermark, or one that none has."""
    stats = facts.get("disk")
    if stats is None or facts.get("settings") is None:
        return
    if facts.setting(f"{_PREFIX}.threshold_enabled") == "false":
        yield Finding(
            check=_CHECK,
            level=Level.NOTE,
            subject="cluster",
            what="watermarks of disks are switched off",
            cause=f"{_PREFIX}.threshold_enabled is false: nothing stops a disk from filling up",
            next_step="set it to null, unless one node is all there is",
        )
        return
    nodes = [node for node in stats.get("nodes", {}).values() if _holds_data(node.get("roles", ()))]
    passed = False
    for node in nodes:
        total = node.get("fs", {}).get("total", {})
        size, free = int(total.get("total_in_bytes") or 0), int(total.get("available_in_bytes") or 0)
        for stage, level, consequence in _STAGES:
            least = least_free(facts, stage, size)
            if least is not None and size and free < least:
                passed = True
                yield Finding(
                    check=_CHECK,
                    level=level,
                    subject=f"node/{node.get('name')}",
                    what=f"{shown(free)} free of {shown(size)}; the watermark {stage} is at {shown(least)}",
                    cause=consequence,
                    next_step="free space or add a data node; Elasticsearch takes the block off again below the watermark"
                    " high",
                )
                break
    if nodes and not passed:
        yield Finding(
            check=_CHECK,
            level=Level.OK,
            subject="cluster",
            what=f"{len(nodes)} data node{'s' if len(nodes) > 1 else ''} below every watermark",
        )


def least_free(facts: Facts, stage: str, size: int) -> int | None:
    """The bytes that must stay free on a disk of ``size`` bytes; ``None`` where the setting is not known or not read."""
    name = f"{_PREFIX}.watermark.{stage}"
    value = facts.setting(name)
    if value is None:
        return None
    if (exact := _bytes(value)) is not None:
        return exact
    used = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", value.strip())
    if used is None:
        return None
    share = float(used[1]) / 100 if used[2] else float(used[1])
    least = int(size * (1 - share))
    headroom = _bytes(facts.setting(f"{name}.max_headroom") or "")
    return min(least, headroom) if headroom is not None else least


def _bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text.strip())
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else None


def _holds_data(roles: list[str]) -> bool:
    return any(role.startswith("data") and role != "data_frozen" for role in roles)
