"""From one text model to another, by the commands: what the plan says, and that no text is ever without a model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import ModelError
from provisioning.plan import Verb
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.provisioning.pairs import random_text_model
from tests.provisioning.switching import ALIAS, NEXT, STEM, Asking, Killed, World, infer, wrong_probes


@pytest.fixture(scope="module")
def text_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two text models of one tokenizer."""
    folder = tmp_path_factory.mktemp("pairs")
    return {"old": Path(TINY[0].partition("=")[2]), "new": random_text_model(folder / "new", seed=7)}


@pytest.fixture
def world(text_models: dict[str, Path], tmp_path: Path) -> Iterator[World]:
    """An emulator with the old model applied."""
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        world = World(url, client, text_models)
        world.apply("old")
        assert world.plan("old").in_sync
        yield world


def settled(world: World, which: str) -> None:
    """The end of every road: one deployment under the fixed name, the alias on its model, nothing left to do."""
    assert world.deployments() == {STEM: world.model_id(which)}
    assert world.behind_alias() == world.model_id(which)
    assert world.plan(which).in_sync


@pytest.mark.timeout(200)
def test_the_alias_is_never_without_a_model(world: World, clipline: Run) -> None:
    old, new = world.model_id("old"), world.model_id("new")
    before = infer(world.client, ALIAS)
    planned = json.loads(clipline("plan", *world.arguments("new"), "--json", "--check", code=3).stdout)
    changes = [
        (item["verb"], f"{item['kind']}/{item['name']}") for item in planned["changes"] if item["verb"] != "no-op"
    ]
    assert changes == [
        ("create", f"trained_model/{new}"),
        ("create", f"deployment/{NEXT}"),
        ("update", f"model_alias/{ALIAS}"),
        ("replace", f"deployment/{STEM}"),
        ("delete", f"deployment/{NEXT}"),
    ]
    moved = next(item for item in planned["changes"] if item["kind"] == "model_alias")
    assert moved["fields"] == [{"path": "model_id", "before": old, "after": new}]
    assert any("a short gap for users of that id, none for users of the alias" in note for note in planned["notes"])
    with Asking(world.url, ALIAS) as asking:
        done = clipline("apply", *world.arguments("new"), "--yes", "--json")
    assert [re.split(r"[,(]", item["detail"])[0].strip() for item in json.loads(done.stdout)["outcome"]][1:] == [
        "started; parity proven",
        f"of one space with {old}",
        "started; parity proven",
        "",
    ]
    after = infer(world.client, ALIAS)
    assert asking.refusals == []
    assert len(asking.vectors) > 20
    assert after != pytest.approx(before, abs=1e-3)
    seen = [vector == pytest.approx(after, abs=1e-4) for vector in asking.vectors]
    assert seen == sorted(seen)  # the old one first, then the new one, never back
    assert not seen[0]
    settled(world, "new")
    assert infer(world.client, STEM) == pytest.approx(after, abs=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_the_way_back_uploads_nothing(world: World, clipline: Run) -> None:
    before = infer(world.client, ALIAS)
    world.apply("new")
    back = json.loads(clipline("apply", *world.arguments("old"), "--yes", "--json").stdout)
    assert next(item["address"] for item in back["outcome"]) == f"deployment/{NEXT}"
    assert infer(world.client, ALIAS) == pytest.approx(before, abs=1e-5)
    settled(world, "old")


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "step",
    [
        f"create deployment/{NEXT}",
        f"update model_alias/{ALIAS}",
        f"replace deployment/{STEM}",
        f"delete deployment/{NEXT}",
    ],
)
def test_an_interrupted_switch_goes_on(world: World, step: str) -> None:
    with Asking(world.url, ALIAS) as asking:
        with pytest.raises(Killed):
            world.apply("new", stop_before=step)
        world.apply("new")
    assert asking.refusals == []
    settled(world, "new")


@pytest.mark.slow
def test_a_switch_that_stopped_between_stop_and_start(world: World) -> None:
    with pytest.raises(Killed):
        world.apply("new", stop_before=f"replace deployment/{STEM}")
    world.client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    with Asking(world.url, ALIAS) as asking:
        world.apply("new")
    assert asking.refusals == []
    settled(world, "new")


@pytest.mark.slow
def test_a_switch_given_up_half_way(world: World) -> None:
    with pytest.raises(Killed):
        world.apply("new", stop_before=f"update model_alias/{ALIAS}")
    with Asking(world.url, ALIAS) as asking:
        world.apply("old")
    assert asking.refusals == []
    settled(world, "old")


@pytest.mark.slow
def test_a_successor_of_a_third_model_is_stopped_first(world: World) -> None:
    with pytest.raises(Killed):
        world.apply("new", stop_before=f"update model_alias/{ALIAS}")
    # Its model is another than the one wanted now: neither the old one nor the new one.
    world.client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    third = world.model_id("new")
    world.client.ml.start_trained_model_deployment(model_id=world.model_id("old"), deployment_id="spare")
    world.client.ml.stop_trained_model_deployment(model_id=NEXT, force=True)
    world.client.ml.start_trained_model_deployment(model_id=world.model_id("old"), deployment_id=NEXT)
    world.client.ml.start_trained_model_deployment(model_id=world.model_id("old"), deployment_id=STEM)
    plan = world.plan("new")
    assert [f"{change.verb} {change.address}" for change in plan.pending][:2] == [
        f"delete deployment/{NEXT}",
        f"create deployment/{NEXT}",
    ]
    world.apply("new")
    assert world.deployments() == {STEM: third, "spare": world.model_id("old")}


def test_a_model_that_is_not_proven_never_gets_the_alias(world: World) -> None:
    before = infer(world.client, ALIAS)
    for _ in range(2):  # the second run finds it deployed already
        with pytest.raises(ModelError, match="does not agree with its bundle"):
            world.apply("new", spoil=wrong_probes)
        assert world.behind_alias() == world.model_id("old")
        assert infer(world.client, ALIAS) == pytest.approx(before, abs=1e-5)
    world.apply("new")
    settled(world, "new")


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_first_model_that_is_not_proven_never_gets_the_alias(text_models: dict[str, Path], tmp_path: Path) -> None:
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        world = World(url, client, text_models)
        for _ in range(2):
            with pytest.raises(ModelError, match="does not agree with its bundle"):
                world.apply("old", spoil=wrong_probes)
            assert client.ml.get_trained_models(model_id="clip-*")["count"] == 0
        plan = world.plan("old")
        assert {change.address: change.verb for change in plan.pending}[f"model_alias/{ALIAS}"] is Verb.CREATE
        world.apply("old")
        settled(world, "old")
