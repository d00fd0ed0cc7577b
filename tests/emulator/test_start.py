"""Starting and ending the process: which data folders it takes, how quick it is, what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from clipline.emulator.launch import EmulatorError, running_emulator, stop
from clipline.emulator.record import Running


def test_a_newer_data_folder_is_refused(tmp_path: Path) -> None:
    with running_emulator(tmp_path, "--version", "9.5.2") as url:
        uuid = httpx.get(url).json()["cluster_uuid"]
    with pytest.raises(EmulatorError) as caught, running_emulator(tmp_path, "--version", "9.2.0"):
        pass
    assert "cannot downgrade a node from version [9.5.2] to version [9.2.0]; take --version 9.5.2" in str(caught.value)
    with running_emulator(tmp_path, "--version", "9.5.2") as url:
        assert httpx.get(url).json()["cluster_uuid"] == uuid


def test_an_older_data_folder_is_upgraded_for_good(tmp_path: Path) -> None:
    with running_emulator(tmp_path, "--version", "8.19.20") as url:
        assert httpx.put(f"{url}/old/_doc/1", json={"x": 1}).status_code == 201
    with running_emulator(tmp_path, "--version", "9.2.0") as url:
        assert httpx.get(f"{url}/old/_doc/1").json()["_source"] == {"x": 1}
    with pytest.raises(EmulatorError, match="cannot downgrade"), running_emulator(tmp_path, "--version", "8.19.20"):
        pass


def test_one_that_ends_just_then_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    gone = Running(pid=process.pid, version="9.2.0", environment={})
    monkeypatch.setattr("clipline.emulator.launch.find", lambda data: gone)
    assert stop(tmp_path) is True


def test_it_ends_without_a_word(tmp_path: Path) -> None:
    with running_emulator(tmp_path):
        pass
    assert (tmp_path / "emulator.log").read_text() == ""


def test_the_server_starts_without_torch() -> None:
    code = "import sys, clipline.emulator.server; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
