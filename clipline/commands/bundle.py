"""``clipline bundle build``: a text model's files → one file that can be pushed from anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from clipline.commands.options import open_stack, read_choices, stack_options
from clipline.core.errors import BundleError, UsageError
from clipline.core.output import say, show


@click.group("bundle")
def bundle_command() -> None:
    """Build a text model's bundle, to be pushed anywhere."""


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

    choice, _ = read_choices(values)
    stack = open_stack(choice)
    models = {asset.name: model_asset(asset) for asset in stack.of("model")}
    stem = Path(model).stem if model else next(iter(models), "")
    if stem not in models or (model is None and len(models) > 1):
        raise UsageError(f"name the model to build: {', '.join(models) or 'this stack declares none'}")
    bundle = find_bundles(models.values(), given=(), stack=stack.directory).obtain(stem)
    if out is not None:
        try:
            shutil.copyfile(bundle.path, out)
        except OSError as error:
            raise BundleError(f"cannot be written: {error.strerror}", where=str(out)) from error
    say(f"{models[stem].model_id(bundle.digest)}: {bundle.model_bytes / 1e6:.1f} MB of model")
    show(str(out or bundle.path))
