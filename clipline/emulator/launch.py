"""Start the emulator as a process of its own and end it again; the standard library is all it needs."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from clipline.emulator.record import Running, find, is_locked

READY = "clipline emulator ready at "
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05


class EmulatorError(Exception):
    """The emulator did not become ready, or does not end; the message is its own sentence."""


@contextmanager
def running_emulator(data: Path, *arguments: str, port: int = 0) -> Iterator[str]:
    """An emulator over a data folder for the time of a block; gives its URL.

    ``arguments`` are those of the process, as in ``"--version", "8.19.20"``.

    Raises:
        EmulatorError: it ended, or was not ready in time.
    """
    with started(data, *arguments, port=port) as running:
        yield running.url


@contextmanager
def started(data: Path, *arguments: str, port: int = 0) -> Iterator[Running]:
    """Like ``running_emulator``; gives all that is known of it, credentials included."""
    with _opened_log(data) as log:
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*_command(data, port), "--with-parent", *arguments],
            # Closed by us at the end, and by the system if we are killed: it never stays behind.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C is for the command; the emulator is ended by us once that is done.
            start_new_session=True,
        )
        try:
            yield _ready(process, data, begin)
        finally:
            _end(process)


def detach(data: Path, arguments: Sequence[str], *, port: int = 0, wait: bool = True) -> Running | None:
    """Start an emulator that stays; gives what is known of it once it is ready.

    Without ``wait`` it gives nothing, as soon as the data folder is the emulator's: from then on ``stop`` finds it.

    Raises:
        EmulatorError: it ended, or was not ready in time.
    """
    with _opened_log(data) as log:
        if is_locked(data):
            raise EmulatorError(taken(data))
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*_command(data, port), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = _found(process, data, begin, ready=wait)
    # It is meant to outlive us; Python would complain of a process that nobody waits for.
    process.returncode = 0
    return running


def stop(data: Path, *, seconds: float = _STOP_SECONDS) -> bool:
    """End the emulator of a data folder, one that is still starting once it is ready; false when none runs.

    Raises:
        EmulatorError: it does not end, or does not get ready to be ended.
    """
    deadline = time.monotonic() + seconds
    while (running := find(data)) is None:
        if not is_locked(data):
            return False
        if time.monotonic() > deadline:
            raise EmulatorError(f"the emulator on {data} is starting, or ending; try again in a moment")
        time.sleep(_POLL_SECONDS)
    with suppress(ProcessLookupError):  # it has ended by itself meanwhile
        os.kill(running.pid, signal.SIGTERM)
    while is_locked(data):
        if time.monotonic() > deadline:
            raise EmulatorError(
                f"the emulator (process {running.pid}) does not end within {seconds:g} s; see {_log(data)}"
            )
        time.sleep(_POLL_SECONDS)
    return True


def taken(data: Path) -> str:
    """The sentence for a data folder that is in use."""
    command = f"clipline emulator stop --data {shlex.quote(str(data))}"
    return f"another emulator runs on the data folder {data}; stop it ({command}), or choose another with --data"


def _command(data: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "clipline.emulator", f"--data={data}", "--port", str(port)]


def _opened_log(data: Path) -> IO[bytes]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return _log(data).open("ab")
    except OSError as error:
        raise EmulatorError(f"the data folder {data} cannot be used: {error.strerror}") from error


def _log(data: Path) -> Path:
    return data / "emulator.log"


def _ready(process: subprocess.Popen[bytes], data: Path, begin: int) -> Running:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if selector.select(_START_SECONDS):
            line = process.stdout.readline().decode()
            if line.startswith(READY):
                running = find(data)
                assert running is not None  # written before the line
                return running
    if process.poll() is None:
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            raise _too_slow(data) from None
    raise EmulatorError(_last_words(data, begin, process))


def _found(process: subprocess.Popen[bytes], data: Path, begin: int, *, ready: bool) -> Running | None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if not ready and is_locked(data):
            return None
        running = find(data)
        if running is not None and running.pid == process.pid:
            return running
        if process.poll() is not None:
            raise EmulatorError(_last_words(data, begin, process))
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise _too_slow(data)
        time.sleep(_POLL_SECONDS)


def _last_words(data: Path, begin: int, process: subprocess.Popen[bytes]) -> str:
    with _log(data).open("rb") as stream:
        stream.seek(begin)
        said = stream.read().decode(errors="replace").strip().splitlines()
    if said:
        return said[-1].removeprefix("error: ")
    # Where nothing can be written, there is no log either.
    full = shutil.disk_usage(data).free == 0
    return f"the disk of the data folder {data} is full" if full else f"the emulator ended with {process.returncode}"


def _too_slow(data: Path) -> EmulatorError:
    return EmulatorError(f"the emulator was not ready within {_START_SECONDS:g} s; see {_log(data)}")


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
