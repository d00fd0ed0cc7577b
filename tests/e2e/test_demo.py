"""``clipline demo``: what a newcomer types first, and the emulator that serves its folder again."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.demo.job import HITS, QUERIES
from tests.conftest import Run

PICTURES = 60


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, clipline: Run) -> tuple[Path, Path, str]:
    """The folder and the page that a demo left, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    page = folder / "demo.html"
    done = clipline("demo", "--data", str(folder / "data"), "--keep", "--html", str(page), "--pictures", str(PICTURES))
    return folder / "data", page, done.stdout


@pytest.mark.models("encodes pictures")
def test_it_prints_plan_outcome_and_hits(kept: tuple[Path, Path, str]) -> None:
    printed = kept[2]
    assert "Plan: 7 to create." in printed
    assert f"{PICTURES} indexed, 0 unchanged, 0 rejected" in printed
    for language, text in QUERIES:
        assert f"{text} ({language})" in printed
    # The query by a picture of the index finds that picture.
    by_picture = printed.partition("by the picture camera/IMG_0001.jpeg")[2]
    assert re.search(r"score.*\n1\.0000 +IMG_0001\.jpeg +pictures/camera/IMG_0001\.jpeg", by_picture)


@pytest.mark.models("encodes pictures")
def test_the_page_needs_nothing_else(kept: tuple[Path, Path, str]) -> None:
    page = kept[1].read_text("utf-8")
    sections = len(QUERIES) + 2
    # Every hit has its picture, and the query by a picture shows itself.
    assert page.count('src="data:image/jpeg;base64,') == sections * HITS + 1
    assert not re.search(r'(src|href)="(?!data:)', page)


@pytest.mark.models("encodes pictures")
def test_the_emulator_serves_the_folder_again(kept: tuple[Path, Path, str], clipline: Run) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "clipline.cli", "emulator", "--data", str(kept[0]), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.rpartition(" ")[2].strip()
        assert re.fullmatch(r"clipline emulator ready at http://127\.0\.0\.1:\d+\n", line)
        with Elasticsearch(url) as client:
            assert client.count(index="my-image-embeddings")["count"] == PICTURES
        hits = clipline("search", "two red circles", "--url", url, "--json", "-k", "5").stdout
        assert len(json.loads(hits)["hits"]) == 5
        again = clipline("load", str(kept[0] / "pictures"), "--url", url).stdout
        assert f"0 indexed, {PICTURES} unchanged, 0 rejected" in again
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout.read() == ""
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_data_and_keep_go_together(clipline: Run, tmp_path: Path) -> None:
    assert "--data and --keep go together" in clipline("demo", "--keep", code=2).stderr
    assert "--data and --keep go together" in clipline("demo", "--data", str(tmp_path), code=2).stderr
