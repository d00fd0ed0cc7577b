"""``clipline test``: the default stack's own tests of its pipeline, on a cluster that it was applied to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from junitparser import JUnitXml

from tests.conftest import Run
from tests.e2e.conftest import Provisioned

STOPPED = "a model whose deployment is stopped costs the vector, not the picture"


def test_the_default_stack_passes(
    provisioned: Provisioned, client: Elasticsearch, clipline: Run, tmp_path: Path
) -> None:
    arguments = ("test", *provisioned.variables, "--url", provisioned.url)
    junit = tmp_path / "results.xml"
    done = clipline(*arguments, "image-embeddings", "--stand-in", "--junit", str(junit))
    (suite,) = JUnitXml.fromfile(str(junit))
    assert (suite.name, suite.failures, suite.errors, suite.skipped) == ("image-embeddings", 0, 0, 0)
    assert done.stdout.splitlines()[-1].startswith(f"{suite.tests} passed in ")
    models = client.ml.get_trained_models(model_id="clipline-test-*", allow_no_match=True)
    assert models["count"] == 0
    # Without the stand-in nothing is written, and what cannot be tried here is told.
    found = json.loads(clipline(*arguments, "--json").stdout)
    assert (found["passed"], found["failed"], found["skipped"]) == (suite.tests - 1, 0, 1)
    (skipped,) = [case for case in found["cases"] if case["outcome"] == "skipped"]
    assert skipped["name"] == STOPPED
    assert "--stand-in" in skipped["reason"]


def test_the_files_are_tested_and_not_the_cluster(
    provisioned: Provisioned, clipline: Run, stack_copy: Path, tmp_path: Path
) -> None:
    pipeline = stack_copy / "pipelines" / "image-embeddings.yml"
    text = pipeline.read_text("utf-8")
    spoiled = text.replace(" && ctx.caption_embedding == null", "").replace("[model_id, is_truncated]", "[model_id]")
    assert len(text) - len(spoiled) > 40
    pipeline.write_text(spoiled, "utf-8")
    junit = tmp_path / "results.xml"
    arguments = ("--stack", str(stack_copy), *provisioned.variables, "--url", provisioned.url, "--junit", str(junit))
    lines = clipline("test", *arguments, code=1).stdout.splitlines()
    (suite,) = JUnitXml.fromfile(str(junit))
    failed = {case.name: case.result[0].text for case in suite if case.is_failure}
    twice, brought, long = sorted(failed, key=list(failed).index)
    wanted = "~ caption_embedding  expected a vector of 512 numbers, not all zero, found a list of 1024 numbers"
    assert "in pass 2: 1 field of the document not as expected" in failed[twice]
    assert wanted in failed[twice]
    assert "~ caption_embedding  expected [0.6, 0.8], found a list of 514 numbers" in failed[brought]
    assert "+ is_truncated  expected nothing, found true" in failed[long]
    assert sum(line.startswith("FAILED ") for line in lines) == len(failed) == 3
    assert any(wanted in line for line in lines)
    assert lines[-1].startswith(f"{suite.tests - 4} passed, 3 failed, 1 skipped in ")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (
            ("image-embedings",),
            "this stack has no pipeline 'image-embedings'\n  hint: pipelines/ holds image-embeddings",
        ),
        ((), "there is nothing to test"),
    ],
)
def test_usage(arguments: tuple[str, ...], wanted: str, clipline: Run, stack_copy: Path) -> None:
    for file in (stack_copy / "pipelines" / "tests").rglob("*.yml"):
        file.unlink()
    done = clipline("test", *arguments, "--stack", str(stack_copy), "--url", "http://127.0.0.1:9", code=2)
    assert wanted in done.stderr


def test_a_variable_of_the_tests_alone(clipline: Run, stack_copy: Path) -> None:
    file = stack_copy / "pipelines" / "tests" / "image-embeddings" / "faults.yml"
    file.write_text(file.read_text("utf-8").replace("IMG_0004", "${picture:-IMG_0004}"), "utf-8")
    arguments = ("validate", "--stack", str(stack_copy), "--var")
    clipline(*arguments, "picture=x")
    assert "uses the variable pictur" in clipline(*arguments, "pictur=x", code=2).stderr
