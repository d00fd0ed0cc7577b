"""The pytest plugin: an emulator for the whole test run, and a stack applied to it.

Options in the application's pytest configuration::

    [tool.pytest.ini_options]
    clipline_emulator = ["--version", "9.5.2", "--secure"]
    clipline_stack = "mystack"
    clipline_variables = ["text_model=models/tiny"]

Without ``clipline_stack`` it is the packaged default stack with the tiny model pair that comes with the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from clipline.testing.emulator import Emulator, EmulatorFailed, emulator

_TINY = Path(__file__).resolve().parent.parent / "demo"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the configuration file."""
    parser.addini("clipline_emulator", "arguments of clipline emulator", type="args", default=[])
    parser.addini("clipline_stack", "the folder of the stack to apply, relative to the root directory", default="")
    parser.addini("clipline_variables", "variables of the stack, NAME=VALUE", type="linelist", default=[])


@pytest.fixture(scope="session")
def clipline_emulator(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulated Elasticsearch for the whole run: ``url``, ``environment``, ``run(command, …)``."""
    data = tmp_path_factory.mktemp("clipline-emulator")
    with ExitStack() as stack:
        with _told():
            running = stack.enter_context(emulator(*pytestconfig.getini("clipline_emulator"), data=data))
        yield running


@pytest.fixture(scope="session")
def clipline_stack(clipline_emulator: Emulator, pytestconfig: pytest.Config) -> Emulator:
    """The emulator with the stack applied: pipelines, templates, index, alias, and the text model deployed."""
    folder, variables = pytestconfig.getini("clipline_stack"), list(pytestconfig.getini("clipline_variables"))
    if folder:
        chosen = ["--stack", str(pytestconfig.rootpath / folder)]
    else:
        # Where there is no stack of one's own, nor a model hub.
        tiny = [f"text_model={_TINY / 'text'}", f"image_model={_TINY / 'image'}", "replicas=0"]
        scratch = clipline_emulator.data / "stack"
        if not scratch.exists():
            clipline_emulator.run("init", str(scratch))
        chosen, variables = ["--stack", str(scratch)], [*tiny, *variables]
    flags = [word for variable in variables for word in ("--var", variable)]
    with _told():
        clipline_emulator.run("apply", "--yes", *chosen, *flags)
    return clipline_emulator


@contextmanager
def _told() -> Iterator[None]:
    """What clipline says, without the lines of the plugin in which it was heard."""
    try:
        yield
    except EmulatorFailed as failure:
        # As pytest.fail, which cannot leave out the exception that it is raised in.
        raise pytest.fail.Exception(str(failure), pytrace=False) from None
