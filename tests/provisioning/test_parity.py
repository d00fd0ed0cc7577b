"""A deployed model that is not the one that was bundled is found out, and the message says in what they differ."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from clipline.core.errors import ModelError
from provisioning.bundles.bundle import Bundle, open_bundle, write_bundle
from provisioning.bundles.parity import Agreement, likely_reason, prove
from provisioning.bundles.probes import PROBES
from provisioning.bundles.push import push
from tests.conftest import TINY, Run
from tests.nodes import running_emulator
from tests.prepared import tiny_bundle, unpacked_members

Change = Callable[[dict[str, Any]], None]


def altered(out: Path, member: str, change: Change) -> Bundle:
    """The tiny model's bundle with one of its JSON files changed, as if it had been built so."""
    with tempfile.TemporaryDirectory() as folder:
        members = unpacked_members(tiny_bundle(), Path(folder))
        value = json.loads(members[member].read_text("utf-8"))
        change(value)
        members[member].write_text(json.dumps(value), "utf-8")
        manifest = json.loads(members["manifest.json"].read_text("utf-8"))
        return write_bundle(out, manifest=manifest, members=members)


def tokenization(**values: Any) -> Change:
    """A change of the tokenizer's configuration."""

    def change(config: dict[str, Any]) -> None:
        config["inference_config"]["text_embedding"]["tokenization"]["bert"] |= values

    return change


def _without_a_few(vocabulary: dict[str, Any]) -> None:
    vocabulary["vocabulary"] = [
        f"[gone{n}]" if 200 < n < 400 else word for n, word in enumerate(vocabulary["vocabulary"])
    ]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """A cluster for this file."""
    with running_emulator(tmp_path_factory.mktemp("parity")) as url, Elasticsearch(url) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "member", "change", "wanted"),
    [
        ("short", "config.json", tokenization(max_sequence_length=36), "only long texts differ"),
        ("bare", "config.json", tokenization(with_special_tokens=False), "no probe agrees: special tokens"),
        ("words", "vocabulary.json", _without_a_few, "build the bundle again"),
    ],
)
def test_what_differs_is_told(
    client: Elasticsearch, tmp_path: Path, name: str, member: str, change: Change, wanted: str
) -> None:
    push(client, altered(tmp_path / "x.tar", member, change), model_id=name, stack="x", space="y")
    client.ml.start_trained_model_deployment(model_id=name, wait_for="started")
    with pytest.raises(ModelError, match=rf"does not agree with its bundle in \d+ of {len(PROBES)} probes") as caught:
        prove(client, open_bundle(tiny_bundle()), deployment_id=name)
    assert caught.value.where == f"deployment/{name}"
    assert wanted in str(caught.value.hint)
    client.ml.stop_trained_model_deployment(model_id=name)


def test_the_command_repeats_it(tmp_path: Path, clipline: Run) -> None:
    arguments = (*(part for value in TINY for part in ("--var", value)), "--bundle", str(tiny_bundle()))
    assert "give --parity" in clipline("eval", *arguments, "--url", "http://127.0.0.1:1", code=2).stderr
    with running_emulator(tmp_path) as url, Elasticsearch(url) as client:
        evaluate = ("eval", "--parity", *arguments, "--url", url)
        assert "no such thing" in clipline(*evaluate, code=1).stderr
        clipline("apply", *arguments, "--url", url, "--yes")
        assert clipline(*evaluate).stdout.startswith("clip-text: parity proven, lowest cosine 1.0000")
        (row,) = json.loads(clipline(*evaluate, "--json").stdout)["parity"]
        assert row["lowest_cosine"] == pytest.approx(1, abs=1e-4)
        other = altered(tmp_path / "x.tar", "config.json", tokenization(max_sequence_length=36))
        push(client, other, model_id="other", stack="x", space="y")
        client.ml.start_trained_model_deployment(model_id="other", wait_for="started")
        client.ml.put_trained_model_alias(model_id="other", model_alias="clip-text", reassign=True)
        wrong = clipline(*evaluate, code=1)
        assert "does not agree with its bundle in" in wrong.stderr
        assert "hint: only long texts differ" in wrong.stderr


@pytest.mark.parametrize(
    ("differs", "wanted"),
    [
        (lambda text: len(text) > 500, "only long texts differ"),
        (lambda text: "e\u0301" in text, "only texts with accents"),
        (lambda text: "UPPER" in text, "only texts with capital letters"),
        (lambda text: text == "two red circles", "the model or its vocabulary was altered"),
        (lambda text: True, "no probe agrees"),
    ],
)
def test_the_narrowest_reason(differs: Callable[[str], bool], wanted: str) -> None:
    found = [Agreement(text, 0.5 if differs(text) else 1.0) for text in PROBES]
    assert likely_reason(found).startswith(wanted)


def test_what_is_no_number_does_not_agree() -> None:
    assert not Agreement("x", float("nan")).holds
