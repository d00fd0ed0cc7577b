"""The native process: asked over stdin and stdout.

``python -m clipline.emulator.native FILE THREADS ALLOCATIONS VERSION``; the file is deleted once it is loaded.

Protocol over stdin and stdout, one JSON object a line. First a greeting: ``{"ready": true}`` or ``{"error": "…"}``.
Then for each request ``{"id": 4, "arguments": [[[101, 7, 102]], [[1, 1, 1]], …]}``, int64 matrices with a row for each
window of the text, an answer ``{"id": 4, "ms": 3.1, "result": [[[0.1, …]]]}`` or ``{"id": 4, "error": "…"}``.
``ALLOCATIONS`` requests run at a time, so answers come in any order; ``{"allocations": 2}`` changes the number.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from clipline.emulator.native.archive import Refused
from clipline.emulator.native.confine import end_with
from clipline.emulator.native.model import load, run, words
from clipline.emulator.native.rules import rules


def main() -> int:
    """Load and serve until stdin ends."""
    end_with(os.getppid())
    # Whatever a library prints must not get between the answers.
    answers = _Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    file, threads, allocations = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    try:
        model = load(file, rules(sys.argv[4]))
    except Refused as error:
        answers.say({"error": str(error)})
        return 1
    finally:
        file.unlink(missing_ok=True)
    answers.say({"ready": True})
    pool = _pool(allocations, threads)
    for line in sys.stdin.buffer:
        message = orjson.loads(line)
        if "allocations" in message:
            pool.shutdown(wait=False)  # what it has accepted is still answered
            pool = _pool(message["allocations"], threads)
        else:
            pool.submit(_answer, model, message, answers)
    # The server is gone: nobody waits for what is left.
    os._exit(0)


class _Answers:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, value: Mapping[str, Any]) -> None:
        line = orjson.dumps(value) + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def _pool(allocations: int, threads: int) -> ThreadPoolExecutor:
    def begin() -> None:
        import torch

        torch.set_num_threads(threads)  # OpenMP keeps the number for each thread that calls it

    return ThreadPoolExecutor(allocations, initializer=begin)


def _answer(model: Any, message: Mapping[str, Any], answers: _Answers) -> None:
    begun = time.perf_counter()
    try:
        answer: dict[str, Any] = {"result": run(model, message["arguments"])}
    except Exception as error:  # an exception in forward() fails this request only
        answer = {"error": words(error)}
    answers.say({"id": message["id"], "ms": 1000 * (time.perf_counter() - begun), **answer})


if __name__ == "__main__":
    sys.exit(main())
