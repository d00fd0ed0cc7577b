"""What is said of the machine is measured, and left out where the system does not tell."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clipline.emulator.cluster import machine
from clipline.emulator.cluster.node_stats import _os


def ticks(path: Path, *times: int) -> None:
    path.write_text(f"cpu  {' '.join(map(str, times))} 0 0\ncpu0 1 2 3\n")


def test_processors_are_as_busy_as_they_were_since_the_last_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stat"
    monkeypatch.setattr(machine, "_TIMES", file)
    ticks(file, 100, 0, 100, 700, 100, 0, 0, 0)
    processors = machine.Processors()
    ticks(file, 130, 0, 120, 720, 130, 0, 0, 0)
    assert processors.percent() == 50
    assert processors.percent() == 50  # no time has passed
    ticks(file, 130, 0, 120, 820, 130, 0, 0, 0)
    assert processors.percent() == 0


def test_one_that_works_is_seen() -> None:
    processors = machine.Processors()
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass
    assert 0 < processors.percent() <= 100


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> int:
        raise ValueError(f"unrecognized configuration name {name}")

    monkeypatch.setattr(machine, "_TIMES", tmp_path / "absent")
    monkeypatch.setattr("os.sysconf", unknown)
    monkeypatch.setattr(machine.PROCESSORS, "_seen", (0, 0))
    monkeypatch.setattr(machine.PROCESSORS, "_percent", -1)
    shown = _os(None)  # type: ignore[arg-type]
    assert shown["cpu"]["percent"] == -1
    assert "mem" not in shown
