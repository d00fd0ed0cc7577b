"""``clipline init`` and ``clipline validate``: no cluster in reach."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import click

from clipline.commands.options import open_stack, open_tests, read_choices, stack_options
from clipline.commands.packaged import STACK_FILES, packaged_stack
from clipline.core.errors import UsageError
from clipline.core.output import say, show, show_json


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init_command(directory: Path) -> None:
    """Write a new stack into DIRECTORY, named like the folder.

    \b
    Example: clipline init mystack
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", directory.resolve().name.lower()).strip("-") or "stack"
    existing = [entry for entry in STACK_FILES if (directory / entry).exists()]
    if existing:
        raise UsageError(f"{', '.join(existing)} is there already", where=str(directory), hint="choose an empty folder")
    source = packaged_stack()
    directory.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.tar", ".*")
    for entry in STACK_FILES:
        if (source / entry).is_dir():
            shutil.copytree(source / entry, directory / entry, ignore=ignore)
        else:
            text = (source / entry).read_text("utf-8")
            (directory / entry).write_text(re.sub(r"(?m)^stack:.*$", f"stack: {name}", text), "utf-8")
    say(f"wrote the stack {name!r} into {directory}")
    say(f"next: clipline validate --stack {directory}; clipline plan --stack {directory} --url https://host:9200")


@click.command("validate")
@stack_options
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def validate_command(as_json: bool, **values: Any) -> None:
    """Check a stack's files; needs no cluster.

    \b
    Example: clipline validate --stack mystack
    """
    from provisioning.assets.pairs import read_pairs

    choice, _ = read_choices(values)
    stack = open_stack(choice)
    pairs = read_pairs(stack.directory)
    tests = Counter(case.pipeline for case in open_tests(choice, stack))
    found = {kind: [asset.name for asset in stack.of(kind)] for kind in sorted({asset.kind for asset in stack.assets})}
    if as_json:
        show_json({"stack": stack.name, "assets": found, "pipeline_tests": dict(tests), "pairs": len(pairs)})
        return
    for kind, names in found.items():
        show(f"{kind}: {', '.join(names)}")
    for name, number in tests.items():
        show(f"pipeline tests: {name}, {number} case{'s' if number != 1 else ''}")
    if pairs:
        show(f"probes: {len(pairs)} picture{'s' if len(pairs) != 1 else ''} with captions")
    show(f"The stack {stack.name} is valid: {len(stack.assets)} files.")
