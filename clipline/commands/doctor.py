"""``clipline doctor``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.options import open_stack, open_target, read_choices, stack_options, target_options
from clipline.core.errors import ExitCode, UsageError
from clipline.core.output import data, show, show_json

if TYPE_CHECKING:
    from provisioning.assets.stack import Stack
    from provisioning.doctor import Finding
    from provisioning.doctor.model_users import ModelUsers
    from provisioning.doctor.needs import BundleFacts

JOBS = ("provisioner", "loader", "searcher", "watcher")


@click.command("doctor")
@stack_options
@target_options
@click.option(
    "--bundle",
    "bundle_files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A text model's bundle, for its size; else models/<stem>.tar, else the cache.",
)
@click.option("--role", type=click.Choice(JOBS), help="Whose privileges are looked at (default: provisioner).")
@click.option("--print-roles", is_flag=True, help="Print the bodies of POST _security/api_key; needs no cluster.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
def doctor_command(
    bundle_files: tuple[Path, ...], role: str | None, print_roles: bool, as_json: bool, **values: Any
) -> int:
    """Say what stands in the way of a stack on a cluster; changes nothing, exits with 1 when something blocks.

    With --print-roles it prints, as JSON, a body of POST _security/api_key for each job, or for the one of --role.

    \b
    Examples: clipline doctor --stack mystack --url https://host:9200
              clipline doctor --print-roles --role loader | curl -u elastic -H 'Content-Type: application/json' \\
                "$ELASTICSEARCH_URL/_security/api_key" -d @-
    """
    from provisioning.doctor import Level, examine
    from provisioning.doctor.gather import gather
    from provisioning.doctor.model_users import users_of_models
    from provisioning.doctor.needs import needs_of

    stack_choice, target_choice = read_choices(values)
    if print_roles and as_json:
        raise UsageError("--print-roles prints JSON by itself", where="--json", hint="leave --json out")
    stack = open_stack(stack_choice)
    if print_roles:
        _print_roles(stack, role)
        return ExitCode.DONE
    with open_target(target_choice) as (target, client):
        bundles = _bundles(stack, bundle_files)
        needs = needs_of(stack, bundles=bundles, job=role or "provisioner", cloud=target.in_cloud)
        facts = gather(client, needs)
    findings, users = examine(facts, needs), users_of_models(facts)
    blocked = any(finding.level is Level.BLOCKS for finding in findings)
    if as_json:
        counts = {str(level): sum(finding.level is level for finding in findings) for level in Level}
        show_json(
            {
                "stack": stack.name,
                "target": target.name,
                "blocked": blocked,
                "counts": counts,
                "findings": [finding.to_json() for finding in findings],
                "models": [row.to_json() for row in users],
            }
        )
    else:
        _show(stack.name, target.name, findings, users)
    return ExitCode.FAILED if blocked else ExitCode.DONE


def _print_roles(stack: Stack, role: str | None) -> None:
    from provisioning.roles import key_request, roles_of

    bodies = {job: key_request(stack.name, job, descriptor) for job, descriptor in roles_of(stack).items()}
    show_json(bodies if role is None else bodies[role])


def _bundles(stack: Stack, given: Iterable[Path]) -> dict[str, BundleFacts]:
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles
    from provisioning.doctor.needs import BundleFacts

    models = [model_asset(asset) for asset in stack.of("model")]
    bundles = find_bundles(models, given=given, stack=stack.directory)
    digests = bundles.digests().text
    found = {}
    for model in models:
        digest, bundle = digests[model.stem], bundles.at_hand(model.stem)
        found[model.stem] = BundleFacts(
            model_id=model.model_id(digest) if digest else None,
            model_bytes=bundle.model_bytes if bundle else None,
            metadata=bundle.config().get("metadata") if bundle else None,
        )
    return found


def _show(stack: str, target: str, findings: tuple[Finding, ...], users: tuple[ModelUsers, ...]) -> None:
    from provisioning.doctor import Level

    styles = {Level.BLOCKS: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan", Level.OK: "dim"}
    show(f"stack {stack} on {target}\n")
    for finding in findings:
        head = f"{finding.level:<8}{finding.check:<13}{finding.subject}: {finding.what}"
        data().print(head, style=styles[finding.level], markup=False)
        for label, text in (("cause", finding.cause), ("next", finding.next_step)):
            if text:
                show(f"{'':8}{label + ':':<13}{text}")
    if users:
        show("")
        for row in users:
            stacks = f" (stack {', '.join(row.stacks)})" if row.stacks else ""
            show(f"model   {row.model_id}{stacks}")
            show(f"{'':8}{'known as:':<13}{', '.join((*row.deployments, *row.aliases)) or 'nothing else'}")
            show(f"{'':8}{'used by:':<13}{', '.join(row.users) or 'nobody'}")
    show("")
    show(_summary(findings))


def _summary(findings: tuple[Finding, ...]) -> str:
    from provisioning.doctor import Level

    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    if counts[Level.BLOCKS]:
        verb = "thing blocks" if counts[Level.BLOCKS] == 1 else "things block"
        start = f"{counts[Level.BLOCKS]} {verb}"
    else:
        start = "Nothing blocks"
    return f"{start}; {counts[Level.WARNING]} to watch, {counts[Level.NOTE]} to know, {counts[Level.OK]} in order."
