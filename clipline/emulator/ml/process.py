"""One native process, seen from the server: started with a definition, asked line by line, and it may die."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path


class ProcessDied(Exception):
    """The native process ended or never became ready; the message is its reason."""


class InferenceFailed(Exception):
    """The model raised an error for one request; the process lives on."""


class NativeProcess:
    """A running model; requests are answered one at a time."""

    def __init__(self, parts: Iterable[bytes], *, file: Path, threads: int, log: Path) -> None:
        with file.open("wb") as stream:
            for part in parts:
                stream.write(part)
        self._lock = threading.Lock()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "clipline.emulator.ml.native", str(file), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        greeting = self._read()
        if "error" in greeting:
            self.stop()
            raise ProcessDied(str(greeting["error"]))

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def infer(self, arguments: list[list[int]]) -> list[float]:
        """Run the model once.

        Raises:
            InferenceFailed: the model refused this input.
            ProcessDied: the process is gone.
        """
        with self._lock:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps({"arguments": arguments}) + "\n")
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError, OSError) as error:
                raise ProcessDied(self._reason()) from error
            answer = self._read()
        if "error" in answer:
            raise InferenceFailed(str(answer["error"]))
        rows = answer["rows"]
        assert isinstance(rows, list)
        return rows

    def stop(self) -> None:
        """End the process; requests under way fail."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue

    def _read(self) -> dict[str, object]:
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except ValueError:
            line = ""
        if not line:
            raise ProcessDied(self._reason())
        value: dict[str, object] = json.loads(line)
        return value

    def _reason(self) -> str:
        try:
            code = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return "inference native process closed its output"
        return f"inference native process died unexpectedly with exit code [{code}]"
