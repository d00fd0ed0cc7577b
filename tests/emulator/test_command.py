"""``clipline emulator`` as a person runs it: in the background, found again, ended, and told how to be reached."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clipline.emulator.record import is_locked
from tests.conftest import Run

START = ("--port", "0", "--detach", "--wait")


@pytest.fixture
def data(tmp_path: Path, clipline: Run) -> Iterator[Path]:
    """A data folder whose emulator, if there is one, is ended by the test's end."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "emulator.json").exists():
        clipline("emulator", "stop", "--data", str(folder))


def exports(text: str) -> dict[str, str]:
    words = [shlex.split(line) for line in text.splitlines()]
    assert all(word[0] == "export" and len(word) == 2 for word in words)
    return dict(word[1].split("=", 1) for word in words)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def test_in_the_background_until_it_is_stopped(data: Path, clipline: Run) -> None:
    done = clipline("emulator", "--data", str(data), *START, "--print-env", "--version", "9.5.2")
    url = exports(done.stdout)["ELASTICSEARCH_URL"]
    assert httpx.get(url).json()["version"]["number"] == "9.5.2"
    assert exports(clipline("emulator", "--data", str(data), "--print-env").stdout) == {"ELASTICSEARCH_URL": url}
    stopped = clipline("emulator", "stop", "--data", str(data))
    assert stopped.stdout == ""
    assert "stopped the emulator" in stopped.stderr
    assert not answers(url)
    assert not (data / "emulator.json").exists()


def test_the_address_alone(data: Path, clipline: Run) -> None:
    url = clipline("emulator", "--data", str(data), *START).stdout.strip()
    assert answers(url)


def test_without_wait_it_comes_back_at_once_and_serves_soon(data: Path, clipline: Run) -> None:
    done = clipline("emulator", "--data", str(data), "--port", "0", "--detach")
    assert done.stdout == ""
    deadline = time.monotonic() + 20
    while not (data / "emulator.json").exists():
        assert time.monotonic() < deadline
    assert answers(json.loads((data / "emulator.json").read_text())["environment"]["ELASTICSEARCH_URL"])


def test_one_that_is_starting_is_stopped(data: Path, clipline: Run) -> None:
    clipline("emulator", "--data", str(data), "--port", "0", "--detach")
    assert "stopped the emulator" in clipline("emulator", "stop", "--data", str(data)).stderr
    assert not is_locked(data)


def test_the_record_is_its_owners_only(data: Path, clipline: Run) -> None:
    clipline("emulator", "--data", str(data), *START)
    assert stat.S_IMODE((data / "emulator.json").stat().st_mode) == 0o600


def test_a_second_one_on_the_same_folder(data: Path, clipline: Run) -> None:
    clipline("emulator", "--data", str(data), *START)
    assert "another emulator runs" in clipline("emulator", "--data", str(data), *START, code=1).stderr


def test_a_port_that_is_taken(data: Path, tmp_path: Path, clipline: Run) -> None:
    port = clipline("emulator", "--data", str(data), *START).stdout.strip().rpartition(":")[2]
    other = ("--data", str(tmp_path / "other"), "--port", port, "--detach", "--wait")
    assert f"port {port} cannot be used" in clipline("emulator", *other, code=1).stderr


@pytest.mark.parametrize("flags", [(), ("--detach", "--wait")])
def test_a_folder_that_cannot_be_used(flags: tuple[str, ...], tmp_path: Path, clipline: Run) -> None:
    (tmp_path / "file").touch()
    data = str(tmp_path / "file" / "data")
    done = clipline("emulator", "--data", data, "--port", "0", *flags, code=1)
    assert done.stderr == f"error: the data folder {data} cannot be used: Not a directory\n"


def test_a_file_that_is_no_database(tmp_path: Path, clipline: Run) -> None:
    (tmp_path / "emulator.sqlite").write_text("something else " * 100)
    done = clipline("emulator", "--data", str(tmp_path), "--port", "0", code=1)
    assert done.stderr == f"error: the data folder {tmp_path} cannot be used: file is not a database\n"


def test_a_folder_of_a_newer_version(data: Path, clipline: Run) -> None:
    clipline("emulator", "--data", str(data), *START, "--version", "9.5.2")
    clipline("emulator", "stop", "--data", str(data))
    said = clipline("emulator", "--data", str(data), *START, code=1).stderr
    assert "cannot downgrade a node from version [9.5.2] to version [9.2.0]; take --version 9.5.2" in said


def test_a_shell_notices_that_it_did_not_start(tmp_path: Path, clipline: Run) -> None:
    (tmp_path / "file").touch()
    done = clipline("emulator", "--data", str(tmp_path / "file" / "data"), *START, "--print-env", code=1)
    assert subprocess.run(["/bin/sh", "-ec", f'eval "{done.stdout}"; true'], check=False).returncode == 1


def test_a_folder_whose_name_a_shell_would_take_apart(tmp_path: Path, clipline: Run) -> None:
    # In a folder of its own: a name that begins with a dash must be a relative one.
    done = clipline("emulator", "--data", "./-möglich & it's", *START, cwd=tmp_path)
    hint = shlex.split(done.stderr.partition("end it with: ")[2])
    assert hint[0] == "clipline"
    clipline(*hint[1:], cwd=tmp_path)
    assert not answers(done.stdout.strip())
    assert [one.name for one in tmp_path.iterdir()] == ["-möglich & it's"]


@pytest.mark.parametrize("command", [("emulator",), ("emulator", "stop")])
def test_a_variable_that_is_not_set_is_no_folder(command: tuple[str, ...], tmp_path: Path, clipline: Run) -> None:
    assert "'--data': it is empty" in clipline(*command, "--data", "", code=2, cwd=tmp_path).stderr
    assert not list(tmp_path.iterdir())


def test_after_a_kill_nothing_is_believed_to_run(data: Path, clipline: Run) -> None:
    clipline("emulator", "--data", str(data), *START)
    record = json.loads((data / "emulator.json").read_text())
    os.kill(record["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while answers(record["environment"]["ELASTICSEARCH_URL"]):
        assert time.monotonic() < deadline
    assert "no emulator runs" in clipline("emulator", "stop", "--data", str(data), code=1).stderr
    url = clipline("emulator", "--data", str(data), *START).stdout.strip()
    assert answers(url)


def test_the_foreground_prints_the_variables(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clipline.cli", "emulator", "--data", str(tmp_path), "--port", "0", "--print-env"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert answers(exports(process.stdout.readline())["ELASTICSEARCH_URL"])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--version", "7.17.0"), "the version 7.17.0 cannot be emulated"),
        (("--version", "nine"), "is not a version such as 9.2.0"),
        (("--license", "gold"), "is not one of"),
        (("--ml-memory", "much"), "is not a size such as 4gb"),
        (("--start-delay", "-1"), "is not in the range"),
        (("--no-ml-node", "--lazy-ml-node", "5"), "--no-ml-node and --lazy-ml-node exclude each other"),
        (("--wait",), "--wait goes with --detach"),
        (("--detach", "--print-env"), "--print-env needs to know the port"),
    ],
)
def test_what_cannot_be_asked_for(arguments: tuple[str, ...], sentence: str, tmp_path: Path, clipline: Run) -> None:
    said = clipline("emulator", "--data", str(tmp_path), *arguments, code=2).stderr
    assert sentence in said
    assert "python -m" not in said
