"""One TorchScript model: loaded when nothing speaks against it, and run. Only here torch is imported, and within functions."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from clipline.emulator.native.archive import Refused, check_archive
from clipline.emulator.native.confine import confine
from clipline.emulator.native.graph import refusal, scan
from clipline.emulator.native.rules import Rules

Tensor3 = list[list[list[float]]]


def load(file: Path, checks: Rules) -> Any:
    """Load an archive that nothing speaks against.

    Raises:
        Refused: with the native process's own words.
    """
    check_archive(file, checks)
    _import_torch()
    import torch

    confine(file.stat().st_size)
    try:
        module = torch.jit.load(str(file), map_location="cpu")
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Refused(f"Error loading the model: {words(error)}") from error
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


def words(error: BaseException) -> str:
    """An error's text without the stack of C++ that torch may add."""
    text = str(error).partition("\nException raised from ")[0].strip()
    return text or type(error).__name__


def _import_torch() -> None:
    """Import it without looking for garbage: it makes a great many objects, and all of them stay."""
    gc.disable()
    try:
        import torch  # noqa: F401 - whoever uses it imports it where he does
    finally:
        gc.enable()
    gc.freeze()
