"""Both towers are held against each other before a bundle is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from clipline.core.errors import AssetError
from clipline.demo.pictures import generate
from provisioning.assets.pairs import pairs_digest, read_pairs
from provisioning.bundles.space import LEAST_WON, sentence, won
from tests.conftest import TINY, Run
from tests.tiny import TINY_IMAGE

VARIABLES = tuple(part for value in TINY for part in ("--var", value))
STEM = "sentence-transformers__clip-vit-b-32-multilingual-v1"


def captioned(stack: Path, captions: dict[str, str | None], *, pictures: tuple[str, ...] | None = None) -> None:
    """``probes/`` with these captions (``None``: no file) and these pictures (default: one for each caption)."""
    folder = stack / "probes"
    folder.mkdir(parents=True)
    for name in pictures if pictures is not None else captions:
        Image.new("RGB", (8, 8)).save(folder / name)
    for name, caption in captions.items():
        if caption is not None:
            (folder / f"{name}.txt").write_text(caption, "utf-8")


def test_pairs_are_read_as_the_loader_reads_captions(tmp_path: Path) -> None:
    captioned(tmp_path, {"b.png": " snow ", "a 1.jpg": "\ufeffNiño\n"})
    (tmp_path / "probes" / ".DS_Store").write_bytes(b"x")
    pairs = read_pairs(tmp_path)
    assert [(pair.picture.name, pair.caption) for pair in pairs] == [("a 1.jpg", "Niño"), ("b.png", "snow")]
    before = pairs_digest(pairs)
    assert before is not None
    (tmp_path / "probes" / "b.png.txt").write_text("rain", "utf-8")
    assert pairs_digest(read_pairs(tmp_path)) != before
    assert (read_pairs(tmp_path / "elsewhere"), pairs_digest(())) == ((), None)


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a picture alone": (lambda stack: captioned(stack, {"a.jpg": None}), "probes/a.jpg: there is no a.jpg.txt"),
    "a caption alone": (
        lambda stack: captioned(stack, {"a.jpg": "x"}, pictures=()),
        "probes/a.jpg.txt: there is no a.jpg",
    ),
    "an empty caption": (lambda stack: captioned(stack, {"a.jpg": " \n"}), "probes/a.jpg.txt: is empty"),
    "a long caption": (lambda stack: captioned(stack, {"a.jpg": "x" * 70_000}), "is longer than 64 KB"),
}


@pytest.mark.parametrize("name", BAD)
def test_pairs_that_are_none(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    make(tmp_path)
    with pytest.raises(AssetError) as raised:
        read_pairs(tmp_path)
    assert words in str(raised.value)
    assert "side by side" in str(raised.value) or "one sentence" in str(raised.value)


def test_a_caption_that_is_no_text(tmp_path: Path) -> None:
    captioned(tmp_path, {"a.jpg": "x"})
    (tmp_path / "probes" / "a.jpg.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AssetError, match=r"probes/a\.jpg\.txt: is not text in UTF-8"):
        read_pairs(tmp_path)


def test_validate_looks_at_them(tmp_path: Path, clipline: Run) -> None:
    stack = tmp_path / "stack"
    clipline("init", str(stack))
    captioned(stack, {"a.jpg": "one", "b.jpg": "two"})
    assert "probes: 2 pictures with captions" in clipline("validate", "--stack", str(stack)).stdout
    assert json.loads(clipline("validate", "--stack", str(stack), "--json").stdout)["pairs"] == 2
    (stack / "probes" / "b.jpg").unlink()
    assert "probes/b.jpg.txt: there is no b.jpg" in clipline("validate", "--stack", str(stack), code=1).stderr


def test_comparisons_are_counted() -> None:
    one, two, three = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    assert won([one, two, three], [one, two, three]) == (1.0, [])
    share, lost = won([one, two, three], [two, three, one])
    assert share == 0.0
    assert [(number, other) for number, _, other, _ in lost] == [(0, 2), (1, 0), (2, 1)]
    assert won([one, one], [one, one])[0] == 0.0  # equal is not nearer
    nan = [float("nan")] * 3
    assert won([nan, nan], [one, two])[0] < LEAST_WON


def test_what_a_manifest_says() -> None:
    assert "not compared with the image encoder" in sentence({"name": "s", "encoder_digest": None})
    assert "no pairs in probes/" in sentence({"name": "s", "encoder_digest": "sha256:0", "won": None})
    said = sentence({"name": "s", "encoder_digest": "sha256:0", "won": 0.9667, "pairs": 12})
    assert said == "s; captions of 12 pictures nearer to their own in 97% of the comparisons"


@pytest.fixture
def stack(tmp_path: Path, clipline: Run) -> Path:
    """A stack with those of the demo's pictures that have captions."""
    folder = tmp_path / "stack"
    clipline("init", str(folder))
    generate(folder / "probes", count=36, seed=5)
    flat(folder / "probes")
    return folder


def flat(folder: Path) -> None:
    """The pictures and captions of a folder's folders, in the folder itself; pictures without captions go."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.parent != folder:
            file.rename(folder / f"{file.parent.name}-{file.name}")
    for file in sorted(folder.iterdir()):
        if file.is_dir():
            shutil.rmtree(file)
        elif file.suffix != ".txt" and not file.with_name(f"{file.name}.txt").exists():
            file.unlink()


@pytest.mark.models("builds bundles")
def test_built_with_pictures_at_hand(stack: Path, tmp_path: Path, clipline: Run) -> None:
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    build = ("bundle", "build", "--stack", str(stack), *VARIABLES, "--out", str(tmp_path / "clip.tar"))
    pairs = len(read_pairs(stack))
    assert pairs >= 8
    said = clipline(*build, env=own).stderr
    assert f"space clip-vit-b-32; captions of {pairs} pictures nearer to their own in " in said
    manifest = json.loads(clipline("bundle", "verify", str(tmp_path / "clip.tar"), "--json").stdout)
    assert manifest["space"]["won"] > 0.85
    assert manifest["space"]["pairs"] == pairs
    shown = clipline("bundle", "verify", str(tmp_path / "clip.tar")).stdout
    assert "memory   2" in shown
    assert "of an ML node for one allocation" in shown

    # The same again is the cached one; other captions are another comparison, and these are of other pictures.
    kept = (tmp_path / "clip.tar").read_bytes()
    clipline(*build, env=own)
    assert (tmp_path / "clip.tar").read_bytes() == kept
    files = sorted((stack / "probes").glob("*.txt"))
    texts = [file.read_text("utf-8") for file in files]
    for file, text in zip(files, texts[len(texts) // 2 :] + texts[: len(texts) // 2], strict=True):
        file.write_text(text, "utf-8")
    refused = clipline(*build, env=own, code=1).stderr
    assert "are not of one space: captions are nearer to their own pictures in" in refused
    assert "is nearer to" in refused
    assert "than to its own" in refused
    assert (tmp_path / "clip.tar").read_bytes() == kept


@pytest.mark.slow
@pytest.mark.models("builds bundles")
def test_an_encoder_of_other_dims(tmp_path: Path, clipline: Run) -> None:
    import torch
    from transformers import CLIPConfig, CLIPModel

    encoder = tmp_path / "image"
    shutil.copytree(TINY_IMAGE, encoder)
    config = CLIPConfig.from_pretrained(TINY_IMAGE / "0_CLIPModel", projection_dim=64)
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(encoder / "0_CLIPModel")
    flags = (*VARIABLES[:2], "--var", f"image_model={encoder}")
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = clipline("bundle", "build", *flags, env=own, code=1).stderr
    assert "gives vectors of 512 dims, and the image encoder" in said
    assert "of 64" in said
    assert not list((tmp_path / "cache").rglob("*.tar"))


@pytest.mark.slow
@pytest.mark.models("builds bundles")
def test_a_picture_that_cannot_be_read(stack: Path, tmp_path: Path, clipline: Run) -> None:
    (stack / "probes" / "broken.jpg").write_bytes(b"no picture")
    (stack / "probes" / "broken.jpg.txt").write_text("nothing", "utf-8")
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = clipline("bundle", "build", "--stack", str(stack), *VARIABLES, env=own, code=1).stderr
    assert "broken.jpg: that is not a picture that can be read" in said
    assert "take it out of probes/, with its caption" in said


@pytest.mark.slow
@pytest.mark.models("builds bundles")
def test_an_encoder_that_is_not_here(tmp_path: Path, clipline: Run) -> None:
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    flags = (*VARIABLES[:2], "--var", "image_model=acme/clip", "--var", "image_model_revision=0123abc")
    said = clipline("bundle", "build", *flags, env=own).stderr
    assert "not compared with the image encoder, whose files were not at hand" in said
