"""``plan``, ``apply`` and ``drift`` as an operator sees them: text, JSON, exit codes, and what a hand on the cluster does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.conftest import TINY, TINY_IMAGE, Run
from tests.nodes import running_emulator

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
PIPELINE = "image-embeddings"
INDEX = "my-image-embeddings-000001"
VARIABLES = tuple(part for value in TINY for part in ("--var", value))
CREATED = [
    "ingest_pipeline/image-embeddings",
    "index_template/image-embeddings",
    f"index/{INDEX}",
    "alias/my-image-embeddings",
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, clipline: Run) -> Iterator[str]:
    """A cluster with the default stack applied; each test leaves it so."""
    with running_emulator(tmp_path_factory.mktemp("plan")) as url:
        clipline("apply", *VARIABLES, "--url", url, "--yes")
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Elasticsearch]:
    """The genuine client, on that cluster."""
    with Elasticsearch(url) as client:
        yield client


def plan_json(clipline: Run, url: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The plan's JSON."""
    plan: dict[str, Any] = json.loads(
        clipline("plan", *VARIABLES, "--url", url, "--json", *arguments, code=code).stdout
    )
    return plan


def pending(plan: dict[str, Any]) -> dict[str, str]:
    """Address → verb of what would be done."""
    return {f"{item['kind']}/{item['name']}": item["verb"] for item in plan["changes"] if item["verb"] != "no-op"}


def repaired(clipline: Run, url: str) -> list[str]:
    """Apply, and see that nothing is left; gives the addresses of what was done."""
    outcome = json.loads(clipline("apply", *VARIABLES, "--url", url, "--yes", "--json").stdout)["outcome"]
    clipline("drift", *VARIABLES, "--url", url, code=0)
    return [item["address"] for item in outcome]


def test_an_empty_cluster(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path) as url:
        plan = plan_json(clipline, url, "--check", code=3)
        assert set(plan) == {"stack", "target", "version", "changes", "problems", "notes", "orphans", "summary"}
        assert (plan["stack"], plan["target"], plan["problems"]) == ("clipline", url, [])
        addresses = list(pending(plan))
        assert addresses[0].startswith(f"trained_model/{STEM}-")
        assert addresses[1:3] == [f"deployment/{STEM}", "model_alias/clip-text"]
        assert addresses[3:] == CREATED
        assert plan["summary"] == {"create": 7, "update": 0, "replace": 0, "delete": 0, "no-op": 0}
        for change in plan["changes"]:
            assert set(change) == {"kind", "name", "verb", "reason", "fields"}
            assert all(item["before"] is None for item in change["fields"])
        text = clipline("plan", *VARIABLES, "--url", url).stdout
        assert "Plan: 7 to create." in text
        assert "… and" in text
        assert "--verbose-plan shows all" in text
        assert "… and" not in clipline("plan", *VARIABLES, "--url", url, "--verbose-plan").stdout
        clipline("drift", *VARIABLES, "--url", url, code=3)
        with Elasticsearch(url) as client:  # plan changed nothing
            assert client.ingest.get_pipeline().body == {}
            assert client.indices.get(index="my-*").body == {}


def test_in_sync(url: str, clipline: Run) -> None:
    assert "In sync: 7 resources are as wanted." in clipline("plan", *VARIABLES, "--url", url, "--check").stdout
    plan = plan_json(clipline, url)
    assert plan["summary"] == {"create": 0, "update": 0, "replace": 0, "delete": 0, "no-op": 7}
    assert clipline("drift", *VARIABLES, "--url", url).stdout.startswith("No drift: 7 resources")
    assert json.loads(clipline("drift", *VARIABLES, "--url", url, "--json").stdout) == plan


def test_a_no_op_apply_asks_little(url: str, clipline: Run) -> None:
    done = clipline("apply", *VARIABLES, "--url", url, "--verbose")
    assert "In sync" in done.stdout
    requests = [line for line in done.stderr.splitlines() if "[status:" in line]
    assert 0 < len(requests) <= 12, requests
    assert {line.split()[0] for line in requests} <= {"GET", "POST"}
    assert [
        line for line in requests if line.startswith("POST") and "/_msearch" not in line and "/_mget" not in line
    ] == []


def test_an_edited_pipeline(url: str, client: Elasticsearch, clipline: Run) -> None:
    body = client.ingest.get_pipeline(id=PIPELINE)[PIPELINE]
    processors = [*body["processors"][:2], {"remove": {**body["processors"][2]["remove"], "ignore_missing": False}}]
    client.ingest.put_pipeline(id=PIPELINE, meta=body["_meta"], description="mine", processors=processors)
    plan = plan_json(clipline, url, "--check", code=3)
    assert pending(plan) == {f"ingest_pipeline/{PIPELINE}": "update"}
    (change,) = [item for item in plan["changes"] if item["verb"] == "update"]
    assert change["reason"] == "2 fields differ"
    assert change["fields"] == [
        {"path": "description", "before": "mine", "after": body["description"]},
        {"path": "processors[2].remove.ignore_missing", "before": False, "after": True},
    ]
    text = clipline("drift", *VARIABLES, "--url", url, code=3).stdout
    assert f"~ ingest_pipeline/{PIPELINE}  update: 2 fields differ" in text
    assert "    processors[2].remove.ignore_missing  false → true" in text
    assert '    description                          "mine" → "Stamps the document' in text
    assert "Plan: 1 to update; 6 unchanged." in text
    assert repaired(clipline, url) == [f"ingest_pipeline/{PIPELINE}"]
    assert client.ingest.get_pipeline(id=PIPELINE)[PIPELINE]["description"] == body["description"]


def test_a_stopped_deployment(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    assert pending(plan_json(clipline, url, "--check", code=3)) == {f"deployment/{STEM}": "create"}
    clipline("drift", *VARIABLES, "--url", url, code=3)
    status = clipline("status", *VARIABLES, "--url", url, code=1).stdout
    assert "absent" in status
    assert repaired(clipline, url) == [f"deployment/{STEM}"]
    clipline("status", *VARIABLES, "--url", url)


@pytest.mark.slow
def test_a_scaled_deployment_is_scaled_back_in_place(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.ml.update_trained_model_deployment(model_id=STEM, number_of_allocations=2)
    plan = plan_json(clipline, url)
    assert pending(plan) == {f"deployment/{STEM}": "update"}
    fields = next(item["fields"] for item in plan["changes"] if item["verb"] == "update")
    assert fields == [{"path": "number_of_allocations", "before": 2, "after": 1}]
    assert repaired(clipline, url) == [f"deployment/{STEM}"]


@pytest.mark.slow
def test_a_deployment_with_another_queue_starts_again(url: str, client: Elasticsearch, clipline: Run) -> None:
    model_id = client.ml.get_trained_models(model_id="clip-text")["trained_model_configs"][0]["model_id"]
    client.ml.stop_trained_model_deployment(model_id=STEM, force=True)
    client.ml.start_trained_model_deployment(model_id=model_id, deployment_id=STEM, queue_capacity=7)
    plan = plan_json(clipline, url)
    assert pending(plan) == {f"deployment/{STEM}": "replace", f"deployment/{STEM}-next": "delete"}
    reason = next(item["reason"] for item in plan["changes"] if item["verb"] == "replace")
    assert reason == "queue_capacity can be set only at the start: a short gap for users of this id"
    assert repaired(clipline, url) == [f"deployment/{STEM}-next", f"deployment/{STEM}", f"deployment/{STEM}-next"]


@pytest.mark.slow
def test_a_lost_model_alias(url: str, client: Elasticsearch, clipline: Run) -> None:
    model_id = client.ml.get_trained_models(model_id="clip-text")["trained_model_configs"][0]["model_id"]
    body = client.ingest.get_pipeline(id=PIPELINE)[PIPELINE]
    client.ingest.put_pipeline(id=PIPELINE, meta=body["_meta"], description=body["description"], processors=[])
    client.ml.delete_trained_model_alias(model_id=model_id, model_alias="clip-text")
    assert repaired(clipline, url) == ["model_alias/clip-text", f"ingest_pipeline/{PIPELINE}"]


def test_an_index_alias_moved_by_hand(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.indices.create(index="elsewhere")
    alias = "my-image-embeddings"
    client.indices.update_aliases(
        actions=[{"remove": {"index": INDEX, "alias": alias}}, {"add": {"index": "elsewhere", "alias": alias}}]
    )
    plan = plan_json(clipline, url, "--check", code=3)
    assert pending(plan) == {f"alias/{alias}": "update"}
    (change,) = [item for item in plan["changes"] if item["verb"] == "update"]
    assert change["reason"] == "was moved by hand to elsewhere, and moves back"
    assert {item["path"]: (item["before"], item["after"]) for item in change["fields"]}["index"] == ("elsewhere", INDEX)
    assert repaired(clipline, url) == [f"alias/{alias}"]
    assert list(client.indices.get_alias(name=alias).body) == [INDEX]
    client.indices.delete(index="elsewhere")


@pytest.mark.slow
def test_what_was_deleted_comes_back(url: str, client: Elasticsearch, clipline: Run) -> None:
    client.indices.delete(index=INDEX)
    client.indices.delete_index_template(name="image-embeddings")
    client.ingest.delete_pipeline(id=PIPELINE)
    assert repaired(clipline, url) == CREATED


def test_names_taken_by_others(url: str, client: Elasticsearch, clipline: Run, stack_copy: Path) -> None:
    body = client.ingest.get_pipeline(id=PIPELINE)[PIPELINE]
    client.ingest.put_pipeline(id=PIPELINE, description="by hand", processors=[])
    plan = plan_json(clipline, url, code=1)
    assert plan["problems"] == [
        {
            "address": f"ingest_pipeline/{PIPELINE}",
            "what": "is there already and was not made by clipline",
            "hint": "rename the file in pipelines/; or take it over as it is shown by the plan with --adopt "
            f"ingest_pipeline/{PIPELINE}",
        }
    ]
    client.ingest.put_pipeline(id=PIPELINE, meta=body["_meta"], processors=body["processors"])
    repaired(clipline, url)
    (stack_copy / "vars.yml").write_text("stack: other\n", "utf-8")
    other = plan_json(clipline, url, "--stack", str(stack_copy), code=1)["problems"]
    assert {problem["what"].rpartition(" ")[2] for problem in other[1:]} == {"'clipline'"}
    assert other[0]["address"].startswith("trained_model/")
    assert other[0]["what"] == "is there already and belongs to the stack 'clipline'"


def test_a_model_under_the_deployment_s_name(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path) as url, Elasticsearch(url) as client:
        # As the series' eland import leaves it.
        client.ml.put_trained_model(
            model_id=STEM,
            model_type="pytorch",
            inference_config={"text_embedding": {}},
            input={"field_names": ["text_field"]},
        )
        (problem,) = plan_json(clipline, url, code=1)["problems"]
        assert problem["address"] == f"deployment/{STEM}"
        assert "a trained model has this very id" in problem["what"]
        assert "--var deployment_id=" in problem["hint"]


@pytest.mark.slow
def test_another_image_encoder(url: str, client: Elasticsearch, clipline: Run, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy", tmp_path / "other"
    shutil.copytree(TINY_IMAGE, copy)
    shutil.copytree(TINY_IMAGE, other)
    settings = other / "0_CLIPModel" / "preprocessor_config.json"
    settings.write_text(settings.read_text("utf-8") + "\n", "utf-8")
    client.index(index=INDEX, id="1", document={"image_id": "one"}, refresh=True)
    try:
        # The same files in another folder are the same encoder.
        moved = plan_json(clipline, url, "--var", f"image_model={copy}")
        assert pending(moved) == {f"index/{INDEX}": "update"}
        (problem,) = plan_json(clipline, url, "--var", f"image_model={other}", code=1)["problems"]
        assert problem["address"] == f"index/{INDEX}"
        assert "needs a migration: _meta.clipline.encoder.digest" in problem["what"]
    finally:
        client.delete(index=INDEX, id="1", refresh=True)
    assert pending(plan_json(clipline, url, "--var", f"image_model={other}")) == {
        f"index/{INDEX}": "replace",
        "alias/my-image-embeddings": "create",
    }


def test_a_variable_that_no_file_uses(url: str, clipline: Run) -> None:
    done = clipline("plan", *VARIABLES, "--var", "replica=1", "--url", url, code=2)
    assert "no file of this stack uses the variable replica" in done.stderr
    assert "did you mean replicas?" in done.stderr
