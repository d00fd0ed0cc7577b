"""A bundle: built once, read anywhere, refused when damaged or another model's, pushed and proven without torch."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clipline.core.errors import BundleError
from provisioning.assets.model_asset import model_asset
from provisioning.assets.stack import read_stack
from provisioning.assets.variables import gather
from provisioning.bundles.bundle import FORMAT, MEMBERS, Bundle, open_bundle, write_bundle
from provisioning.bundles.parity import cosine
from provisioning.bundles.probes import PROBES
from tests.conftest import ROOT, TINY, Run
from tests.core.absent import EXTRAS, without
from tests.nodes import running_emulator
from tests.prepared import unpacked_members

STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"
VARIABLES = tuple(part for value in TINY for part in ("--var", value))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, clipline: Run) -> Path:
    """The tiny pair's bundle, by the command."""
    out = tmp_path_factory.mktemp("bundle") / "tiny.tar"
    done = clipline("bundle", "build", STEM, *VARIABLES, "--out", str(out))
    assert done.stdout.strip() == str(out)
    assert f"{STEM}-" in done.stderr
    return out


def rewritten(path: Path, out: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a bundle with members changed, or left out where ``change`` gives ``None``."""
    with tarfile.open(path) as source, tarfile.open(out, "w") as target:
        for info in source.getmembers():
            stream = source.extractfile(info)
            assert stream is not None
            content = change(info.name, stream.read())
            if content is not None:
                info.size = len(content)
                target.addfile(info, io.BytesIO(content))
    return out


def with_manifest(path: Path, out: Path, **over: Any) -> Path:
    """A copy of a bundle whose manifest has other values; ``None`` removes one."""

    def change(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        manifest = {**json.loads(content), **over}
        return json.dumps({key: value for key, value in manifest.items() if value is not None}).encode()

    return rewritten(path, out, change)


def built_from(path: Path, out: Path, *, source: dict[str, str]) -> Path:
    """The bundle that had been built had the model come from somewhere else."""
    with tempfile.TemporaryDirectory() as folder:
        members = unpacked_members(path, Path(folder))
        manifest = {**json.loads(members["manifest.json"].read_text("utf-8")), "source": source}
        write_bundle(out, manifest=manifest, members=members)
    return out


def test_what_is_in_it(built: Path) -> None:
    with tarfile.open(built) as tar:
        infos = tar.getmembers()
    assert [info.name for info in infos] == ["manifest.json", *MEMBERS, "SHA256"]
    assert {(info.uid, info.uname, info.mtime) for info in infos} == {(0, "", 0)}  # nothing of the builder's machine
    bundle = open_bundle(built)
    bundle.verify()
    manifest = bundle.manifest
    assert manifest["format"] == FORMAT
    assert manifest["embedding_size"] == 512
    assert manifest["import"]["truncate"] == "first"
    assert "torch" in manifest["versions"]
    assert all(operator.startswith(("aten::", "quantized::")) for operator in manifest["operators"])
    assert "aten::embedding" in manifest["operators"]
    assert sum(map(len, bundle.model_parts(100_000))) == bundle.model_bytes
    assert bundle.config()["input"] == {"field_names": ["text_field"]}
    assert bundle.config()["inference_config"]["text_embedding"]["tokenization"]["bert"]["truncate"] == "first"
    assert bundle.vocabulary()["vocabulary"][0] == "[PAD]"


@pytest.mark.models("compares with sentence-transformers")
@pytest.mark.slow
def test_the_probes_are_the_local_model_s(built: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(TINY[0].partition("=")[2], device="cpu", local_files_only=True)
    probes = open_bundle(built).probes()
    assert tuple(probe.text for probe in probes) == PROBES
    emoji = next(probe for probe in probes if "emoji" in probe.text)
    for probe in [*probes[:4], emoji]:
        read = probe.text if probe is not emoji else "emoji \ufe0f\u2744\ufe0f and \u200d\u200d"
        assert cosine(probe.vector, model.encode(read).tolist()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("member", MEMBERS)
def test_one_flipped_bit(built: Path, tmp_path: Path, member: str) -> None:
    def flip(name: str, content: bytes) -> bytes:
        middle = len(content) // 2
        return content if name != member else content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]

    bundle = open_bundle(rewritten(built, tmp_path / "flipped.tar", flip))
    with pytest.raises(BundleError, match=f"{member} is damaged: its SHA-256 is not the manifest's") as caught:
        bundle.verify()
    assert caught.value.hint == "copy the bundle again, or build it again"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@example(part=0.0, bit=0)  # the name in the first header
@example(part=1 - 1e-9, bit=3)  # the last of the zeros at the end
def test_a_flipped_bit_anywhere(built: Path, tmp_path: Path, part: float, bit: int) -> None:
    content = bytearray(built.read_bytes())
    content[int(part * len(content))] ^= 1 << bit
    path = tmp_path / "flipped.tar"
    path.write_bytes(content)
    with pytest.raises(BundleError):
        open_bundle(path).verify()


@pytest.mark.parametrize("at", [0, 512 * 3, -1, -512, -10_240, -11_000])
@pytest.mark.parametrize("added", [b"x", bytes(10_240)])
def test_bytes_that_were_put_in(built: Path, tmp_path: Path, at: int, added: bytes) -> None:
    content = built.read_bytes()
    path = tmp_path / "longer.tar"
    path.write_bytes(content[:at] + added + content[at:])
    with pytest.raises(BundleError):
        open_bundle(path).verify()


@pytest.mark.parametrize("name", ["../outside.json", "/etc/outside", "model.pt.bak", "SHA256x"])
def test_an_entry_that_no_bundle_has(built: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "more.tar"
    shutil.copy(built, path)
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(BundleError, match=f"holds the entry '{name}', which no bundle has"):
        open_bundle(path).verify()


def test_the_command_that_verifies(built: Path, tmp_path: Path, clipline: Run) -> None:
    said = clipline("bundle", "verify", str(built)).stdout
    assert f"{built}: whole; every byte is as it was written" in said
    assert "vectors of 512 dims" in said
    assert json.loads(clipline("bundle", "verify", str(built), "--json").stdout)["format"] == FORMAT
    path = tmp_path / "short.tar"
    path.write_bytes(built.read_bytes()[:-1])
    assert f"error: {path}: is damaged" in clipline("bundle", "verify", str(path), code=1).stderr


def test_the_command_that_pushes(built: Path, tmp_path: Path, clipline: Run) -> None:
    environment = {**without(EXTRAS, tmp_path / "absent"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    arguments = ("bundle", "push", str(built), *VARIABLES)
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        pushed = clipline(*arguments, "--url", url, env=environment)
        assert pushed.stdout.endswith(": pushed\n")
        model_id = pushed.stdout.partition(":")[0]
        assert clipline(*arguments, "--url", url, env=environment).stdout == f"{model_id}: is there already\n"
        assert client.ml.get_trained_models(model_id=model_id)["count"] == 1
        assert not client.indices.exists(index="my-image-embeddings-000001")
        plan = clipline("plan", *VARIABLES, "--url", url).stdout
        assert f"= trained_model/{model_id}" in plan
        assert "Plan: 6 to create; 1 unchanged." in plan


@pytest.mark.parametrize("member", MEMBERS)
def test_a_missing_member(built: Path, tmp_path: Path, member: str) -> None:
    path = rewritten(built, tmp_path / "less.tar", lambda name, content: None if name == member else content)
    with pytest.raises(BundleError, match=f"{member} is missing from this bundle"):
        open_bundle(path).verify()


@pytest.mark.parametrize("part", [0.999, 0.5, 0.1, 0.01])
def test_a_truncated_file(built: Path, tmp_path: Path, part: float) -> None:
    path = tmp_path / "short.tar"
    content = built.read_bytes()
    path.write_bytes(content[: int(part * len(content)) - 512 * 20])
    with pytest.raises(BundleError, match=r"not a whole bundle|missing from|is damaged"):
        open_bundle(path).verify()


@pytest.mark.parametrize(
    ("over", "wanted"),
    [
        ({"format": 99}, f"this bundle has format 99, this clipline reads format {FORMAT}"),
        ({"format": None}, "the manifest cannot be read"),
        ({"files": None}, "the manifest cannot be read"),
        ({"files": {"model.pt": {}}}, "does not name every part"),
        ({"files": []}, "does not name every part"),
        ({"digest": None}, "does not name every part"),
        ({"source": None}, "does not name every part"),
        ({"source": "x"}, "does not name every part"),
        ({"import": None}, "does not name every part"),
        ({"operators": ["aten::add"]}, "does not name every part"),
    ],
)
def test_a_wrong_manifest(built: Path, tmp_path: Path, over: dict[str, Any], wanted: str) -> None:
    with pytest.raises(BundleError, match=wanted):
        open_bundle(with_manifest(built, tmp_path / "other.tar", **over))


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, b"\0" * 2048], ids=["empty", "text", "zeros"])
def test_no_bundle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"not a whole bundle|manifest\.json is missing"):
        open_bundle(path)


def test_a_manifest_that_is_no_json(built: Path, tmp_path: Path) -> None:
    path = rewritten(built, tmp_path / "x.tar", lambda name, content: b"[1" if name == "manifest.json" else content)
    with pytest.raises(BundleError, match="the manifest cannot be read"):
        open_bundle(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the bundle does not exist"):
        open_bundle(tmp_path / "nowhere.tar")


def test_a_disk_that_cannot_be_written(built: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    members = dict.fromkeys(MEMBERS, built)
    with pytest.raises(BundleError, match="the bundle cannot be written"):
        write_bundle(tmp_path / "file" / "x.tar", manifest={}, members=members)


def test_a_name_that_leads_elsewhere_is_never_followed(built: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    path = tmp_path / "link.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type, info.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(info)
    with pytest.raises(BundleError):
        open_bundle(path)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster on which nothing is ever applied."""
    with running_emulator(tmp_path_factory.mktemp("empty")) as url:
        yield url


def nothing_there(url: str) -> bool:
    with Elasticsearch(url) as client:
        return bool(client.ml.get_trained_models(model_id=f"{STEM}*")["count"] == 0)


def test_a_damaged_bundle_is_not_pushed(built: Path, empty: str, tmp_path: Path, clipline: Run) -> None:
    damaged = rewritten(
        built, tmp_path / "damaged.tar", lambda name, content: content[::-1] if name == "model.pt" else content
    )
    done = clipline("apply", *VARIABLES, "--bundle", str(damaged), "--url", empty, "--yes", code=1)
    assert f"error: {damaged}: model.pt is damaged" in done.stderr
    assert nothing_there(empty)


@pytest.mark.parametrize(
    ("variable", "wanted"),
    [
        ("", "it was built from other files"),
        ("import", "it was built with other import parameters"),
        ("hub", "not from acme/clip@0123abc"),
    ],
)
def test_the_bundle_of_another_model(
    built: Path, empty: str, stack_copy: Path, tmp_path: Path, clipline: Run, variable: str, wanted: str
) -> None:
    variables = list(VARIABLES)
    if variable == "import":
        file = stack_copy / "models" / f"{STEM}.yml"
        file.write_text(file.read_text("utf-8").replace("embedding_size: 512", "embedding_size: 512\n  truncate: none"))
    elif variable == "hub":
        variables += ["--var", "text_model=acme/clip", "--var", "text_model_revision=0123abc"]
    else:
        other = tmp_path / "other"
        shutil.copytree(TINY[0].partition("=")[2], other)
        (other / "config.json").write_text((other / "config.json").read_text("utf-8") + "\n", "utf-8")
        variables += ["--var", f"text_model={other}"]
    done = clipline("plan", "--stack", str(stack_copy), *variables, "--bundle", str(built), "--url", empty, code=1)
    assert f"error: {built}: belongs to no model of this stack (models/{STEM}.yml" in done.stderr
    assert wanted in done.stderr
    assert "hint: build the bundle from this stack's model file" in done.stderr
    # The same beside the model file.
    shutil.copy(built, stack_copy / "models" / f"{STEM}.tar")
    done = clipline("plan", "--stack", str(stack_copy), *variables, "--url", empty, code=1)
    assert f"{STEM}.tar: does not belong to models/{STEM}.yml" in done.stderr
    assert wanted in done.stderr


def test_applied_where_nothing_of_the_extras_is(built: Path, tmp_path: Path, stack_copy: Path, clipline: Run) -> None:
    environment = {**without(EXTRAS, tmp_path / "absent"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    # A hub model whose files are not here: all that is known of it comes from the bundle.
    hub = ["--var", "text_model=acme/clip", "--var", "text_model_revision=0123abc", *VARIABLES[2:]]
    source = {"model": "acme/clip", "revision": "0123abc"}
    bundle = built_from(built, tmp_path / "hub.tar", source=source)
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        unknown = clipline("plan", *hub, "--url", url, env=environment).stdout
        assert "its digest is unknown until `clipline bundle build`" in unknown
        done = clipline("apply", *hub, "--bundle", str(bundle), "--url", url, "--yes", "--json", env=environment)
        outcome = {item["address"]: item["detail"] for item in json.loads(done.stdout)["outcome"]}
        said = re.fullmatch(
            r"started; parity proven, lowest cosine (\S+); \d+ ms an inference, once warm",
            outcome[f"deployment/{STEM}"],
        )
        assert said is not None
        assert float(said[1]) > 0.9999
        answer = client.ml.infer_trained_model(model_id="clip-text", docs=[{"text_field": "two red circles"}])
        probe = next(probe for probe in open_bundle(built).probes() if probe.text == "two red circles")
        assert cosine(answer["inference_results"][0]["predicted_value"], probe.vector) > 0.9999
        marks = client.ml.get_trained_models(model_id="clip-text")["trained_model_configs"][0]["metadata"]["clipline"]
        read: Bundle = open_bundle(built)
        assert marks == {
            "stack": "clipline",
            "digest": read.digest,
            "model_pt_sha256": read.model_sha256,
            "space": "clip-vit-b-32",
        }
        # Beside the model file it is found by itself.
        shutil.copy(bundle, stack_copy / "models" / f"{STEM}.tar")
        clipline("drift", "--stack", str(stack_copy), *hub, "--url", url, env=environment)


def test_what_the_command_refuses(tmp_path: Path, clipline: Run) -> None:
    assert f"name the model to build: {STEM}" in clipline("bundle", "build", "nowhere", *VARIABLES, code=2).stderr
    done = clipline("bundle", "build", *VARIABLES, "--out", str(tmp_path / "no" / "x.tar"), code=1)
    assert "cannot be written: No such file or directory" in done.stderr


@pytest.mark.models("builds a bundle")
@pytest.mark.slow
def test_a_model_that_cannot_be_traced(tmp_path: Path, clipline: Run) -> None:
    spoiled = tmp_path / "spoiled"
    shutil.copytree(TINY[0].partition("=")[2], spoiled)
    (spoiled / "model.safetensors").write_bytes(b"no weights")
    done = clipline("bundle", "build", *VARIABLES, "--var", f"text_model={spoiled}", code=1)
    assert f"error: {spoiled}: the model cannot be traced" in done.stderr
    assert len(done.stderr.splitlines()) <= 4


@pytest.mark.models("builds a bundle")
def test_texts_that_are_longer_than_the_model_s_positions(stack_copy: Path, clipline: Run) -> None:
    file = stack_copy / "models" / f"{STEM}.yml"
    longer = "embedding_size: 512\n  max_model_input_size: 4000"
    file.write_text(file.read_text("utf-8").replace("embedding_size: 512", longer), "utf-8")
    done = clipline("bundle", "build", "--stack", str(stack_copy), *VARIABLES, code=1)
    assert "texts are 4000 tokens long at most, and the model has positions for " in done.stderr
    assert "hint: set import.max_model_input_size to " in done.stderr


@pytest.mark.models("builds a bundle")
def test_a_disk_that_gets_full(built: Path, tmp_path: Path) -> None:
    """No file may grow as long as the bundle is; the traced model itself is shorter."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    limit = built.stat().st_size - 20_480
    done = subprocess.run(
        [sys.executable, "-m", "clipline.cli", "bundle", "build", *VARIABLES],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1, done.stderr
    assert "the bundle cannot be written: File too large" in done.stderr
    assert not [path for path in (tmp_path / "cache").rglob("*.tar*") if path.is_file()]


@pytest.mark.models("builds a bundle")
def test_a_disk_without_room(stack_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from provisioning.bundles.build import build_bundle

    (asset,) = read_stack(ROOT, gather(stack=ROOT, flags=TINY, environment={})).of("model")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(BundleError, match=r"there are 977 kB free, and the model needs 4\.\d MB") as caught:
        build_bundle(
            model_asset(asset), directory=Path(TINY[0].partition("=")[2]), digest="x", out=tmp_path / "a" / "x.tar"
        )
    assert caught.value.hint is not None
    assert not (tmp_path / "a").exists()


@pytest.mark.models("builds bundles")
@pytest.mark.slow
def test_the_cache_survives_a_kill(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "clipline.cli", "bundle", "build", *VARIABLES]
    folder = tmp_path / "clipline" / f"bundles-{FORMAT}"
    killed = 0
    for pause in (0.0, 0.001, 0.003, 0.01):
        shutil.rmtree(folder, ignore_errors=True)
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and not (folder.is_dir() and any(folder.iterdir())):
            time.sleep(0.0005)
        time.sleep(pause)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        for path in folder.glob("*.tar"):
            open_bundle(path).verify()
    assert killed
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    open_bundle(Path(done.stdout.strip())).verify()


def test_what_a_killed_writer_left_is_removed(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.tar"
    old, new = tmp_path / ".x.tar.abc", tmp_path / ".x.tar.def"
    for aside, age in ((old, 2 * 3600), (new, 60)):
        aside.write_bytes(b"x")
        os.utime(aside, (time.time() - age, time.time() - age))
    built_from(built, out, source={"model": "x", "revision": "y"})
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.models("builds bundles")
@pytest.mark.parametrize(
    "lines", [("max_model_input_size: 16",), ("truncate: none",), ("max_model_input_size: 24", "truncate: none")]
)
def test_a_model_that_reads_less_than_its_source_is_proven_and_takes_its_place(
    lines: tuple[str, ...], tmp_path: Path, stack_copy: Path, clipline: Run
) -> None:
    arguments = ("--stack", str(stack_copy), *VARIABLES, "--yes")
    with running_emulator(tmp_path / "data") as url, Elasticsearch(url) as client:
        clipline("apply", *arguments, "--url", url)
        (file,) = (stack_copy / "models").glob("*.yml")
        text = file.read_text("utf-8")
        file.write_text(text.replace("embedding_size: 512", "\n  ".join(("embedding_size: 512", *lines))), "utf-8")
        done = clipline("apply", *arguments, "--url", url, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
        assert done.stderr.count("started; parity proven, lowest cosine 1.000000") == 2
        assert "of one space with" in done.stderr
        (config,) = client.ml.get_trained_models(model_id="clip-text")["trained_model_configs"]
    tokenization = config["inference_config"]["text_embedding"]["tokenization"]["bert"]
    for line in lines:
        key, _, value = line.partition(": ")
        assert str(tokenization["max_sequence_length" if key == "max_model_input_size" else key]) == value
