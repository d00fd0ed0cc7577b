"""What a running emulator leaves in its data folder, so that others find it: ``emulator.json``, beside ``emulator.lock``.

::

    {"pid": 4711, "version": "9.2.0", "environment": {"ELASTICSEARCH_URL": "http://127.0.0.1:9200"}}

The lock says whether one runs; the record, how to reach it. The file is readable by its owner only: with ``--secure``
the environment holds a password.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LOCK = "emulator.lock"
RECORD = "emulator.json"
URL = "ELASTICSEARCH_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An emulator that serves: its process, its version, and the variables by which clipline reaches it."""

    pid: int
    version: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Its address."""
        return self.environment[URL]

    def exports(self) -> str:
        """The variables as lines that a shell evaluates; the URL comes last, so that its line says that all is said."""
        ordered = sorted(self.environment.items(), key=lambda item: item[0] == URL)
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in ordered)


def take_lock(data: Path) -> IO[str] | None:
    """The lock of a data folder, held until the stream is closed; ``None`` when another emulator has it.

    Raises:
        OSError: the folder cannot be used.
    """
    data.mkdir(parents=True, exist_ok=True)
    stream = (data / LOCK).open("a")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    # Left behind by one that was killed.
    (data / RECORD).unlink(missing_ok=True)
    return stream


def write(data: Path, running: Running) -> None:
    """Leave the record, whole or not at all."""
    beside = data / f"{RECORD}.new"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(asdict(running), stream)
    beside.replace(data / RECORD)


def remove(data: Path) -> None:
    """Take the record away: nothing is served any longer."""
    (data / RECORD).unlink(missing_ok=True)


def find(data: Path) -> Running | None:
    """The emulator that serves a data folder; ``None`` when there is none, or it is not ready yet. Read-only."""
    if not is_locked(data):
        return None
    try:
        return Running(**json.loads((data / RECORD).read_text("utf-8")))
    except FileNotFoundError:
        return None


def is_locked(data: Path) -> bool:
    """Whether an emulator has the data folder. Read-only."""
    try:
        with (data / LOCK).open("r") as stream:
            # Shared, and given back at once: a start that falls into this moment tries again.
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
