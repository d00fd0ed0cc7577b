"""Data on stdout, talk on stderr."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


@cache
def talk() -> Console:
    """The console for people: stderr, coloured only on a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


@cache
def data() -> Console:
    """The console for results: stdout, coloured only on a terminal, never wrapped."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line of talk; printed as it is, without markup."""
    talk().print(text, markup=False)


def show(text: str) -> None:
    """One piece of data; printed as it is, without markup."""
    data().print(text, markup=False)


def show_json(value: Any) -> None:
    """One JSON value on stdout, indented, UTF-8."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()
