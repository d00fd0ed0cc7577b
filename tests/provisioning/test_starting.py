"""A deployment that does not start, and one that starts when nobody sees it: the emulator in each of these states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch, TransportError

from clipline.core.cluster import connect
from clipline.core.errors import ModelError
from clipline.core.settings import Connection
from provisioning.apply.deployments import deployment, start_deployment
from provisioning.apply.waiting import deployment_stats, wait_until_started
from provisioning.apply.work import Work
from provisioning.bundles.find import Bundles
from provisioning.plan import Change, Verb
from tests.emulator.ml_tiny import put_tiny
from tests.nodes import running_emulator
from tests.provisioning.cutting import cutting

MIB = 1024 * 1024


@contextmanager
def cluster(data: Path, *flags: str) -> Iterator[tuple[str, Elasticsearch]]:
    """A cluster with a tiny model."""
    with running_emulator(data, *flags) as url, connect(Connection(url=url, patience=0)) as client:
        put_tiny(client, "tiny")
        yield url, client


def start(client: Elasticsearch, deployment_id: str = "tiny", *, wait_seconds: float = 20, **settings: int) -> None:
    start_deployment(client, deployment_id, model_id="tiny", settings=settings, wait_seconds=wait_seconds)


def refused(
    client: Elasticsearch, deployment_id: str = "tiny", *, wait_seconds: float = 20, **settings: int
) -> ModelError:
    with pytest.raises(ModelError) as caught:
        start(client, deployment_id, wait_seconds=wait_seconds, **settings)
    assert caught.value.where == f"deployment/{deployment_id}"
    return caught.value


def test_not_enough_memory_says_what_is_needed_what_is_free_and_who_has_the_rest(tmp_path: Path) -> None:
    with cluster(tmp_path, "--ml-memory", str(400 * MIB)) as (_, client):
        start(client, number_of_allocations=2)
        error = refused(client, "second")
        assert error.what.startswith(
            "no ML node has room for the model; it needs 240 MB; free: 130 MB of 400 MB on emulator: "
        )
        assert "This node has insufficient available memory." in error.what
        assert error.hint == (
            "give the cluster an ML node with that much free memory, or stop another deployment: tiny (240 MB)"
        )


def test_not_enough_processors(tmp_path: Path) -> None:
    with cluster(tmp_path) as (_, client):
        error = refused(client, threads_per_allocation=16)
        assert error.what.startswith("the ML nodes have not enough free processors: ")
        assert "processors required for each allocation of this model [16]" in error.what
        error = refused(client, number_of_allocations=9)
        assert error.what.startswith(
            "the ML nodes have not enough memory or processors for all allocations; it needs 240 MB;"
        )
        assert "ask for fewer allocations" in (error.hint or "")
        start(client)
        work = Work(client=client, stack="x", version="9.2.0", models=(), bundles=Bundles({}))
        more = Change(kind="deployment", name="tiny", verb=Verb.UPDATE, reason="", request={"number_of_allocations": 9})
        with pytest.raises(ModelError) as caught:
            deployment(work, more)
        assert "Could not update deployment because there are not enough resources" in caught.value.what
        assert caught.value.hint == (
            "ask for fewer allocations in models/*.yml, or stop another deployment: tiny (240 MB)"
        )


def test_a_model_that_does_not_load(tmp_path: Path) -> None:
    with cluster(tmp_path) as (_, client):
        put_tiny(client, "garbage", kind="garbage")
        with pytest.raises(ModelError) as caught:
            start_deployment(client, "garbage", model_id="garbage", settings={}, wait_seconds=20)
        assert caught.value.what.startswith("the deployment failed: ")
        assert caught.value.where == "deployment/garbage"
        put_tiny(client, "other", platform_architecture="windows-x86_64")
        with pytest.raises(ModelError) as caught:
            start_deployment(client, "other", model_id="other", settings={}, wait_seconds=20)
        assert "is platform specific and incompatible with ML nodes in the cluster" in caught.value.what
        assert caught.value.hint == "the model was built for another processor than the cluster's ML nodes have"
        # One that was removed while it was waited for.
        with pytest.raises(ModelError, match="the deployment failed: the server removed it"):
            wait_until_started(client, "nowhere", model_id="tiny", wait_seconds=1)


def test_a_node_that_does_not_come(tmp_path: Path) -> None:
    told: list[str] = []
    with cluster(tmp_path, "--lazy-ml-node", "600") as (_, client):
        error = refused(client, wait_seconds=0.6)
        assert error.what == "no ML node had room for it within 0.6 s: No ML nodes exist in the cluster"
        assert "--wait-timeout" in (error.hint or "")
        assert "_autoscaling/capacity" in (error.hint or "")
        # It is there, and an apply that comes later goes on waiting for it.
        assert deployment_stats(client, "tiny", "tiny")["state"] == "starting"
        with pytest.raises(ModelError):
            wait_until_started(client, "tiny", model_id="tiny", wait_seconds=0.6, tell=told.append)
    assert told == ["  waiting for room on an ML node, for 0.6 s at most: No ML nodes exist in the cluster"]


def test_a_start_that_takes_too_long(tmp_path: Path) -> None:
    with cluster(tmp_path, "--start-delay", "30") as (_, client):
        error = refused(client, wait_seconds=0.5)
    assert error.what.startswith("not started within 0.5 s; its state is starting: no reason given")
    assert "run apply again" in (error.hint or "")


@pytest.mark.parametrize("after", [True, False])
def test_a_start_whose_answer_is_lost(tmp_path: Path, after: bool) -> None:
    """It is not sent twice, which would be refused over the first; it is looked for instead."""
    with cluster(tmp_path) as (url, _), cutting(url) as (proxy, cut):
        # The connection breaks once, at the second request.
        with connect(Connection(url=proxy, patience=5)) as client:
            cut.begin(at=1, after=after, times=1)
            client.info()
            if after:
                start(client)
            else:
                with pytest.raises(TransportError):
                    start(client)
            assert bool(deployment_stats(client, "tiny", "tiny")) is after
        assert sum("_start" in line for line in cut.seen) == 1
