"""The native process: loads one TorchScript model and runs it.

``python -m clipline.emulator.ml.native FILE THREADS ALLOCATIONS``; the file is deleted once it is loaded.

Protocol over stdin and stdout, one JSON object a line. First a greeting: ``{"ready": true}`` or ``{"error": "…"}``.
Then for each request ``{"id": 4, "arguments": [[101, 7, 102], [1, 1, 1], …]}``, int64 tensors of shape ``[1, n]`` in
order, an answer ``{"id": 4, "rows": [0.1, …]}`` (the first row of the first result) or ``{"id": 4, "error": "…"}``.
``ALLOCATIONS`` requests run at a time, so answers come in any order; ``{"allocations": 2}`` changes the number.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

RULES: dict[str, list[str]] = json.loads((files("clipline.emulator.ml") / "native_rules.json").read_text("utf-8"))


def main() -> int:
    """Load and serve until stdin ends."""
    # Whatever a library prints must not get between the answers.
    answers = _Answers(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    file, threads, allocations = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    try:
        model = load(file, threads)
    except Exception as error:
        answers.say(_failure(error))
        return 1
    finally:
        file.unlink(missing_ok=True)
    answers.say({"ready": True})
    pool = ThreadPoolExecutor(allocations)
    for line in sys.stdin:
        message = json.loads(line)
        if "allocations" in message:
            pool.shutdown(wait=False)  # what it has accepted is still answered
            pool = ThreadPoolExecutor(message["allocations"])
        else:
            pool.submit(_answer, model, message, answers)
    # The server is gone: nobody waits for what is left.
    os._exit(0)


def load(file: Path, threads: int) -> Any:
    """Load an archive, refusing state hooks and forbidden operators on every version: it may be a stranger's.

    Raises:
        ValueError: refused, with the native process's own words.
    """
    check_archive(file)
    import torch

    torch.set_num_threads(threads)
    module = torch.jit.load(str(file), map_location="cpu")
    forbidden = sorted(operators(module) & set(RULES["forbidden_operations"]))
    if forbidden:
        raise ValueError(f"Model contains forbidden operations: {', '.join(forbidden)}")
    module.eval()
    return module


def check_archive(file: Path) -> None:
    """Search every record for custom state hooks before anything is loaded.

    Raises:
        ValueError: hooks were found, or a record cannot be read.
    """
    found: set[str] = set()
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                record = archive.read(name)
                found |= {hook for hook in RULES["state_hooks"] if hook.encode() in record}
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise ValueError(f"Error loading the model: {error}") from error
    if found:
        raise ValueError(f"Model archive contains custom state hooks: {', '.join(sorted(found))}")


def operators(module: Any) -> set[str]:
    """The kinds of all nodes in every method, calls inlined, nested blocks included."""
    import torch

    found: set[str] = set()

    def walk(block: Any) -> None:
        for node in block.nodes():
            found.add(node.kind())
            for inner in node.blocks():
                walk(inner)

    for name in module._c._method_names():
        graph = module._c._get_method(name).graph.copy()
        torch._C._jit_pass_inline(graph)
        walk(graph)
    return found


def run(model: Any, arguments: list[list[int]]) -> list[float]:
    """The first row of the model's first result."""
    import torch

    with torch.inference_mode():
        result = model(*(torch.tensor([values], dtype=torch.int64) for values in arguments))
    if isinstance(result, tuple):
        result = result[0]
    result = result.reshape(1, 1) if result.dim() == 0 else result
    while result.dim() > 1:
        result = result[0]
    values: list[float] = result.to(torch.float32).tolist()
    return values


class _Answers:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, value: Mapping[str, Any]) -> None:
        with self._lock:
            self._stream.write(json.dumps(value) + "\n")
            self._stream.flush()


def _answer(model: Any, message: Mapping[str, Any], answers: _Answers) -> None:
    try:
        answer: dict[str, Any] = {"rows": run(model, message["arguments"])}
    except Exception as error:  # an exception in forward() fails this request only
        answer = _failure(error)
    answers.say({"id": message["id"], **answer})


def _failure(error: Exception) -> dict[str, Any]:
    return {"error": str(error).strip() or type(error).__name__}


if __name__ == "__main__":
    sys.exit(main())
