"""Texts encoded on the client: the whole job on a cluster with a basic licence and no ML node, and the way to the cluster.

The stack is one file apart from the default one: ``text_encoder: client`` in its model file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from clipline.demo.pictures import generate
from tests.conftest import ROOT, TINY, TINY_IMAGE, TINY_TEXT, Run
from tests.emulator.secure_node import secure_node
from tests.nodes import running_emulator

pytestmark = pytest.mark.models("encodes texts and pictures")

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
ALIAS, INDEX, PIPELINE = "my-image-embeddings", "my-image-embeddings-000001", "image-embeddings"
VARIABLES = tuple(part for value in TINY for part in ("--var", value))
QUERIES = ("two red circles", "drei blaue Sterne", "un triangle vert 🔺", "三个紫色的圆形")
PICTURES = 24
LINE = "text_encoder: ${text_encoder:-cluster}"
ML = re.compile(r"(?:PUT|POST|DELETE) \S+/_ml/\S*")


def write_stack(folder: Path, where: str) -> Path:
    """The default stack with one line written out."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("mappings", "pipelines", "models"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "vars.yml", folder)
    file = folder / "models" / f"{STEM}.yml"
    text = file.read_text("utf-8")
    assert LINE in text
    file.write_text(text.replace(LINE, f"text_encoder: {where}"), "utf-8")
    return folder


@dataclass(frozen=True, slots=True)
class Job:
    """A data folder that an emulator can serve again under another licence, and the pictures that were loaded."""

    data: Path
    stack: Path
    pictures: Path
    hits: dict[str, list[Any]]
    applied: subprocess.CompletedProcess[str]
    loaded: dict[str, Any]


def search(clipline: Run, url: str, text: str, *options: str) -> list[tuple[str, float]]:
    """The ids found, with their scores."""
    found = json.loads(clipline("search", text, "--url", url, "--json", "-k", "5", *options).stdout)["hits"]
    return [(hit["id"], hit["score"]) for hit in found]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, clipline: Run) -> Job:
    """Apply, load and search, on a cluster that cannot run a model."""
    folder = tmp_path_factory.mktemp("on-client")
    stack = write_stack(folder / "stack", "client")
    pictures = folder / "album"
    generate(pictures, count=PICTURES, seed=3)
    with running_emulator(folder / "data", "--license", "basic", "--no-ml-node") as url:
        target = ("--stack", str(stack), *VARIABLES, "--url", url)
        applied = clipline("apply", *target, "--yes", "--json", "--verbose")
        loaded = json.loads(clipline("load", str(pictures), "--url", url, "--json").stdout)
        hits = {text: search(clipline, url, text) for text in QUERIES}
    return Job(folder / "data", stack, pictures, hits, applied, loaded)


@pytest.fixture
def basic(job: Job, clipline: Run) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The same cluster again; gives its URL and the options of the stack."""
    with running_emulator(job.data, "--license", "basic", "--no-ml-node") as url:
        yield url, ("--stack", str(job.stack), *VARIABLES, "--url", url)


def captions(client: Elasticsearch) -> dict[str, list[float]]:
    """The vector of each caption, by the id of its picture."""
    found = client.search(index=ALIAS, query={"exists": {"field": "caption"}}, size=PICTURES)["hits"]["hits"]
    return {hit["_id"]: hit["_source"]["caption_embedding"] for hit in found}


def test_apply_brings_no_model(job: Job) -> None:
    result = json.loads(job.applied.stdout)
    assert [item["address"].partition("/")[0] for item in result["outcome"]] == [
        "ingest_pipeline",
        "index_template",
        "index",
        "alias",
    ]
    assert result["plan"]["problems"] == []
    notes = [note.partition(":")[0] for note in result["plan"]["notes"]]
    assert notes == [f"trained_model/{STEM}", f"deployment/{STEM}", "model_alias/clip-text"]
    assert "text_encoder: client" in result["plan"]["notes"][0]
    assert not ML.findall(job.applied.stderr)
    assert "building the bundle" not in job.applied.stderr


def test_apply_needs_no_torch(job: Job, tmp_path: Path) -> None:
    with running_emulator(tmp_path, "--license", "basic", "--no-ml-node") as url:
        script = (
            "import sys; from clipline.cli import root\n"
            f"root.main(['apply', '--stack', {str(job.stack)!r}, *{list(VARIABLES)!r}, '--url', {url!r}, '--yes'], "
            "standalone_mode=False)\n"
            "heavy = {'torch', 'transformers', 'eland', 'sentence_transformers'} & set(sys.modules)\n"
            "assert not heavy, heavy\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Applied: 4 changes" in done.stdout


def test_captions_have_the_local_models_vectors(job: Job, basic: tuple[str, Any]) -> None:
    from sentence_transformers import SentenceTransformer

    written = sorted(job.pictures.rglob("*.txt"))
    assert (job.loaded["indexed"], job.loaded["captions_without_vector"]) == (PICTURES, 0)
    assert job.loaded["ingest_errors"] == 0
    with Elasticsearch(basic[0]) as client:
        found = captions(client)
        assert len(found) == len(written) > 0
        some = next(iter(found))
        caption = client.get(index=ALIAS, id=some)["_source"]["caption"]
    vector = SentenceTransformer(str(TINY_TEXT), device="cpu").encode(caption)
    assert cosine(found[some], vector) > 0.9999


@pytest.mark.parametrize("text", QUERIES[:2])
def test_exact_search_agrees(job: Job, basic: tuple[str, Any], clipline: Run, text: str) -> None:
    exact = search(clipline, basic[0], text, "--exact")
    assert [hit for hit, _ in exact] == [hit for hit, _ in job.hits[text]]
    assert [score for _, score in exact] == pytest.approx([score for _, score in job.hits[text]], abs=1e-4)


def test_what_the_other_commands_say(basic: tuple[str, tuple[str, ...]], clipline: Run, tmp_path: Path) -> None:
    _, target = basic
    assert "No drift" in clipline("drift", *target).stdout
    status = clipline("status", *target).stdout
    assert "clip-text: texts are encoded on the client" in status
    assert "absent" not in status
    assert json.loads(clipline("status", *target, "--json").stdout)["client_models"] == ["clip-text"]
    doctor = clipline("doctor", *target).stdout
    assert "Nothing blocks" in doctor
    assert "texts are encoded on the client" in doctor
    done = clipline("eval", "--parity", *target, code=2)
    assert "this stack encodes its texts on the client" in done.stderr
    assert "text_encoder: cluster" in done.stderr
    tested = clipline("test", *target).stdout
    assert "whose texts are encoded on the client" in tested
    assert "failed" not in tested.splitlines()[-1]
    assert "Nothing to delete" in clipline("prune", *target).stdout
    bundle = tmp_path / "text.tar"
    clipline("bundle", "build", "--stack", target[1], *VARIABLES, "--out", str(bundle))
    done = clipline("bundle", "push", str(bundle), *target, code=2)
    assert "on the client, so its model has no place on the cluster" in done.stderr


@pytest.mark.slow
def test_another_text_model_is_refused(
    basic: tuple[str, tuple[str, ...]], clipline: Run, job: Job, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(TINY_TEXT, other)
    settings = other / "config_sentence_transformers.json"
    settings.write_text(settings.read_text("utf-8") + "\n", "utf-8")
    done = clipline("search", "dog", "--url", basic[0], "--text-model", str(other), code=1)
    assert "the index's texts are encoded by" in done.stderr
    assert "is another text model (sha256:" in done.stderr
    assert "--text-model" in done.stderr
    album = tmp_path / "more"
    shutil.copytree(job.pictures, album)
    refused = clipline("load", str(album), "--url", basic[0], "--text-model", str(other), code=1)
    assert "is another text model (sha256:" in refused.stderr
    moved = tmp_path / "moved"
    shutil.copytree(TINY_TEXT, moved)
    assert search(clipline, basic[0], QUERIES[0], "--text-model", str(moved)) == job.hits[QUERIES[0]]


@pytest.mark.slow
def test_the_files_are_needed_only_where_texts_are_encoded(job: Job, clipline: Run, tmp_path: Path) -> None:
    """Apply where neither model is at hand; the first load makes both binding."""
    nowhere = {"HF_HUB_CACHE": str(tmp_path / "empty")}
    here = ("--text-model", str(TINY_TEXT))
    with running_emulator(tmp_path / "data", "--license", "basic", "--no-ml-node") as url, Elasticsearch(url) as client:
        target = ("--stack", str(job.stack), "--var", "replicas=0", "--url", url)
        assert "Applied: 4 changes" in clipline("apply", *target, "--yes", env=nowhere).stdout

        def mark() -> dict[str, Any]:
            marks = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]["clipline"]
            return dict(marks["text_encoder"])

        assert (mark()["model"], "digest" in mark()) == ("sentence-transformers/clip-ViT-B-32-multilingual-v1", False)
        clipline("load", str(job.pictures), "--url", url, *here, "--image-model", str(TINY_IMAGE), env=nowhere)
        assert mark()["digest"].startswith("sha256:")
        # The stack's files still name another model, of which nothing is at hand: what the load wrote stays.
        assert "No drift" in clipline("drift", *target, env=nowhere).stdout
        assert search(clipline, url, QUERIES[0], *here) == job.hits[QUERIES[0]]
        refused = clipline("search", "dog", "--url", url, env={**nowhere, "HF_HUB_OFFLINE": "1"}, code=1)
        assert "cannot be downloaded" in refused.stderr


@pytest.mark.slow
def test_the_printed_roles_are_enough(job: Job, clipline: Run, tmp_path: Path) -> None:
    stack = ("--stack", str(job.stack), *VARIABLES)
    bodies = json.loads(clipline("doctor", "--print-roles", *stack).stdout)
    assert "manage_ml" not in json.dumps(bodies)
    album = tmp_path / "album"
    generate(album, count=2, seed=3)
    with secure_node(tmp_path / "data", "--license", "basic", "--no-ml-node") as secure:
        known = secure.running.environment
        keep = {name: known[name] for name in ("ELASTICSEARCH_URL", "ELASTICSEARCH_CA_CERTS")}

        def run(job: str, *arguments: str) -> str:
            made = secure("POST", "/_security/api_key", bodies[job], who=secure.elastic)
            return clipline(*arguments, env={**keep, "ELASTICSEARCH_API_KEY": made["encoded"]}).stdout

        assert "Applied: 4 changes" in run("provisioner", "apply", *stack, "--yes")
        assert "2 indexed" in run("loader", "load", str(album))
        assert len(json.loads(run("searcher", "search", "dog", "--json"))["hits"]) == 2
        assert "No drift" in run("watcher", "drift", *stack)
        assert "texts are encoded on the client" in run("watcher", "status", *stack)
        assert "Nothing blocks" in run("provisioner", "doctor", *stack)


@pytest.mark.parametrize("flags", [("--license", "basic"), ("--no-ml-node",)])
def test_the_cluster_mode_names_this_way_on(flags: tuple[str, ...], clipline: Run, tmp_path: Path) -> None:
    with running_emulator(tmp_path, *flags) as url:
        doctor = clipline("doctor", *VARIABLES, "--url", url, code=1).stdout
        assert f"text_encoder: client in models/{STEM}.yml" in doctor
        failed = clipline("apply", *VARIABLES, "--url", url, "--yes", code=1)
        assert "text_encoder: client" in failed.stdout + failed.stderr


def test_one_line_and_the_cluster_encodes(job: Job, clipline: Run, tmp_path: Path) -> None:
    data, stack = tmp_path / "data", write_stack(tmp_path / "stack", "cluster")
    shutil.copytree(job.data, data)
    with running_emulator(data, "--license", "trial") as url, Elasticsearch(url) as client:
        target = ("--stack", str(stack), *VARIABLES, "--url", url)
        by_client = captions(client)
        documents = client.count(index=ALIAS)["count"]
        plan = json.loads(clipline("plan", *target, "--json").stdout)
        pending = {f"{item['kind']}/{item['name']}": item for item in plan["changes"] if item["verb"] != "no-op"}
        kinds = [(item["kind"], item["verb"]) for item in pending.values()]
        assert kinds == [
            ("trained_model", "create"),
            ("deployment", "create"),
            ("model_alias", "create"),
            ("index", "update"),
        ]
        change = pending[f"index/{INDEX}"]
        assert change["reason"] == "can be changed in place"
        assert [field["path"] for field in change["fields"]] == ["_meta.clipline.text_encoder"]
        applied = clipline("apply", *target, "--yes")
        assert "parity proven" in applied.stderr
        meta = client.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["_meta"]["clipline"]
        assert "text_encoder" not in meta
        assert "No drift" in clipline("drift", *target).stdout

        # The same pictures are found, and nothing was loaded again.
        for text, hits in job.hits.items():
            done = clipline("search", text, "--url", url, "--json", "-k", "5")
            assert "loading the text model" not in done.stderr
            found = json.loads(done.stdout)["hits"]
            assert [hit["id"] for hit in found] == [hit for hit, _ in hits]
            assert [hit["score"] for hit in found] == pytest.approx([score for _, score in hits], abs=1e-3)
        assert "0 indexed" in clipline("load", str(job.pictures), "--url", url).stdout
        assert client.count(index=ALIAS)["count"] == documents
        assert captions(client) == by_client

        # A caption's vector is the same wherever it was made.
        for id_ in by_client:
            document = client.get(index=ALIAS, id=id_)["_source"]
            del document["caption_embedding"]
            client.index(index=ALIAS, id=id_, document=document, require_alias=True)
        client.indices.refresh(index=ALIAS)
        by_cluster = captions(client)
        assert all(cosine(by_client[id_], by_cluster[id_]) >= 0.999 for id_ in by_client)

        # And back: nothing but the mark changes; what is on the cluster is free to go.
        back = ("--stack", str(write_stack(tmp_path / "back", "client")), *VARIABLES, "--url", url)
        plan = json.loads(clipline("plan", *back, "--json").stdout)
        assert [item["kind"] for item in plan["changes"] if item["verb"] != "no-op"] == ["index"]
        assert "there from before" in plan["notes"][-1]
        assert not [address for address in plan["orphans"] if address.startswith("trained_model/")]
        assert "Nothing to delete" in clipline("prune", *back).stdout, "the index still has its texts encoded there"
        clipline("apply", *back, "--yes")
        orphans = json.loads(clipline("plan", *back, "--json").stdout)["orphans"]
        assert [address.partition("/")[0] for address in orphans] == ["model_alias", "deployment", "trained_model"]
        gone = clipline("prune", *back, "--yes")
        assert "the model alias clip-text goes with it" in gone.stdout
        assert "Deleted: 2 resources" in gone.stdout
        assert client.ml.get_trained_models(model_id=f"{STEM}*", allow_no_match=True)["count"] == 0
        assert "No drift" in clipline("drift", *back).stdout
        assert search(clipline, url, QUERIES[0]) == job.hits[QUERIES[0]]


def cosine(left: Any, right: Any) -> float:
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
