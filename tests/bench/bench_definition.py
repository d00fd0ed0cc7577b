"""A definition of 515 parts of 1 MiB over HTTP, from one connection and from four; what others wait meanwhile.

The figures: seconds for all parts, the longest wait of a small request of somebody else, and the server's memory.
"""

from __future__ import annotations

import base64
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from served import Server

from clipline.emulator.launch import running_emulator

GOAL = 60.0
PARTS = 515
PART = 1024 * 1024
CONNECTIONS = (1, 4)
_MIB = 1024 * 1024


def main() -> None:
    """Measure and print."""
    for connections in CONNECTIONS:
        with tempfile.TemporaryDirectory() as folder, running_emulator(Path(folder), "--version", "9.5.2") as url:
            before = _peak(Path(folder))
            seconds, waited = measure(url, connections)
            grown = (_peak(Path(folder)) - before) / _MIB
        rate = PARTS * PART / _MIB / seconds
        print(
            f"definition, {connections} connection(s) {seconds:6.1f} s ({rate:4.0f} MiB/s), {seconds / GOAL:5.2f} of the "
            f"goal ({GOAL:g} s); others waited {waited * 1000:4.0f} ms at most; {grown:4.0f} MiB of memory at the peak"
        )


def measure(url: str, connections: int) -> tuple[float, float]:
    """Seconds for all parts, and the longest wait of another client's small requests."""
    Server(url)("PUT", "/_ml/trained_models/big", {"model_type": "pytorch", "inference_config": {"text_embedding": {}}})
    text = base64.b64encode(os.urandom(PART)).decode()
    body = {"definition": text, "total_definition_length": PARTS * PART, "total_parts": PARTS}
    servers = [Server(url) for _ in range(connections)]
    done = threading.Event()
    with ThreadPoolExecutor(connections + 1) as pool:
        watch = pool.submit(_longest_wait, Server(url), done)
        started = time.perf_counter()
        for sent in [pool.submit(_send, servers[number], body, number, connections) for number in range(connections)]:
            sent.result()
        seconds = time.perf_counter() - started
        done.set()
        return seconds, watch.result()


def _send(server: Server, body: dict[str, object], first: int, step: int) -> None:
    for part in range(first, PARTS, step):
        server("PUT", f"/_ml/trained_models/big/definition/{part}", body)


def _longest_wait(server: Server, done: threading.Event) -> float:
    longest, number = 0.0, 0
    while not done.is_set():
        started = time.perf_counter()
        server("PUT", f"/others/_doc/{number % 50}", {"number": number})
        longest, number = max(longest, time.perf_counter() - started), number + 1
        time.sleep(0.02)
    return longest


def _peak(folder: Path) -> int:
    """The most memory that the server which holds a data folder has had, in bytes."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and str(folder).encode() in (entry / "cmdline").read_bytes():
            return int((entry / "status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return 0


if __name__ == "__main__":
    main()
