"""An emulator for the time of a block, by the command ``clipline emulator``.

::

    with emulator("--version", "9.2.0") as es:
        Elasticsearch(es.url)
        es.run("apply", "--yes", "--stack", "mystack")
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

_COMMAND = (sys.executable, "-m", "clipline.cli")
_SECONDS = 90.0
URL = "ELASTICSEARCH_URL"


class EmulatorFailed(Exception):
    """A clipline command failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: its data folder, and the variables by which clipline and its like reach it."""

    data: Path
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Its address."""
        return self.environment[URL]

    def run(self, *arguments: str, timeout: float = 600.0) -> str:
        """Run a clipline command against it; gives what it printed.

        Raises:
            EmulatorFailed: it ended with another code than 0.
        """
        return _run(*arguments, environment=self.environment, timeout=timeout)


@contextmanager
def emulator(*arguments: str, data: Path | None = None) -> Iterator[Emulator]:
    """An emulator on a free port; ``arguments`` are those of ``clipline emulator``.

    Without a data folder it has one for the time of the block.

    Raises:
        EmulatorFailed: it did not start.
    """
    with _folder(data) as folder:
        with (folder / "emulator.log").open("ab") as log:
            begin = log.tell()
            process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [
                    *_COMMAND,
                    "emulator",
                    "--data",
                    str(folder),
                    "--port",
                    "0",
                    "--with-parent",
                    "--print-env",
                    *arguments,
                ],
                # Closed by us at the end, and by the system if we are killed: it never stays behind.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C is for the tests; the emulator is ended by us once they are done.
                start_new_session=True,
            )
        try:
            environment = _environment(process)
            if URL not in environment:
                process.wait(_SECONDS)
                with (folder / "emulator.log").open("rb") as log:
                    log.seek(begin)
                    said = log.read().decode(errors="replace").strip()
                raise EmulatorFailed(said or f"the emulator was not ready within {_SECONDS:g} s")
            yield Emulator(folder, environment)
        finally:
            _end(process)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is None:
        with tempfile.TemporaryDirectory(prefix="clipline-") as scratch:
            yield Path(scratch)
        return
    data.mkdir(parents=True, exist_ok=True)
    yield data


def _environment(process: subprocess.Popen[str]) -> dict[str, str]:
    """What ``--print-env`` says: lines such as ``export NAME=value``, the URL last; nothing when it ends before."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    # A start that hangs says nothing at all: its end ends the wait for its words.
    patience = Timer(_SECONDS, process.kill)
    patience.start()
    try:
        while URL not in found and (line := process.stdout.readline()):
            name, _, value = line.strip().removeprefix("export ").partition("=")
            found[name] = shlex.split(value)[0]
    finally:
        patience.cancel()
    return found


def _run(*arguments: str, environment: Mapping[str, str], timeout: float) -> str:
    # Settings for another cluster do not belong to this one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ELASTIC")}
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [*_COMMAND, *arguments],
        capture_output=True,
        text=True,
        env={**inherited, **environment},
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        # A plan that cannot be applied says why in the plan, which is data.
        said = "\n".join(text for text in (done.stdout.strip(), done.stderr.strip()) if text)
        raise EmulatorFailed(f"clipline {shlex.join(arguments)} ended with {done.returncode}\n{said}")
    return done.stdout


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
