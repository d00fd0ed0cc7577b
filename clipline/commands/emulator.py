"""``clipline emulator``: the emulator in the foreground, or in the background with ``--detach`` until ``stop``."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from clipline.commands.options import need_emulator
from clipline.core.errors import CliplineError, UsageError
from clipline.core.output import say
from clipline.emulator.identity import DEFAULT_VERSION, LICENSES, TESTED, Version


class _Folder(click.Path):
    """A folder; an empty name, as of a variable that is not set, is not the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; the current folder is '.'", param, ctx)
        return super().convert(value, param, ctx)


_FOLDER = _Folder(path_type=Path, file_okay=False)
_UNITS = {"b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3, "tb": 1024**4}
_DATA = click.option(
    "--data",
    type=_FOLDER,
    default=Path(".clipline"),
    show_default=True,
    help="The data folder; what was acknowledged is kept here.",
)


def _version(ctx: click.Context, param: click.Parameter, value: str) -> str:
    try:
        return str(Version.parse(value))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def _bytes(ctx: click.Context, param: click.Parameter, value: str) -> int:
    match = re.fullmatch(r"(\d+)\s*(b|kb|mb|gb|tb)", value.strip().lower())
    if match is None:
        raise click.BadParameter(f"{value!r} is not a size such as 4gb or 512mb", ctx, param)
    return int(match[1]) * _UNITS[match[2]]


@click.group("emulator", invoke_without_command=True)
@_DATA
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9200, show_default=True, help="The port; 0 takes a free one."
)
@click.option(
    "--version",
    callback=_version,
    default=str(DEFAULT_VERSION),
    show_default=True,
    help=f"The version of Elasticsearch to be; tested: {', '.join(TESTED)}.",
)
@click.option("--license", type=click.Choice(LICENSES), default="trial", show_default=True, help="Its licence.")
@click.option("--ml-memory", callback=_bytes, default="4gb", show_default=True, help="What its ML node has for models.")
@click.option("--no-ml-node", is_flag=True, help="Without a node for machine learning.")
@click.option(
    "--lazy-ml-node",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Without such a node until a deployment waits for one; it joins so long after, as by autoscaling.",
)
@click.option("--secure", is_flag=True, help="TLS, users, API keys and privileges; else credentials are ignored.")
@click.option(
    "--start-delay",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="How long a deployment stays in starting.",
)
@click.option("--detach", is_flag=True, help="Go on in the background; clipline emulator stop ends it.")
@click.option("--wait", is_flag=True, help="With --detach: come back when it serves.")
@click.option(
    "--print-env",
    is_flag=True,
    help="Print ELASTICSEARCH_URL, and with --secure user, password and CA file, as lines for the eval of a shell.",
)
@click.option("--with-parent", is_flag=True, hidden=True)
@click.pass_context
def emulator_command(
    ctx: click.Context,
    /,
    data: Path,
    port: int,
    detach: bool,
    wait: bool,
    print_env: bool,
    with_parent: bool,
    **identity: Any,
) -> None:
    """Run the Elasticsearch emulator, on this machine's loopback address only.

    In the foreground it prints one line with its URL when it is ready; SIGTERM or Ctrl-C ends it. With --print-env it
    prints the variables instead; where one runs on the data folder already, it prints those of that one, and ends.
    With --detach --wait --print-env, a start that fails prints "false", so that the eval fails too.

    \b
    Examples: clipline emulator --data demo-data --port 9200
              eval "$(clipline emulator --port 0 --detach --wait --print-env)"
              clipline emulator stop
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = data
        return
    if wait and not detach:
        raise UsageError("--wait goes with --detach", hint="in the foreground the first line says when it is ready")
    if identity["no_ml_node"] and identity["lazy_ml_node"] is not None:
        raise UsageError("--no-ml-node and --lazy-ml-node exclude each other")
    if print_env and detach and not wait:
        raise UsageError("--print-env needs to know the port", hint="add --wait")
    if print_env and not detach and (found := _exports(data)):
        click.echo(found)
        return
    need_emulator()
    arguments = _arguments(identity)
    if detach:
        _detach(data, arguments, port=port, wait=wait, print_env=print_env)
        return
    # The same process goes on as the server, so that signals and exit code are the server's own.
    command = [sys.executable, "-m", "clipline.emulator", f"--data={data}", "--port", str(port), *arguments]
    command += ["--print-env"] * print_env + ["--with-parent"] * with_parent
    os.execv(sys.executable, command)  # noqa: S606 - our own module, no shell


@emulator_command.command("stop", short_help="End the emulator of a data folder.")
@click.option("--data", type=_FOLDER, help="The data folder; by default .clipline.")
@click.pass_obj
def stop_command(default: Path, data: Path | None) -> None:
    """End the emulator that runs on a data folder; what was acknowledged stays there.

    \b
    Example: clipline emulator stop --data demo-data
    """
    from clipline.emulator.launch import stop

    folder = data or default
    with _sentences(folder):
        stopped = stop(folder)
    if not stopped:
        raise CliplineError(
            "no emulator runs on this data folder",
            where=str(folder),
            hint="name the one it was started with: --data DIR",
        )
    say(f"stopped the emulator on {folder}")


def _arguments(identity: dict[str, Any]) -> list[str]:
    flags = [f"--{name.replace('_', '-')}" for name in ("no_ml_node", "secure") if identity.pop(name)]
    named = [(f"--{name.replace('_', '-')}", str(value)) for name, value in identity.items() if value is not None]
    return [*flags, *(word for pair in named for word in pair)]


def _exports(data: Path) -> str:
    from clipline.emulator.record import find

    with _sentences(data):
        running = find(data)
    return running.exports() if running else ""


def _detach(data: Path, arguments: list[str], *, port: int, wait: bool, print_env: bool) -> None:
    from clipline.emulator.launch import detach

    try:
        with _sentences(data):
            running = detach(data, arguments, port=port, wait=wait)
    except CliplineError:
        if print_env:
            # `eval "$(…)"` of nothing succeeds: a script would go on without an emulator, or with another cluster.
            click.echo("false")
        raise
    if running is None:
        say(f"the emulator starts in the background; its log is {data / 'emulator.log'}")
        return
    say(f"the emulator serves at {running.url}; end it with: clipline emulator stop --data {shlex.quote(str(data))}")
    click.echo(running.exports() if print_env else running.url)


@contextmanager
def _sentences(data: Path) -> Iterator[None]:
    from clipline.emulator.launch import EmulatorError

    try:
        yield
    except EmulatorError as error:
        raise CliplineError(str(error)) from error
    except OSError as error:
        # It is another user's.
        raise CliplineError(f"the data folder {data} cannot be used: {error.strerror}") from error
