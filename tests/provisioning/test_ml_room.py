"""What the ML nodes have no room for is told before the upload: the arithmetic, and the plan on small clusters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.core.sizes import MIB
from provisioning.ml_memory import NODE_OVERHEAD, Held, Place, memory_need
from provisioning.ml_room import MlRoom, with_room
from provisioning.plan import Change, Plan, Verb
from tests.conftest import TINY, Run
from tests.nodes import running_emulator

VARIABLES = tuple(word for value in TINY for word in ("--var", value))
STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
OVERHEAD = NODE_OVERHEAD // MIB


def start(name: str, model: str, verb: Verb = Verb.CREATE, *, allocations: int = 1) -> Change:
    """A deployment that is started."""
    request = {"model_id": model, "number_of_allocations": allocations}
    return Change(kind="deployment", name=name, verb=verb, reason="", request=request)


def stop(name: str) -> Change:
    """A deployment that is stopped."""
    return Change(kind="deployment", name=name, verb=Verb.DELETE, reason="")


def judged(
    changes: list[Change], *free: int, held: dict[str, tuple[int, int]] | None = None, grows: bool = False
) -> Plan:
    """The plan of these changes where each node has so many MB free, the native code on it reckoned already.

    A model ``m300`` needs 300 MB, and 100 more for each further allocation; ``held`` is what deployments hold, and what
    they would hold with one allocation.
    """

    def need(model: str, allocations: int) -> int | None:
        return (int(model[1:]) + 100 * (allocations - 1)) * MIB if model != "unknown" else None

    places = tuple(
        Place(name=f"node{number}", free=count * MIB, total=1000 * MIB, has_native=True)
        for number, count in enumerate(free)
    )
    plan = Plan(stack="s", target="t", version="9.2.0", changes=tuple(changes))
    holding = {name: Held(now * MIB, least * MIB) for name, (now, least) in (held or {}).items()}
    return with_room(plan, MlRoom(places=places, grows=grows), need=need, held=holding)


EXCHANGE = [start("clip-next", "m300"), start("clip", "m300", Verb.REPLACE), stop("clip-next")]

CASES: dict[str, tuple[Plan, str | None]] = {
    "it fits exactly": (judged([start("clip", "m300")], 300), None),
    "one too few": (judged([start("clip", "m300")], 299), "needs 300 MB of an ML node's memory; node0 has 299 MB of"),
    "on one of two nodes": (judged([start("clip", "m300")], 10, 300), None),
    "on none of two, though both together have it": (judged([start("clip", "m300")], 200, 200), "needs 300 MB"),
    "allocations on two nodes": (judged([start("clip", "m300", allocations=2)], 200, 300), None),
    "allocations that no two nodes have": (judged([start("clip", "m300", allocations=2)], 50, 300), "needs 400 MB"),
    "an exchange beside the old one": (judged(EXCHANGE, 300, held={"clip": (300, 300)}), None),
    "an exchange for a larger one": (judged(EXCHANGE, 300, held={"clip": (200, 200)}), "beside clip-next (300 MB)"),
    "an exchange without room for two": (judged(EXCHANGE, 299, held={"clip": (300, 300)}), "beside clip (300 MB)"),
    "an exchange on two nodes": (judged(EXCHANGE, 0, 300, held={"clip": (300, 300)}), None),
    "what a left over one holds": (
        judged([stop("clip-next"), start("clip", "m300")], 0, held={"clip-next": (300, 300)}),
        None,
    ),
    "others can do with fewer allocations": (judged([start("clip", "m300")], 200, held={"other": (500, 400)}), None),
    "though not with so few": (judged([start("clip", "m300")], 199, held={"other": (500, 400)}), "needs 300 MB"),
    "no ML node": (judged([start("clip", "m300")]), "the cluster has no ML node"),
    "nothing is started": (judged([stop("clip")], 0, held={"clip": (300, 300)}), None),
}


@pytest.mark.parametrize("name", CASES)
def test_followed_through_the_plan(name: str) -> None:
    plan, words = CASES[name]
    if words is None:
        assert (plan.problems, plan.notes) == ((), ())
    else:
        (problem,) = plan.problems
        assert words in problem.what


def test_where_nodes_may_come_it_is_a_note() -> None:
    plan = judged([start("clip", "m300")], 100, grows=True)
    assert plan.problems == ()
    assert "the cluster may add a node, and apply waits for it" in plan.notes[0]
    assert "has no ML node" in judged([start("clip", "m300")], grows=True).notes[0]


def test_what_is_not_known_is_no_problem() -> None:
    (note,) = judged([start("clip", "unknown")], 1).notes
    said = "no bundle is at hand, so how much of an ML node's memory it needs is not known; node0 has 1.0 MB free"
    assert note == f"deployment/clip: {said}"


def test_the_native_code_on_a_node_without_any() -> None:
    plan = Plan(stack="s", target="t", version="9.2.0", changes=(start("clip", "m300"),))
    for free, fits in ((300 + OVERHEAD, True), (300 + OVERHEAD - 1, False)):
        place = Place(name="n", free=free * MIB, total=free * MIB, has_native=False)
        found = with_room(plan, MlRoom(places=(place,), grows=False), need=lambda *_: 300 * MIB, held={})
        assert (not found.problems) is fits


@pytest.mark.models("builds a bundle")
def test_refused_before_the_upload(tmp_path: Path, clipline: Run) -> None:
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache")}  # no bundle is at hand
    words = "needs 2.. MB of an ML node's memory; emulator has 200 MB of 200 MB free"
    with running_emulator(tmp_path / "data", "--ml-memory", str(200 * MIB)) as url, Elasticsearch(url) as client:
        arguments = (*VARIABLES, "--url", url)
        unknown = clipline("plan", *arguments, env=own).stdout
        assert "how much of an ML node's memory it needs is not known; emulator has 200 MB free" in unknown
        assert re.search(words, clipline("apply", *arguments, "--yes", code=1, env=own).stderr)
        assert re.search(words, clipline("plan", *arguments, code=1, env=own).stdout)  # the bundle was built meanwhile
        bundle = clipline("bundle", "build", *VARIABLES, "--out", str(tmp_path / "clip.tar"), env=own).stdout.strip()
        assert re.search(words, clipline("bundle", "push", bundle, *arguments, code=1, env=own).stdout)
        assert client.ml.get_trained_models(model_id="sentence-*")["count"] == 0


@pytest.mark.slow
def test_the_server_agrees_at_the_very_edge(tmp_path: Path, clipline: Run) -> None:
    """The least memory with which the plan finds no problem is the least with which the server starts it."""
    from provisioning.bundles.bundle import open_bundle

    file = tmp_path / "clip.tar"
    clipline("bundle", "build", *VARIABLES, "--out", str(file))
    bundle = open_bundle(file)
    memory = bundle.manifest["memory"]
    assert memory["one_allocation_bytes"] == bundle.memory_need(1)
    metadata = bundle.config()["metadata"]
    assert bundle.memory_need(2) == memory_need(bundle.model_bytes, allocations=2, metadata=metadata)
    assert memory["per_allocation_bytes"] == metadata["per_allocation_memory_bytes"]
    edge = bundle.memory_need(1) + NODE_OVERHEAD
    with running_emulator(tmp_path / "less", "--ml-memory", str(edge - 1)) as url:
        assert "of an ML node's memory" in clipline("plan", *VARIABLES, "--url", url, code=1).stdout
    with running_emulator(tmp_path / "enough", "--ml-memory", str(edge)) as url:
        assert "parity proven" in clipline("apply", *VARIABLES, "--url", url, "--yes").stderr


def test_an_exchange_needs_room_for_two(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path / "data", "--ml-memory", str(400 * MIB)) as url:
        clipline("apply", *VARIABLES, "--url", url, "--yes")
        stack = tmp_path / "stack"
        clipline("init", str(stack))
        file = stack / "models" / f"{STEM}.yml"
        file.write_text(file.read_text("utf-8").replace("queue_capacity: 1024", "queue_capacity: 512"), "utf-8")
        arguments = ("--stack", str(stack), "--var", "stack=clipline", *VARIABLES, "--url", url)
        said = clipline("plan", *arguments, code=1).stdout
        assert f"! deployment/{STEM}-next  needs 2" in said
        assert f"beside {STEM} (2" in said
        assert (
            f"with a gap for whoever searches, stop it first: POST _ml/trained_models/{STEM}/deployment/_stop" in said
        )
        with Elasticsearch(url) as client:
            client.perform_request(
                "POST",
                f"/_ml/trained_models/{STEM}/deployment/_stop?force=true",
                headers={"accept": "application/json"},
            )
        clipline("apply", *arguments, "--yes")
        assert "In sync" in clipline("plan", *arguments).stdout
