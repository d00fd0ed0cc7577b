"""Calls that the tests of deployments share, and a look at the native processes behind them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

DOG = [{"text_field": "red dog"}]


def refusal(status: int, kind: str, reason: str, call: Any, *args: Any, **kwargs: Any) -> None:
    """Check the error that a call ends with."""
    with pytest.raises(ApiError) as caught:
        call(*args, **kwargs)
    error = caught.value.body["error"]
    assert (caught.value.status_code, error["type"]) == (status, kind), error
    assert reason in error["reason"]


def stats(client: Elasticsearch, name: str) -> dict[str, Any]:
    """The one entry of ``_stats`` for a name."""
    (entry,) = client.ml.get_trained_models_stats(model_id=name)["trained_model_stats"]
    found: dict[str, Any] = entry
    return found


def infer(client: Elasticsearch, name: str, **more: Any) -> list[dict[str, Any]]:
    """The vector of the usual text."""
    results: list[dict[str, Any]] = client.ml.infer_trained_model(model_id=name, docs=DOG, **more)["inference_results"]
    return results


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for what must come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def natives(data: Path) -> list[int]:
    """The native processes that serve a data folder: their command names a file in it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if b"clipline.emulator.native" in command and str(data).encode() in command:
            found.append(int(entry.name))
    return found


@contextmanager
def frozen(data: Path) -> Iterator[int]:
    """Stop the one native process of a data folder for the time of a block; gives its id.

    What is asked meanwhile is at work for as long as the test likes.
    """
    (pid,) = natives(data)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def parent(pid: int) -> int:
    """The process that started another."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
