"""The native process: loads one TorchScript model and runs it. ``python -m clipline.emulator.ml.native FILE THREADS``.

Protocol over stdin and stdout, one JSON object a line. First a greeting: ``{"ready": true}`` or ``{"error": "…"}``.
Then for each request ``{"arguments": [[101, 7, 102], [1, 1, 1], …]}``, int64 tensors of shape ``[1, n]`` in order, an
answer ``{"rows": [0.1, …]}`` (the first row of the first result) or ``{"error": "…"}``.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

RULES: dict[str, list[str]] = json.loads((files("clipline.emulator.ml") / "native_rules.json").read_text("utf-8"))


def main() -> int:
    """Load and serve until stdin ends."""
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    file, threads = Path(sys.argv[1]), int(sys.argv[2])
    try:
        model = load(file, threads)
    except Exception as error:
        _say(answers, {"error": str(error).strip() or type(error).__name__})
        return 1
    finally:
        file.unlink(missing_ok=True)
    _say(answers, {"ready": True})
    for line in sys.stdin:
        try:
            _say(answers, {"rows": run(model, json.loads(line)["arguments"])})
        except Exception as error:  # an exception in forward() fails this request only
            _say(answers, {"error": str(error).strip() or type(error).__name__})
    return 0


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
    try:
        with zipfile.ZipFile(file) as archive:
            found = {
                hook
                for name in archive.namelist()
                for hook in RULES["state_hooks"]
                if hook.encode() in archive.read(name)
            }
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


def _say(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
