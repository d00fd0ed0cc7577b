"""``clipline demo``: the main job from start to end, on pictures made here."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from clipline.core.errors import UsageError
from clipline.core.output import say


@click.command("demo")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything here: the emulator's data and the pictures. Needs --keep.",
)
@click.option("--keep", is_flag=True, help="Leave everything in --data afterwards.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("demo.html"),
    show_default=True,
    help="Where the page of found pictures goes.",
)
@click.option("--pictures", type=click.IntRange(10, 100_000), default=300, show_default=True, help="How many pictures.")
def demo_command(data: Path | None, keep: bool, html: Path, pictures: int) -> None:
    """Run the whole job on pictures made here: emulator, apply, load, search, a page of what was found.

    \b
    Example: clipline demo --data demo-data --keep
    Then:    clipline emulator --data demo-data --port 9200
    """
    from clipline.demo.job import run_demo

    if (data is None) == keep:
        raise UsageError("--data and --keep go together", hint="clipline demo --data demo-data --keep")
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clipline-demo-")))
        run_demo(folder, html=html, pictures=pictures)
    if data is not None:
        say(f"everything is in {data}; serve it again: clipline emulator --data {data} --port 9200")
