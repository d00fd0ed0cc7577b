"""What was acknowledged survives the death of the process."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from elasticsearch import Elasticsearch

READY = "clipline emulator ready at "


def start(data: Path) -> tuple[subprocess.Popen[str], str]:
    """An emulator that this test may kill."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clipline.emulator", "--data", str(data), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), line
    return process, line.removeprefix(READY).strip()


def end(process: subprocess.Popen[str], number: int) -> int:
    """Send a signal and wait."""
    os.kill(process.pid, number)
    code = process.wait(20)
    assert process.stdout is not None
    process.stdout.close()
    return code


@pytest.mark.slow
def test_sigkill(tmp_path: Path) -> None:
    process, url = start(tmp_path)
    with Elasticsearch(url) as client:
        client.indices.create(index="pictures", aliases={"shown": {}})
        client.ingest.put_pipeline(id="stamp", processors=[{"set": {"field": "seen", "value": True}}])
        acknowledged = []
        for number in range(200):
            answer = client.index(index="shown", id=str(number), document={"number": number}, pipeline="stamp")
            acknowledged.append(answer["_id"])
    end(process, signal.SIGKILL)
    process, url = start(tmp_path)
    with Elasticsearch(url) as client:
        assert client.count(index="shown")["count"] == len(acknowledged)
        assert client.get(index="shown", id="199")["_source"] == {"number": 199, "seen": True}
        assert "stamp" in client.ingest.get_pipeline()
    assert end(process, signal.SIGTERM) == 0


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    process, _ = start(tmp_path)
    assert end(process, signal.SIGTERM) == 0


def test_sigterm_does_not_wait_for_a_client_that_never_finishes(tmp_path: Path) -> None:
    process, url = start(tmp_path)
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"PUT /pictures HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        with httpx.Client(base_url=url) as http:
            http.get("/")  # by now the other request is under way
        assert end(process, signal.SIGTERM) == 0


def test_two_on_one_folder(tmp_path: Path) -> None:
    process, _ = start(tmp_path)
    second = subprocess.run(
        [sys.executable, "-m", "clipline.emulator", "--data", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert "another emulator runs on the data folder" in second.stderr
    assert end(process, signal.SIGTERM) == 0


def test_a_folder_of_another_version(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "emulator.sqlite") as database:
        database.execute("CREATE TABLE documents (index_uuid TEXT, id TEXT)")
    database.close()
    command = [sys.executable, "-m", "clipline.emulator", "--data", str(tmp_path), "--port", "0"]
    started = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert started.returncode == 1
    assert "was written by another version of the emulator" in started.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    process, url = start(tmp_path / "a")
    second = subprocess.run(
        [sys.executable, "-m", "clipline.emulator", "--data", str(tmp_path / "b"), "--port", url.rpartition(":")[2]],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert "choose another with --port" in second.stderr
    assert end(process, signal.SIGTERM) == 0


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from clipline.emulator.launch import running_emulator\n"
        "with running_emulator(pathlib.Path(sys.argv[1])) as url:\n"
        "    print(url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    url = parent.stdout.readline().strip()
    assert httpx.get(url).status_code == 200
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 15
    while _answers(url):
        assert time.monotonic() < deadline, "the emulator outlived its parent"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
