"""Where a runbook is played: a folder with a stack, an emulator, and bash."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.nodes import running_emulator
from tests.tiny import TINY

SHOWN_URL = "http://127.0.0.1:9200"
"""How a page writes the cluster's address, whatever the port is."""


@dataclass
class Scene:
    """A folder that holds the stack ``mystack``; the emulator is started by a state, as that wants it."""

    folder: Path
    exits: ExitStack
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = dict(value.split("=", 1) for value in TINY)
        self.env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "200",
            **{f"CLIPLINE_VAR_{name}": value for name, value in named.items()},
        }
        self.bash("clipline init mystack")

    def start(self, *arguments: str) -> str:
        """Start the emulator; gives its URL, which the commands find in the environment."""
        self.env["ELASTICSEARCH_URL"] = self.exits.enter_context(running_emulator(self.folder / "data", *arguments))
        return self.env["ELASTICSEARCH_URL"]

    def bash(self, command: str) -> list[str]:
        """What a command prints, stdout and stderr as they come, and its exit status where it is not 0."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )
        printed = done.stdout
        if url := self.env.get("ELASTICSEARCH_URL"):
            printed = printed.replace(url, SHOWN_URL)
        status = [f"(exit {done.returncode})"] if done.returncode else []
        return [*(line.rstrip() for line in printed.splitlines()), *status]
