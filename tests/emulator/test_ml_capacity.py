"""What fits an ML node: the planner's arithmetic by itself, and the refusals of a server that has too little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

from clipline.emulator.errors import ApiError
from clipline.emulator.launch import running_emulator
from clipline.emulator.ml.capacity import MIB, MODEL_OVERHEAD, NODE_OVERHEAD, Need, Room, fit, used_memory
from clipline.emulator.ml.sizes import parse_size
from clipline.emulator.ml.times import time_text
from tests.emulator.ml_calls import infer, refusal, stats, until
from tests.emulator.ml_tiny import archive, put_tiny

NO_NODE = "Could not start deployment because no ML nodes with sufficient capacity were found"


def need(allocations: int = 1, threads: int = 1, *, low: bool = False, size: int = MIB, more: int = 0) -> Need:
    return Need(
        model_bytes=size, allocations=allocations, threads=threads, low=low, per_deployment=0, per_allocation=more
    )


def room(processors: int = 4, memory: int = 4096 * MIB, *, ml: bool = True) -> Room:
    return Room(node_id="n", memory=memory, processors=processors, ml=ml)


FITS: dict[str, tuple[Room, list[tuple[Need, int]], Need, int, str | None]] = {
    "alone": (room(), [], need(4), 4, None),
    "no node": (room(ml=False), [], need(), 0, "No ML nodes exist in the cluster"),
    "too many": (
        room(4), [(need(3), 3)], need(2), 1,
        "insufficient allocated processors. Available processors [4], free processors [0], processors required for each",
    ),
    "threads": (room(3), [], need(1, 4), 0, "Available processors [3], free processors [3], processors required"),
    "low does not count": (room(1), [(need(1), 1)], need(1, low=True), 1, None),
    "low takes no processor": (room(1), [(need(1, low=True), 1)], need(1), 1, None),
    "memory": (
        room(memory=272 * MIB), [(need(), 1)], need(), 0,
        "Available memory for ML [285212672 (272mb)], free memory [0 (0b)], estimated memory required for this model",
    ),
    "memory, the first": (
        room(memory=200 * MIB), [], need(), 0,
        "free memory [209715200 (200mb)], estimated memory required for this model [285212672 (272mb)].",
    ),
    "one deployment that waits takes nothing": (room(1), [(need(1), 0)], need(1), 1, None),
    "memory of each allocation": (room(8, 1030 * MIB), [], need(8, more=300 * MIB), 3, "insufficient available memory"),
}  # fmt: skip


@pytest.mark.parametrize("name", FITS)
def test_fit(name: str) -> None:
    where, taken, asked, allocations, reason = FITS[name]
    placed = fit(where, taken, asked)
    assert placed.allocations == allocations
    if reason is None:
        assert placed.explanation is None
    else:
        assert reason in (placed.explanation or "")


NEEDS = st.builds(
    need, st.integers(1, 40), st.sampled_from([1, 2, 4, 8]), low=st.booleans(), size=st.integers(1, 900 * MIB)
)


@given(st.integers(0, 32), st.integers(0, 8192), st.lists(NEEDS, max_size=8))
def test_a_node_is_never_given_more_than_it_has(processors: int, mib: int, asked: list[Need]) -> None:
    where, taken = room(processors, mib * MIB), []
    for one in asked:
        placed = fit(where, taken, one)
        assert 0 <= placed.allocations <= one.allocations
        assert (placed.explanation is None) == (placed.allocations == one.allocations)
        taken.append((one, placed.allocations))
    assert sum(one.threads * number for one, number in taken if not one.low) <= processors
    overhead, models = used_memory(taken)
    assert overhead == (NODE_OVERHEAD if models else 0)
    assert overhead + models <= mib * MIB


@pytest.mark.parametrize(
    ("text", "shown", "count"),
    [("0", "0", 0), ("0b", "0", 0), ("10kb", "10kb", 10240), ("10K", "10kb", 10240), ("1.5gb", "1610612736b", 3 << 29),
     ("1630b", "1630b", 1630), ("2TB", "2tb", 2 << 40), ("9223372036854775807b", "9223372036854775807b", (1 << 63) - 1)],
)  # fmt: skip
def test_sizes(text: str, shown: str, count: int) -> None:
    size = parse_size("cache_size", text)
    assert (size.given, size.bytes) == (shown, count)


@pytest.mark.parametrize("text", ["9223372036854775808b", "9" * 400 + "b", "9" * 5000 + "b", "9" * 400 + ".5kb"])
def test_sizes_that_are_too_large(text: str) -> None:
    with pytest.raises(ApiError, match="Values greater than 9223372036854775807 bytes are not supported"):
        parse_size("cache_size", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("20s", "20s"), ("1ms", "1ms"), ("1500ms", "1.5s"), ("90s", "1.5m"), ("24h", "1d"), ("0s", "0s"), ("7nanos", "7nanos"),
     ("-1", "-1"), ("999999999999d", "999999999999d")],
)  # fmt: skip
def test_times(text: str, shown: str) -> None:
    assert time_text(text) == shown


def _start(client: Elasticsearch, **options: Any) -> Any:
    return client.ml.start_trained_model_deployment(model_id="tiny", **options)["assignment"]


def test_a_small_node(tmp_path: Path) -> None:
    memory = NODE_OVERHEAD + 2 * (MODEL_OVERHEAD + 2 * len(archive("embedding")))
    with (
        running_emulator(tmp_path, "--ml-memory", str(memory)) as url,
        Elasticsearch(url, request_timeout=60, max_retries=0) as client,
    ):
        put_tiny(client, "tiny")
        too_many = (
            "Could not start deployment because there are not enough resources to provide all requested allocations"
        )
        refusal(429, "status_exception", too_many, _start, client, number_of_allocations=9)
        refusal(429, "status_exception", NO_NODE, _start, client, threads_per_allocation=16)
        assert client.ml.get_memory_stats()["nodes"].popitem()[1]["mem"]["ml"]["native_code_overhead_in_bytes"] == 0
        _start(client, number_of_allocations=7)
        _start(client, deployment_id="second", priority="low", wait_for="starting")
        reason = (
            "Could not update deployment because there are not enough resources to provide all requested allocations"
        )
        refusal(
            429, "status_exception", reason,
            client.ml.update_trained_model_deployment, model_id="tiny", number_of_allocations=9,
        )  # fmt: skip
        entries = client.ml.get_trained_models_stats(model_id="tiny")["trained_model_stats"]
        assert [entry["deployment_stats"]["number_of_allocations"] for entry in entries] == [1, 7]
        with pytest.raises(Exception, match=NO_NODE) as caught:
            _start(client, deployment_id="third")
        cause = caught.value.body["error"]["caused_by"]  # type: ignore[attr-defined]
        assert cause["type"] == "illegal_state_exception"
        assert (
            "no suitable nodes were found, allocation explanation [Could not assign (more) allocations"
            in cause["reason"]
        )
        assert "This node has insufficient available memory." in cause["reason"]
        (node,) = client.ml.get_memory_stats(human=True)["nodes"].values()
        assert node["mem"]["ml"]["native_inference_in_bytes"] == memory - NODE_OVERHEAD
        assert node["mem"]["ml"]["native_code_overhead"] == "30mb"
        info = client.ml.info()["limits"]
        assert (info["total_ml_memory"], info["total_ml_processors"]) == (f"{memory // MIB}mb", 8)


def test_deployments_come_back_as_far_as_there_is_room(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url, request_timeout=60) as client:
        put_tiny(client, "tiny")
        for name in ("tiny", "second"):
            _start(client, deployment_id=name, wait_for="starting")
    size = NODE_OVERHEAD + MODEL_OVERHEAD + 2 * len(archive("embedding"))
    with running_emulator(tmp_path, "--ml-memory", str(size)) as url, Elasticsearch(url, request_timeout=60) as client:
        entries = client.ml.get_trained_models_stats(model_id="tiny")["trained_model_stats"]
        waiting, running = (entry["deployment_stats"] for entry in entries)
        assert (running["state"], waiting["state"], waiting["nodes"]) == ("started", "starting", [])
        assert "This node has insufficient available memory." in waiting["reason"]
        assert waiting["allocation_status"] == {
            "allocation_count": 0,
            "target_allocation_count": 1,
            "state": "starting",
        }
        refusal(409, "status_exception", "[second] is not allocated to any nodes", infer, client, "second")
        # What the other one gives back is taken at once.
        client.ml.stop_trained_model_deployment(model_id="tiny")
        assert infer_when_started(client, "second")
    with running_emulator(tmp_path, "--no-ml-node") as url, Elasticsearch(url, max_retries=0) as client:
        assert stats(client, "second")["deployment_stats"]["reason"] == "No ML nodes exist in the cluster"
        refusal(429, "status_exception", NO_NODE, _start, client)
        assert client.ml.info()["limits"]["total_ml_memory"] == "0mb"


def test_a_node_that_comes_when_it_is_wanted(tmp_path: Path) -> None:
    """As by autoscaling: no ML node until a deployment waits for one."""
    with running_emulator(tmp_path, "--lazy-ml-node", "1") as url, Elasticsearch(url, request_timeout=60) as client:
        roles = lambda: client.nodes.info()["nodes"].popitem()[1]["roles"]  # noqa: E731
        assert "ml" not in roles()
        settings = client.cluster.get_settings(include_defaults=True, flat_settings=True)
        assert settings["defaults"]["xpack.ml.max_lazy_ml_nodes"] == "1"
        put_tiny(client, "tiny")
        assignment = _start(client)
        assert (assignment["assignment_state"], assignment["routing_table"]) == ("starting", {})
        assert assignment["reason"] == "No ML nodes exist in the cluster"
        refusal(409, "status_exception", "[tiny] is not allocated to any nodes", infer, client, "tiny")
        assert infer_when_started(client, "tiny")
        found = stats(client, "tiny")["deployment_stats"]
        assert "reason" not in found
        assert found["allocation_status"]["state"] == "fully_allocated"
        assert "ml" in roles()
        assert client.ml.info()["limits"]["total_ml_memory"] == "4096mb"
        # There is as many as may be: what does not fit now is refused.
        refusal(429, "status_exception", NO_NODE, _start, client, deployment_id="big", threads_per_allocation=16)


def infer_when_started(client: Elasticsearch, name: str) -> Any:
    until(lambda: stats(client, name)["deployment_stats"]["state"] == "started")
    return infer(client, name)
