"""A runbook's page: the states it is about, its blocks of commands, and the output that it shows.

::

    <!-- state: queue_full -->          puts the cluster into that state (states.py); not seen by readers

    ```console
    $ clipline status                   a command for bash; `> ` continues one
    stack … on …                        what it prints, stdout and stderr: `…` stands for any text of a line,
    …                                   alone on a line for any lines
    (exit 1)                            its exit status, where that is not 0
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

ANY = "…"
_STATUS = re.compile(r"\(exit \d+\)")
_STATE = re.compile(r"<!-- state: (\w+) -->")


@dataclass(frozen=True, slots=True)
class State:
    """A state to be made, by the name of its function."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the lines that it should print."""

    text: str
    output: tuple[str, ...]
    line: int


def steps(page: str) -> Iterator[State | Command]:
    """What a page says to do, from above.

    Raises:
        ValueError: a block of commands that begins with something else, or one of a shell that would not be run.
    """
    for token in MarkdownIt().parse(page):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block" and (found := _STATE.search(token.content)):
            yield State(found[1], line)
        elif token.type == "fence" and token.info == "console":
            yield from _commands(token.content, line)
        elif token.type in ("fence", "code_block") and token.info in ("", "bash", "sh", "shell"):
            raise ValueError(f"line {line}: a block that nobody runs: write ```console")


def _commands(block: str, line: int) -> Iterator[Command]:
    text, output, begin = "", list[str](), line
    for number, written in enumerate(block.splitlines(), line + 1):
        if written.startswith("$ "):
            if text:
                yield Command(text, tuple(output), begin)
            text, output, begin = written[2:], [], number
        elif written.startswith("> ") and text and not output:
            text += f"\n{written[2:]}"
        elif not text:
            raise ValueError(f"line {number}: the block begins with output")
        else:
            output.append(written.rstrip())
    yield Command(text, tuple(output), begin)


def fits(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether what was printed is what a page shows; no ``…`` stands for an exit status."""
    (shown, expected), (printed, status) = _parted(shown), _parted(printed)
    pattern = "".join("(?:.*\n)*" if line == ANY else f"{_line(line)}\n" for line in shown)
    return status == expected and re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _parted(lines: Sequence[str]) -> tuple[Sequence[str], str]:
    if lines and _STATUS.fullmatch(lines[-1]):
        return lines[:-1], lines[-1]
    return lines, ""


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split(ANY)))
