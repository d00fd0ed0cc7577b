"""The built wheel in an empty environment: the base install, nothing of the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in arguments], cwd=cwd, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.slow
def test_a_new_stack_from_the_wheel(tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("clipline-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert {"clipline/demo/text/model.safetensors", "clipline/demo/image/0_CLIPModel/model.safetensors"} <= shipped
    assert "clipline/data/ml-native.json" in shipped
    assert "clipline/stack/pipelines/tests/image-embeddings/faults.yml" in shipped
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    bin_ = tmp_path / "venv" / "bin"
    run(bin_ / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert "wrote the stack 'mystack'" in run(bin_ / "clipline", "init", "mystack", cwd=tmp_path).stderr
    validated = run(bin_ / "clipline", "validate", "--stack", "mystack", cwd=tmp_path).stdout
    assert "pipeline tests: image-embeddings, " in validated
    assert "is valid" in validated
    listed = run(bin_ / "pip", "list", "--format", "freeze", cwd=tmp_path).stdout
    assert "torch==" not in listed
    assert "eland==" not in listed
    # A missing extra is one sentence that names it.
    done = subprocess.run([bin_ / "clipline", "emulator"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pip install 'clipline[emulator]'" in done.stderr
    assert "Traceback" not in done.stderr
