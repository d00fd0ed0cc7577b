"""``clipline rollback``: the text model that served before serves again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from clipline.commands.carry_out import ask, carry_out, outcome, show_applied
from clipline.commands.keeping import keeping_options, read_grace
from clipline.commands.options import (
    break_lock_option,
    bundle_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
    wait_option,
    yes_option,
)
from clipline.commands.planning import Planned, look, show_plan, with_endpoints, with_ml_room
from clipline.core.errors import ExitCode
from clipline.core.output import show_json


@click.command("rollback")
@click.argument("address", required=False, metavar="[model_alias/NAME]")
@stack_options
@target_options
@bundle_option
@keeping_options
@yes_option
@wait_option
@break_lock_option
@json_option
def rollback_command(
    address: str | None,
    bundle_files: tuple[Path, ...],
    yes: bool,
    wait_timeout: float,
    break_lock: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Let the alias of a text model lead to the model that it led to before; shows the plan and asks first.

    Nothing is uploaded, and no query through the alias fails. The model file is not changed: apply refuses to go forward
    until it says the earlier model, and a second rollback goes forward again.

    \b
    Example: clipline rollback --stack mystack --url https://host:9200
    """
    from provisioning.bundles.find import BundlesOfPlan
    from provisioning.ml_room import starts_something
    from provisioning.planner.rollback import plan_rollback

    grace = read_grace(values)
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        seen = look(stack, client)
        observed = with_endpoints(seen.observed, client)
        plan = plan_rollback(
            [model.asset for model in seen.desired.models],
            observed,
            stack=stack.name,
            target=target.name,
            address=address,
            grace=grace,
        )
        bundles = BundlesOfPlan(plan.models, given=bundle_files)
        if starts_something(plan) and not plan.problems:
            plan = with_ml_room(plan, observed, bundles, client, cloud=target.in_cloud)
        if not as_json:
            show_plan(plan)
        if plan.problems:
            if as_json:
                show_json({"plan": plan.to_json(), "outcome": []})
            return ExitCode.FAILED
        if plan.pending and not yes:
            ask("Go back to this model?")
        done = (
            carry_out(
                Planned(plan, bundles), client, wait_timeout=wait_timeout, break_lock=break_lock, cloud=target.in_cloud
            )
            if plan.pending
            else []
        )
    if as_json:
        show_json({"plan": plan.to_json(), "outcome": [outcome(item) for item in done]})
    elif done:
        show_applied(done)
    return ExitCode.DONE
