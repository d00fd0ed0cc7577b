"""The identity of a model directory: what changes it, and what does not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clipline.core.digest import model_digest, model_files
from clipline.core.errors import ModelError

# What this directory had when the recipe was written down; another value needs another RECIPE.
PINNED = "sha256:6b01b922d23a73086f5dc7723ba668718074a97aa7cd8d890b45b218d0070ff1"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory of sentence-transformers, without real weights."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    modules = [{"idx": 0, "path": "", "type": "Transformer"}, {"idx": 1, "path": "1_Pooling", "type": "Pooling"}]
    files = {
        "modules.json": json.dumps(modules),
        "config_sentence_transformers.json": "{}",
        "sentence_bert_config.json": '{"max_seq_length": 128}',
        "config.json": '{"model_type": "distilbert"}',
        "vocab.txt": "[PAD]\n",
        "model.safetensors": "weights",
        "1_Pooling/config.json": "{}",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def digest(folder: Path, **parameters: object) -> str:
    """The digest with these import parameters."""
    return model_digest(folder, parameters=parameters)


def test_it_is_pinned(model: Path) -> None:
    assert digest(model) == PINNED
    assert [file.relative_to(model).as_posix() for file in model_files(model)] == [
        "1_Pooling/config.json",
        "config.json",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "vocab.txt",
    ]


def test_a_copy_made_in_another_order_has_the_same(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for file in sorted(model.rglob("*"), reverse=True):
        if file.is_file():
            target = copy / file.relative_to(model)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    assert digest(copy) == digest(model)


def test_the_order_of_parameters_does_not_count(model: Path) -> None:
    assert digest(model, a=1, b=None) == digest(model, b=None, a=1)


def _add(name: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("new", "utf-8")

    return change


@pytest.mark.parametrize(
    "name", ["README.md", "onnx/model.onnx", "openvino/model.xml", "tf_model.h5", "pytorch_model.bin", ".gitattributes"]
)
def test_what_does_not_make_it_another_model(model: Path, name: str) -> None:
    before = digest(model)
    _add(name)(model)
    os.utime(model / "config.json", (0, 0))
    (model / "config.json").chmod(0o600)
    assert digest(model) == before


@pytest.mark.parametrize(
    "change",
    [
        _add("vocab.txt"),
        _add("config.json"),
        _add("1_Pooling/config.json"),
        _add("model.safetensors"),
        _add("tokenizer.json"),
        _add("merges.txt"),
        _add("sentencepiece.bpe.model"),
        lambda folder: (folder / "config_sentence_transformers.json").unlink(),
        lambda folder: (folder / "vocab.txt").rename(folder / "vocab.json"),
    ],
)
def test_what_makes_it_another_model(model: Path, change: Callable[[Path], object]) -> None:
    before = digest(model)
    change(model)
    assert digest(model) != before


def test_parameters_make_it_another_model(model: Path) -> None:
    seen = {digest(model), digest(model, quantize=True), digest(model, quantize=False), digest(model, quantize=None)}
    assert len(seen) == 4


def test_other_weights_count_where_there_are_no_safetensors(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    before = digest(model)
    (model / "pytorch_model.bin").write_text("other", "utf-8")
    assert digest(model) != before


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (lambda folder: (folder / "modules.json").unlink(), "modules.json is missing"),
        (lambda folder: (folder / "modules.json").write_text("[1"), "modules.json cannot be read"),
        (lambda folder: (folder / "modules.json").write_text("[1]"), "modules.json cannot be read"),
        (lambda folder: (folder / "modules.json").write_text('[{"path": "../x"}]'), "leaves the model's directory"),
        (lambda folder: shutil.rmtree(folder / "1_Pooling"), "a module named in modules.json is missing"),
        (_add("model.safetensors.index.json"), "weights in several files are not supported"),
    ],
)
def test_what_is_no_model(model: Path, spoil: Callable[[Path], object], wanted: str) -> None:
    spoil(model)
    with pytest.raises(ModelError, match=wanted) as caught:
        digest(model)
    assert str(model) in str(caught.value.where)
