"""``clipline plan``, ``apply``, ``drift`` and ``status``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.options import open_stack, open_target, read_choices, stack_options, target_options
from clipline.core.errors import ExitCode, UsageError
from clipline.core.output import data, say, show, show_json, talk

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from provisioning.apply import Done
    from provisioning.assets.stack import Stack
    from provisioning.bundles.find import Bundles
    from provisioning.plan import Change, Plan

_bundle_option = click.option(
    "--bundle",
    "bundle_files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A text model's bundle; else models/<stem>.tar, else the cache.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
_fields_option = click.option("--verbose-plan", is_flag=True, help="Show every field of what is new.")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what carrying it out needs."""

    plan: Plan
    bundles: Bundles


def make_plan(
    stack: Stack, client: Elasticsearch, *, target: str, bundle_files: Iterable[Path] = (), build: bool = False
) -> Planned:
    """Stack and cluster → plan. With ``build``, bundles whose digest is unknown are built first."""
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles
    from provisioning.desired import desired_state
    from provisioning.observe import observe, server_version
    from provisioning.planner import make_plan as plan_of

    models = [model_asset(asset) for asset in stack.of("model")]
    bundles = find_bundles(models, given=bundle_files, stack=stack.directory)
    version = server_version(client)
    digests = bundles.digests()
    unknown = [stem for stem, digest in digests.text.items() if digest is None]
    if build and unknown:
        for stem in unknown:
            say(f"building the bundle of {stem}: neither its files nor a bundle are at hand")
            bundles.obtain(stem)
        digests = bundles.digests()
    desired = desired_state(stack, version=version, digests=digests)
    observed = observe(client, version=version, aliases=tuple(index.alias for index in desired.indices))
    return Planned(plan_of(desired, observed, target=target), bundles)


@click.command("plan")
@stack_options
@target_options
@_bundle_option
@_fields_option
@_json_option
@click.option("--check", is_flag=True, help="Exit with 3 when something would change.")
def plan_command(bundle_files: tuple[Path, ...], verbose_plan: bool, as_json: bool, check: bool, **values: Any) -> int:
    """Show what apply would do; changes nothing.

    \b
    Example: clipline plan --stack mystack --url https://host:9200
    """
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        plan = make_plan(stack, client, target=target.name, bundle_files=bundle_files).plan
    show_plan(plan, as_json=as_json, all_fields=verbose_plan)
    if plan.problems:
        return ExitCode.FAILED
    return ExitCode.CHANGES_PENDING if check and not plan.in_sync else ExitCode.DONE


@click.command("drift")
@stack_options
@target_options
@_bundle_option
@_json_option
def drift_command(bundle_files: tuple[Path, ...], as_json: bool, **values: Any) -> int:
    """Say whether the cluster still is what the stack says; exit 3 when it is not.

    \b
    Example: clipline drift --stack mystack --url https://host:9200
    """
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        plan = make_plan(stack, client, target=target.name, bundle_files=bundle_files).plan
    if as_json:
        show_json(plan.to_json())
    elif plan.in_sync:
        show(f"No drift: {len(plan.changes)} resources are as the stack {plan.stack} says.")
    else:
        show_plan(plan, as_json=False, all_fields=False)
    return ExitCode.DONE if plan.in_sync else ExitCode.CHANGES_PENDING


@click.command("apply")
@stack_options
@target_options
@_bundle_option
@_fields_option
@_json_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait-timeout",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="Seconds to wait for a deployment to start.",
)
def apply_command(
    bundle_files: tuple[Path, ...],
    verbose_plan: bool,
    as_json: bool,
    yes: bool,
    wait_timeout: float,
    **values: Any,
) -> int:
    """Bring the cluster to what the stack says; shows the plan and asks first.

    \b
    Example: clipline apply --stack mystack --url https://host:9200
    """
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        planned = make_plan(stack, client, target=target.name, bundle_files=bundle_files, build=True)
        plan = planned.plan
        if not as_json:
            show_plan(plan, as_json=False, all_fields=verbose_plan)
        if plan.problems:
            if as_json:
                show_json({"plan": plan.to_json(), "outcome": []})
            return ExitCode.FAILED
        if plan.pending and not yes:
            _ask()
        done = list(carry_out(planned, client, wait_timeout=wait_timeout)) if plan.pending else []
    if as_json:
        show_json({"plan": plan.to_json(), "outcome": [_outcome(item) for item in done]})
    elif done:
        show(f"Applied: {len(done)} change{'s' if len(done) != 1 else ''} in {sum(d.seconds for d in done):.1f} s.")
    return ExitCode.DONE


@click.command("status")
@stack_options
@target_options
@_json_option
def status_command(as_json: bool, **values: Any) -> int:
    """Show what runs on the cluster; exit 1 when something does not serve.

    \b
    Example: clipline status --stack mystack --url https://host:9200
    """
    from clipline.core.records import MARK
    from provisioning.assets.model_asset import model_asset
    from provisioning.assets.stack import value_at
    from provisioning.status import read_status

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    found = [value_at(asset.document, "_meta", MARK, "alias") for asset in stack.of("index_template")]
    models = {model.model_alias: model.deployment_id for model in map(model_asset, stack.of("model"))}
    with open_target(target_choice) as (target, client):
        status = read_status(client, target=target.name, aliases=tuple(filter(None, found)), models=models)
    if as_json:
        show_json(status.to_json())
        return ExitCode.DONE if status.serving else ExitCode.FAILED
    show(f"stack {stack.name} on {status.target} (Elasticsearch {status.version})")
    for index in status.indices:
        if index.index is None:
            show(f"index  {index.alias}: not there; run `clipline apply`")
            continue
        show(
            f"index  {index.alias} → {index.index}: {index.health}, {index.documents} documents, "
            f"{index.without_vector} without a vector, {index.ingest_errors} with an ingest error"
        )
    for model in status.models:
        reason = f" ({model.reason})" if model.reason else ""
        show(
            f"model  {model.model_alias} → {model.model_id or 'no model'}; deployment {model.deployment_id}: "
            f"{model.state}{reason}, {model.allocations} allocations, {model.inferences} inferences, "
            f"{model.errors} errors"
        )
    return ExitCode.DONE if status.serving else ExitCode.FAILED


def carry_out(planned: Planned, client: Elasticsearch, *, wait_timeout: float) -> Iterable[Done]:
    """Apply a plan, saying each change on stderr as it is done."""
    from provisioning.apply import Applier

    console = talk()
    live = console.is_terminal

    def progress(sent: int, total: int) -> None:
        if live:
            console.print(f"  {sent / 1e6:.0f} of {total / 1e6:.0f} MB", end="\r", markup=False)

    def before(change: Change) -> None:
        say(f"{change.verb} {change.address} …")

    applier = Applier(
        client=client,
        stack=planned.plan.stack,
        models=dict(planned.bundles.models),
        bundles=planned.bundles,
        wait_seconds=wait_timeout,
        upload_progress=progress,
    )
    with console.status("applying") if live else nullcontext():
        for done in applier.apply(planned.plan, before=before):
            say(f"  done in {done.seconds:.1f} s" + (f": {done.detail}" if done.detail else ""))
            yield done


def show_plan(plan: Plan, *, as_json: bool, all_fields: bool) -> None:
    """A plan on stdout, for people or as JSON."""
    from provisioning.render import plan_lines

    if as_json:
        show_json(plan.to_json())
        return
    styles = {"+": "green", "~": "yellow", "±": "yellow", "-": "red", "!": "bold red", "=": "dim"}
    for line in plan_lines(plan, all_fields=all_fields):
        data().print(line, style=styles.get(line[:1]), markup=False)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UsageError("apply asks before it changes a cluster, and nobody is here to answer", hint="give --yes")
    click.confirm("Apply this plan?", abort=True, err=True)


def _outcome(done: Done) -> dict[str, Any]:
    return {
        "address": done.change.address,
        "verb": str(done.change.verb),
        "seconds": round(done.seconds, 3),
        "detail": done.detail,
    }
