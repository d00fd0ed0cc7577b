"""Elasticsearch does not return what it was sent: whatever is only written differently is no difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.nodes import since
from tests.provisioning.conftest import Cluster, Edit, changed, overlay

CASES = Path(__file__).parent / "cases"
NO_DRIFT: dict[str, dict[str, Any]] = yaml.safe_load((CASES / "no_drift.yml").read_text("utf-8"))
DRIFT: dict[str, dict[str, Any]] = yaml.safe_load((CASES / "drift.yml").read_text("utf-8"))
TEMPLATE = "mappings/image-embeddings.yml"
PIPELINE = "pipelines/image-embeddings.yml"


def put_over(edit: Edit, stack: Path, case: dict[str, Any]) -> None:
    """Bring a case's parts into the files of a stack."""

    def template(body: dict[str, Any]) -> None:
        overlay(body, case.get("template", {}))
        overlay(body["template"]["settings"], case.get("settings", {}))
        overlay(body["template"]["mappings"], case.get("mappings", {}))

    edit(TEMPLATE, template)
    edit(PIPELINE, lambda body: overlay(body, case.get("pipeline", {})))
    if "component" in case:
        folder = stack / "mappings" / "components"
        folder.mkdir()
        (folder / "base.yml").write_text(yaml.safe_dump(case["component"]), "utf-8")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=since(*case.get("since", [0]))) for name, case in NO_DRIFT.items()]
)
def test_no_drift(name: str, cluster: Cluster, edit: Edit, stack_copy: Path) -> None:
    put_over(edit, stack_copy, NO_DRIFT[name])
    plan = cluster.apply(stack_copy)
    assert len(plan.pending) == len(plan.changes) >= 4
    again = cluster.plan(stack_copy)
    assert not again.problems
    assert {address: change.fields for address, change in changed(again).items()} == {}


@pytest.mark.parametrize("name", DRIFT)
def test_drift(name: str, cluster: Cluster, edit: Edit, stack_copy: Path) -> None:
    case = DRIFT[name]
    cluster.apply(stack_copy)
    put_over(edit, stack_copy, case["over"])
    plan = cluster.plan(stack_copy)
    seen = {
        address: {field.path: [field.before, field.after] for field in change.fields}
        for address, change in changed(plan).items()
    }
    assert seen == case["wanted"]
    assert not plan.problems
    cluster.apply(stack_copy)
    assert cluster.plan(stack_copy).in_sync


def test_a_value_of_another_type_is_another_value(cluster: Cluster, edit: Edit, stack_copy: Path) -> None:
    def stamp(value: str | int) -> None:
        edit(PIPELINE, lambda body: overlay(body, {"processors": [{"set": {"field": "ingested_at", "value": value}}]}))

    stamp("1")
    cluster.apply(stack_copy)
    stamp(1)
    (change,) = changed(cluster.plan(stack_copy)).values()
    assert [item.to_json() for item in change.fields] == [
        {"path": "processors[0].set.value", "before": "1", "after": 1}
    ]
