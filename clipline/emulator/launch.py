"""Start the emulator as a process of its own and end it again."""

from __future__ import annotations

import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY = "clipline emulator ready at "
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


class EmulatorError(Exception):
    """The emulator did not become ready; the message is its own sentence."""


@contextmanager
def running_emulator(data: Path, *arguments: str, port: int = 0) -> Iterator[str]:
    """An emulator over a data folder for the time of a block; gives its URL.

    ``arguments`` are those of the process, as in ``"--version", "8.19.20"``.

    Raises:
        EmulatorError: it ended, or was not ready in time.
    """
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "clipline.emulator"]
    with (data / "emulator.log").open("ab") as log:
        start = log.tell()
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*command, "--data", str(data), "--port", str(port), "--with-parent", *arguments],
            # Closed by us at the end, and by the system if we are killed: it never stays behind.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C is for the command; the emulator is ended by us once that is done.
            start_new_session=True,
        )
        try:
            yield _url(process, data / "emulator.log", start)
        finally:
            _end(process)


def _url(process: subprocess.Popen[bytes], log: Path, start: int) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if selector.select(deadline - time.monotonic()):
            line = process.stdout.readline().decode()
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
    if process.poll() is None:
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            raise EmulatorError(f"the emulator was not ready within {_START_SECONDS:g} s; see {log}") from None
    with log.open("rb") as stream:
        stream.seek(start)
        said = stream.read().decode(errors="replace").strip().splitlines()
    raise EmulatorError(said[-1].removeprefix("error: ") if said else f"the emulator ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
