"""``clipline prune`` and ``destroy``: what this stack made, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from clipline.commands.carry_out import ask, carry_out, outcome
from clipline.commands.options import (
    break_lock_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
    yes_option,
)
from clipline.commands.planning import Planned, look, show_plan, with_endpoints
from clipline.core.errors import ExitCode
from clipline.core.output import show, show_json

if TYPE_CHECKING:
    from provisioning.plan import Purpose

_data_option = click.option(
    "--delete-data",
    multiple=True,
    metavar="INDEX",
    help="An index, or an alias that points to it, whose documents may be deleted with it.",
)


@click.command("prune")
@stack_options
@target_options
@_data_option
@click.option(
    "--superseded", is_flag=True, help="Text models that others took the place of, too: no rollback after that."
)
@yes_option
@break_lock_option
@json_option
def prune_command(
    delete_data: tuple[str, ...], superseded: bool, yes: bool, break_lock: bool, as_json: bool, **values: Any
) -> int:
    """Delete what this stack made and no longer declares; shows it and asks first.

    Text models that are kept for `clipline rollback` go only with --superseded.

    \b
    Example: clipline prune --stack mystack --url https://host:9200
    """
    from provisioning.plan import Purpose

    return _remove(
        Purpose.PRUNE,
        delete_data,
        superseded=superseded,
        yes=yes,
        break_lock=break_lock,
        as_json=as_json,
        values=values,
    )


@click.command("destroy")
@stack_options
@target_options
@_data_option
@yes_option
@break_lock_option
@json_option
def destroy_command(delete_data: tuple[str, ...], yes: bool, break_lock: bool, as_json: bool, **values: Any) -> int:
    """Delete everything of this stack; shows it and asks first. Indices that hold documents must be named.

    \b
    Example: clipline destroy --stack mystack --url https://host:9200 --delete-data my-image-embeddings
    """
    from provisioning.plan import Purpose

    return _remove(Purpose.DESTROY, delete_data, yes=yes, break_lock=break_lock, as_json=as_json, values=values)


def _remove(
    purpose: Purpose,
    delete_data: tuple[str, ...],
    *,
    yes: bool,
    break_lock: bool,
    as_json: bool,
    values: dict[str, Any],
    superseded: bool = False,
) -> int:
    from provisioning.plan import Purpose
    from provisioning.planner.client_text import only_naming
    from provisioning.planner.removal import orphans, owned, plan_removal

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        seen = look(stack, client)
        observed = with_endpoints(seen.observed, client)
        addresses = (
            orphans(seen.desired, observed, superseded=superseded)
            if purpose is Purpose.PRUNE
            else owned(observed, stack.name)
        )
        plan = plan_removal(
            observed,
            addresses,
            stack=stack.name,
            target=target.name,
            purpose=purpose,
            delete_data=delete_data,
            only_naming=only_naming(seen.desired, observed),
        )
        if not as_json:
            show_plan(plan)
        if plan.problems:
            if as_json:
                show_json({"plan": plan.to_json(), "outcome": []})
            return ExitCode.FAILED
        if plan.pending and not yes:
            ask(f"Delete this? ({purpose} of the stack {stack.name})")
        done = carry_out(Planned(plan, seen.bundles), client, break_lock=break_lock) if plan.pending else []
    if as_json:
        show_json({"plan": plan.to_json(), "outcome": [outcome(item) for item in done]})
    elif done:
        show(f"Deleted: {len(done)} resource{'s' if len(done) != 1 else ''}.")
    return ExitCode.DONE
