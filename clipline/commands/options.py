"""Options that several commands share, and what they open: a stack, a connection, a client."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from clipline.core.cluster import cluster_errors, connect, log_requests, new_opaque_id
from clipline.core.errors import MissingExtraError, UsageError
from clipline.core.output import say
from clipline.core.settings import PATIENCE, Connection, connection

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from provisioning.assets.stack import Stack
    from provisioning.assets.variables import Variables
    from provisioning.pipeline_tests.case import Case

EMULATOR_PACKAGES = ("anyio", "lark", "mmh3", "orjson", "regex", "trustme", "uvicorn", "torch")
"""What ``clipline[emulator]`` brings, by the names that are imported."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChoice:
    """Which stack, with which values."""

    directory: Path | None
    flags: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """Which cluster: an address, or the emulator for the time of the command."""

    url: str | None
    cloud_id: str | None
    emulator: bool
    emulator_data: Path
    timeout: float
    verbose: bool
    patience: float = PATIENCE


def stack_options(command: F) -> F:
    """``--stack``, ``--var``, ``--vars-file``; ``read_choices`` makes a ``StackChoice`` of them."""
    options = [
        click.option(
            "--stack",
            "stack_directory",
            type=click.Path(path_type=Path, file_okay=False),
            help="The stack's folder; by default the current one, else the packaged default stack.",
        ),
        click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable of the stack."),
        click.option(
            "--vars-file",
            "variable_files",
            multiple=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="A YAML file of variables.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def target_options(command: F) -> F:
    """``--url``, ``--cloud-id``, ``--emulator`` and what belongs to them."""
    options = [
        click.option("--url", help="The cluster's URL (or ELASTICSEARCH_URL)."),
        click.option("--cloud-id", help="The Elastic Cloud id (or ELASTIC_CLOUD_ID)."),
        click.option("--emulator", is_flag=True, help="Start the emulator for the time of the command."),
        click.option(
            "--emulator-data",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path(".clipline"),
            show_default=True,
            help="The emulator's data folder.",
        ),
        click.option(
            "--timeout", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Seconds a request."
        ),
        click.option(
            "--patience",
            type=click.FloatRange(0),
            show_envvar=True,
            default=PATIENCE,
            show_default=True,
            envvar="CLIPLINE_PATIENCE",
            help="Seconds to ask again while the cluster is busy or away; 0 for never.",
        ),
        click.option("--verbose", is_flag=True, help="Show every request on stderr."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


bundle_option = click.option(
    "--bundle",
    "bundle_files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A text model's bundle; else models/<stem>.tar, else the cache.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
fields_option = click.option("--verbose-plan", is_flag=True, help="Show every field of what is new.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
adopt_option = click.option(
    "--adopt",
    multiple=True,
    metavar="ADDRESS",
    help="Take over what is there and was not made by this stack, as KIND/NAME; `all` for whatever belongs to no stack.",
)
break_lock_option = click.option(
    "--break-lock", is_flag=True, help="Take the lock of another operator who cannot be working any more."
)
wait_option = click.option(
    "--wait-timeout",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="Seconds to wait for a deployment to start.",
)


def read_choices(values: dict[str, Any]) -> tuple[StackChoice, TargetChoice]:
    """Take the shared options out of a command's keyword arguments."""
    stack = StackChoice(
        directory=values.pop("stack_directory", None),
        flags=tuple(values.pop("variables", ())),
        files=tuple(values.pop("variable_files", ())),
    )
    target = TargetChoice(
        url=values.pop("url", None),
        cloud_id=values.pop("cloud_id", None),
        emulator=values.pop("emulator", False),
        emulator_data=values.pop("emulator_data", Path(".clipline")),
        timeout=values.pop("timeout", 30.0),
        verbose=values.pop("verbose", False),
        patience=values.pop("patience", PATIENCE),
    )
    return stack, target


def open_stack(choice: StackChoice) -> Stack:
    """Read and check the stack that was chosen.

    Raises:
        UsageError: it is not a stack, or a variable has no value.
        AssetError: its files are wrong.
    """
    from clipline.commands.packaged import packaged_stack
    from provisioning.assets.stack import is_stack, read_stack
    from provisioning.assets.validate import check
    from provisioning.assets.variables import gather

    directory = choice.directory
    if directory is None:
        directory = Path.cwd()
        if not is_stack(directory):
            directory = packaged_stack()
            say(f"using the packaged default stack ({directory})")
    elif not directory.is_dir():
        raise UsageError("the stack's folder does not exist", where=str(directory), hint="clipline init DIR writes one")
    variables = gather(stack=directory, flags=choice.flags, files=choice.files, environment=os.environ)
    stack = read_stack(directory.resolve(), variables)
    _check_used(stack, variables)
    check(stack)
    return stack


def _check_used(stack: Stack, variables: Variables) -> None:
    """A variable that no file uses is a slip where it was given for this very stack; elsewhere it may be for others."""
    from provisioning.assets.variables import Layer

    for name, value in variables.given().items():
        if name in stack.variables or name == "stack" or value.layer not in (Layer.FLAG, Layer.STACK):
            continue
        from provisioning.pipeline_tests.files import mentions  # nobody else needs it here, and it takes its time

        if not mentions(stack.directory, name):
            used = sorted({*stack.variables, "stack"})
            near = difflib.get_close_matches(name, used, n=1)
            raise UsageError(
                f"no file of this stack uses the variable {name}",
                where=value.origin,
                hint=f"did you mean {near[0]}?" if near else f"it uses {', '.join(used)}",
            )


def open_tests(choice: StackChoice, stack: Stack) -> tuple[Case, ...]:
    """Read and check the tests of a stack's pipelines, with the values that the stack was read with.

    Raises:
        UsageError: a variable has no value.
        AssetError: their files are wrong.
    """
    from provisioning.assets.variables import gather
    from provisioning.pipeline_tests.files import read_tests

    variables = gather(stack=stack.directory, flags=choice.flags, files=choice.files, environment=os.environ)
    return read_tests(stack, variables)


@contextmanager
def open_target(choice: TargetChoice) -> Iterator[tuple[Connection, Elasticsearch]]:
    """The client of the chosen cluster; whatever it raises inside becomes a sentence.

    Raises:
        UsageError: no cluster is named, or two are.
        ClusterError: the cluster said no, or nothing.
    """
    with ExitStack() as stack:
        chosen = stack.enter_context(_connection(choice))
        opaque_id = new_opaque_id()
        if choice.verbose:
            log_requests(opaque_id)
        stack.enter_context(cluster_errors(chosen))
        yield chosen, stack.enter_context(connect(chosen, opaque_id=opaque_id))


@contextmanager
def _connection(choice: TargetChoice) -> Iterator[Connection]:
    if not choice.emulator:
        yield connection(
            environment=os.environ,
            url=choice.url,
            cloud_id=choice.cloud_id,
            timeout=choice.timeout,
            patience=choice.patience,
        )
        return
    if choice.url or choice.cloud_id:
        raise UsageError("--emulator and the address of a cluster exclude each other", hint="give one of them")
    with started_emulator(choice.emulator_data) as url:
        # Credentials of the environment belong to another cluster and are not sent to the emulator.
        yield connection(environment={}, url=url, timeout=choice.timeout, patience=choice.patience)


@contextmanager
def started_emulator(data: Path, *, port: int = 0) -> Iterator[str]:
    """An emulator for the time of a block; gives its URL.

    Raises:
        MissingExtraError: ``clipline[emulator]`` is not installed.
        CliplineError: it did not start.
    """
    need_emulator()
    from clipline.core.errors import CliplineError
    from clipline.emulator.launch import EmulatorError, running_emulator

    try:
        with running_emulator(data, port=port) as url:
            yield url
    except EmulatorError as error:
        raise CliplineError(str(error)) from error


def need_emulator() -> None:
    """Check that the emulator's packages are there, before it fails over one of them in a process of its own.

    Raises:
        MissingExtraError: ``clipline[emulator]`` is not installed.
    """
    # Only looked for: importing torch takes seconds, and only the native processes need it.
    for package in EMULATOR_PACKAGES:
        if find_spec(package) is None:
            raise MissingExtraError("emulator", purpose="the emulator", package=package)
