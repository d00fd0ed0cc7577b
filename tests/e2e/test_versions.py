"""The whole job on the newest version, and what client and server of two majors make of each other."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from clipline.demo.pictures import generate
from tests.conftest import TINY, Run
from tests.nodes import CLIENT, running_emulator

VARIABLES = tuple(word for value in TINY for word in ("--var", value))
SERIES_MODEL = "sentence-transformers__clip-vit-b-32-multilingual-v1"


@pytest.mark.slow
@pytest.mark.models("encodes pictures")
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


@pytest.mark.skipif(CLIENT < 9, reason="about a client that is ahead of its server")
def test_an_older_server_refuses_the_newer_client(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path, "--version", "8.19.20") as url:
        done = clipline("status", *VARIABLES, "--url", url, code=1)
    assert "is ahead of this server, which is version 8" in done.stderr
    assert "pip install 'elasticsearch>=8.19,<9'" in done.stderr


@pytest.mark.skipif(CLIENT > 8, reason="about a client that is behind its server")
def test_a_newer_server_serves_the_older_client(tmp_path: Path, clipline: Run) -> None:
    with running_emulator(tmp_path, "--version", "9.5.2") as url:
        assert "Applied: 7 changes" in clipline("apply", "--yes", *VARIABLES, "--url", url).stdout
        assert "No drift" in clipline("drift", *VARIABLES, "--url", url).stdout
