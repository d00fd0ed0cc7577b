"""``clipline plan`` and ``drift``: what would be done, and whether anything would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.keeping import keeping_options, read_grace
from clipline.commands.options import (
    adopt_option,
    bundle_option,
    fields_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
)
from clipline.commands.planning import make_plan, show_plan
from clipline.core.errors import ExitCode, PlanError, UsageError
from clipline.core.output import say, show, show_json

if TYPE_CHECKING:
    from provisioning.plan import Plan


@click.command("plan")
@stack_options
@target_options
@bundle_option
@adopt_option
@keeping_options
@fields_option
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown, for a pull request.")
@click.option("--check", is_flag=True, help="Exit with 3 when something would change.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the plan to a file; `clipline apply FILE` carries out exactly that.",
)
def plan_command(
    bundle_files: tuple[Path, ...],
    adopt: tuple[str, ...],
    verbose_plan: bool,
    as_json: bool,
    as_markdown: bool,
    check: bool,
    out: Path | None,
    **values: Any,
) -> int:
    """Show what apply would do; changes nothing.

    \b
    Example: clipline plan --stack mystack --url https://host:9200
    """
    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other", hint="give one of them")
    grace = read_grace(values)
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        planned = make_plan(
            stack,
            client,
            target=target.name,
            bundle_files=bundle_files,
            adopt=adopt,
            grace=grace,
            cloud=target.in_cloud,
        )
        plan = planned.plan
    show_plan(plan, as_json=as_json, as_markdown=as_markdown, all_fields=verbose_plan)
    if plan.problems:
        return ExitCode.FAILED
    if out is not None:
        _write(out, plan)
    return ExitCode.CHANGES_PENDING if check and not plan.in_sync else ExitCode.DONE


@click.command("drift")
@stack_options
@target_options
@bundle_option
@json_option
def drift_command(bundle_files: tuple[Path, ...], as_json: bool, **values: Any) -> int:
    """Say whether the cluster still is what the stack says; exit 3 when it is not.

    \b
    Example: clipline drift --stack mystack --url https://host:9200
    """
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        plan = make_plan(stack, client, target=target.name, bundle_files=bundle_files, cloud=target.in_cloud).plan
    drifted = bool(plan.drift or plan.problems)
    if as_json:
        show_json(plan.to_json())
    elif not drifted:
        show(f"No drift: {len(plan.changes)} resources are as the stack {plan.stack} says.")
    else:
        show_plan(plan)
        if not plan.problems:
            differing = len(plan.drift)
            show(
                f"Drift: {differing} resource{' differs' if differing == 1 else 's differ'}; `clipline apply` makes it so."
            )
    return ExitCode.CHANGES_PENDING if drifted else ExitCode.DONE


def _write(out: Path, plan: Plan) -> None:
    from provisioning.plan_file import write_plan

    if any(change.name.endswith("?") for change in plan.changes):
        raise PlanError(
            "a plan with an unknown digest cannot be carried out exactly",
            where=str(out),
            hint="run `clipline bundle build` first, or give --bundle; then plan again",
        )
    write_plan(out, plan)
    say(f"wrote {out}; `clipline apply {out}` carries out exactly this plan")
