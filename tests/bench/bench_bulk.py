"""Bulk indexing of 512-float vectors over HTTP, in requests of 1,000: as base64 and as lists of numbers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from served import INDEX, MAPPINGS, Server, bulks

from clipline.emulator.launch import running_emulator

GOALS = {"base64": 5_000, "lists": 1_500}
COUNTS = {"base64": 20_000, "lists": 6_000}


def main() -> None:
    """Measure and print."""
    for form, goal in GOALS.items():
        count = COUNTS[form]
        bodies = bulks(count, encoded=form == "base64")
        with tempfile.TemporaryDirectory() as folder, running_emulator(Path(folder), "--version", "9.5.2") as url:
            server = Server(url)
            server("PUT", f"/{INDEX}", {"mappings": MAPPINGS})
            started = time.perf_counter()
            server.fill(bodies)
            seconds = time.perf_counter() - started
        print(f"bulk, {form:<7} {count / seconds:8.0f} documents/s, {count / seconds / goal:5.2f} of the goal ({goal})")


if __name__ == "__main__":
    main()
