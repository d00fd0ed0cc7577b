"""``clipline emulator``: the emulator in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from clipline.commands.options import need_emulator


@click.command("emulator")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".clipline"),
    show_default=True,
    help="The data folder; what was acknowledged is kept here.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9200, show_default=True, help="The port; 0 takes a free one."
)
def emulator_command(data: Path, port: int) -> None:
    """Run the Elasticsearch emulator in the foreground, on this machine's loopback address only.

    Prints one line with its URL when it is ready; SIGTERM or Ctrl-C ends it.

    \b
    Example: clipline emulator --data demo-data --port 9200
    """
    need_emulator()
    # The same process goes on as the server, so that signals and exit code are the server's own.
    arguments = ["-m", "clipline.emulator", "--data", str(data), "--port", str(port)]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own module, no shell
