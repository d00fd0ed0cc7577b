"""A cluster that is busy now and then, and a network that loses an answer: an apply goes on, or says why it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.commands.carry_out import carry_out
from clipline.commands.planning import make_plan
from clipline.core.cluster import connect
from clipline.core.settings import Connection
from provisioning.assets.stack import read_stack
from provisioning.assets.variables import gather
from provisioning.bundles.bundle import open_bundle
from provisioning.bundles.push import push
from tests.conftest import ROOT, TINY, Run
from tests.nodes import running_emulator
from tests.prepared import tiny_bundle
from tests.provisioning.cutting import Cut, cutting

VARIABLES = tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster for this file."""
    with running_emulator(tmp_path_factory.mktemp("bad-network")) as url:
        yield url


@pytest.fixture
def network(url: str) -> Iterator[tuple[str, Cut]]:
    """The URL of a proxy in front of it, and what the proxy does."""
    with cutting(url) as found:
        yield found


def test_an_apply_goes_on_where_the_cluster_is_busy_now_and_then(network: tuple[str, Cut], clipline: Run) -> None:
    proxy, cut = network
    refused: dict[str, int] = {}

    def busy(number: int, line: str) -> int:
        # The first two tries of the first request, and the first one of a create, of a start, and of a part.
        what = next(
            (part for part in ("GET / ", "op_type=create", "/_start", "/definition/0") if part in f"{line} "), ""
        )
        refused[what] = refused.get(what, 0) + 1
        return (429 if refused[what] == 1 else 503) if what and refused[what] <= (2 if what == "GET / " else 1) else 0

    cut.busy = busy
    done = clipline("apply", *VARIABLES, "--url", proxy, "--yes")
    assert "Applied: 7 changes" in done.stdout
    waits = [line for line in done.stderr.splitlines() if "; asking again in " in line]
    assert len(waits) == 5
    assert waits[0].startswith(f"{proxy}: GET / was answered 429 (not now); asking again in ")
    assert waits[1].startswith(f"{proxy}: GET / was answered 503 (not now); asking again in ")
    assert [line for line in waits if "/deployment/_start was answered 429" in line]


@pytest.mark.parametrize(
    ("status", "sentence"), [(429, "the cluster is overloaded"), (503, "the cluster is not ready")]
)
def test_it_gives_up_after_the_limit(network: tuple[str, Cut], clipline: Run, status: int, sentence: str) -> None:
    proxy, cut = network
    cut.busy = lambda *_: status
    done = clipline("apply", *VARIABLES, "--url", proxy, "--yes", code=1, env={"CLIPLINE_PATIENCE": "1.2"})
    assert f"error: {proxy}: {sentence}: not now (asked 2 times in " in done.stderr
    assert "--patience waits longer" in done.stderr
    assert len(cut.seen) == 2
    clipline("apply", *VARIABLES, "--url", proxy, "--yes", "--patience", "0", code=1)
    assert len(cut.seen) == 3


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_model_is_pushed_over_a_network_that_loses_an_answer(
    url: str, network: tuple[str, Cut], tmp_path: Path, after: bool
) -> None:
    """At each request of a push: before it reached the cluster, and after it did."""
    proxy, cut = network
    bundle = open_bundle(tiny_bundle())
    with connect(Connection(url=proxy, patience=5)) as client, Elasticsearch(url) as direct:
        client.info()
        cut.begin(at=10**6, after=after)
        push(client, bundle, model_id="pushed-0", stack="x", space="y")
        requests = len(cut.seen)
        assert requests >= 3
        for at in range(requests):
            cut.begin(at=at, after=after, times=1)
            push(client, bundle, model_id=f"pushed-{at + 1}", stack="x", space="y")
            assert len(cut.seen) == requests + 1, cut.seen
        for number in range(requests + 1):
            found = direct.ml.get_trained_models(model_id=f"pushed-{number}", include="definition_status")
            assert found["trained_model_configs"][0]["fully_defined"] is True
            direct.ml.delete_trained_model(model_id=f"pushed-{number}")


@pytest.mark.slow
@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_an_apply_over_a_network_that_loses_one_answer(url: str, network: tuple[str, Cut], after: bool) -> None:
    """At each request but those of the text model: the same apply ends, with nothing left to do."""
    proxy, cut = network
    stack = read_stack(ROOT, gather(stack=ROOT, flags=TINY, environment={}))
    with connect(Connection(url=proxy, patience=5)) as client, Elasticsearch(url) as direct:
        carry_out(make_plan(stack, client, target=proxy, build=True), client)
        at, requests = 0, 1
        while at < requests:
            for name in direct.indices.get(index="my-image-embeddings*").body:
                direct.indices.delete(index=name)
            direct.options(ignore_status=404).indices.delete_index_template(name="image-embeddings")
            direct.options(ignore_status=404).ingest.delete_pipeline(id="image-embeddings")
            cut.begin(at=at, after=after, times=1)
            carry_out(make_plan(stack, client, target=proxy), client)
            at, requests = at + 1, len(cut.seen) - 1
            assert make_plan(stack, direct, target=url).plan.in_sync, cut.seen[at - 1]
        assert requests > 30
