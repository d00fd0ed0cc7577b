"""An environment in which some packages cannot be imported, whatever is installed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

EXTRAS = ("torch", "eland", "transformers", "sentence_transformers", "starlette", "uvicorn", "multipart")


def without(packages: Iterable[str], folder: Path) -> dict[str, str]:
    """The variables for a process in which importing these packages raises what a missing package raises."""
    folder.mkdir(exist_ok=True)
    for name in packages:
        (folder / f"{name}.py").write_text(
            f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')\n", "utf-8"
        )
    return {"PYTHONPATH": str(folder)}
