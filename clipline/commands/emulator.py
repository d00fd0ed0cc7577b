"""``clipline emulator``: the emulator in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from clipline.core.errors import MissingExtraError


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
    try:
        import orjson  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("emulator", purpose="the emulator", package=error.name or "starlette") from error
    # The same process goes on as the server, so that signals and exit code are the server's own.
    arguments = ["-m", "clipline.emulator", "--data", str(data), "--port", str(port)]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own module, no shell
