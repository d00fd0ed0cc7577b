"""An index that somebody closed: a plan sees it, says so, and neither makes it again nor takes it for empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clipline.core.errors import PlanError
from provisioning.observe import Scope, observe, server
from provisioning.plan import Plan, Purpose
from provisioning.planner.removal import owned, plan_removal
from tests.provisioning.conftest import ALIAS, INDEX, Cluster, Edit, overlay


@pytest.fixture
def applied(cluster: Cluster, stack_copy: Path) -> Cluster:
    """The default stack, applied, with one document."""
    cluster.apply(stack_copy)
    cluster.client.index(index=ALIAS, id="1", document={"image_id": "one"}, refresh=True, require_alias=True)
    return cluster


def shards(body: dict[str, Any], number: int) -> None:
    overlay(body["template"]["settings"]["index"], {"number_of_shards": number})


def test_a_closed_index_is_seen_and_left_alone(applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    applied.client.indices.close(index=INDEX)
    edit("mappings/image-embeddings.yml", lambda body: shards(body, 2))
    (problem,) = applied.plan(stack_copy).problems
    assert problem.address == f"index/{INDEX}"
    assert problem.what.startswith("is closed: ")
    assert f"POST {INDEX}/_open" in problem.hint
    with pytest.raises(PlanError, match="nothing was done"):
        applied.apply(stack_copy)
    applied.client.indices.open(index=INDEX)
    (problem,) = applied.plan(stack_copy).problems
    assert problem.what.endswith("while it holds 1 documents")


def test_a_closed_index_that_lost_its_alias(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.delete_alias(index=INDEX, name=ALIAS)
    applied.client.indices.close(index=INDEX)
    (problem,) = applied.plan(stack_copy).problems
    assert problem.address == f"index/{INDEX}"


def test_a_closed_index_of_others_under_the_name(cluster: Cluster, stack_copy: Path) -> None:
    cluster.client.indices.create(index=INDEX)
    cluster.client.indices.close(index=INDEX)
    (problem,) = cluster.plan(stack_copy).problems
    assert problem.what == "is there already and was not made by clipline"
    cluster.adopt = ("all",)
    assert cluster.plan(stack_copy).problems[0].what.startswith("is closed: ")


def test_a_closed_index_goes_only_when_it_is_named(applied: Cluster) -> None:
    def destroy(*named: str) -> Plan:
        observed = observe(
            applied.client, found=server(applied.client), scope=Scope(stack="clipline", aliases=(ALIAS,))
        )
        everything = owned(observed, "clipline")
        return plan_removal(
            observed, everything, stack="clipline", target="here", purpose=Purpose.DESTROY, delete_data=named
        )

    applied.client.indices.close(index=INDEX)
    (problem,) = destroy().problems
    assert (problem.address, problem.what) == (f"index/{INDEX}", "is closed, so nobody can say what it holds")
    plan = destroy(ALIAS)
    assert not plan.problems
    (change,) = (change for change in plan.changes if change.kind == "index")
    assert change.reason == "is closed, so nobody can say what it holds, named by --delete-data"
