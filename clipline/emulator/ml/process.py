"""One native process, seen from the server: started with a definition, asked in any order, and it may die."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import orjson

_PACKAGES = Path(__file__).resolve().parents[3]
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""What the native process gets of the server's environment; credentials of the user are not among it."""

Arguments = list[list[list[int]]]


class ProcessDied(Exception):
    """The native process ended or never became ready; the message is Elasticsearch's, with what the process said last."""


class InferenceFailed(Exception):
    """The model raised an error for one request; the process lives on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request, ``[sequence][row][column]``, and how long the process took for it."""

    result: list[list[list[float]]]
    seconds: float
    cached: bool = False


class NativeProcess:
    """A running model. A thread listens to its answers, so its death is noticed at once."""

    def __init__(
        self,
        file: Path,
        *,
        threads: int,
        allocations: int,
        version: str,
        name: str,
        log: Path,
        on_end: Callable[[str], None],
    ) -> None:
        folder = log.parent / "native"
        folder.mkdir(exist_ok=True)
        numbers = (str(threads), str(allocations))
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", "clipline.emulator.native", str(file.resolve()), *numbers, version],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env=_environment(threads),
                # Ctrl-C is for the server, which ends its processes itself.
                start_new_session=True,
            )
        self._name = name
        self._on_end = on_end
        self._lock = threading.Lock()
        self._numbers = count()
        self._said = self.obituary = ""
        self._ended = False
        self._ready: Future[None] = Future()
        self._waiting: dict[int, Future[Answer]] = {}
        self._listener = threading.Thread(target=self._listen, name=f"listen to {self.pid}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._ended

    def wait_ready(self) -> None:
        """Wait until the model is loaded.

        Raises:
            ProcessDied: it was refused, or the process ended.
        """
        self._ready.result()

    def infer(self, arguments: Arguments) -> Future[Answer]:
        """Ask the model; the future may fail with ``InferenceFailed`` or ``ProcessDied``."""
        future: Future[Answer] = Future()
        with self._lock:
            if self._ended:
                future.set_exception(ProcessDied(self.obituary))
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
            self._process.stdin.write(orjson.dumps(message) + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return  # the listener meets the end of its output and fails what waits

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith(b"\n"):  # a process that is killed may leave half a line
                self._take(orjson.loads(line))
        self._process.wait()
        # The words of AbstractNativeProcess.detectCrash; CppLogMessageHandler ends each message with a new line.
        self.obituary = f"[{self._name}] pytorch_inference/{self.pid} process stopped unexpectedly: {self._said}"
        with self._lock:
            self._ended = True
            left = list(self._waiting.values())
            self._waiting.clear()
        # First, so that what waits in the queue is not handed on to nobody.
        self._on_end(self.obituary)
        died = ProcessDied(self.obituary)
        if not self._ready.done():
            self._ready.set_exception(died)
        for future in left:
            future.set_exception(died)
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
            self._said = answer["error"] + "\n"
        else:
            with self._lock:
                future = self._waiting.pop(answer["id"])
            if "error" in answer:
                future.set_exception(InferenceFailed(answer["error"]))
            else:
                future.set_result(Answer(answer["result"], answer["ms"] / 1000))


def _environment(threads: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Each arena of malloc takes address space, which is limited.
    ours = {"PYTHONPATH": str(_PACKAGES), "OMP_NUM_THREADS": str(threads), "MALLOC_ARENA_MAX": "4"}
    return {**kept, **ours}
