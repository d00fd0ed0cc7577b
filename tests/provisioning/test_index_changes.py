"""A live index: what is changed in place, what needs a new index, and what stands in the way of one with documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clipline.core.errors import PlanError
from provisioning.plan import Plan, Verb
from tests.nodes import since
from tests.provisioning.conftest import (
    ALIAS,
    INDEX,
    LEFT_OUT,
    TEMPLATE,
    Cluster,
    Edit,
    add_a_document,
    changed,
    overlay,
    put_over,
)

# What cannot be changed in place, and the field that the plan names for it.
NEEDS_A_NEW_INDEX: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"mappings": {"properties": {"size": {"type": "keyword"}}}}, "properties.size.type"),
    "another similarity": (
        {"mappings": {"properties": {"image_embedding": {"similarity": "l2_norm"}}}},
        "_meta.clipline.encoder.similarity",
    ),
    "index options the other way": (
        {"mappings": {"properties": {"image_embedding": {"index_options": {"type": "hnsw"}}}}},
        "properties.image_embedding.index_options.type",
    ),
    "fewer neighbours": (
        {"mappings": {"properties": {"image_embedding": {"index_options": {"m": 8}}}}},
        "properties.image_embedding.index_options.m",
    ),
    "no longer indexed": ({"mappings": {"properties": {"format": {"index": False}}}}, "properties.format.index"),
    "another date format": (
        {"mappings": {"properties": {"mtime": {"format": "epoch_millis"}}}},
        "properties.mtime.format",
    ),
    "an object for a value": (
        {"mappings": {"properties": {"size": {"type": "REMOVED", "properties": {"x": {"type": "long"}}}}}},
        "properties.size.properties",
    ),
    "shards": ({"settings": {"number_of_shards": 2}}, "settings.number_of_shards"),
    "vectors out of the source": (
        {"settings": {"mapping": {"exclude_source_vectors": True}}},
        "settings.mapping.exclude_source_vectors",
    ),
}
MARKS = {"vectors out of the source": since(9, 2)}
IN_PLACE: dict[str, dict[str, Any]] = {
    "a field": {"mappings": {"properties": {"camera": {"type": "keyword"}}}},
    "a field in a field": {"mappings": {"properties": {"caption": {"fields": {"raw": {"type": "keyword"}}}}}},
    "a limit": {"mappings": {"properties": {"format": {"ignore_above": 9}}}},
    "strictness": {"mappings": {"dynamic": False}},
    "strictness of an object": {"mappings": {"properties": {"exif": {"dynamic": True}}}},
    "date detection": {"mappings": {"date_detection": False}},
    "more neighbours": {"mappings": {"properties": {"image_embedding": {"index_options": {"m": 24}}}}},
    "smaller vectors": {"mappings": {"properties": {"image_embedding": {"index_options": {"type": "bbq_hnsw"}}}}},
    "replicas": {"settings": {"number_of_replicas": 3}},
    "refreshing": {"settings": {"refresh_interval": "30s"}},
    "a hidden index": {"settings": {"hidden": True}},
    "a longer window": {"settings": {"max_result_window": 20000}},
}


@pytest.fixture
def applied(cluster: Cluster, stack_copy: Path) -> Cluster:
    """The default stack, applied."""
    cluster.apply(stack_copy)
    return cluster


def index_problems(plan: Plan) -> list[str]:
    return [problem.what for problem in plan.problems if problem.address == f"index/{INDEX}"]


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in NEEDS_A_NEW_INDEX])
def test_an_index_with_documents_is_never_replaced(name: str, applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    over, path = NEEDS_A_NEW_INDEX[name]
    add_a_document(applied.client)
    put_over(edit, over)
    plan = applied.plan(stack_copy)
    (what,) = index_problems(plan)
    assert what.startswith("needs a migration: ")
    assert path in what
    assert what.endswith("cannot be changed while it holds 1 documents")
    with pytest.raises(PlanError, match="nothing was done"):
        applied.apply(stack_copy)
    assert applied.client.count(index=ALIAS)["count"] == 1


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in NEEDS_A_NEW_INDEX])
def test_an_empty_index_is_replaced(name: str, applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    over, path = NEEDS_A_NEW_INDEX[name]
    before = applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"]
    put_over(edit, over)
    plan = applied.apply(stack_copy)
    change = changed(plan)[f"index/{INDEX}"]
    assert change.verb is Verb.REPLACE
    assert f"is empty, and {path} cannot be changed in place" == change.reason
    assert applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"] != before
    assert applied.plan(stack_copy).in_sync
    add_a_document(applied.client)


@pytest.mark.parametrize("name", IN_PLACE)
def test_changed_in_place_with_its_documents(name: str, applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    add_a_document(applied.client)
    before = applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"]
    put_over(edit, IN_PLACE[name])
    plan = applied.apply(stack_copy)
    assert changed(plan)[f"index/{INDEX}"].verb is Verb.UPDATE
    assert applied.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]["uuid"] == before
    assert applied.client.count(index=ALIAS)["count"] == 1
    assert applied.plan(stack_copy).in_sync


def test_a_field_that_only_the_index_has_is_noted(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.put_mapping(index=INDEX, properties={"extra": {"type": "keyword"}})
    plan = applied.plan(stack_copy)
    assert plan.in_sync
    assert plan.notes == (
        *LEFT_OUT,
        f"index/{INDEX} has fields that the stack does not declare: extra",
    )


def test_a_field_below_an_object_and_a_setting_that_only_the_index_has_are_noted(
    applied: Cluster, stack_copy: Path
) -> None:
    applied.client.indices.put_mapping(index=INDEX, properties={"exif": {"properties": {"lens": {"type": "keyword"}}}})
    applied.client.indices.put_settings(index=INDEX, settings={"blocks.write": True})
    plan = applied.plan(stack_copy)
    assert plan.in_sync
    assert plan.notes == (
        *LEFT_OUT,
        f"index/{INDEX} has fields that the stack does not declare: exif.lens",
        f"index/{INDEX} has settings that the stack does not declare: blocks.write",
    )


def test_the_space_of_an_index_with_documents(applied: Cluster, edit: Edit, stack_copy: Path) -> None:
    add_a_document(applied.client)
    edit("models/sentence-transformers__clip-vit-b-32-multilingual-v1.yml", lambda body: body.update(space="other"))
    assert index_problems(applied.plan(stack_copy)) == [
        "needs a migration: _meta.clipline.space cannot be changed while it holds 1 documents"
    ]


def test_a_mark_that_was_removed_by_hand_comes_back(applied: Cluster, stack_copy: Path) -> None:
    add_a_document(applied.client)
    meta = applied.client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]
    del meta["clipline"]["pipeline"]
    applied.client.indices.put_mapping(index=INDEX, meta={"owner": "me", **meta})
    change = changed(applied.apply(stack_copy))[f"index/{INDEX}"]
    assert [(item.path, item.before) for item in change.fields] == [("_meta.clipline.pipeline", None)]
    assert applied.client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]["owner"] == "me"


def test_an_index_that_lost_its_marks_is_foreign(applied: Cluster, stack_copy: Path) -> None:
    add_a_document(applied.client)
    applied.client.indices.put_mapping(index=INDEX, meta={"owner": "me"})
    (problem,) = applied.plan(stack_copy).problems
    assert problem.what == f"has the alias {ALIAS} and was not made by clipline"
    assert f"--adopt index/{INDEX}" in problem.hint
    applied.adopt = (f"index/{INDEX}",)
    change = changed(applied.apply(stack_copy))[f"index/{INDEX}"]
    assert change.reason.startswith("adopted; its 1 documents are taken to be of the encoder ")
    assert (change.fields[0].path, change.fields[0].after) == ("_meta.clipline.stack", "clipline")
    applied.adopt = ()
    assert applied.plan(stack_copy).in_sync
    assert applied.client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]["owner"] == "me"


def test_an_index_of_another_shape_is_not_adopted(cluster: Cluster, stack_copy: Path) -> None:
    cluster.client.indices.create(
        index=INDEX, aliases={ALIAS: {}}, mappings={"properties": {"size": {"type": "keyword"}}}
    )
    cluster.client.index(index=INDEX, document={"size": "1"}, refresh=True)
    cluster.adopt = ("all",)
    (problem,) = cluster.plan(stack_copy).problems
    assert problem.what.startswith("needs a migration: ")
    assert "while it holds 1 documents" in problem.what


def test_an_index_under_the_alias_s_name(cluster: Cluster, stack_copy: Path) -> None:
    cluster.client.indices.create(index=ALIAS)
    (problem,) = cluster.plan(stack_copy).problems
    assert problem.address == f"alias/{ALIAS}"
    assert "a concrete index has this very name" in problem.what
    assert "--var index_alias=" in problem.hint


def test_a_lost_alias_comes_back_to_the_newest_index(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.delete_alias(index=INDEX, name=ALIAS)
    plan = applied.apply(stack_copy)
    assert {address: change.verb for address, change in changed(plan).items()} == {f"alias/{ALIAS}": Verb.CREATE}
    assert applied.client.indices.get_alias(name=ALIAS)[INDEX]["aliases"][ALIAS]["is_write_index"] is True


def test_an_alias_that_cannot_be_written_through(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.put_alias(index=INDEX, name=ALIAS, is_write_index=False)
    change = changed(applied.apply(stack_copy))[f"alias/{ALIAS}"]
    assert [item.to_json() for item in change.fields] == [{"path": "is_write_index", "before": False, "after": True}]
    add_a_document(applied.client)


def test_an_alias_moved_to_a_foreign_index_moves_back(applied: Cluster, stack_copy: Path) -> None:
    other = "my-image-embeddings-by-hand"
    applied.client.indices.create(index=other)
    applied.client.indices.update_aliases(
        actions=[{"remove": {"index": INDEX, "alias": ALIAS}}, {"add": {"index": other, "alias": ALIAS}}]
    )
    change = changed(applied.apply(stack_copy))[f"alias/{ALIAS}"]
    assert change.reason == f"was moved by hand to {other}, and moves back"
    assert ("index", other, INDEX) in [(item.path, item.before, item.after) for item in change.fields]
    assert list(applied.client.indices.get_alias(name=ALIAS).body) == [INDEX]
    assert applied.plan(stack_copy).in_sync


def test_an_alias_on_a_foreign_index_where_none_is_ours(cluster: Cluster, stack_copy: Path) -> None:
    cluster.client.indices.create(index="my-image-embeddings-by-hand", aliases={ALIAS: {}})
    (problem,) = cluster.plan(stack_copy).problems
    assert problem.address == "index/my-image-embeddings-by-hand"
    assert problem.what == f"has the alias {ALIAS} and was not made by clipline"


def test_an_alias_on_two_indices(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.create(index="my-image-embeddings-000002", aliases={ALIAS: {}})
    change = changed(applied.apply(stack_copy))[f"alias/{ALIAS}"]
    assert change.reason == "points to my-image-embeddings-000002 too"
    assert list(applied.client.indices.get_alias(name=ALIAS).body) == [INDEX]


def test_an_alias_on_two_generations(applied: Cluster, stack_copy: Path) -> None:
    mappings = applied.client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]
    applied.client.indices.create(index="my-image-embeddings-000002", aliases={ALIAS: {}}, mappings=mappings)
    (problem,) = applied.plan(stack_copy).problems
    assert problem.what == f"points to several indices of this stack: {INDEX}, my-image-embeddings-000002"
    assert problem.hint == "remove the alias from all but one of them"


def test_a_filter_put_on_the_alias_by_hand(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.put_alias(index=INDEX, name=ALIAS, filter={"term": {"source": "phone"}})
    change = changed(applied.apply(stack_copy))[f"alias/{ALIAS}"]
    assert (change.reason, [item.path for item in change.fields]) == ("was changed by hand", ["filter"])
    assert "filter" not in applied.client.indices.get_alias(name=ALIAS)[INDEX]["aliases"][ALIAS]


def test_a_template_that_would_win(applied: Cluster, stack_copy: Path) -> None:
    applied.client.indices.put_index_template(name="theirs", index_patterns=["my-*"], priority=500)
    (problem,) = applied.plan(stack_copy).problems
    applied.client.indices.delete_index_template(name="theirs")
    assert problem.address == "index_template/theirs"
    assert "has the higher priority 500" in problem.what


def test_parts_for_newer_servers_are_left_out_and_noted(cluster: Cluster, edit: Edit, stack_copy: Path) -> None:
    edit(
        TEMPLATE,
        lambda body: overlay(body, {"_meta": {"clipline": {"since": {"template.settings.index.codec": "99.1"}}}}),
    )
    put_over(edit, {"settings": {"codec": "best_compression"}})
    plan = cluster.apply(stack_copy)
    assert plan.notes == (
        *LEFT_OUT,
        "index_template/image-embeddings: template.settings.index.codec is left out, it needs Elasticsearch 99.1",
    )
    assert "codec" not in cluster.client.indices.get(index=INDEX)[INDEX]["settings"]["index"]
    assert cluster.plan(stack_copy).in_sync
