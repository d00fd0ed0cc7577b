"""The queue before a model and what is remembered: who goes first, who is turned away, what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from clipline.emulator.errors import ApiError
from clipline.emulator.launch import running_emulator
from clipline.emulator.ml.counters import Counters
from clipline.emulator.ml.process import Answer, InferenceFailed, NativeProcess
from clipline.emulator.ml.worker import HIGH, NORMAL, Worker
from tests.emulator.conftest import Api
from tests.emulator.ml_archives import ask, deployed, node_stats, start
from tests.emulator.ml_calls import frozen, until

FULL = ("es_rejected_execution_exception", "inference process queue is full. Unable to execute command")
SHUTDOWN = "unable to process as inference process worker service has shutdown"


class Model:
    """Stands where the native process does and answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Future[Answer]]] = []

    def infer(self, arguments: list[list[list[int]]]) -> Future[Answer]:
        self.asked.append((arguments[0][0][0], Future()))
        return self.asked[-1][1]

    def allocate(self, number: int) -> None:
        pass

    def answer(self, place: int, error: Exception | None = None) -> None:
        number, future = self.asked[place]
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(Answer([[[float(number)]]], 0.1))

    @property
    def order(self) -> list[int]:
        return [number for number, _ in self.asked]


def opened(capacity: int = 10, allocations: int = 1, cache: int = 0) -> tuple[Worker, Model, Counters]:
    counters, model = Counters(), Model()
    worker = Worker(capacity=capacity, allocations=allocations, cache_bytes=cache, counters=counters)
    worker.open(cast("NativeProcess", model))
    return worker, model, counters


def submit(worker: Worker, number: int, priority: int = NORMAL) -> Future[Answer]:
    return worker.submit([[[number]]], priority=priority)


def test_searches_go_first_then_in_order() -> None:
    worker, model, _ = opened()
    for number, priority in ((1, NORMAL), (2, NORMAL), (3, HIGH), (4, NORMAL), (5, HIGH)):
        submit(worker, number, priority)
    for place in range(5):
        model.answer(place)
    assert model.order == [1, 3, 5, 2, 4]


def test_as_many_run_as_there_are_allocations() -> None:
    worker, model, _ = opened(allocations=2)
    for number in range(5):
        submit(worker, number)
    assert model.order == [0, 1]
    model.answer(1)
    assert model.order == [0, 1, 2]
    worker.allocate(4)
    assert model.order == [0, 1, 2, 3, 4]
    assert worker.pending == 4


def test_full_queue() -> None:
    worker, model, counters = opened(capacity=2)
    first = [submit(worker, number) for number in range(3)]  # one runs, two wait
    with pytest.raises(ApiError) as caught:
        submit(worker, 3)
    assert (caught.value.status, (caught.value.type, caught.value.reason)) == (429, FULL)
    assert counters.rejections == 1
    model.answer(0)
    submit(worker, 4)
    assert first[0].result().result == [[[0.0]]]


def test_who_waits_no_longer_is_skipped_and_not_counted() -> None:
    worker, model, counters = opened()
    running, waiting, last = (submit(worker, number) for number in range(3))
    assert running.cancel()
    assert waiting.cancel()
    assert worker.pending == 1
    model.answer(0)
    assert model.order == [0, 2]
    assert counters.inferences == 0
    model.answer(1)
    assert last.result().result == [[[2.0]]]
    assert counters.inferences == 1


def test_shut() -> None:
    for error, expected in ((None, SHUTDOWN), (RuntimeError("gone"), "gone")):
        worker, model, _ = opened()
        running, waiting = submit(worker, 1), submit(worker, 2)
        worker.shut(error)
        failure = waiting.exception(1)
        assert failure is not None
        assert str(failure) == expected
        model.answer(0, InferenceFailed("late"))
        assert isinstance(running.exception(1), InferenceFailed)
        with pytest.raises(ApiError, match="inference process worker service has shutdown"):
            submit(worker, 3)


def test_many_wait_for_a_model_that_answers_at_once() -> None:
    counters = Counters()
    worker = Worker(capacity=5000, allocations=1, cache_bytes=0, counters=counters)
    futures = [submit(worker, number) for number in range(5000)]

    class Dead(Model):
        def infer(self, arguments: list[list[list[int]]]) -> Future[Answer]:
            future = super().infer(arguments)
            future.set_exception(InferenceFailed("at once"))
            return future

    worker.open(cast("NativeProcess", Dead()))
    assert all(isinstance(future.exception(1), InferenceFailed) for future in futures)
    assert counters.errors == 5000


def test_remembered_results_do_not_reach_the_model() -> None:
    worker, model, counters = opened(cache=1000)
    submit(worker, 1)
    model.answer(0)
    again = submit(worker, 1)
    assert again.result(1).cached
    submit(worker, 2)
    assert model.order == [1, 2]
    assert (counters.inferences, counters.cached) == (2, 1)
    model.answer(1, InferenceFailed("no"))
    submit(worker, 2)
    assert model.order == [1, 2, 2]  # an error is not remembered
    worker.cache.clear()
    submit(worker, 1)
    model.answer(2)
    assert model.order == [1, 2, 2, 1]


Served = tuple[Api, Path]
"""The emulator and its data folder."""
PATH = "/_ml/trained_models/busy"
ASKED: dict[str, Any] = {"docs": [{"text": "dog"}], "timeout": "60s"}
PARAMS = {"queue_capacity": 1, "cache_size": "0b"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An emulator with ``busy``: a model that remembers nothing, behind a queue of one."""
    data = tmp_path_factory.mktemp("queue")
    with running_emulator(data) as url, httpx.Client(base_url=url, timeout=60) as http:
        api = Api(http)
        deployed(api, "busy", "facts", params=PARAMS)
        yield api, data


@pytest.fixture
def ml(served: Served) -> Api:
    """The emulator."""
    return served[0]


@pytest.fixture
def data(served: Served) -> Path:
    """Its data folder."""
    return served[1]


def pending(ml: Api, number: int) -> None:
    until(lambda: node_stats(ml, "busy")["number_of_pending_requests"] == number)


def ask_twice(ml: Api, pool: ThreadPoolExecutor) -> list[Future[httpx.Response]]:
    """One request at work, and one that waits."""
    asked = []
    for number in (1, 2):
        asked.append(pool.submit(ml.http.post, f"{PATH}/_infer", json=ASKED))
        pending(ml, number)
    return asked


def test_full_queue_over_http(ml: Api, data: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        with frozen(data):
            asked = ask_twice(ml, pool)
            # The queue is asked before the document is looked at.
            assert ml.error("POST", f"{PATH}/_infer", {"docs": [{}]}, code=429) == FULL
        assert [len(future.result().json()["inference_results"]) for future in asked] == [1, 1]
    stats = node_stats(ml, "busy")
    assert (stats["rejected_execution_count"], stats["inference_count"]) == (1, 2)
    # To be turned away is a failure, too.
    (entry,) = ml("GET", f"{PATH}/_stats")["trained_model_stats"]
    assert (entry["inference_stats"]["failure_count"], entry["inference_stats"]["inference_count"]) == (1, 2)


def test_documents_that_find_no_place_fail_the_request(ml: Api, data: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with frozen(data):
            asked = pool.submit(ml.error, "POST", f"{PATH}/_infer", {**ASKED, "docs": [{"text": "dog"}] * 3}, code=429)
            pending(ml, 2)
            assert not asked.done()  # it is answered once every document is
        assert asked.result() == FULL
    pending(ml, 0)


def test_timeout(ml: Api, data: Path) -> None:
    before = node_stats(ml, "busy")
    with frozen(data):
        for given_, shown in (({"timeout": "10ms"}, "10ms"), ({"timeout": "1500micros"}, "1.5ms")):
            error = ml.error("POST", f"{PATH}/_infer", {**ASKED, **given_}, code=408)
            assert error == ("status_exception", f"timeout [{shown}] waiting for inference result")
        stats = node_stats(ml, "busy")
        assert stats["timeout_count"] == 2
        pending(ml, 0)
        # The model is still at what nobody waits for, and that has its place in the queue until its turn comes.
        assert ml.error("POST", f"{PATH}/_infer", ASKED, code=429) == FULL
    until(lambda: ml.http.post(f"{PATH}/_infer", json=ASKED).status_code == 200)
    assert node_stats(ml, "busy")["inference_count"] == before["inference_count"] + 1


def test_stop_at_work(ml: Api, data: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        with frozen(data):
            running, waiting = ask_twice(ml, pool)
            ml("POST", f"{PATH}/deployment/_stop")
        error = running.result().json()["error"]
        assert error["reason"] == "Error in inference process: [inference canceled as process is stopping]"
        answer = waiting.result().json()
        assert (answer["status"], answer["error"]["reason"]) == (429, SHUTDOWN)
        start(ml, "busy", **PARAMS)
        for _ in range(2):
            ask(ml, PATH, "dog")
        assert node_stats(ml, "busy")["inference_cache_hit_count"] == 0  # of a cache without room
        with frozen(data):
            asked = ask_twice(ml, pool)
            stopped = pool.submit(ml, "POST", f"{PATH}/deployment/_stop?finish_pending_work=true")
            until(
                lambda: ml("GET", f"{PATH}/_stats")["trained_model_stats"][0]["deployment_stats"]["state"] == "stopping"
            )
            assert not stopped.done()
        assert stopped.result() == {"stopped": True}
        assert [future.result().status_code for future in asked] == [200, 200]


def test_cache_over_http(ml: Api) -> None:
    path = deployed(ml, "remembers", "facts", params={"cache_size": "10kb", "deployment_id": "remembers-much"})
    for text in ("dog", "red", "dog"):
        ask(ml, path, text)
    stats = node_stats(ml, "remembers")
    assert (stats["inference_count"], stats["inference_cache_hit_count"]) == (3, 1)
    clear = "deployment/cache/_clear"
    assert ml("POST", f"/_ml/trained_models/remembers-much/{clear}") == {"cleared": True}
    missing = ml.error("POST", f"{path}/{clear}", code=404)
    assert missing == ("resource_not_found_exception", "No known model deployment with id [remembers]")
    ask(ml, path, "dog")
    ask(ml, path, "  dog\u200b ")  # the same tokens
    stats = node_stats(ml, "remembers")
    assert (stats["inference_count"], stats["inference_cache_hit_count"]) == (5, 2)
    # A name that is said twice is told once.
    twice = ml("GET", "/_ml/trained_models/remembers-much,remembers-much/_stats")
    assert (twice["count"], len(twice["trained_model_stats"])) == (1, 1)
    ml("POST", "/_ml/trained_models/remembers-much/deployment/_stop")
