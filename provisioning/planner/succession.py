"""What becomes of a text model that another one takes the place of: kept for a way back, then deleted. Pure.

The model that an alias leaves stays on the cluster: its files cost room on disk and no memory, and ``rollback`` needs no
upload. An apply after its grace period deletes it, unless it is kept for good (``--keep-old``) or still used. One that was
rolled back from is not put back by the next apply: that would undo the rollback behind the operator's back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioning import users
from provisioning.assets.model_asset import ModelAsset
from provisioning.observed import Observed
from provisioning.plan import Change, Problem, Verb

GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """How a stack's model leaves: ``grace`` is how long it is kept, ``None`` for good; ``rolled_back`` if ``rollback`` leaves
    it.
    """

    stack: str
    grace: timedelta | None = GRACE
    rolled_back: bool = False

    @property
    def fate(self) -> str:
        """What becomes of it, after its address."""
        stays = "stays on the cluster, for `clipline rollback`"
        if self.grace is None:
            return f"{stays}, until `clipline prune --superseded`"
        return f"{stays}; an apply after {_span(self.grace)} deletes it (--keep-old keeps it, --grace-period)"


def superseded_by(asset: ModelAsset, old: str, new: str, observed: Observed, succession: Succession) -> dict[str, Any]:
    """What is written down of a model that the alias leaves, if it is the stack's (``ours``)."""
    return {
        "model_id": old,
        "ours": observed.owns_model(succession.stack, old),
        "stem": asset.stem,
        "space": asset.space,
        "by": new,
        "grace_seconds": None if succession.grace is None else succession.grace.total_seconds(),
        "rolled_back": succession.rolled_back,
    }


def predecessor(asset: ModelAsset, model_id: str, observed: Observed) -> str | None:
    """The model whose place another one took last, if it is still on the cluster."""
    candidates = [
        (str(details.get("since")), name)
        for name, details in superseded_of(asset, observed).items()
        if details.get("by") == model_id and name != model_id
    ]
    return max(candidates, default=(None, None))[1]


def superseded_of(asset: ModelAsset, observed: Observed) -> dict[str, Mapping[str, Any]]:
    """The models of a file that others took the place of and that are on the cluster, with what was written down of them."""
    found = {}
    for address, details in observed.superseded.items():
        name = address.partition("/")[2]
        if details.get("stem") == asset.stem and name in observed.models:
            found[name] = details
    return found


def expired(asset: ModelAsset, model_id: str | None, observed: Observed, *, notes: list[str]) -> Iterator[Change]:
    """The deletions of models whose grace period is over; one that is still used stays, and a note says whose it is."""
    serving = {observed.model_alias(asset.model_alias), model_id} | {
        entry["model_id"] for name, entry in observed.deployments.items() if name in asset.deployment_ids
    }
    for name, details in sorted(superseded_of(asset, observed).items()):
        if name in serving or not _is_over(details.get("delete_after"), observed.at):
            continue
        what = f"{details.get('by')} took its place, and its grace period ended at {details['delete_after']}"
        if using := users.of_model(observed, name):
            notes.append(f"trained_model/{name}: {what}; it stays, because it is still used by {', '.join(using)}")
        else:
            yield Change(kind="trained_model", name=name, verb=Verb.DELETE, reason=what)


def rolled_back(asset: ModelAsset, model_id: str, observed: Observed) -> Problem | None:
    """The problem of a model that was rolled back from and is still what the file says."""
    details = superseded_of(asset, observed).get(model_id)
    current = observed.model_alias(asset.model_alias)
    if details is None or not details.get("rolled_back") or current == model_id:
        return None
    return Problem(
        address=f"trained_model/{model_id}",
        what=f"was rolled back from at {details.get('since')}, to {current}, and models/{asset.stem}.yml still says it",
        hint=f"say the model of {current} in models/{asset.stem}.yml; or, to go forward again, `clipline rollback`",
    )


def _is_over(until: Any, now: str) -> bool:
    try:
        return datetime.fromisoformat(until) <= datetime.fromisoformat(now)
    except (TypeError, ValueError):
        return False  # kept for good; or written by something else, and nothing is deleted over that


def _span(grace: timedelta) -> str:
    if grace >= timedelta(days=1) and not grace % timedelta(days=1):
        return f"{grace.days} day{'s' if grace.days != 1 else ''}"
    return f"{grace.total_seconds():g} s"
