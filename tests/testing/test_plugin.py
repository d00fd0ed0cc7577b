"""The pytest plugin as an application uses it: a test run of its own, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clipline.testing import EmulatorFailed, emulator
from tests.conftest import ROOT

EMULATOR = """
import sys
from urllib.request import urlopen
import json

def test_it_serves(clipline_emulator):
    answer = urlopen(clipline_emulator.url)
    assert answer.headers["X-elastic-product"] == "Elasticsearch"
    assert json.load(answer)["version"]["number"] == "9.5.2"

def test_a_command_runs_against_it(clipline_emulator):
    assert "to create" in clipline_emulator.run("plan")

def test_nothing_of_ours_is_imported():
    ours = {name for name in sys.modules if name.split(".")[0] in ("clipline", "provisioning", "loader")}
    assert ours <= {"clipline", "clipline.testing", "clipline.testing.emulator", "clipline.testing.plugin"}
    assert not {"starlette", "numpy", "torch", "elasticsearch"} & set(sys.modules)
"""

STACK = """
import json
from urllib.request import Request, urlopen

def test_the_series_model_answers(clipline_stack):
    path = "/_ml/trained_models/sentence-transformers__clip-vit-b-32-multilingual-v1/_infer"
    body = json.dumps({"docs": [{"text_field": "two red circles"}]}).encode()
    request = Request(clipline_stack.url + path, body, {"Content-Type": "application/json"})
    assert len(json.load(urlopen(request))["inference_results"][0]["predicted_value"]) == 512

def test_the_alias_is_there(clipline_stack):
    assert list(json.load(urlopen(clipline_stack.url + "/_alias/my-image-embeddings")))
"""


def pytest_in(folder: Path, tests: str, settings: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "test_application.py").write_text(tests)
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )


def test_an_emulator_for_an_applications_tests(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, EMULATOR, "clipline_emulator = --version 9.5.2\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@pytest.mark.slow
def test_a_stack_for_an_applications_tests(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, STACK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_stack_that_is_wrong_says_so(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, STACK, "clipline_stack = absent\n")
    assert done.returncode == 1
    assert "the stack's folder does not exist" in done.stdout


def test_an_emulator_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EmulatorFailed, match=r"the version 1\.2\.3 cannot be emulated"), emulator("--version", "1.2.3"):
        pass


def test_an_emulator_that_hangs_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package's attribute of this name is the function.
    module = sys.modules["clipline.testing.emulator"]
    monkeypatch.setattr(module, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(module, "_SECONDS", 0.5)
    with pytest.raises(EmulatorFailed, match=r"was not ready within 0\.5 s"), emulator():
        pass


def test_a_command_that_fails_says_why() -> None:
    with emulator() as es, pytest.raises(EmulatorFailed, match=r"ended with 2\n.*does not exist"):
        es.run("apply", "--stack", "/no/such/folder")


def test_a_stack_that_cannot_be_applied_says_why(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, STACK, "clipline_emulator = --license basic\n")
    assert done.returncode == 1
    assert "the cluster's licence is basic, which does not include machine learning" in done.stdout
    assert "During handling" not in done.stdout
    assert "subprocess" not in done.stdout


def test_with_a_folder_of_ones_own_nothing_else_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with emulator(data=tmp_path / "own") as es:
        assert es.data == tmp_path / "own"
        assert not list(scratch.iterdir())
