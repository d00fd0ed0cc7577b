"""``clipline eval``: measures of what is on the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from clipline.commands.options import (
    bundle_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
)
from clipline.core.errors import BundleError, ExitCode, ModelError, UsageError
from clipline.core.output import say, show, show_json


@click.command("eval")
@stack_options
@target_options
@bundle_option
@click.option(
    "--parity", is_flag=True, help="Send the probes of each text model's bundle through the model that serves."
)
@json_option
def eval_command(bundle_files: tuple[Path, ...], parity: bool, as_json: bool, **values: Any) -> int:
    """Measure what is on the cluster; exit 1 when it is not what it should be. Changes nothing.

    --parity: whether the vectors of the deployed text model are those of its source, by cosine, in many languages.

    \b
    Example: clipline eval --parity --stack mystack --url https://host:9200
    """
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles
    from provisioning.bundles.parity import prove

    if not parity:
        raise UsageError("say what is to be measured", where="eval", hint="give --parity")
    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    models = [model_asset(asset) for asset in stack.of("model")]
    on_client = [model for model in models if model.on_client]
    for model in on_client:
        say(f"{model.model_alias}: left out, texts are encoded on the client")
    models = [model for model in models if not model.on_client]
    if on_client and not models:
        raise UsageError(
            "there is no parity to measure: this stack encodes its texts on the client",
            where="--parity",
            hint=f"search by text as it is, or set text_encoder: cluster in models/{on_client[0].stem}.yml and apply",
        )
    bundles = find_bundles(models, given=bundle_files, stack=stack.directory)
    found = []
    with open_target(target_choice) as (target, client):
        for model in models:
            bundle = bundles.at_hand(model.stem)
            if bundle is None:
                raise BundleError(
                    "no bundle of this model is at hand, and it holds the probes",
                    where=model.where,
                    hint="give --bundle FILE, or run `clipline bundle build`",
                )
            entry: dict[str, Any] = {"model_alias": model.model_alias, "lowest_cosine": None, "error": None}
            found.append(entry)
            try:
                entry["lowest_cosine"] = prove(client, bundle, deployment_id=model.model_alias)
            except ModelError as error:
                entry["error"] = error.what
                say(str(error))
    if as_json:
        show_json({"stack": stack.name, "target": target.name, "parity": found})
    else:
        for entry in found:
            if entry["error"] is None:
                show(f"{entry['model_alias']}: parity proven, lowest cosine {entry['lowest_cosine']:.6f}")
    return ExitCode.FAILED if any(entry["error"] for entry in found) else ExitCode.DONE
