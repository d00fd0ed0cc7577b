"""Managed, foreign, orphan: what is taken over, what is pruned, what is destroyed, and what is left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.conftest import TINY, Run
from tests.nodes import running_emulator

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
ALIAS = "my-image-embeddings"
INDEX = f"{ALIAS}-000001"
VARIABLES = tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster; the tests of this file follow one another on it, each leaving it as it says."""
    with running_emulator(tmp_path_factory.mktemp("ownership")) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Elasticsearch]:
    """The genuine client, on that cluster."""
    with Elasticsearch(url) as client:
        yield client


def outcome(clipline: Run, *arguments: str) -> dict[str, str]:
    """Address → verb of what a command did."""
    done = clipline(*arguments, "--yes", "--json")
    return {item["address"]: item["verb"] for item in json.loads(done.stdout)["outcome"]}


def upload_by_hand(client: Elasticsearch, clipline: Run, folder: Path, model_id: str) -> None:
    """A model under the plain id, as eland and the series put it there."""
    from provisioning.bundles.bundle import open_bundle
    from provisioning.bundles.push import push

    clipline("bundle", "build", "--out", str(folder / "text.tar"), *VARIABLES)
    bundle = open_bundle(folder / "text.tar")
    push(client, bundle, model_id=f"{model_id}-marked", stack="x", space="x")
    config = {key: value for key, value in bundle.config().items() if key != "metadata"}
    client.ml.delete_trained_model(model_id=f"{model_id}-marked")
    client.ml.put_trained_model(model_id=model_id, **config)
    client.perform_request(
        "PUT",
        f"/_ml/trained_models/{model_id}/vocabulary",
        headers={"accept": "application/json", "content-type": "application/json"},
        body=bundle.vocabulary(),
    )
    import base64

    parts = list(bundle.model_parts(1024 * 1024))
    for number, part in enumerate(parts):
        client.ml.put_trained_model_definition_part(
            model_id=model_id,
            part=number,
            total_definition_length=bundle.model_bytes,
            total_parts=len(parts),
            definition=base64.b64encode(part).decode(),
        )


def test_the_likeliest_first_user(
    url: str, client: Elasticsearch, clipline: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The series was followed here: a concrete index under the alias's name, a model under the plain id."""
    upload_by_hand(client, clipline, tmp_path_factory.mktemp("bundle"), STEM)
    client.ml.start_trained_model_deployment(model_id=STEM, wait_for="started", queue_capacity=1024)
    client.index(index=ALIAS, id="1", document={"image_id": "IMG_1"}, refresh=True)
    text = clipline("plan", *VARIABLES, "--url", url, code=1).stdout
    assert f"! deployment/{STEM}  a trained model has this very id" in text
    assert f"--adopt trained_model/{STEM}" in text
    assert f"! alias/{ALIAS}  a concrete index has this very name" in text
    assert "--var index_alias=" in text
    way = ("--var", "index_alias=pictures", "--adopt", f"trained_model/{STEM}")
    plan = clipline("plan", *VARIABLES, *way, "--url", url).stdout
    assert f"~ trained_model/{STEM}  update: adopted, once every probe of the bundle agrees with it" in plan
    done = outcome(clipline, "apply", *VARIABLES, *way, "--url", url)
    assert done[f"trained_model/{STEM}"] == "update"
    assert f"deployment/{STEM}" not in done  # it serves as it is
    assert client.ml.get_trained_models(model_id="clip-text")["trained_model_configs"][0]["model_id"] == STEM
    # It is this stack's from now on, without the flag, and the index of the series is untouched.
    same = ("--var", "index_alias=pictures")
    assert "No drift" in clipline("drift", *VARIABLES, *same, "--url", url).stdout
    assert client.count(index=ALIAS)["count"] == 1
    gone = outcome(clipline, "destroy", *VARIABLES, *same, "--url", url)
    assert gone[f"trained_model/{STEM}"] == "delete"
    client.indices.delete(index=ALIAS)


def test_a_model_that_is_another_one_is_not_adopted(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.ml.put_trained_model(
        model_id=STEM,
        model_type="tree_ensemble",
        input={"field_names": ["x"]},
        inference_config={"regression": {}},
        definition={
            "trained_model": {
                "tree": {"feature_names": ["x"], "tree_structure": [{"node_index": 0, "leaf_value": 1.0}]}
            }
        },
    )
    done = clipline("apply", *VARIABLES, "--adopt", "all", "--url", url, "--yes", code=1)
    assert (
        f"! trained_model/{STEM}  is not what models/{STEM}.yml says: inference_config.text_embedding is not set"
        in done.stdout
    )
    client.ml.delete_trained_model(model_id=STEM)
    # Declared as the file says, and never uploaded: it cannot be deployed, so it is not proven either.
    text = {"tokenization": {"bert": {"max_sequence_length": 64}}}
    client.ml.put_trained_model(
        model_id=STEM,
        model_type="pytorch",
        input={"field_names": ["text_field"]},
        inference_config={"text_embedding": text},
    )
    done = clipline("apply", *VARIABLES, "--adopt", "all", "--url", url, "--yes", code=1)
    assert "stopped after 0 of" in done.stderr
    assert f"create deployment/{STEM}: begun, may be done in part" in done.stderr
    assert "create index/" in done.stderr
    assert ": not begun" in done.stderr
    assert "trained_model" not in str(
        client.options(ignore_status=404).get(index="clipline-state", id="adopted:clipline")
    )
    client.ml.delete_trained_model(model_id=STEM, force=True)


@pytest.mark.slow
def test_a_second_stack_leaves_the_first_alone_and_the_other_way_round(
    url: str, client: Elasticsearch, clipline: Run, stack_copy: Path
) -> None:
    clipline("apply", *VARIABLES, "--url", url, "--yes")
    (stack_copy / "pipelines/image-embeddings.yml").rename(stack_copy / "pipelines/other.yml")
    template = stack_copy / "mappings/image-embeddings.yml"
    body = template.read_text("utf-8").replace("default_pipeline: image-embeddings", "default_pipeline: other")
    (stack_copy / "mappings/other.yml").write_text(body, "utf-8")
    template.unlink()
    (stack_copy / f"models/{STEM}.yml").rename(stack_copy / "models/other.yml")
    (stack_copy / "vars.yml").write_text(
        "stack: other\nindex_alias: other-images\nmodel_alias: other-text\ndeployment_id: other-model\n", "utf-8"
    )
    second = ("--stack", str(stack_copy), *VARIABLES, "--url", url)
    made = outcome(clipline, "apply", *second)
    assert set(made.values()) == {"create"}
    assert "No drift" in clipline("drift", *VARIABLES, "--url", url).stdout
    plan = json.loads(clipline("plan", *VARIABLES, "--url", url, "--json").stdout)
    assert plan["orphans"] == []
    gone = outcome(clipline, "destroy", *second)
    assert gone.keys() == made.keys()
    assert "No drift" in clipline("drift", *VARIABLES, "--url", url).stdout
    assert "Nothing to delete" in clipline("destroy", *second, "--yes").stdout


def test_orphans_are_shown_and_pruned(url: str, client: Elasticsearch, clipline: Run, stack_copy: Path) -> None:
    (stack_copy / "pipelines/extra.yml").write_text("description: x\nprocessors: []\n", "utf-8")
    (stack_copy / "mappings/components").mkdir()
    (stack_copy / "mappings/components/spare.yml").write_text(
        "template: {settings: {number_of_replicas: 0}}\n", "utf-8"
    )
    clipline("apply", "--stack", str(stack_copy), *VARIABLES, "--url", url, "--yes")
    plan = json.loads(clipline("plan", *VARIABLES, "--url", url, "--json", "--check").stdout)
    assert plan["orphans"] == ["component_template/spare", "ingest_pipeline/extra"]
    text = clipline("plan", *VARIABLES, "--url", url).stdout
    assert "note: no longer declared, and deleted by `clipline prune` only: component_template/spare" in text
    # Somebody uses one of them: nothing goes.
    client.indices.put_index_template(name="theirs", index_patterns=["zz-*"], composed_of=["spare"])
    refused = clipline("prune", *VARIABLES, "--url", url, "--yes", code=1).stdout
    assert "! component_template/spare  is still used by index_template/theirs" in refused
    client.indices.delete_index_template(name="theirs")
    assert outcome(clipline, "prune", *VARIABLES, "--url", url) == {
        "component_template/spare": "delete",
        "ingest_pipeline/extra": "delete",
    }
    assert "Nothing to delete" in clipline("prune", *VARIABLES, "--url", url, "--yes").stdout


def test_an_index_with_documents_goes_only_when_it_is_named(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.index(index=ALIAS, id="1", document={"image_id": "IMG_1"}, require_alias=True, refresh=True)
    text = clipline("destroy", *VARIABLES, "--url", url, "--yes", code=1).stdout
    assert f"! index/{INDEX}  holds 1 documents" in text
    assert f"--delete-data {ALIAS}" in text
    assert client.count(index=ALIAS)["count"] == 1
    text = clipline("destroy", *VARIABLES, "--url", url, "--yes", "--delete-data", "my-imag", code=1).stdout
    assert "note: no index that this would delete has the name my-imag (--delete-data)" in text
    # A pipeline of others keeps the model.
    uses = [{"inference": {"model_id": "clip-text", "input_output": [{"input_field": "a", "output_field": "b"}]}}]
    client.ingest.put_pipeline(id="theirs", processors=uses)
    text = clipline("destroy", *VARIABLES, "--url", url, "--yes", "--delete-data", ALIAS, code=1).stdout
    assert "! model_alias/clip-text  is still used by ingest_pipeline/theirs" in text
    assert client.count(index=ALIAS)["count"] == 1
    client.ingest.delete_pipeline(id="theirs")
    gone = list(outcome(clipline, "destroy", *VARIABLES, "--url", url, "--delete-data", ALIAS))
    kinds = [address.partition("/")[0] for address in gone]
    assert kinds == [
        "alias",
        "index",
        "index_template",
        "ingest_pipeline",
        "model_alias",
        "deployment",
        "trained_model",
    ]
    assert client.ingest.get_pipeline().body == {}
    assert client.ml.get_trained_models(model_id=f"{STEM}*")["count"] == 0
    assert client.indices.get(index=f"{ALIAS}*").body == {}


def test_nobody_is_there_to_answer(url: str, clipline: Run) -> None:
    clipline("destroy", *VARIABLES, "--url", url)  # nothing is there, so nothing is asked
    clipline("apply", *VARIABLES, "--url", url, "--yes")
    done = clipline("destroy", *VARIABLES, "--url", url, code=2)
    assert "give --yes" in done.stderr


def test_a_plan_file_is_carried_out_as_it_is_or_not_at_all(
    url: str, client: Elasticsearch, clipline: Run, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    changed = (*VARIABLES, "--var", "shards=1", "--var", "replicas=2")
    clipline("plan", *changed, "--url", url, "--out", str(file))
    value: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert (value["format"], value["purpose"], value["stack"]) == (1, "apply", "clipline")
    # Somebody moves what it does not touch: it is carried out. Then what it looked at: it is not.
    client.ingest.put_pipeline(id="unrelated", processors=[])
    copy = shutil.copy(file, tmp_path / "copy.json")
    applied = clipline("apply", str(file), "--url", url, "--yes", "--json")
    assert [item["address"] for item in json.loads(applied.stdout)["outcome"]] == [
        "index_template/image-embeddings",
        f"index/{INDEX}",
    ]
    settings = client.indices.get_settings(index=INDEX)[INDEX]["settings"]["index"]
    assert settings["number_of_replicas"] == "2"
    refused = clipline("apply", str(copy), "--url", url, "--yes", code=1).stderr
    assert "the cluster has moved since the plan was made, at index_template/image-embeddings" in refused
    assert "nothing was done" in refused
    # Another cluster, a damaged file, a file of other things, values beside it.
    value["cluster_uuid"] = "elsewhere"
    copy.write_text(json.dumps(value), "utf-8")
    assert "made for another cluster" in clipline("apply", str(copy), "--url", url, "--yes", code=1).stderr
    del value["changes"][0]["verb"]
    copy.write_text(json.dumps(value), "utf-8")
    assert "the plan is damaged" in clipline("apply", str(copy), "--url", url, code=1).stderr
    copy.write_text("[]", "utf-8")
    assert "this is not a plan file" in clipline("apply", str(copy), "--url", url, code=1).stderr
    assert "leave out --stack" in clipline("apply", str(file), "--var", "shards=1", "--url", url, code=2).stderr


def test_a_plan_as_markdown(url: str, clipline: Run) -> None:
    text = clipline("plan", *VARIABLES, "--url", url, "--markdown").stdout
    assert text.startswith("### clipline apply: stack `clipline` on `http://")
    assert "**Plan: 2 to update; 5 unchanged.**" in text
    assert '| `settings.number_of_replicas` | `"2"` | `"0"` |' in text
