"""What a version would refuse to load is told before the upload."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.emulator.identity import TESTED
from clipline.emulator.native.rules import rules
from provisioning.bundles.bundle import open_bundle
from provisioning.bundles.loadable import libtorch, parsed, refusals, remarks
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.prepared import tiny_bundle


def manifest(*operators: str, hooks: tuple[str, ...] = (), torch: str = "2.7.1") -> dict[str, Any]:
    """What a bundle says of a model with these operators, all in one line."""
    return {
        "operators": dict.fromkeys(operators, "a.py:7"),
        "state_hooks": list(hooks),
        "versions": {"torch": torch},
    }


@pytest.mark.parametrize(
    ("version", "operators", "wanted"),
    [
        ("9.5.2", ("aten::add",), ()),
        ("9.5.2", ("aten::add", "aten::sigmoid"), ("Elasticsearch 9.5.2 does not know aten::sigmoid, which stands in a.py:7",)),
        ("9.2.0", ("aten::sigmoid",), ()),  # no list there
        ("9.2.0", ("aten::save",), ("Elasticsearch 9.2.0 forbids aten::save, which stands in a.py:7",)),
        ("9.5.2", ("aten::save",), ("Elasticsearch 9.5.2 forbids aten::save, which stands in a.py:7",)),
        ("9.4.0", ("aten::exp",), ("Elasticsearch 9.4.0 does not know aten::exp, which stands in a.py:7",)),
        ("8.19.19", ("aten::exp",), ()),
        ("8.19.20", ("aten::exp",), ("Elasticsearch 8.19.20 does not know aten::exp, which stands in a.py:7",)),
        ("9.5.9", ("aten::exp",), ("Elasticsearch 9.5.9 does not know aten::exp, which stands in a.py:7",)),
        ("9.6.0", ("aten::exp",), ("Elasticsearch 9.6.0 does not know aten::exp, which stands in a.py:7",)),
        ("9.4.3", ("inductor::x",), ("Elasticsearch 9.4.3 does not know inductor::x, which stands in a.py:7",)),
    ],
)  # fmt: skip
def test_operators(version: str, operators: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    assert refusals(manifest(*operators), parsed(version)) == wanted


@pytest.mark.parametrize(
    ("version", "refused"),
    [("8.19.19", False), ("8.19.20", True), ("9.4.4", False), ("9.4.5", True), ("9.5.0", True), ("9.6.0", True)],
)
def test_state_hooks(version: str, refused: bool) -> None:
    found = refusals(manifest(hooks=("__setstate__",)), parsed(version))
    assert bool(found) is refused


@pytest.mark.parametrize("version", TESTED)
def test_the_lists_are_those_that_the_emulator_enforces(version: str) -> None:
    enforced = rules(version)
    names = ("aten::add", "aten::exp", "aten::as_strided", "aten::save", "aten::sigmoid", "aten::gelu")
    for name in names:
        known = enforced.allowed is None or name in enforced.allowed
        refused = bool(refusals(manifest(name), parsed(version)))
        assert refused is (name in enforced.forbidden | enforced.legacy or not known), (version, name)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("8.14.3", None), ("8.15.0", "2.1.2"), ("8.15.2", "2.3.1"), ("8.15.9", "2.3.1"), ("8.17.4", "2.3.1"),
        ("8.18.0", "2.5.1"), ("8.19.7", "2.5.1"), ("8.19.8", "2.7.1"), ("9.0.3", "2.5.1"), ("9.1.7", "2.5.1"),
        ("9.1.8", "2.7.1"), ("9.2.0", "2.7.1"), ("9.5.2", "2.7.1"), ("9.7.0", "2.7.1"), ("10.0.0-SNAPSHOT", "2.7.1"),
    ],
)  # fmt: skip
def test_libtorch(version: str, wanted: str | None) -> None:
    assert libtorch(parsed(version)) == wanted


@pytest.mark.parametrize(
    ("version", "torch", "wanted"),
    [
        ("9.5.2", "2.7.1", []),
        ("9.5.2", "2.7.1+cpu", []),
        ("9.5.2", "2.13.0", ["the model was traced with torch 2.13.0"]),
        ("9.6.0", "2.7.1", ["Elasticsearch 9.6.0 is newer than any whose rules"]),
        ("9.6.0", "2.13.0", ["Elasticsearch 9.6.0 is newer than any whose rules", "the model was traced with torch"]),
    ],
)
def test_remarks(version: str, torch: str, wanted: list[str]) -> None:
    found = remarks(manifest(torch=torch), parsed(version))
    assert len(found) == len(wanted)
    assert all(text.startswith(start) for text, start in zip(found, wanted, strict=True))


def test_the_operators_of_a_bundle_have_their_places() -> None:
    read = open_bundle(tiny_bundle()).manifest
    assert read["state_hooks"] == []
    assert re.fullmatch(
        r"transformers/models/distilbert/modeling_distilbert\.py:\d+", read["operators"]["aten::embedding"]
    )
    for version in TESTED:
        assert refusals(read, parsed(version)) == ()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.models("builds a bundle")
def test_hooks_are_found_in_an_archive(tmp_path: Path) -> None:
    import torch

    from provisioning.bundles.build import state_hooks_of

    class Plain(torch.nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value + 1

    class Hooked(Plain):
        @torch.jit.export
        def __getstate__(self) -> tuple[int, bool]:
            return (1, self.training)

        @torch.jit.export
        def __setstate__(self, state: tuple[int, bool]) -> None:
            self.training = state[1]

    for name, module, wanted in (("plain", Plain(), []), ("hooked", Hooked(), ["__getstate__", "__setstate__"])):
        file = tmp_path / f"{name}.pt"
        torch.jit.script(module).save(str(file))
        assert state_hooks_of(file) == wanted


@pytest.mark.models("builds a bundle")
def test_it_is_refused_before_anything_is_uploaded(tmp_path: Path, clipline: Run) -> None:
    model = tmp_path / "text"
    shutil.copytree(TINY[0].partition("=")[2], model)
    config = next(file for file in model.rglob("config.json") if "activation" in file.read_text("utf-8"))
    config.write_text(config.read_text("utf-8").replace('"gelu"', '"sigmoid"'), "utf-8")
    variables = ("--var", f"text_model={model}", *(part for value in TINY[1:] for part in ("--var", value)))
    with running_emulator(tmp_path / "data", "--version", "9.5.2") as url, Elasticsearch(url) as client:
        # The bundle is not built yet: plan cannot know, apply builds it and looks.
        applied = clipline("apply", *variables, "--url", url, "--yes", code=1)
        planned = clipline("plan", *variables, "--url", url, code=1)
        assert client.ml.get_trained_models(model_id="sentence-transformers*")["count"] == 0
    wanted = "Elasticsearch 9.5.2 does not know aten::sigmoid, which stands in transformers/"
    assert wanted in applied.stderr
    assert wanted in planned.stdout
    assert "hint: it would be refused when its deployment starts" in planned.stdout
    assert "note: trained_model/" in planned.stdout
    assert "loads it in libtorch 2.7.1" in planned.stdout
