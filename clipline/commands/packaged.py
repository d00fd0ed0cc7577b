"""Where the default stack lies: ``clipline/stack/`` in the wheel, the repository's own folders in a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from clipline.core.errors import CliplineError
from provisioning.assets.stack import FOLDERS, is_stack

STACK_FILES = (*FOLDERS, "vars.yml")


def packaged_stack() -> Path:
    """The folder of the default stack.

    Raises:
        CliplineError: this installation lacks it.
    """
    package = Path(str(files("clipline")))
    for candidate in (package / "stack", package.parent):
        if is_stack(candidate) and (candidate / "vars.yml").is_file():
            return candidate
    raise CliplineError("this installation lacks the default stack", where=str(package), hint="install clipline again")
