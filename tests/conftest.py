"""What all tests share: the repository's stack, a copy to spoil, and one running emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TINY_TEXT = ROOT / "clipline" / "demo" / "text"
TINY_IMAGE = ROOT / "clipline" / "demo" / "image"
TINY = (f"text_model={TINY_TEXT}", f"image_model={TINY_IMAGE}", "replicas=0")
"""The variables that put the tiny pair into the default stack."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Bundles are cached for the test run only; a cluster of the developer's environment is out of reach."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("ELASTIC", "CLIPLINE_")):
            del os.environ[name]
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["HF_HUB_OFFLINE"] = "1"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def stack_copy(tmp_path: Path) -> Path:
    """A copy of the default stack that a test may spoil."""
    directory = tmp_path / "stack"
    directory.mkdir()
    for folder in ("mappings", "pipelines", "models"):
        shutil.copytree(ROOT / folder, directory / folder)
    shutil.copy(ROOT / "vars.yml", directory)
    return directory


@pytest.fixture(scope="session")
def emulator_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One emulator for all tests that clean up after themselves or use names of their own."""
    from clipline.emulator.launch import running_emulator

    with running_emulator(tmp_path_factory.mktemp("emulator")) as url:
        yield url


@pytest.fixture(scope="session")
def clipline() -> Run:
    """Run the command as an operator does: ``clipline("plan", "--url", url, code=3)``; checks the exit code."""

    def run(
        *arguments: str,
        code: int = 0,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        stdin: str = "",
        timeout: float = 110,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "clipline.cli", *arguments],
            capture_output=True,
            text=True,
            cwd=cwd or ROOT,
            env={**os.environ, **(env or {})},
            input=stdin,
            timeout=timeout,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"exit {done.returncode}, wanted {code}\n{done.stdout}\n{done.stderr}"
        return done

    return run
