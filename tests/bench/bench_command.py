"""What a command costs where there is nothing to do: CPU of the process, user and system, and requests.

The goals are those of the design: an apply that changes nothing within 0.8 s of CPU and 12 requests, whatever the size of the
model; help within 0.25 s. ``eland_import_hub_model --help`` and importing the client alone stand beside them, measured in the
same run. Each figure is the median of ``TIMES`` runs after one that does not count.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from clipline.emulator.launch import running_emulator
from tests.full_size import full_size_pair
from tests.tiny import TINY_IMAGE, TINY_TEXT

TIMES = 7
BIN = Path(sys.executable).parent
GOALS = {"apply": 0.8, "help": 0.25, "requests": 12}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        pair = full_size_pair(Path(folder))
        client = _cpu(sys.executable, "-c", "import elasticsearch")
        eland = _cpu(str(BIN / "eland_import_hub_model"), "--help")
        _line("clipline --help", _cpu(str(BIN / "clipline"), "--help"), eland, goal=GOALS["help"])
        _line("import elasticsearch", client, eland)
        _line("eland_import_hub_model --help", eland, eland)
        for name, text, image in (
            ("tiny", TINY_TEXT, TINY_IMAGE),
            ("full size", pair / "text", pair / "image"),
        ):
            with running_emulator(Path(folder) / f"data of {name}") as url:
                values = (f"text_model={text}", f"image_model={image}", "replicas=0")
                words = [word for value in values for word in ("--var", value)]
                apply = (str(BIN / "clipline"), "apply", *words, "--url", url, "--yes")
                subprocess.run([*apply, "--wait-timeout", "600"], check=True, capture_output=True)
                again = subprocess.run([*apply, "--verbose"], check=True, capture_output=True, text=True)
                assert "In sync" in again.stdout, again.stdout
                requests = again.stderr.count("[status:")
                _line(f"apply without changes, {name} model", _cpu(*apply), eland, goal=GOALS["apply"])
                print(f"{'  its requests':<38} {requests:6}        {requests / GOALS['requests']:5.2f} of the goal")


def _cpu(*command: str) -> float:
    """Seconds of CPU that a command takes, user and system, its own children included."""
    spent = []
    for _ in range(TIMES + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:])


def _line(name: str, seconds: float, eland: float, *, goal: float | None = None) -> None:
    of_goal = f", {seconds / goal:5.2f} of the goal ({goal} s)" if goal else ""
    print(f"{name:<38} {seconds:6.2f} s CPU, {seconds / eland:5.2f} of eland's help{of_goal}")


if __name__ == "__main__":
    main()
