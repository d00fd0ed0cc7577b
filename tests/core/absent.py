"""An environment in which some packages are not to be found, whatever is installed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

EXTRAS = ("torch", "eland", "transformers", "sentence_transformers", "starlette", "uvicorn", "multipart")
_HIDING = """
import importlib.machinery as machinery

hidden = {names!r}
found = machinery.PathFinder.find_spec

def find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in hidden else found(name, path, target)

machinery.PathFinder.find_spec = classmethod(find_spec)
"""


def without(packages: Iterable[str], folder: Path) -> dict[str, str]:
    """The variables for a process in which these packages can neither be found nor imported."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HIDING.format(names=sorted(packages)), "utf-8")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
