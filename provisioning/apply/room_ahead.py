"""Room on the ML nodes, looked for once more when the bundle is at hand and before it goes up.

A plan that was made without the bundle could not know what its model needs, and what was free then may be taken now.
Read-only.
"""

from __future__ import annotations

from clipline.core.errors import ModelError
from provisioning.apply.work import Work
from provisioning.bundles.bundle import Bundle
from provisioning.ml_room import with_room
from provisioning.observe import held_now, ml_room


def check_room(work: Work, bundle: Bundle, model_id: str) -> None:
    """Look whether what the plan starts will find room.

    Raises:
        ModelError: the server would refuse to start it.
    """
    room = ml_room(work.client, cloud=work.cloud)
    if room is None or work.plan is None:
        return

    def need(model: str, allocations: int) -> int | None:
        return bundle.memory_need(allocations) if model == model_id else None

    judged = with_room(work.plan, room, need=need, held=held_now(work.client))
    for problem in judged.problems[len(work.plan.problems) :]:
        raise ModelError(problem.what, where=problem.address, hint=problem.hint)
