"""A process that dies while it is started again, with a process that stands in for the native one."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest

from clipline.emulator.ml import deployment
from clipline.emulator.ml.capacity import Fit
from clipline.emulator.ml.deployment import Deployment
from clipline.emulator.ml.process import ProcessDied
from clipline.emulator.ml.store import ModelStore


class Store:
    """A model of one part."""

    def config(self, model_id: str) -> dict[str, Any]:
        return {"inference_config": {"text_embedding": {"tokenization": {"bert": {}}}}}

    def vocabulary(self, model_id: str) -> dict[str, Any]:
        return {"vocabulary": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]}

    def definition(self, model_id: str) -> list[tuple[int, int, bytes]]:
        return [(0, 1, b"x")]


class Native:
    """Loads its model when it is told to, and dies when it is told to."""

    made: list[Native]

    def __init__(self, file: Path, *, on_end: Any, **more: Any) -> None:
        self._on_end, self._ready = on_end, Future[None]()
        self.ended, self.obituary = False, "gone"
        self.made.append(self)

    def wait_ready(self) -> None:
        self._ready.result()

    def load(self) -> None:
        self._ready.set_result(None)

    def die(self) -> None:
        """As NativeProcess tells it: first the deployment, then whoever waits for it to be ready."""
        self.ended = True
        self._on_end(self.obituary)
        if not self._ready.done():
            threading.Event().wait(0.1)  # a start that should not be has its chance
            self._ready.set_exception(ProcessDied(self.obituary))

    def allocate(self, number: int) -> None:
        pass

    def stop(self) -> None:
        self.die()


def wait_for(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen in time")


def test_a_process_that_dies_while_it_is_started_again_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Native] = []
    monkeypatch.setattr(Native, "made", made, raising=False)
    monkeypatch.setattr(deployment, "NativeProcess", Native)
    parameters = {"queue_capacity": 1, "cache_size": "0", "threads_per_allocation": 1, "number_of_allocations": 1}
    served = Deployment(
        "d", "m", parameters=parameters, started=0, placed=Fit(1), start_delay=0.0, store=cast("ModelStore", Store()),
        data=tmp_path, version="9.2.0",
    )  # fmt: skip
    wait_for(lambda: len(made) == 1)
    made[0].load()
    wait_for(lambda: served.state == "started")
    first = served.launched
    assert first > 0
    made[0].die()
    wait_for(lambda: len(made) == 2)
    assert served.state == "started"
    assert served.launched >= first
    made[1].die()
    wait_for(lambda: served.state == "failed")
    words = "Failed to restart inference process because of error [inference process crashed due to reason [gone]]"
    assert served.reason == f"inference process crashed due to reason [{words}]"
    assert served.wait(5)
    threads = [thread for thread in threading.enumerate() if thread.name == "start d"]
    for thread in threads:
        thread.join(5)
    assert len(made) == 2, "a process that nobody serves is left behind"
