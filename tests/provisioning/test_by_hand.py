"""What somebody changed on the cluster by hand is found, exactly that, and an apply heals it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch
from hypothesis import given, settings

from provisioning.plan import Plan, Verb
from tests.conftest import ROOT
from tests.nodes import running_emulator
from tests.provisioning import hands
from tests.provisioning.conftest import ALIAS, INDEX, LEFT_OUT, Cluster, changed

TABLE: dict[str, hands.Hand] = {
    "another description": hands.described("Other"),
    "a version": hands.versioned(3),
    "a processor removed": hands.processor_removed(),
    "a processor added": hands.processor_added(1),
    "a processor changed": hands.processor_changed("now"),
    "a value of another type": hands.processor_changed(1),
    "another priority": hands.priority(7),
    "a template's setting": hands.template_setting(2),
    "a template's field removed": hands.template_field_removed("phash"),
    "a template's pattern": hands.template_pattern("a-*"),
    "a component's setting": hands.component_setting("refresh_interval", "1m", "1m", "10s"),
    "a component's field": hands.component_field("long"),
    "a setting": hands.setting("number_of_replicas", 2, "2", "0"),
    "a setting taken away": hands.setting("refresh_interval", None, None, "10s"),
    "a list": hands.setting("query.default_field", ["caption", "format"], "caption,format", "caption"),
    "no pipeline": hands.setting("default_pipeline", "_none", "_none", hands.PIPELINE),
    "strictness": hands.strictness("true"),
    "a limit of a field": hands.limit(9),
    "a field's meta": hands.field_meta("px"),
    "a mark lost": hands.marks_lost("pipeline", hands.PIPELINE),
    "a field that nobody declared": hands.undeclared_field(),
    "a filter on the alias": hands.filtered("phone"),
    "a routing on the alias": hands.routed("1"),
    "the alias moved": hands.moved(),
    "the alias gone": hands.unaliased(),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default stack with a component template."""
    folder = tmp_path_factory.mktemp("stack") / "stack"
    for name in ("mappings", "pipelines", "models"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "vars.yml", folder)
    (folder / "mappings" / "components").mkdir()
    component = {"template": {"settings": {"index": hands.SETTINGS}}}
    (folder / "mappings" / "components" / "base.yml").write_text(yaml.safe_dump(component), "utf-8")
    template = folder / "mappings" / "image-embeddings.yml"
    template.write_text(template.read_text("utf-8") + "composed_of: [base]\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory, stack: Path) -> Iterator[Cluster]:
    """A cluster with that stack applied, a document in its index, and a foreign index beside it."""
    with running_emulator(tmp_path_factory.mktemp("by-hand")) as url, Elasticsearch(url) as client:
        cluster = Cluster(client)
        cluster.apply(stack)
        client.index(index=ALIAS, id="1", document={"image_id": "one"}, refresh=True, require_alias=True)
        client.indices.create(index=hands.OTHER, mappings={"dynamic": False})
        yield cluster


@pytest.mark.parametrize("name", TABLE)
def test_a_change_by_hand(name: str, applied: Cluster, stack: Path) -> None:
    found_and_healed(applied, stack, [TABLE[name]])


@pytest.mark.parametrize(
    "examples", [pytest.param(20, id="few"), pytest.param(150, id="many", marks=[pytest.mark.slow])]
)
def test_any_changes_by_hand(examples: int, applied: Cluster, stack: Path) -> None:
    @settings(max_examples=examples, deadline=None, database=None)
    @given(hands.hands())
    def check(made: list[hands.Hand]) -> None:
        found_and_healed(applied, stack, made)

    check()


def found_and_healed(cluster: Cluster, stack: Path, made: Sequence[hands.Hand]) -> None:
    """Change, plan, apply, plan again; no document is lost."""
    uuid = cluster.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"]
    for hand in made:
        hand.do(cluster.client)
    plan = cluster.plan(stack)
    assert _found(plan, made) == _wanted(made)
    assert not plan.problems
    assert {note for hand in made for note in hand.notes} <= {*plan.notes}
    cluster.apply(stack)
    again = cluster.plan(stack)
    assert {address: change.fields for address, change in changed(again).items()} == {}
    assert again.in_sync
    assert cluster.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"] == uuid
    assert cluster.client.count(index=ALIAS)["count"] == 1


def _found(plan: Plan, made: Sequence[hands.Hand]) -> dict[str, Any]:
    whole = {hand.address for hand in made if hand.fields is None}
    return {
        address: (change.verb, address in whole or {item.path: (item.before, item.after) for item in change.fields})
        for address, change in changed(plan).items()
    }


def _wanted(made: Sequence[hands.Hand]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for hand in made:
        if hand.fields is None:
            wanted[hand.address] = (hand.verb, True)
        elif hand.fields:
            verb, fields = wanted.get(hand.address, (Verb.UPDATE, {}))
            wanted[hand.address] = (verb, {**fields, **hand.fields})
    return wanted


def test_nothing_by_hand(applied: Cluster, stack: Path) -> None:
    plan = applied.plan(stack)
    assert plan.in_sync
    assert set(plan.notes) - set(LEFT_OUT) <= {f"index/{INDEX} has fields that the stack does not declare: extra"}
