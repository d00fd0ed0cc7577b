"""What all tests share: the repository's stack, a copy to spoil, and one running emulator.

The tests of ``provisioning``, ``contract`` and ``e2e`` run in two environments (``noxfile.py``): client 9 with
``clipline[models]``, and client 8 without. So a test there

- starts emulators by ``tests.nodes``, in the version that the installed client is for, or one that the test is about;
- that builds a bundle, encodes a picture (``load`` and ``search --image`` do) or imports a package of
  ``clipline[models]`` is marked with the reason, as in ``@pytest.mark.models("builds a bundle")``; without the extra it
  is skipped. An ``apply`` is none of these: the bundles of ``tests/prepared.py`` are in the cache, found by digest;
- takes the pictures of ``tests.tiny.ALBUM`` where a fixture of many tests must load some: see ``tests/e2e/conftest.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nodes import running_emulator
from tests.prepared import HAS_MODELS, PREPARED
from tests.tiny import ROOT, TINY, TINY_IMAGE, TINY_TEXT

__all__ = ["ROOT", "Run", "TINY", "TINY_IMAGE", "TINY_TEXT"]

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without ``clipline[models]``, what needs it is skipped, each with its reason."""
    for item in items:
        mark = item.get_closest_marker("models")
        if mark and not HAS_MODELS:
            item.add_marker(pytest.mark.skip(reason=f"needs clipline[models]: {mark.args[0]}"))


@pytest.fixture(scope="session", autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Bundles are cached for the test run only, prepared ones too; a developer's own cluster is out of reach."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("ELASTIC", "CLIPLINE_")):
            del os.environ[name]
    cache = tmp_path_factory.mktemp("cache")
    if PREPARED:
        shutil.copytree(PREPARED / "cache", cache, dirs_exist_ok=True)
    os.environ["XDG_CACHE_HOME"] = str(cache)
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
