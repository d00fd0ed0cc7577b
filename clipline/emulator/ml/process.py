"""One native process, seen from the server: started with a definition, asked in any order, and it may die."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Any


class ProcessDied(Exception):
    """The native process ended or never became ready; the message is its reason."""


class InferenceFailed(Exception):
    """The model raised an error for one request; the process lives on."""


class NativeProcess:
    """A running model. A thread listens to its answers, so its death is noticed at once."""

    def __init__(self, file: Path, *, threads: int, allocations: int, log: Path, on_end: Callable[[str], None]) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "clipline.emulator.ml.native", str(file), str(threads), str(allocations)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Ctrl-C is for the server, which ends its processes itself.
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        self._on_end = on_end
        self._lock = threading.Lock()
        self._numbers = count()
        self._ended: str | None = None
        self._ready: Future[None] = Future()
        self._waiting: dict[int, Future[list[float]]] = {}
        self._listener = threading.Thread(target=self._listen, name=f"listen to {self.pid}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._ended is not None

    def wait_ready(self) -> None:
        """Wait until the model is loaded.

        Raises:
            ProcessDied: it was refused, or the process ended.
        """
        self._ready.result()

    def infer(self, arguments: list[list[int]]) -> Future[list[float]]:
        """Ask the model; the future may fail with ``InferenceFailed`` or ``ProcessDied``."""
        future: Future[list[float]] = Future()
        with self._lock:
            if self._ended is not None:
                future.set_exception(ProcessDied(self._ended))
                return future
            number = next(self._numbers)
            self._waiting[number] = future
            self._write({"id": number, "arguments": arguments})
        return future

    def allocate(self, number: int) -> None:
        """Let the model answer this many requests at a time."""
        with self._lock:
            self._write({"allocations": number})

    def stop(self) -> None:
        """End the process; requests under way fail."""
        self._process.kill()
        if threading.current_thread() is not self._listener:
            self._listener.join()

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return  # the listener meets the end of its output and fails what waits

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._take(json.loads(line))
        reason = f"inference native process died unexpectedly with exit code [{self._process.wait()}]"
        with self._lock:
            self._ended = reason
            left = list(self._waiting.values())
            self._waiting.clear()
        if not self._ready.done():
            self._ready.set_exception(ProcessDied(reason))
        for future in left:
            future.set_exception(ProcessDied(reason))
        self._on_end(reason)
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                continue  # what was not yet flushed has nobody to go to

    def _take(self, answer: dict[str, Any]) -> None:
        if answer.get("ready"):
            self._ready.set_result(None)
        elif "id" not in answer:
            self._ready.set_exception(ProcessDied(answer["error"]))
        else:
            with self._lock:
                future = self._waiting.pop(answer["id"])
            if "error" in answer:
                future.set_exception(InferenceFailed(answer["error"]))
            else:
                future.set_result(answer["rows"])
