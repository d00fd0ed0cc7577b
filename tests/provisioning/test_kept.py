"""What an index holds is safe, and what it is by itself is no difference."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import TransportError
from elasticsearch import Elasticsearch

from clipline.core.errors import PlanError
from tests.nodes import running_emulator
from tests.provisioning.conftest import ALIAS, INDEX, Cluster, Edit, add_a_document, changed, put_over
from tests.provisioning.cutting import cutting


@pytest.fixture
def applied(cluster: Cluster, stack_copy: Path) -> Cluster:
    """The default stack, applied."""
    cluster.apply(stack_copy)
    return cluster


def test_documents_that_came_after_the_plan_are_safe(applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    put_over(edit, {"settings": {"number_of_shards": 2}})
    # Not refreshed: the plan counts searchable documents only.
    applied.client.index(index=ALIAS, id="1", document={"image_id": "one"}, require_alias=True)
    with pytest.raises(PlanError, match="holds 1 documents by now and is left as it is"):
        applied.apply(stack_copy)
    assert applied.client.count(index=ALIAS)["count"] == 1
    assert "blocks" not in applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]
    add_a_document(applied.client)


def test_a_block_of_others_stays(applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    applied.client.index(index=ALIAS, id="1", document={"image_id": "one"}, require_alias=True)
    applied.client.indices.add_block(index=INDEX, block="write")
    put_over(edit, {"settings": {"number_of_shards": 2}})
    with pytest.raises(PlanError, match="is left as it is"):
        applied.apply(stack_copy)
    assert applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["blocks"] == {"write": "true"}


@pytest.mark.parametrize(
    ("name", "value"), [("codec", "default"), ("mapping", {"coerce": True}), ("soft_deletes", {"enabled": True})]
)
def test_a_default_that_is_written_out(name: str, value: Any, applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    add_a_document(applied.client)
    put_over(edit, {"settings": {name: value}})
    assert set(changed(applied.apply(stack_copy))) == {"index_template/image-embeddings"}
    assert applied.plan(stack_copy).in_sync


def test_an_index_made_by_an_older_server(tmp_path: Path, stack_copy: Path) -> None:
    with running_emulator(tmp_path / "data", "--version", "9.1.0") as url, Elasticsearch(url) as client:
        Cluster(client).apply(stack_copy)
        add_a_document(client)
    with running_emulator(tmp_path / "data", "--version", "9.5.2") as url, Elasticsearch(url) as client:
        cluster = Cluster(client)
        plan = cluster.apply(stack_copy)
        assert not plan.problems
        # The template says now what only newer servers know; the index has it by its age.
        assert set(changed(plan)) == {"index_template/image-embeddings"}
        assert cluster.plan(stack_copy).in_sync
        assert client.get(index=ALIAS, id="1")["_source"]["image_id"] == "one"


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_network_that_dies_while_an_index_is_replaced(
    after: bool, tmp_path: Path, edit: Edit, stack_copy: Path
) -> None:
    with running_emulator(tmp_path / "data") as url, cutting(url) as (proxy, cut), Elasticsearch(url) as client:
        cluster = Cluster(client)
        cluster.apply(stack_copy)
        at, shards = 0, 1
        while True:
            shards = shards % 5 + 1
            put_over(edit, {"settings": {"number_of_shards": shards}})
            cut.begin(at=at, after=after)
            with Elasticsearch(proxy, max_retries=0, request_timeout=5) as broken, suppress(TransportError):
                Cluster(broken).apply(stack_copy)
            cluster.apply(stack_copy)
            assert cluster.plan(stack_copy).in_sync, cut.seen[-1]
            shown = client.indices.get(index=INDEX)[INDEX]["settings"]["index"]
            assert (shown["number_of_shards"], "blocks" in shown) == (str(shards), False), cut.seen[-1]
            add_a_document(client)
            client.delete(index=ALIAS, id="1", refresh=True)
            if len(cut.seen) <= at:
                break
            at += 1
        assert at > 15
