"""``clipline apply``: a stack, or a plan that was written to a file, into the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.carry_out import ask, carry_out, outcome, show_applied
from clipline.commands.keeping import keeping_options, read_grace
from clipline.commands.options import (
    adopt_option,
    break_lock_option,
    bundle_option,
    fields_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
    wait_option,
    yes_option,
)
from clipline.commands.planning import Planned, make_plan, show_plan
from clipline.core.errors import ExitCode, UsageError
from clipline.core.output import show_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elasticsearch import Elasticsearch


@click.command("apply")
@click.argument("plan_file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@stack_options
@target_options
@bundle_option
@adopt_option
@keeping_options
@fields_option
@json_option
@yes_option
@wait_option
@break_lock_option
def apply_command(
    plan_file: Path | None,
    bundle_files: tuple[Path, ...],
    adopt: tuple[str, ...],
    verbose_plan: bool,
    as_json: bool,
    yes: bool,
    wait_timeout: float,
    break_lock: bool,
    **values: Any,
) -> int:
    """Bring the cluster to what the stack says; shows the plan and asks first.

    With PLAN_FILE, written by `clipline plan --out`, carries out exactly that plan, and refuses when the cluster has
    moved since.

    \b
    Example: clipline apply --stack mystack --url https://host:9200
    """
    given = values["grace_period"] is not None or values["keep_old"]
    grace = read_grace(values)
    stack_choice, target_choice = read_choices(values)
    if plan_file is not None and (given or adopt or stack_choice.directory or stack_choice.flags or stack_choice.files):
        raise UsageError(
            "a plan file holds its stack, its variables, what it adopts and what it keeps",
            where=str(plan_file),
            hint="leave out --stack, --var, --vars-file, --adopt, --grace-period and --keep-old",
        )
    stack = open_stack(stack_choice) if plan_file is None else None
    with open_target(target_choice) as (target, client):
        if stack is not None:
            planned = make_plan(
                stack,
                client,
                target=target.name,
                bundle_files=bundle_files,
                build=True,
                adopt=adopt,
                grace=grace,
                cloud=target.in_cloud,
            )
        else:
            assert plan_file is not None  # one of the two is given
            planned = _from_file(plan_file, client, bundle_files)
        plan = planned.plan
        if not as_json:
            show_plan(plan, all_fields=verbose_plan)
        if plan.problems:
            if as_json:
                show_json({"plan": plan.to_json(), "outcome": []})
            return ExitCode.FAILED
        if plan.pending and not yes:
            ask("Apply this plan?")
        done = (
            carry_out(planned, client, wait_timeout=wait_timeout, break_lock=break_lock, cloud=target.in_cloud)
            if plan.pending
            else []
        )
    if as_json:
        show_json({"plan": plan.to_json(), "outcome": [outcome(item) for item in done]})
    elif done:
        show_applied(done)
    return ExitCode.DONE


def _from_file(path: Path, client: Elasticsearch, bundle_files: Iterable[Path]) -> Planned:
    from provisioning.bundles.find import find_bundles
    from provisioning.plan_file import read_plan

    plan = read_plan(path)
    bundles = find_bundles([model.asset for model in plan.models], given=bundle_files, stack=None)
    bundles.expected = {model.asset.stem: model.digest for model in plan.models}
    return Planned(plan, bundles)
