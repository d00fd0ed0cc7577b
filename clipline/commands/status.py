"""``clipline status``: what runs on the cluster."""

from __future__ import annotations

from typing import Any

import click

from clipline.commands.options import json_option, open_stack, open_target, read_choices, stack_options, target_options
from clipline.core.errors import ExitCode
from clipline.core.output import data, show_json


@click.command("status")
@stack_options
@target_options
@json_option
def status_command(as_json: bool, **values: Any) -> int:
    """Show what runs on the cluster; exit 1 unless every index and model of the stack serves.

    What differs from the files is shown, and no reason to exit with 1: that is what drift is for.

    \b
    Example: clipline status --stack mystack --url https://host:9200
    """
    from clipline.commands.planning import make_plan
    from provisioning.assets.model_asset import model_asset
    from provisioning.roles import aliases_of
    from provisioning.status import lines, read_status
    from provisioning.status.read import Wanted

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    models = [model_asset(asset) for asset in stack.of("model")]
    wanted = Wanted(
        stack=stack.name,
        aliases=tuple(aliases_of(stack)),
        pipelines=tuple(asset.name for asset in stack.of("ingest_pipeline")),
        models={model.model_alias: model.deployment_id for model in models if not model.on_client},
        client_models=tuple(model.model_alias for model in models if model.on_client),
    )
    with open_target(target_choice) as (target, client):
        status = read_status(
            client,
            wanted,
            target=target,
            plan=lambda: make_plan(stack, client, target=target.name, cloud=target.in_cloud).plan,
        )
    if as_json:
        show_json(status.to_json())
    else:
        for line, bad in lines(status):
            data().print(line, style="red" if bad else None, markup=False)
    return ExitCode.DONE if status.serving else ExitCode.FAILED
