"""An apply that stopped half-way: the next one goes on, and ends in the same state; two at once do not happen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.commands.carry_out import carry_out
from clipline.commands.planning import Planned, look, make_plan
from clipline.core.cluster import cluster_errors, connect
from clipline.core.errors import LockError, UnreachableError
from clipline.core.settings import Connection
from provisioning.assets.stack import Stack, read_stack
from provisioning.assets.variables import gather
from provisioning.plan import Purpose
from provisioning.planner.removal import owned, plan_removal
from provisioning.state.lock import held
from tests.conftest import ROOT, TINY, Run
from tests.nodes import running_emulator
from tests.provisioning.cutting import NEVER, Cut, cutting

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
OF_MODELS = ("trained_model/", "deployment/", "model_alias/")
VARIABLES = tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster for this file."""
    with running_emulator(tmp_path_factory.mktemp("stopped")) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Elasticsearch]:
    """The genuine client, on that cluster."""
    with Elasticsearch(url) as client:
        yield client


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The default stack with the tiny pair."""
    return read_stack(ROOT, gather(stack=ROOT, flags=TINY, environment={}))


def apply(url: str, stack: Stack) -> int:
    """Plan and carry out as the command does, by a client of its own; gives the number of changes."""
    target = Connection(url=url, patience=0)  # a network that died stays dead
    with cluster_errors(target), connect(target) as client:
        planned = make_plan(stack, client, target=url, build=True)
        return len(carry_out(planned, client)) if planned.plan.pending else 0


def destroy(url: str, stack: Stack, *, models: bool = True) -> None:
    """Everything of the stack away, or all but its text model."""
    with Elasticsearch(url) as client:
        seen = look(stack, client)
        addresses = [
            address for address in owned(seen.observed, stack.name) if models or not address.startswith(OF_MODELS)
        ]
        plan = plan_removal(seen.observed, addresses, stack=stack.name, target=url, purpose=Purpose.DESTROY)
        carry_out(Planned(plan, seen.bundles), client)


def requests_of_an_apply(url: str, proxy: str, cut: Cut, stack: Stack, *, models: bool = True) -> list[str]:
    """What a whole apply asks for, in order."""
    destroy(url, stack, models=models)
    cut.begin(at=NEVER, after=False)
    assert apply(proxy, stack) == (7 if models else 4)
    return list(cut.seen)


def heals(url: str, proxy: str, cut: Cut, stack: Stack, *, at: int, after: bool, models: bool = True) -> None:
    """Let the network die at one request; then apply again, and see that nothing is left to do."""
    destroy(url, stack, models=models)
    cut.begin(at=at, after=after)
    with suppress(UnreachableError):  # what dies after the last change is only told
        apply(proxy, stack)
    request = cut.seen[at]
    apply(url, stack)
    with Elasticsearch(url) as client:
        plan = make_plan(stack, client, target=url).plan
        # A lock that could not be given back would end with its process, which here is that of the tests.
        client.options(ignore_status=404).delete(index="clipline-state", id="lock:clipline")
    assert plan.in_sync, (request, after, [change.address for change in plan.pending], plan.problems)
    assert plan.orphans == (), request


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_network_that_dies_at_every_request(url: str, stack: Stack, after: bool) -> None:
    """All but those of the text model, which is there already: from the first read to the release of the lock."""
    apply(url, stack)
    with cutting(url) as (proxy, cut):
        requests = requests_of_an_apply(url, proxy, cut, stack, models=False)
        assert len(requests) > 30
        for at in range(len(requests)):
            heals(url, proxy, cut, stack, at=at, after=after, models=False)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_network_that_dies_at_every_request_of_the_model(url: str, stack: Stack, after: bool) -> None:
    """From the first request of its upload to its alias; of a wait and of a proof, which repeat one request, the first."""
    with cutting(url) as (proxy, cut):
        requests = requests_of_an_apply(url, proxy, cut, stack)
        first = next(at for at, line in enumerate(requests) if line.startswith("PUT /_ml/trained_models/"))
        last = next(at for at, line in enumerate(requests) if "/model_aliases/" in line)
        chosen = [at for at in range(first, last + 1) if requests[at] != requests[at - 1]]
        assert len(chosen) > 8
        for at in chosen:
            heals(url, proxy, cut, stack, at=at, after=after)


def test_killed_half_way(url: str, client: Elasticsearch, clipline: Run) -> None:
    clipline("destroy", *VARIABLES, "--url", url, "--yes")
    command = [sys.executable, "-m", "clipline.cli", "apply", *VARIABLES, "--url", url, "--yes"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("create deployment/"):
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL
    done = clipline("apply", *VARIABLES, "--url", url, "--yes")
    assert "took over the lock of" in done.stderr
    assert "its process is dead" in done.stderr
    assert "No drift" in clipline("drift", *VARIABLES, "--url", url).stdout
    runs = json.loads(clipline("history", *VARIABLES, "--url", url, "--json").stdout)
    assert [run["outcome"] for run in runs[:2]] == ["done", "stopped"]
    assert [change["state"] for change in runs[1]["changes"]][:3] == ["done", "begun", "not begun"]
    text = clipline("history", *VARIABLES, "--url", url, "--changes").stdout
    assert "apply: stopped (" in text
    assert f"create deployment/{STEM}  begun" in text


def test_interrupted(url: str, client: Elasticsearch, clipline: Run) -> None:
    clipline("destroy", *VARIABLES, "--url", url, "--yes")
    command = [sys.executable, "-m", "clipline.cli", "apply", *VARIABLES, "--url", url, "--yes"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("create deployment/"):
                process.send_signal(signal.SIGTERM)
                break
        said = process.stderr.read()
    assert process.returncode == 130
    assert "stopped after 1 of 7 changes:" in said
    assert f"create deployment/{STEM}: begun, may be done in part" in said
    assert "create alias/my-image-embeddings: not begun" in said
    assert client.options(ignore_status=404).get(index="clipline-state", id="lock:clipline")["found"] is False
    runs = json.loads(clipline("history", *VARIABLES, "--url", url, "--json").stdout)
    assert runs[0]["outcome"] == "interrupted"
    clipline("apply", *VARIABLES, "--url", url, "--yes")


def test_two_operators_at_once(url: str, client: Elasticsearch, clipline: Run) -> None:
    holding = (
        "import sys, time\n"
        "from elasticsearch import Elasticsearch\n"
        "from provisioning.state.lock import held\n"
        "with held(Elasticsearch(sys.argv[1]), stack='clipline', command='apply'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(100)\n"
    )
    changed = (*VARIABLES, "--var", "replicas=1", "--url", url)
    with subprocess.Popen([sys.executable, "-c", holding, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            refused = clipline("apply", *changed, "--yes", code=1).stderr
            assert "the stack clipline is being changed by" in refused
            assert f"(process {other.pid})" in refused
            assert "--break-lock" in refused
            # What changes nothing needs no lock.
            clipline("plan", *changed)
            assert "In sync" in clipline("apply", *VARIABLES, "--url", url).stdout
            done = clipline("apply", *changed, "--yes", "--break-lock")
            assert "took over the lock of" in done.stderr
        finally:
            other.kill()
    clipline("apply", *VARIABLES, "--url", url, "--yes")


def test_a_lock_that_is_lost_is_noticed_and_an_expired_one_is_taken(client: Elasticsearch) -> None:
    told: list[str] = []
    with held(client, stack="x", command="apply", lifetime=60, renewed_every=0.1, tell=told.append) as lock:
        lock.check()
        time.sleep(0.4)
        lock.check()  # renewed meanwhile
        client.delete(index="clipline-state", id="lock:x")
        time.sleep(0.4)
        with pytest.raises(LockError, match="somebody deleted it"):
            lock.check()
    body = {"token": "t", "owner": "ann", "host": "elsewhere", "pid": 1, "command": "apply", "renew_seconds": 0.1}
    expired = {**body, "acquired_at": "2020-01-01T00:00:00Z", "expires_at": "2020-01-01T00:01:00Z"}
    client.index(index="clipline-state", id="lock:x", document={"kind": "lock", "stack": "x", "body": expired})
    with held(client, stack="x", command="apply", tell=told.append) as lock:
        assert "it had expired" in lock.taken_over
    alive = {**expired, "expires_at": "2999-01-01T00:00:00Z"}
    client.index(index="clipline-state", id="lock:x", document={"kind": "lock", "stack": "x", "body": alive})
    with pytest.raises(LockError, match="ann on elsewhere"), held(client, stack="x", command="apply"):
        pass
    client.delete(index="clipline-state", id="lock:x")


def test_what_changes_nothing_leaves_nothing(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url) as client:
        clipline("plan", *VARIABLES, "--url", url)
        assert "No history" in clipline("history", *VARIABLES, "--url", url).stdout
        assert client.indices.get(index="*", expand_wildcards="all").body == {}
