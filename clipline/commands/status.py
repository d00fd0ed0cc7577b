"""``clipline status``: what runs on the cluster."""

from __future__ import annotations

from typing import Any

import click

from clipline.commands.options import json_option, open_stack, open_target, read_choices, stack_options, target_options
from clipline.core.errors import ExitCode
from clipline.core.output import show, show_json


@click.command("status")
@stack_options
@target_options
@json_option
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
