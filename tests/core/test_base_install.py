"""The base install: what works where no extra is, and the one sentence where it does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from clipline.commands.options import EMULATOR_PACKAGES
from tests.conftest import ROOT, TINY, TINY_IMAGE, Run
from tests.core.absent import EXTRAS, without

VARIABLES = tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a process without any extra."""
    return {**without(EXTRAS, tmp_path / "absent"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_init_and_validate(tmp_path: Path, bare: dict[str, str], clipline: Run) -> None:
    folder = tmp_path / "My Stack"
    assert "wrote the stack 'my-stack'" in clipline("init", str(folder), env=bare).stderr
    validated = clipline("validate", "--stack", str(folder), env=bare).stdout
    assert "The stack my-stack is valid: 3 files." in validated
    assert re.search(r"^pipeline tests: image-embeddings, \d\d cases$", validated, re.MULTILINE)
    found = json.loads(clipline("validate", "--stack", str(folder), "--json", env=bare).stdout)
    assert found["stack"] == "my-stack"
    assert set(found["assets"]) == {"index_template", "ingest_pipeline", "model"}
    done = clipline("init", str(folder), env=bare, code=2)
    assert "mappings, pipelines, models, vars.yml is there already" in done.stderr


def test_plan_drift_and_status(emulator_url: str, bare: dict[str, str], clipline: Run) -> None:
    names = ("--var", "index_alias=bare", "--var", "model_alias=bare-text", "--var", "deployment_id=bare-deployment")
    arguments = (*VARIABLES, *names, "--url", emulator_url)
    plan = json.loads(clipline("plan", *arguments, "--json", "--check", env=bare, code=3).stdout)
    assert plan["changes"][0]["kind"] == "trained_model"
    # The digest is known without torch: it is one of files.
    assert not plan["changes"][0]["name"].endswith("?")
    clipline("drift", *arguments, env=bare, code=3)
    status = clipline("status", *arguments, env=bare, code=1).stdout
    assert "index      bare: not there; run `clipline apply`" in status
    assert "bare-text → no model" in status


def test_help_of_every_command(bare: dict[str, str], clipline: Run) -> None:
    from clipline.cli import _COMMANDS

    for name in _COMMANDS:
        assert "Usage:" in clipline(name, "--help", env=bare).stdout


@pytest.mark.parametrize(
    "package", ["torch", "sentence_transformers", "transformers", pytest.param("eland", marks=pytest.mark.slow)]
)
def test_building_without_models(tmp_path: Path, clipline: Run, package: str) -> None:
    environment = {**without([package], tmp_path / "absent"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = clipline("bundle", "build", *VARIABLES, env=environment, code=1)
    assert done.stderr.splitlines() == [
        f"error: building a bundle needs the package {package}, which is not installed",
        "  hint: pip install 'clipline[models]'",
    ]


def test_applying_without_models_and_without_a_bundle(emulator_url: str, bare: dict[str, str], clipline: Run) -> None:
    done = clipline("apply", *VARIABLES, "--var", "index_alias=bare", "--url", emulator_url, "--yes", env=bare, code=1)
    assert "error: building a bundle needs the package" in done.stderr
    assert "hint: pip install 'clipline[models]'" in done.stderr
    with Elasticsearch(emulator_url) as client:
        assert client.indices.get(index="bare-*").body == {}


def test_the_emulators_packages_are_its_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["emulator"]
    assert sorted(EMULATOR_PACKAGES) == sorted(re.match(r"[\w-]+", line)[0] for line in extra)  # type: ignore[index]


@pytest.mark.parametrize("package", EMULATOR_PACKAGES)
def test_the_emulator_without_its_extra(tmp_path: Path, clipline: Run, package: str) -> None:
    environment = without([package], tmp_path / "absent")
    for arguments in (["emulator", "--data", str(tmp_path / "d")], ["plan", "--emulator"]):
        done = clipline(*arguments, env=environment, cwd=tmp_path, code=1)
        assert f"error: the emulator needs the package {package}, which is not installed" in done.stderr
        assert "hint: pip install 'clipline[emulator]'" in done.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "python_multipart"])
def test_the_page_without_its_extra(tmp_path: Path, clipline: Run, package: str) -> None:
    environment = without([package], tmp_path / "absent")
    done = clipline("web", "--url", "http://127.0.0.1:1", env=environment, code=1)
    assert f"error: the search page needs the package {package}, which is not installed" in done.stderr
    assert "hint: pip install 'clipline[web]'" in done.stderr


def test_encoding_pictures_without_models(bare: dict[str, str], tmp_path: Path) -> None:
    script = (
        "from clipline.core.encoders import load_image_encoder\n"
        "from clipline.core.errors import MissingExtraError\n"
        "from clipline.core.records import EncoderIdentity\n"
        f"wanted = EncoderIdentity(model={str(TINY_IMAGE)!r}, revision=None, digest=None, dims=512, similarity='cosine')\n"
        "try:\n    load_image_encoder(wanted)\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **bare}, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("encoding pictures needs the package torch, which is not installed")
    assert "pip install 'clipline[models]'" in done.stdout
