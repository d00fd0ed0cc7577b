"""The real pair's sizes, with random weights: 540 MB of text model through the same road as the tiny one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.demo.pictures import generate
from tests.conftest import Run
from tests.full_size import full_size_pair
from tests.nodes import running_emulator

PICTURES = 12

pytestmark = [pytest.mark.models("builds a bundle"), pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``text/`` and ``image/``: the modules, widths and numbers of pieces of the real pair."""
    return full_size_pair(tmp_path_factory.mktemp("full-size"))


def test_the_whole_job(pair: Path, clipline: Run, tmp_path: Path) -> None:
    generate(tmp_path / "album", count=PICTURES, seed=3)
    values = (f"text_model={pair / 'text'}", f"image_model={pair / 'image'}", "replicas=0")
    variables = [part for value in values for part in ("--var", value)]
    with running_emulator(tmp_path / "data") as url:
        applied = clipline("apply", *variables, "--url", url, "--yes", "--json", "--wait-timeout", "300", timeout=500)
        details = {item["address"]: item["detail"] for item in json.loads(applied.stdout)["outcome"]}
        assert "parity proven" in next(
            detail for address, detail in details.items() if address.startswith("deployment/")
        )
        with Elasticsearch(url) as client:
            (model,) = [
                model
                for model in client.ml.get_trained_models()["trained_model_configs"]
                if model["model_id"].startswith("sentence-transformers__")
            ]
            assert model["inference_config"]["text_embedding"]["embedding_size"] == 512
            size = client.ml.get_trained_models_stats(model_id=model["model_id"])["trained_model_stats"][0]
            assert size["model_size_stats"]["model_size_bytes"] > 500 * 1024**2
        loaded = json.loads(clipline("load", str(tmp_path / "album"), "--url", url, "--json").stdout)
        assert (loaded["indexed"], loaded["rejected"]) == (PICTURES, 0)
        hits = json.loads(clipline("search", "two red circles", "--url", url, "--json", "-k", "5").stdout)["hits"]
        assert len(hits) == 5
        # Nothing changes, and nothing large is read to know it.
        again = clipline("apply", *variables, "--url", url, "--yes", "--json")
        assert json.loads(again.stdout)["outcome"] == []
