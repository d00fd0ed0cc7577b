"""The lines of ``docs/ci.md``, run by the shell as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clipline.demo.pictures import generate
from tests.conftest import ROOT


@pytest.mark.models("encodes pictures")
@pytest.mark.timeout(300)
def test_the_lines_of_the_document_run(tmp_path: Path) -> None:
    run_lines, pair_lines = _blocks()
    pictures, commands = tmp_path / "pictures", tmp_path / "bin"
    generate(pictures, count=6, seed=5)
    commands.mkdir()
    _command(commands / "clipline", "-m clipline.cli")
    _command(commands / "python", "")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{pair_lines}\n{run_lines}"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "CI_DATA": str(tmp_path / "data"),
            "CI_PICTURES": str(pictures),
        },
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Plan: 7 to create." in done.stdout
    assert "6 indexed, 0 unchanged, 0 rejected" in done.stdout
    assert "No drift" in done.stdout
    assert 'failures="0" errors="0" skipped="0"' in (tmp_path / "pipelines.xml").read_text("utf-8")


def _blocks() -> tuple[str, str]:
    pair, run = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)
    return run, pair


def _command(file: Path, arguments: str) -> None:
    """What an activated environment puts on the PATH."""
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
