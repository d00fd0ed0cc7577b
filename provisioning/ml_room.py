"""Whether the ML nodes will have room for what a plan starts, told before half a gigabyte is uploaded. Pure.

Only what the server would certainly refuse, by its own reckoning, is a problem; where nodes may be added it is a note. While a
deployment is exchanged another one stands beside it, so the room is followed through the plan, start by start and stop by stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clipline.core.sizes import size
from provisioning.ml_memory import NODE_OVERHEAD, Held, Need, Place
from provisioning.plan import Change, Plan, Problem, Verb

_CLIENT = "or have texts encoded on the client, which needs no ML node: text_encoder: client in models/*.yml"
_NO_NODE = f"give a node the role ml (node.roles), or switch autoscaling on (Elastic Cloud); {_CLIENT}"
_NO_ROOM = (
    "give the cluster an ML node with that much free memory, or stop other deployments; `clipline doctor` says which settings"
    f" bound it; {_CLIENT}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MlRoom:
    """The ML nodes; ``grows`` says that the cluster may add some by itself."""

    places: tuple[Place, ...]
    grows: bool


def starts_something(plan: Plan) -> bool:
    """Whether a plan needs room on ML nodes."""
    return any(map(_starts, plan.pending))


def with_room(plan: Plan, room: MlRoom, *, need: Need, held: Mapping[str, Held]) -> Plan:
    """A plan with what it will find no room for.

    Args:
        plan: the plan.
        room: what the ML nodes have.
        need: what a deployment of a model takes.
        held: deployment id → what it holds now.
    """
    starts = [change for change in plan.pending if _starts(change)]
    if not starts:
        return plan
    if not room.places:
        none = "the cluster has no ML node" + ("" if room.grows else ", and adds none by itself")
        return _told(plan, room, starts[0], none, _NO_NODE)
    free = sum(place.free for place in room.places)
    if not any(place.has_native for place in room.places):
        free -= NODE_OVERHEAD  # the native code itself is reckoned to the first deployment on a node
    largest: int | None = max(place.free for place in room.places)
    held = dict(held)
    for change in plan.pending:
        if change.kind != "deployment":
            continue
        if change.verb in (Verb.REPLACE, Verb.DELETE):
            free += held.pop(change.name, Held(0, 0)).now
            # Which node has more now is not followed: of a single one it is plain, and several can still refuse.
            largest = free if len(room.places) == 1 else None
        if not _starts(change):
            continue
        model_id = str(change.request["model_id"])
        needed, least = need(model_id, _allocations(change)), need(model_id, 1)
        if needed is None or least is None:
            return replace(plan, notes=(*plan.notes, _unknown(change, room)))
        spare = sum(other.now - other.least for other in held.values())
        if needed > free + spare or (largest is not None and least > largest + spare):
            there = ", ".join(
                f"{place.name} has {size(place.free)} of {size(place.total)} free" for place in room.places
            )
            beside = f", beside {_beside(held)}" if held else ""
            return _told(
                plan, room, change, f"needs {size(needed)} of an ML node's memory{beside}; {there}", _way_on(plan, held)
            )
        free -= needed
        largest = None if largest is None else largest - least if len(room.places) == 1 else None
        held[change.name] = Held(needed, least)
    return plan


def _starts(change: Change) -> bool:
    return change.kind == "deployment" and "model_id" in change.request


def _told(plan: Plan, room: MlRoom, change: Change, what: str, hint: str) -> Plan:
    if room.grows:
        note = f"{change.address}: {what}; the cluster may add a node, and apply waits for it (--wait-timeout)"
        return replace(plan, notes=(*plan.notes, note))
    return replace(plan, problems=(*plan.problems, Problem(address=change.address, what=what, hint=hint)))


def _way_on(plan: Plan, held: Mapping[str, Held]) -> str:
    """What to do, and the way without room for two: whoever can do without searches for a while may stop what serves."""
    replaced = [change.name for change in plan.pending if change.verb is Verb.REPLACE and change.name in held]
    gap = "; or, with a gap for whoever searches, stop it first: POST _ml/trained_models/{}/deployment/_stop?force=true"
    return _NO_ROOM + (gap.format(replaced[0]) if replaced else "")


def _unknown(change: Change, room: MlRoom) -> str:
    there = ", ".join(f"{place.name} has {size(place.free)} free" for place in room.places)
    return f"{change.address}: no bundle is at hand, so how much of an ML node's memory it needs is not known; {there}"


def _beside(held: Mapping[str, Held]) -> str:
    return ", ".join(f"{name} ({size(other.now)})" for name, other in sorted(held.items()))


def _allocations(change: Change) -> int:
    adaptive = change.request.get("adaptive_allocations") or {}
    return int(change.request.get("number_of_allocations") or adaptive.get("min_number_of_allocations") or 1)
