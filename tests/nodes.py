"""Emulators for the tests, in the version that the installed client is for.

The client's major decides (8 → 8.19.20, 9 → 9.2.0); ``CLIPLINE_TEST_VERSION`` names another one for a whole run, as
``noxfile.py`` does. A test that is about one version names it itself, as in ``running_emulator(folder, "--version",
"9.5.2")``. Tests outside ``tests/emulator`` start emulators by these functions only (tests/test_architecture.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from clipline.emulator import launch
from clipline.emulator.record import Running

CLIENT = int(version("elasticsearch").partition(".")[0])
"""The major of the installed client."""

CHOSEN = os.environ.get("CLIPLINE_TEST_VERSION")
"""The version for this run, where one is named."""

VERSION = CHOSEN or {8: "8.19.20", 9: "9.2.0"}[CLIENT]
NUMBERS = tuple(map(int, VERSION.split(".")))
"""The same as numbers: what a test expects may depend on them, as in ``NUMBERS >= (9, 2)``."""


def since(*numbers: int) -> pytest.MarkDecorator:
    """The mark of a test about something that this version first has: ``@since(9, 2)``."""
    words = ".".join(map(str, numbers))
    return pytest.mark.skipif(numbers > NUMBERS, reason=f"about something of {words}, this is {VERSION}")


@contextmanager
def running_emulator(data: Path, *arguments: str) -> Iterator[str]:
    """An emulator over a data folder for the time of a block; gives its URL."""
    with started(data, *arguments) as running:
        yield running.url


@contextmanager
def started(data: Path, *arguments: str) -> Iterator[Running]:
    """Like ``running_emulator``; gives all that is known of it, credentials included."""
    named = () if "--version" in arguments else ("--version", VERSION)
    with launch.started(data, *named, *arguments) as running:
        yield running
