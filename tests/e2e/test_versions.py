"""The whole job on other versions: the newest one, and 8.19 with the client of that line, without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from clipline.demo.pictures import generate
from clipline.emulator.launch import running_emulator
from tests.conftest import ROOT, TINY, Run

VARIABLES = tuple(word for value in TINY for word in ("--var", value))
SERIES_MODEL = "sentence-transformers__clip-vit-b-32-multilingual-v1"


@pytest.mark.slow
def test_the_job_on_the_newest_version(tmp_path: Path, clipline: Run) -> None:
    generate(tmp_path / "pictures", count=12, seed=3)
    with running_emulator(tmp_path / "data", "--version", "9.5.2") as url:
        target = ("--url", url)
        assert "Applied: 7 changes" in clipline("apply", "--yes", *VARIABLES, *target).stdout
        assert "No drift" in clipline("drift", *VARIABLES, *target).stdout
        assert "12 indexed" in clipline("load", str(tmp_path / "pictures"), *target).stdout
        assert ".jpeg" in clipline("search", "two red circles", *target).stdout
        infer = httpx.post(f"{url}/_ml/trained_models/{SERIES_MODEL}/_infer", json={"docs": [{"text_field": "snow"}]})
        assert len(infer.json()["inference_results"][0]["predicted_value"]) == 512


@pytest.mark.slow
def test_the_client_of_8_19(tmp_path: Path, clipline: Run) -> None:
    old = _environment(tmp_path)
    bundle = tmp_path / "text.tar"
    clipline("bundle", "build", "--out", str(bundle), *VARIABLES)

    def run(*arguments: str, url: str, code: int = 0) -> str:
        done = subprocess.run(
            [old, "-m", "clipline.cli", *arguments, "--url", url],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=110,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    with running_emulator(tmp_path / "data", "--version", "8.19.20") as url:
        plan = run("plan", "--bundle", str(bundle), *VARIABLES, url=url)
        assert "exclude_source_vectors is left out, it needs Elasticsearch 9.2" in plan
        applied = run("apply", "--yes", "--bundle", str(bundle), *VARIABLES, url=url)
        assert "parity proven, lowest cosine 1.000000" in applied
        assert "No drift" in run("drift", *VARIABLES, url=url)
        assert "(Elasticsearch 8.19.20)" in run("status", *VARIABLES, url=url)
        document = {"image_id": "IMG_1", "image_name": "IMG_1.jpeg", "relative_path": "a/IMG_1.jpeg", "source": "a",
                    "image_embedding": [1.0] + [0.0] * 511}  # fmt: skip
        httpx.put(f"{url}/my-image-embeddings/_doc/1?refresh=true", json=document).raise_for_status()
        assert "IMG_1.jpeg" in run("search", "two red circles", url=url)
        # And the newer client is refused by the older server, in a sentence.
        assert "a major version ahead of this server" in clipline("status", *VARIABLES, "--url", url, code=1).stderr


def _environment(folder: Path) -> Path:
    """An environment with the base install and the client of 8.19."""
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=120)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "elasticsearch>=8.19,<9", ROOT]
    subprocess.run(install, check=True, timeout=300)
    return python
