"""``text_encoder: client``: what a plan leaves out, the marks of the index, going to and fro, and what may be pruned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clipline.core.records import CAPTION_VECTOR_FIELD, IndexMarks
from clipline.core.text_models import IMPORT_DEFAULTS
from provisioning.assets.model_asset import ModelAsset
from provisioning.desired import Desired, Digests, desired_state
from provisioning.observed import Observed, ObservedIndex
from provisioning.plan import Change, Plan, Problem, Purpose, Verb
from provisioning.planner import make_plan
from provisioning.planner.client_text import only_naming
from provisioning.planner.removal import orphans, plan_removal
from provisioning.roles import roles_of
from tests.conftest import ROOT, TINY, TINY_TEXT
from tests.provisioning.conftest import Cluster

VERSION = (9, 2, 0)
STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
DIGEST, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32
MODEL = f"{STEM}-abababab"
INDEX = "my-image-embeddings-000001"
DEPLOYED = {
    "state": "started",
    "number_of_allocations": 1,
    "threads_per_allocation": 1,
    "queue_capacity": 1024,
    "priority": "normal",
}
READER = Cluster(None, TINY)  # type: ignore[arg-type]


def desired(where: str = "client", *flags: str, digest: str | None = DIGEST) -> Desired:
    """The default stack in one of the two modes."""
    stack = replace(READER, flags=(*TINY, f"text_encoder={where}", *flags)).read(ROOT)
    return desired_state(stack, version=VERSION, digests=Digests(text={STEM: digest}, image={STEM: DIGEST}))


def cluster(
    of: Desired | None = None, *, licence: str = "basic", documents: int = 300, model: bool = False
) -> Observed:
    """A cluster on which a stack was applied, or nothing; ``model``: the text model and what serves it, too."""
    indices: dict[str, ObservedIndex] = {}
    resources: dict[tuple[str, str], Mapping[str, Any]] = {}
    if of is not None:
        (index,) = of.indices
        meta = {"clipline": {**index.marks, "generation": 1}}
        indices[INDEX] = ObservedIndex(
            mappings={**index.mappings, "_meta": meta},
            settings={"index": dict(index.settings)},
            aliases={index.alias: {"is_write_index": True}},
            documents=documents,
        )
        resources = {(item.kind, item.name): item.body for item in of.resources}
    config = {
        "model_id": MODEL,
        "fully_defined": True,
        "metadata": {"clipline": {"stack": "clipline", "digest": DIGEST}, "model_aliases": ["clip-text"]},
    }
    return Observed(
        version=VERSION,
        licence=licence,
        resources=resources,
        indices=indices,
        models={MODEL: config} if model else {},
        deployments={STEM: {**DEPLOYED, "model_id": MODEL, "deployment_id": STEM}} if model else {},
    )


def planned(wanted: Desired, observed: Observed) -> Plan:
    return make_plan(wanted, observed, target="here")


def pending(plan: Plan) -> dict[str, Change]:
    return {change.address: change for change in plan.pending}


def test_a_basic_licence_is_enough() -> None:
    plan = planned(desired(), cluster())
    assert plan.problems == ()
    assert list(pending(plan)) == [
        "ingest_pipeline/image-embeddings",
        "index_template/image-embeddings",
        f"index/{INDEX}",
        "alias/my-image-embeddings",
    ]
    assert plan.models == ()
    assert [note.partition(":")[0] for note in plan.notes] == [
        f"trained_model/{STEM}",
        f"deployment/{STEM}",
        "model_alias/clip-text",
    ]
    assert f"text_encoder: client in models/{STEM}.yml" in plan.notes[0]
    assert "clipline[models]" in plan.notes[0]


def test_in_the_other_mode_the_problem_names_this_one() -> None:
    (problem,) = planned(desired("cluster"), cluster()).problems
    assert "the cluster's licence is basic" in problem.what
    assert f"text_encoder: client in models/{STEM}.yml" in problem.hint


def test_an_unknown_digest_stops_nothing() -> None:
    plan = planned(desired(digest=None), cluster())
    assert not [change for change in plan.changes if change.kind == "trained_model"]
    request = pending(plan)[f"index/{INDEX}"].request
    assert "digest" not in request["mappings"]["_meta"]["clipline"]["text_encoder"]


def test_the_mark_says_all_that_the_client_needs() -> None:
    (index,) = desired("client").indices
    assert index.marks["text_encoder"] == {
        "where": "client",
        "model": str(TINY_TEXT),
        "digest": DIGEST,
        "dims": 512,
        "import": {"task_type": "text_embedding", "embedding_size": 512, "quantize": False, "truncate": "first"},
    }
    mapping = {"_meta": {"clipline": {**index.marks, "generation": 1}}}
    marks = IndexMarks.from_mapping(mapping)
    assert marks is not None
    assert marks.text_encoder is not None
    assert marks.text_encoder.parameters == {**IMPORT_DEFAULTS, "embedding_size": 512}
    assert "text_encoder" not in desired("cluster").indices[0].marks


@pytest.mark.parametrize(("before", "after"), [("cluster", "client"), ("client", "cluster")])
def test_another_mode_is_an_update_in_place(before: str, after: str) -> None:
    plan = planned(desired(after), cluster(desired(before), licence="trial", model=True))
    assert plan.problems == ()
    assert list(pending(plan)) == [f"index/{INDEX}"]
    change = pending(plan)[f"index/{INDEX}"]
    assert (change.verb, change.reason) == (Verb.UPDATE, "can be changed in place")
    assert [field.path for field in change.fields] == ["_meta.clipline.text_encoder"]
    assert ("text_encoder" in change.request["mappings"]["_meta"]["clipline"]) == (after == "client")


@pytest.mark.parametrize("mode", ["cluster", "client"])
def test_what_is_applied_is_in_sync(mode: str) -> None:
    plan = planned(desired(mode), cluster(desired(mode), licence="trial", model=mode == "cluster"))
    assert plan.in_sync


def test_a_digest_on_the_index_stays_while_it_is_unknown_here() -> None:
    assert planned(desired(digest=None), cluster(desired())).in_sync


def test_a_digest_that_becomes_known_is_written() -> None:
    change = pending(planned(desired(), cluster(desired(digest=None))))[f"index/{INDEX}"]
    assert [(field.path, field.after) for field in change.fields] == [("_meta.clipline.text_encoder.digest", DIGEST)]


@pytest.mark.parametrize(("digest", "after"), [(OTHER, OTHER), (None, None)])
def test_another_text_model_is_no_migration(digest: str | None, after: str | None, tmp_path: Path) -> None:
    plan = planned(desired("client", f"text_model={tmp_path}", digest=digest), cluster(desired()))
    assert plan.problems == ()
    fields = {field.path: field.after for field in pending(plan)[f"index/{INDEX}"].fields}
    assert fields == {"_meta.clipline.text_encoder.model": str(tmp_path), "_meta.clipline.text_encoder.digest": after}


def test_what_is_there_from_before_is_told_and_left() -> None:
    plan = planned(desired(), cluster(desired("cluster"), licence="trial", model=True))
    assert plan.notes[-1].startswith(
        f"model_alias/clip-text, deployment/{STEM}, trained_model/{MODEL}: there from before, and left alone"
    )


def test_it_is_an_orphan_only_once_the_index_says_so() -> None:
    before, after = cluster(desired("cluster"), model=True), cluster(desired("client"), model=True)
    addresses = ("model_alias/clip-text", f"deployment/{STEM}", f"trained_model/{MODEL}")
    assert orphans(desired("client"), before) == ()
    assert orphans(desired("client"), after) == addresses
    assert orphans(desired("cluster"), after) == ()


def pruned(observed: Observed) -> Plan:
    wanted = desired("client")
    return plan_removal(
        observed,
        orphans(wanted, observed),
        stack="clipline",
        target="here",
        purpose=Purpose.PRUNE,
        only_naming=only_naming(wanted, observed),
    )


def test_the_stacks_own_pipeline_does_not_keep_the_model() -> None:
    plan = pruned(cluster(desired("client"), model=True))
    assert plan.problems == ()
    assert [change.address for change in plan.changes] == [f"deployment/{STEM}", f"trained_model/{MODEL}"]
    # The server deletes neither the alias nor the model while a pipeline names it, but the model by force.
    assert plan.changes[1].request == {"force": True}
    assert "the model alias clip-text goes with it" in plan.changes[1].reason


@pytest.mark.parametrize(
    ("stack", "name", "output", "kept"),
    [
        ("other", "more", CAPTION_VECTOR_FIELD, True),
        # A pipeline that an apply has not brought up to date yet: the files do not ask for that any more.
        ("clipline", "image-embeddings", "something_else", True),
        ("clipline", "image-embeddings", CAPTION_VECTOR_FIELD, False),
    ],
)
def test_other_users_keep_it(stack: str, name: str, output: str, kept: bool) -> None:
    observed = cluster(desired("client"), model=True)
    inference = {"model_id": "clip-text", "input_output": {"input_field": "x", "output_field": output}}
    body = {"processors": [{"inference": inference}], "_meta": {"clipline": {"stack": stack}}}
    plan = pruned(replace(observed, resources={**observed.resources, ("ingest_pipeline", name): body}))
    assert {problem.address for problem in plan.problems} == (
        {"model_alias/clip-text", f"deployment/{STEM}", f"trained_model/{MODEL}"} if kept else set()
    )
    assert all(problem.what == f"is still used by ingest_pipeline/{name}" for problem in plan.problems)
    assert not any(isinstance(change, Problem) for change in plan.changes)


def test_a_pipeline_that_no_longer_names_the_model_needs_no_force() -> None:
    observed = cluster(desired("client"), model=True)
    key = ("ingest_pipeline", "image-embeddings")
    body = {**observed.resources[key], "processors": []}
    plan = pruned(replace(observed, resources={**observed.resources, key: body}))
    assert [change.address for change in plan.changes] == [
        "model_alias/clip-text",
        f"deployment/{STEM}",
        f"trained_model/{MODEL}",
    ]
    assert plan.changes[-1].request == {}


def test_the_asset_in_a_plan_file() -> None:
    asset = desired("client").models[0].asset
    assert ModelAsset.from_json(asset.to_json()) == asset
    old = {key: value for key, value in asset.to_json().items() if key != "text_encoder"}
    assert ModelAsset.from_json(old) == replace(asset, text_encoder="cluster")


def test_no_role_manages_models() -> None:
    stack = replace(READER, flags=(*TINY, "text_encoder=client")).read(ROOT)
    assert "manage_ml" not in roles_of(stack)["provisioner"]["cluster"]
    assert "manage_ml" in roles_of(READER.read(ROOT))["provisioner"]["cluster"]
