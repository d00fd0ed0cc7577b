"""``clipline bundle``: a text model's files → one file that is checked and pushed anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipline.commands.carry_out import carry_out, outcome
from clipline.commands.options import (
    break_lock_option,
    json_option,
    open_stack,
    open_target,
    read_choices,
    stack_options,
    target_options,
)
from clipline.commands.planning import Planned, make_plan, of_bundle, show_plan
from clipline.core.errors import BundleError, ExitCode, UsageError
from clipline.core.output import say, show, show_json
from clipline.core.sizes import size

if TYPE_CHECKING:
    from provisioning.assets.stack import Stack


@click.group("bundle")
def bundle_command() -> None:
    """A text model as one file: built once, checked and pushed anywhere."""


@bundle_command.command("build")
@click.argument("model", required=False)
@stack_options
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; by default only the cache.")
def build_command(model: str | None, out: Path | None, **values: Any) -> None:
    """Build the bundle of MODEL, a file of models/ or its stem; needs clipline[models].

    \b
    Example: clipline bundle build --out clip-text.tar
    Then, where neither torch nor the model is: clipline apply --bundle clip-text.tar --url https://host:9200
    """
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles
    from provisioning.bundles.space import sentence

    choice, _ = read_choices(values)
    stack = open_stack(choice)
    models = {asset.name: model_asset(asset) for asset in stack.of("model")}
    stem = Path(model).stem if model else next(iter(models), "")
    if stem not in models or (model is None and len(models) > 1):
        raise UsageError(f"name the model to build: {', '.join(models) or 'this stack declares none'}")
    bundle = find_bundles(models.values(), given=(), stack=stack.directory).compared(stem)
    if out is not None:
        _copy(bundle.path, out)
    say(f"{models[stem].model_id(bundle.digest)}: {bundle.model_bytes / 1e6:.1f} MB of model")
    say(f"space {sentence(bundle.manifest['space'])}")
    show(str(out or bundle.path))


@bundle_command.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def verify_command(file: Path, as_json: bool) -> None:
    """Check every byte of the bundle FILE and say what is in it.

    \b
    Example: clipline bundle verify clip-text.tar
    """
    from provisioning.bundles.bundle import open_bundle
    from provisioning.bundles.space import sentence

    bundle = open_bundle(file)
    bundle.verify()
    if as_json:
        show_json(bundle.manifest)
        return
    manifest = bundle.manifest
    source = manifest["source"]
    versions = ", ".join(f"{name} {version}" for name, version in (manifest.get("versions") or {}).items())
    show(f"{file}: whole; every byte is as it was written")
    show(f"source   {source['model']}" + (f"@{source['revision']}" if source["revision"] else ""))
    show(f"digest   {bundle.digest}")
    show(f"model    {bundle.model_bytes / 1e6:.1f} MB, vectors of {manifest.get('embedding_size')} dims")
    memory = manifest["memory"]["one_allocation_bytes"]
    show(f"memory   {size(memory)} of an ML node for one allocation")
    show(f"space    {sentence(manifest.get('space') or {})}")
    show(f"made by  {versions or 'nobody says'}")


@bundle_command.command("push")
@click.argument("file", type=click.Path(path_type=Path))
@stack_options
@target_options
@break_lock_option
@json_option
def push_command(file: Path, break_lock: bool, as_json: bool, **values: Any) -> int:
    """Bring the bundle FILE of a stack's text model into a cluster, and nothing else; apply does what is left.

    Needs neither torch nor the model's files. A push that was cut off goes on from there.

    \b
    Example: clipline bundle push clip-text.tar --url https://host:9200
    """
    from provisioning.plan import Verb

    stack_choice, target_choice = read_choices(values)
    stack = open_stack(stack_choice)
    _check_wanted(stack, file)
    with open_target(target_choice) as (target, client):
        planned = make_plan(stack, client, target=target.name, bundle_files=(file,), cloud=target.in_cloud)
        plan = of_bundle(planned.plan, file)
        if plan.problems:
            show_plan(plan, as_json=as_json)
            return ExitCode.FAILED
        done = (
            carry_out(Planned(plan, planned.bundles), client, break_lock=break_lock, cloud=target.in_cloud)
            if plan.pending
            else []
        )
    if as_json:
        show_json({"plan": plan.to_json(), "outcome": [outcome(item) for item in done]})
    else:
        for change in plan.changes:
            show(f"{change.name}: {'is there already' if change.verb is Verb.NO_OP else 'pushed'}")
    return ExitCode.DONE


def _check_wanted(stack: Stack, file: Path) -> None:
    """Refuse a bundle whose model has no place on the cluster.

    Raises:
        UsageError: the stack encodes its texts on the client.
    """
    from provisioning.assets.model_asset import model_asset
    from provisioning.bundles.find import find_bundles

    models = [model_asset(asset) for asset in stack.of("model")]
    if not any(model.on_client for model in models):
        return
    bundles = find_bundles(models, given=(file,), stack=stack.directory)
    for stem, bundle in bundles.found.items():
        if bundle.path == file and bundles.models[stem].on_client:
            raise UsageError(
                f"this stack encodes the texts of {stem} on the client, so its model has no place on the cluster",
                where=str(file),
                hint=f"load and search with clipline[models] as it is, or set text_encoder: cluster in models/{stem}.yml",
            )


def _copy(bundle: Path, out: Path) -> None:
    """Aside and renamed, so that a file of that name is a whole one."""
    aside = out.with_name(f".{out.name}.part")
    try:
        shutil.copyfile(bundle, aside)
        aside.replace(out)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BundleError(f"cannot be written: {error.strerror}", where=str(out)) from error
