"""The main job by its commands, over real HTTP, with a real TorchScript model inside the emulator."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from tests.conftest import TINY_TEXT, Run
from tests.e2e.conftest import PICTURES, Provisioned

SERIES_MODEL = "sentence-transformers__clip-vit-b-32-multilingual-v1"
INDEX = "my-image-embeddings"


def test_apply_makes_everything_and_proves_the_model(provisioned: Provisioned) -> None:
    done = {item["address"]: item for item in provisioned.applied["outcome"]}
    kinds = [address.partition("/")[0] for address in done]
    wanted = ["trained_model", "deployment", "model_alias", "ingest_pipeline", "index_template", "index", "alias"]
    assert kinds == wanted
    assert "parity proven" in done[f"deployment/{SERIES_MODEL}"]["detail"]


def test_a_second_apply_changes_nothing(provisioned: Provisioned, clipline: Run) -> None:
    again = clipline("apply", *provisioned.variables, "--url", provisioned.url, "--yes", "--json")
    result = json.loads(again.stdout)
    assert result["outcome"] == []
    assert {change["verb"] for change in result["plan"]["changes"]} == {"no-op"}
    clipline("plan", *provisioned.variables, "--url", provisioned.url, "--check")
    assert "No drift" in clipline("drift", *provisioned.variables, "--url", provisioned.url).stdout


def test_a_no_op_apply_imports_no_torch(provisioned: Provisioned) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from clipline.cli import root\n"
        f"root.main(['apply', *{list(provisioned.variables)!r}, '--url', {provisioned.url!r}, '--yes'], "
        "standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'eland', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "In sync" in done.stdout


def test_load_indexed_every_picture(provisioned: Provisioned, client: Elasticsearch) -> None:
    assert provisioned.loaded["indexed"] == PICTURES
    assert provisioned.loaded["rejected"] == 0
    assert client.count(index=INDEX)["count"] == PICTURES


def test_a_second_load_indexes_nothing_and_says_so(provisioned: Provisioned, clipline: Run) -> None:
    done = clipline("load", str(provisioned.pictures), "--url", provisioned.url)
    assert f"0 indexed, {PICTURES} unchanged, 0 rejected" in done.stdout
    assert "Nothing to do" in done.stdout
    assert "loading the image encoder" not in done.stderr


def test_documents_came_through_the_pipeline(provisioned: Provisioned, client: Elasticsearch) -> None:
    hits = client.search(index=INDEX, query={"exists": {"field": "caption"}}, size=PICTURES)["hits"]["hits"]
    captions = sorted(provisioned.pictures.rglob("*.txt"))
    assert len(hits) == len(captions) > 0
    for hit in hits:
        assert hit["_source"]["ingested_at"]
        assert len(hit["_source"]["caption_embedding"]) == 512
        assert "model_id" not in hit["_source"]
        assert "ingest_error" not in hit["_source"]


def test_the_series_infer(client: Elasticsearch, provisioned: Provisioned) -> None:
    import httpx

    for path in ("_infer", "deployment/_infer"):
        answer = httpx.post(
            f"{provisioned.url}/_ml/trained_models/{SERIES_MODEL}/{path}",
            json={"docs": [{"text_field": "A mountain covered in snow"}]},
        )
        assert answer.status_code == 200
        # The old path answers with the bare result, as it always did.
        result = answer.json() if path.startswith("deployment") else answer.json()["inference_results"][0]
        assert len(result["predicted_value"]) == 512
        assert ("Warning" in answer.headers) == path.startswith("deployment")
    stats = client.ml.get_trained_models_stats(model_id=SERIES_MODEL)["trained_model_stats"]
    assert stats[0]["deployment_stats"]["state"] == "started"


def test_the_series_search(client: Elasticsearch) -> None:
    first = client.search(index=INDEX, size=1)["hits"]["hits"][0]
    vector = first["_source"]["image_embedding"]  # an application of the series reads it from there
    assert len(vector) == 512
    found = client.search(
        index=INDEX,
        knn={"field": "image_embedding", "query_vector": vector, "k": 5, "num_candidates": 10},
        fields=["image_id", "image_name", "relative_path"],
        source=False,
    )["hits"]["hits"]
    assert len(found) == 5
    assert found[0]["_id"] == first["_id"]
    assert found[0]["_score"] == pytest.approx(1.0, abs=1e-5)
    assert "_source" not in found[0]
    assert found[0]["fields"]["image_name"] == [first["_source"]["image_name"]]


@pytest.mark.models("compares with sentence-transformers")
def test_search_by_text_agrees_with_the_local_model(
    provisioned: Provisioned, client: Elasticsearch, clipline: Run
) -> None:
    from sentence_transformers import SentenceTransformer

    text = "zwei rote Kreise"
    done = clipline("search", text, "--url", provisioned.url, "--json", "-k", "5")
    hits = json.loads(done.stdout)["hits"]
    exact = json.loads(clipline("search", text, "--url", provisioned.url, "--json", "-k", "5", "--exact").stdout)[
        "hits"
    ]
    assert [hit["id"] for hit in hits] == [hit["id"] for hit in exact]
    vector = SentenceTransformer(str(TINY_TEXT), device="cpu").encode(text)
    for hit, other in zip(hits, exact, strict=True):
        stored = np.array(client.get(index=INDEX, id=hit["id"])["_source"]["image_embedding"])
        cosine = stored @ vector / np.linalg.norm(stored) / np.linalg.norm(vector)
        assert hit["score"] == pytest.approx((1 + cosine) / 2, abs=1e-4)
        assert other["score"] == pytest.approx(hit["score"], abs=1e-4)


@pytest.mark.models("encodes a picture")
def test_search_by_a_picture_finds_itself(provisioned: Provisioned, clipline: Run) -> None:
    picture = sorted(provisioned.pictures.rglob("*.jpeg"))[3]
    done = clipline("search", "--image", str(picture), "--url", provisioned.url, "--json")
    best = json.loads(done.stdout)["hits"][0]
    assert best["relative_path"] == picture.relative_to(provisioned.pictures).as_posix()
    assert best["score"] == pytest.approx(1.0, abs=1e-4)
    like = json.loads(clipline("search", "--like", best["id"], "--url", provisioned.url, "--json").stdout)["hits"]
    assert best["id"] not in {hit["id"] for hit in like}


def test_search_as_a_page(provisioned: Provisioned, clipline: Run, tmp_path: Path) -> None:
    page = tmp_path / "hits.html"
    arguments = ["search", "a star", "--url", provisioned.url, "--html", str(page), "-k", "3"]
    clipline(*arguments)
    assert "name the folder they were loaded from" in page.read_text("utf-8")
    clipline(*arguments, "--root", str(provisioned.pictures))
    html = page.read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") == 3
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.models("encodes a picture")
def test_dead_letters(provisioned: Provisioned, clipline: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(sorted(provisioned.pictures.rglob("*.png"))[0], folder / "good.png")
    (folder / "x.jpg").write_text("this is no picture")
    (folder / "empty.png").write_bytes(b"")
    letters = tmp_path / "letters.jsonl"
    done = clipline("load", str(folder), "--url", provisioned.url, "--dead-letters", str(letters), "--json", code=4)
    outcome = json.loads(done.stdout)
    assert (outcome["indexed"], outcome["rejected"]) == (1, 2)
    entries = {entry["path"]: entry for entry in map(json.loads, letters.read_text("utf-8").splitlines())}
    assert entries["x.jpg"]["stage"] == "decode"
    assert "not a picture" in entries["x.jpg"]["reason"]
    assert entries["empty.png"]["reason"] == "the file is empty"
    with Elasticsearch(provisioned.url) as client:
        client.delete_by_query(index=INDEX, query={"term": {"source": "mixed"}}, refresh=True)


def test_a_caption_over_the_token_limit_is_kept(provisioned: Provisioned, client: Elasticsearch) -> None:
    source = {"image_id": "long", "source": "test", "caption": "two red circles " * 200}
    client.index(index=INDEX, id="long-caption", document=source, require_alias=True, refresh=True)
    stored = client.get(index=INDEX, id="long-caption")["_source"]
    assert len(stored["caption_embedding"]) == 512
    assert "is_truncated" not in stored
    client.delete(index=INDEX, id="long-caption", refresh=True)


def test_a_caption_that_cannot_be_embedded_is_kept_with_the_reason(
    provisioned: Provisioned, client: Elasticsearch, clipline: Run
) -> None:
    client.ml.stop_trained_model_deployment(model_id=SERIES_MODEL, force=True)
    try:
        source = {"image_id": "late", "source": "test", "caption": "two red circles"}
        client.index(index=INDEX, id="no-model", document=source, require_alias=True, refresh=True)
        stored = client.get(index=INDEX, id="no-model")["_source"]
        assert stored["caption"] == "two red circles"
        assert "clip-text" in stored["ingest_error"]
        assert "caption_embedding" not in stored
        status = clipline("status", *provisioned.variables, "--url", provisioned.url, code=1).stdout
        assert "1 with an ingest error" in status
    finally:
        client.delete(index=INDEX, id="no-model", refresh=True)
        # The way back is the tool's own.
        applied = clipline("apply", *provisioned.variables, "--url", provisioned.url, "--yes").stdout
    assert "Plan: 1 to create; 6 unchanged." in applied
    assert "No drift" in clipline("drift", *provisioned.variables, "--url", provisioned.url).stdout


def test_status(provisioned: Provisioned, clipline: Run) -> None:
    done = clipline("status", *provisioned.variables, "--url", provisioned.url, "--json")
    status = json.loads(done.stdout)
    assert status["serving"] is True
    assert status["indices"][0]["documents"] == PICTURES
    assert status["models"][0]["state"] == "started"
