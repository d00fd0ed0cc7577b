"""The native process: loads one TorchScript model and runs it. Torch is imported in this process only.

``python -m clipline.emulator.ml.native FILE THREADS ALLOCATIONS VERSION``; the file is deleted once it is loaded.

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

from clipline.emulator.ml.archive import Refused, check_archive
from clipline.emulator.ml.confine import confine, end_with
from clipline.emulator.ml.graph import refusal, scan
from clipline.emulator.ml.native_rules import Rules, rules

Tensor3 = list[list[list[float]]]


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


def load(file: Path, checks: Rules) -> Any:
    """Load an archive that nothing speaks against.

    Raises:
        Refused: with the native process's own words.
    """
    check_archive(file, checks)
    import torch

    confine(file.stat().st_size)
    try:
        module = torch.jit.load(str(file), map_location="cpu")
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Refused(f"Error loading the model: {_words(error)}") from error
    reason = refusal(scan(module, most_nodes=checks.most_nodes), checks)
    if reason is not None:
        raise Refused(reason)
    module.eval()
    return module


def run(model: Any, arguments: list[list[list[int]]]) -> Tensor3:
    """Run the model once for each window and put the results together, as Main.cc and CResultWriter do it.

    Raises:
        ValueError: the result is no tensor of floats in two or three dimensions; the words are the native process's.
        Exception: whatever ``forward`` raises.
    """
    import torch

    results = []
    with torch.inference_mode():
        for rows in zip(*arguments, strict=True):
            output = model(*(torch.tensor([row], dtype=torch.int64) for row in rows))
            if isinstance(output, tuple):
                output = output[0]  # the result tensor of a transformer is the first of a tuple
            if not isinstance(output, torch.Tensor):
                raise ValueError(f"Expected Tensor but got {type(output).__name__}")
            results.append(output.reshape(1, 1) if output.dim() == 0 else output)
        result = torch.cat(results, 0)
    if result.dim() not in (2, 3):
        raise ValueError(f"Cannot convert results tensor of size [{list(result.shape)}]")
    if result.dtype not in (torch.float32, torch.float64, torch.bfloat16):
        raise ValueError(f"Cannot process result tensor of type [{_TYPES.get(str(result.dtype), str(result.dtype))}]")
    found: Any = result.to(torch.float64 if result.dtype == torch.float64 else torch.float32)
    if not bool(torch.isfinite(found).all()):
        found = torch.where(torch.isfinite(found), found, torch.zeros_like(found))  # the writer has no word for NaN
    values = found.tolist()
    return values if result.dim() == 3 else [values]


_TYPES = {"torch.int64": "long int", "torch.int32": "int", "torch.bool": "bool", "torch.float16": "c10::Half"}
"""What a tensor's type is called in C++."""


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
        answer = {"error": _words(error)}
    answers.say({"id": message["id"], "ms": 1000 * (time.perf_counter() - begun), **answer})


def _words(error: BaseException) -> str:
    """An error's text without the stack of C++ that torch may add."""
    text = str(error).partition("\nException raised from ")[0].strip()
    return text or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
