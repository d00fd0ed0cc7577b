"""Data on stdout, talk on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
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


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns on stdout as wide as their widest cell, so that a path or an id can be copied in one piece."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # A console wide enough for all of it: rich would cut the cells to the terminal's width.
    width = sum(max(map(cell_len, column)) + 2 for column in zip(head, *rows, strict=True))
    Console(highlight=False, width=width).print(table)
