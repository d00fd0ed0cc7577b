"""``clipline history``: who did what to this stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from clipline.commands.options import json_option, open_stack, open_target, read_choices, stack_options, target_options
from clipline.core.output import show, show_json


@click.command("history")
@stack_options
@target_options
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many runs, newest first."
)
@click.option("--changes", is_flag=True, help="Show each change with the digest of what was sent.")
@json_option
def history_command(limit: int, changes: bool, as_json: bool, **values: Any) -> None:
    """Show who applied, pruned or destroyed this stack, when, and what became of it.

    \b
    Example: clipline history --stack mystack --url https://host:9200
    """
    from provisioning.state.history import read_history

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    with open_target(target_choice) as (target, client):
        runs = read_history(client, stack.name, limit=limit)
    if as_json:
        show_json(runs)
        return
    if not runs:
        show(f"No history: nothing was done to the stack {stack.name} on {target.name} by a clipline that keeps one.")
    for run in runs:
        show(_line(run))
        if run.get("error"):
            show(f"    error: {str(run['error']).splitlines()[0]}")
        for change in run["changes"] if changes else ():
            detail = f": {change['detail']}" if change["detail"] else ""
            show(f"    {change['verb']} {change['address']}  {change['state']}{detail}  {change['digest'][:19]}")


def _line(run: Mapping[str, Any]) -> str:
    states = Counter(change["state"] for change in run["changes"])
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    return (
        f"{run['started_at']}  {run['who']}@{run['host']}  {run['command']}: {run['outcome']} ({counts}; "
        f"Elasticsearch {run['server']}, clipline {run['clipline']})"
    )
