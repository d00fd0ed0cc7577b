"""What becomes of a text model that another one took the place of: the way back, and its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import ModelError
from provisioning.apply.kinship import LEAST, nearness
from provisioning.bundles.parity import cosine
from provisioning.state.lists import read_lists
from provisioning.state.superseded import reinstate
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.provisioning.pairs import random_text_model
from tests.provisioning.switching import ALIAS, NEXT, STEM, Asking, Killed, World, infer


@pytest.fixture(scope="module")
def text_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three text models of one tokenizer; the last is of another space."""
    folder = tmp_path_factory.mktemp("pairs")
    return {
        "old": Path(TINY[0].partition("=")[2]),
        "new": random_text_model(folder / "new", seed=7),
        "stranger": random_text_model(folder / "stranger", seed=8, kept=False),
    }


@pytest.fixture
def world(text_models: dict[str, Path], tmp_path: Path) -> Iterator[World]:
    """An emulator with the old model applied."""
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        world = World(url, client, text_models)
        world.apply("old")
        yield world


def superseded(world: World) -> dict[str, dict[str, Any]]:
    """What is written down of the models that others took the place of, by model id."""
    found = read_lists(world.client, "clipline").superseded
    return {address.partition("/")[2]: dict(details) for address, details in found.items()}


def serves(world: World, which: str) -> bool:
    """Whether a model serves under every name, and nothing else is deployed."""
    return world.deployments() == {STEM: world.model_id(which)} and world.behind_alias() == world.model_id(which)


def models(world: World) -> set[str]:
    """The text models on the cluster."""
    found = world.client.ml.get_trained_models(size=100)["trained_model_configs"]
    return {config["model_id"] for config in found if config["model_id"].startswith(STEM)}


@pytest.mark.timeout(240)
def test_there_and_back_and_forward_again(world: World, clipline: Run) -> None:
    old, new = world.model_id("old"), world.model_id("new")
    arguments = world.arguments("new")
    before = infer(world.client, ALIAS)
    planned = clipline("plan", *arguments).stdout
    assert (
        f"trained_model/{old} stays on the cluster, for `clipline rollback`; an apply after 7 days deletes it"
        in planned
    )
    nothing = clipline("rollback", *arguments, "--yes", code=1).stdout
    assert f"leads to {old}, and no model that it led to before is on the cluster" in nothing
    clipline("apply", *arguments, "--yes")
    assert serves(world, "new")
    assert superseded(world)[old] | {"since": "", "delete_after": ""} == {
        "stem": STEM,
        "by": new,
        "rolled_back": False,
        "since": "",
        "delete_after": "",
    }

    with Asking(world.url, ALIAS) as asking:
        done = json.loads(clipline("rollback", *arguments, "--yes", "--json").stdout)
    assert [f"{item['verb']} {item['address']}" for item in done["outcome"]] == [
        f"create deployment/{NEXT}",
        f"update model_alias/{ALIAS}",
        f"replace deployment/{STEM}",
        f"delete deployment/{NEXT}",
    ]
    assert "parity proven" in done["outcome"][0]["detail"]
    assert asking.refusals == []
    assert serves(world, "old")
    assert infer(world.client, ALIAS) == pytest.approx(before, abs=1e-5)
    assert set(superseded(world)) == {new}
    assert clipline("history", *arguments).stdout.count("rollback") == 1

    refused = clipline("apply", *arguments, "--yes", code=1).stdout
    assert f"! trained_model/{new}  was rolled back from at" in refused
    assert "to go forward again, `clipline rollback`" in refused
    assert serves(world, "old")
    assert clipline("plan", *world.arguments("old"), "--check").stdout  # the file says the earlier model: in sync

    clipline("rollback", f"model_alias/{ALIAS}", *arguments, "--yes")
    assert serves(world, "new")
    assert set(superseded(world)) == {old}
    assert world.plan("new").in_sync


def test_a_name_that_is_no_alias_of_the_stack(world: World, clipline: Run) -> None:
    said = clipline("rollback", "model_alias/other", *world.arguments("old"), "--yes", code=1).stdout
    assert "! model_alias/other  is no model alias of this stack" in said
    assert f"name one of these: model_alias/{ALIAS}" in said


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "step",
    [
        f"create deployment/{NEXT}",
        f"update model_alias/{ALIAS}",
        f"replace deployment/{STEM}",
        f"delete deployment/{NEXT}",
    ],
)
def test_a_rollback_that_stopped_goes_on(world: World, step: str) -> None:
    world.apply("new")
    with Asking(world.url, ALIAS) as asking:
        with pytest.raises(Killed):
            world.rollback("new", stop_before=step)
        world.rollback("new")
    assert asking.refusals == []
    assert serves(world, "old")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_upgrade_that_stopped_is_rolled_back(world: World) -> None:
    with pytest.raises(Killed):
        world.apply("new", stop_before=f"replace deployment/{STEM}")
    with Asking(world.url, ALIAS) as asking:
        world.rollback("new")
    assert asking.refusals == []
    assert serves(world, "old")


def test_the_end_of_the_grace_period(world: World, clipline: Run) -> None:
    old, new = world.model_id("old"), world.model_id("new")
    world.apply("new", grace=timedelta(0))
    world.client.ingest.put_pipeline(id="others", processors=[{"inference": {"model_id": old}}])
    used = world.plan("new")
    assert used.in_sync
    assert any("it stays, because it is still used by ingest_pipeline/others" in note for note in used.notes)
    world.client.ingest.delete_pipeline(id="others")

    due = clipline("plan", *world.arguments("new"), "--check", code=3).stdout
    assert f"- trained_model/{old}  delete: {new} took its place, and its grace period ended at" in due
    assert "No drift" in clipline("drift", *world.arguments("new")).stdout
    clipline("apply", *world.arguments("new"), "--yes")
    assert models(world) == {new}
    assert superseded(world) == {}
    assert world.plan("new").in_sync
    assert "no model that it led to before" in clipline("rollback", *world.arguments("new"), "--yes", code=1).stdout


def test_kept_for_good_until_it_is_pruned(world: World, clipline: Run) -> None:
    old, new = world.model_id("old"), world.model_id("new")
    clipline("apply", *world.arguments("new"), "--yes", "--keep-old")
    assert "delete_after" not in superseded(world)[old]
    status = json.loads(clipline("status", *world.arguments("new"), "--json").stdout)
    assert [(kept["model_id"], kept["replaced_by"], kept["until"]) for kept in status["kept"]] == [(old, new, None)]
    screen = clipline("status", *world.arguments("new")).stdout
    assert f"kept       {old}\n           replaced {status['kept'][0]['since']}; kept for good" in screen
    assert world.plan("new").in_sync
    assert world.plan("new").orphans == ()
    assert "Nothing to delete" in clipline("prune", *world.arguments("new"), "--yes").stdout
    assert models(world) == {old, new}
    clipline("prune", *world.arguments("new"), "--yes", "--superseded")
    assert models(world) == {new}
    assert superseded(world) == {}


def test_one_that_nothing_is_written_of_is_an_orphan(world: World) -> None:
    world.apply("new")
    reinstate(world.client, "clipline", world.model_id("old"))
    assert world.plan("new").orphans == (f"trained_model/{world.model_id('old')}",)


def test_flags_that_contradict_each_other(clipline: Run) -> None:
    said = clipline("plan", "--keep-old", "--grace-period", "3d", code=2).stderr
    assert "leave out --grace-period" in said
    assert "'soon' is no time; write 30s, 12h or 7d" in clipline("plan", "--grace-period", "soon", code=2).stderr


def test_a_model_of_another_space_never_gets_the_alias(world: World) -> None:
    before = infer(world.client, ALIAS)
    with pytest.raises(ModelError, match=r"its vectors are not of the space 'clip-vit-b-32' of .*-cd8d") as raised:
        world.apply("stranger")
    assert "load the pictures into an index of their own" in str(raised.value)
    assert world.behind_alias() == world.model_id("old")
    assert world.deployments()[STEM] == world.model_id("old")
    assert infer(world.client, ALIAS) == pytest.approx(before, abs=1e-5)
    assert superseded(world) == {}
    world.apply("old")  # given up: what was started for it goes
    assert serves(world, "old")


def test_vectors_of_one_space_are_told_from_those_of_two() -> None:
    chance = np.random.default_rng(3)
    common = 5 * chance.standard_normal(64)  # what the vectors of all texts have in common
    before = common + chance.standard_normal((22, 64))
    assert nearness(before.tolist(), before.tolist()) == pytest.approx(1.0)
    assert nearness(before.tolist(), (before + chance.standard_normal(before.shape)).tolist()) > 0.6
    turned = [common + chance.standard_normal(before.shape) for _ in range(50)]
    assert min(cosine(before[0].tolist(), other[0].tolist()) for other in turned) > 0.9  # a plain cosine is taken in
    assert max(nearness(before.tolist(), other.tolist()) for other in turned) < LEAST
    assert nearness(before.tolist(), chance.standard_normal((22, 32)).tolist()) == 0.0
    assert not nearness(before.tolist(), np.full((22, 64), np.nan).tolist()) >= LEAST
