"""Spoiled stacks: each finding has file, line, and a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from clipline.core.errors import AssetError, CliplineError, UsageError
from provisioning.assets.stack import read_stack
from provisioning.assets.validate import check
from provisioning.assets.variables import gather

TEMPLATE = "mappings/image-embeddings.yml"
PIPELINE = "pipelines/image-embeddings.yml"
MODEL = "models/sentence-transformers__clip-vit-b-32-multilingual-v1.yml"

CASES = {
    "broken YAML": (TEMPLATE, "priority: 200", "priority: [200", r"mappings/.*:\d+: not valid YAML"),
    "tab": (PIPELINE, "processors:\n  - set:", "processors:\n\t- set:", r"pipelines/.*:5: not valid YAML: a tab"),
    "duplicate key": (TEMPLATE, "priority: 200", "priority: 200\npriority: 3", r":5: the key 'priority' .*line 4"),
    "python tag": (TEMPLATE, "priority: 200", "priority: !!python/object:x.y {}", r":4: the tag .* is not allowed"),
    "unknown key": (TEMPLATE, "priority: 200", "prioritty: 200", r":4: unknown key 'prioritty'\n.*did you mean 'priority'"),
    "wrong type": (TEMPLATE, "priority: 200", "priority: high", r":4: priority must be of type integer"),
    "256 dims": (TEMPLATE, "dims: 512", "dims: 256", r"mappings/.*:\d+: image_embedding has 256 dims, but the model"),
    "dims out of range": (TEMPLATE, "dims: 512", "dims: 5000", r"dims is 5000, but must be at most 4096"),
    "unknown dense_vector parameter": (TEMPLATE, "similarity: cosine", "similarty: cosine", r"unknown key 'similarty'"),
    "dangling pipeline": (TEMPLATE, "default_pipeline: image-", "default_pipeline: imag-", r"there is no pipeline 'imag-"),
    "dangling model in the mapping": (TEMPLATE, "text_model: ${", "text_model: x${", r"no model file has the alias"),
    "dangling model in the pipeline": (PIPELINE, "model_id: ${", "model_id: x${", r"no model file declares the model 'x"),
    "unknown processor": (PIPELINE, "- remove:", "- remoov:", r"there is no ingest processor 'remoov'\n.*'remove'"),
    "alias ends in a digit": (MODEL, "model_alias:-clip-text", "model_alias:-clip-8", r"models/.*: the model alias 'clip-8'"),
    "upper-case deployment": (MODEL, "deployment_id:-sent", "deployment_id:-Sent", r"the deployment id 'Sent"),
    "threads": (MODEL, "threads_per_allocation: 1", "threads_per_allocation: 3", r"is 3; allowed are 1, 2, 4"),
    "missing key": (MODEL, "space: clip-vit-b-32\n", "", r"the file: 'space' is missing"),
    "another text encoder": (MODEL, "${text_encoder:-cluster}", "moon", r'text_encoder is "moon"; allowed are cluster, client'),
    "unknown variable": (MODEL, "${text_model:-", "${text_modle}${text_model:-", r"the variable text_modle has no value"),
    "broken reference": (MODEL, "${text_model:-", "${text_model:", r"has a broken reference"),
    "pattern without generations": (TEMPLATE, '["${index_alias', '["x${index_alias', r"which no pattern here matches"),
    "pattern matches the alias": (TEMPLATE, 'embeddings}-*"', 'embeddings}*"', r"would match the alias"),
    "upper-case index alias": (TEMPLATE, "alias: ${index_alias:-my", "alias: ${index_alias:-My", r"must be lower-case"),
    "replicas of words": (TEMPLATE, "${replicas:-1}", "many", r":\d+: number_of_replicas is 'many', but must be a number"),
    "no shards": (TEMPLATE, "${shards:-1}", "0", r":\d+: number_of_shards is 0, but must be a number, at least 1"),
    "empty file": (PIPELINE, None, "", r"this file is empty"),
    "a list": (PIPELINE, None, "[1, 2]", r"must hold one mapping"),
}  # fmt: skip


def validate(directory: Path, *flags: str) -> None:
    """Read and check a stack."""
    check(read_stack(directory, gather(stack=directory, flags=flags, environment={})))


@pytest.mark.parametrize("name", CASES)
def test_finding(stack_copy: Path, name: str) -> None:
    file, old, new, wanted = CASES[name]
    path = stack_copy / file
    text = path.read_text("utf-8")
    assert old is None or old in text
    path.write_text(new if old is None else text.replace(old, new), "utf-8")
    with pytest.raises(CliplineError) as caught:
        validate(stack_copy)
    assert re.search(wanted, str(caught.value), re.DOTALL), str(caught.value)
    assert caught.value.where
    assert caught.value.where.startswith(file)


def test_the_default_stack_is_valid(stack_copy: Path) -> None:
    validate(stack_copy)


def test_json_assets_are_read_by_the_same_road(stack_copy: Path) -> None:
    import yaml

    path = stack_copy / PIPELINE
    body = yaml.safe_load(path.read_text("utf-8").replace("${model_alias:-clip-text}", "clip-text"))
    path.unlink()
    (stack_copy / "pipelines/image-embeddings.json").write_text(json.dumps(body, indent=1), "utf-8")
    validate(stack_copy)
    body["processsors"] = []
    (stack_copy / "pipelines/image-embeddings.json").write_text(json.dumps(body, indent=1), "utf-8")
    with pytest.raises(AssetError, match="unknown key 'processsors'") as caught:
        validate(stack_copy)
    assert re.fullmatch(r"pipelines/image-embeddings\.json:\d+", caught.value.where or "")


def test_all_findings_are_reported_at_once(stack_copy: Path) -> None:
    for file in (TEMPLATE, PIPELINE):
        path = stack_copy / file
        path.write_text(path.read_text("utf-8") + "\nnonsense: 1\n", "utf-8")
    with pytest.raises(AssetError) as caught:
        validate(stack_copy)
    assert [finding.where.partition(":")[0] for finding in caught.value.findings] == [TEMPLATE, PIPELINE]


def test_not_utf8(stack_copy: Path) -> None:
    (stack_copy / PIPELINE).write_bytes(b"description: ok\nprocessors: []\n# \xff\n")
    with pytest.raises(AssetError, match="not UTF-8") as caught:
        validate(stack_copy)
    assert caught.value.where == f"{PIPELINE}:3"


def test_two_assets_of_one_name(stack_copy: Path) -> None:
    (stack_copy / "pipelines/image-embeddings.json").write_text('{"processors": []}', "utf-8")
    with pytest.raises(AssetError, match="declared twice"):
        validate(stack_copy)


def test_anchors_and_merges_are_allowed(stack_copy: Path) -> None:
    (stack_copy / "pipelines/other.yml").write_text(
        "_meta:\n  base: &base {field: a}\nprocessors:\n  - set: {<<: *base, value: 1}\n", "utf-8"
    )
    validate(stack_copy)
    stack = read_stack(stack_copy, gather(stack=stack_copy, flags=(), environment={}))
    (other,) = [asset for asset in stack.assets if asset.name == "other"]
    assert other.body["processors"] == [{"set": {"field": "a", "value": 1}}]


def test_a_hub_model_needs_a_revision_of_its_own(stack_copy: Path) -> None:
    with pytest.raises(UsageError, match="text_model_revision still is the revision of another model"):
        validate(stack_copy, "text_model=acme/other-clip")
    validate(stack_copy, "text_model=acme/other-clip", "text_model_revision=0123abc")
    (stack_copy / "vars.yml").write_text("stack: x\nimage_model: acme/other\n", "utf-8")
    with pytest.raises(UsageError, match="image_model_revision"):
        validate(stack_copy)


def test_a_directory_needs_none(stack_copy: Path, tmp_path: Path) -> None:
    validate(stack_copy, f"text_model={tmp_path}")


def test_a_directory_that_is_missing(stack_copy: Path) -> None:
    with pytest.raises(CliplineError, match="does not exist"):
        validate(stack_copy, "text_model=./nowhere")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "output_field: caption_embedding",
            "output_field: mood",
            r":\d+: asks the model 'clip-text' for mood, but its texts .*\n  hint: .* set text_encoder: cluster in models/",
        ),
        (
            " && ctx.caption_embedding == null",
            "",
            r":\d+: asks .* also where the client has brought it\n  hint: .*: ctx.caption_embedding == null",
        ),
    ],
)
def test_a_pipeline_that_needs_the_model_where_the_client_runs_it(
    stack_copy: Path, old: str, new: str, wanted: str
) -> None:
    validate(stack_copy, "text_encoder=client")
    path = stack_copy / PIPELINE
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    validate(stack_copy)
    with pytest.raises(AssetError) as caught:
        validate(stack_copy, "text_encoder=client")
    assert re.search(f"^{PIPELINE}{wanted}", str(caught.value)), str(caught.value)
