"""The shipped weights: how often the first hit is right, and that they are what a cluster can take.

Everything is measured from `clipline/demo/text` and `clipline/demo/image` as they lie there, loaded the way a user
loads the real pair. `test_the_measurement_can_fail` proves that the measurement does not flatter.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from clipline.demo.captions import LANGUAGES, Language
from clipline.demo.measure import Query, first_hits, queries, upright
from clipline.demo.pictures import Picture, generate
from clipline.demo.pictures_scene import combinations, held_out
from provisioning.bundles.build import operators_of
from tests.conftest import TINY_IMAGE, TINY_TEXT

LARGEST = 6_000_000
EACH_LANGUAGE, AVERAGE = 0.90, 0.95
QUERIES_PER_LANGUAGE = 200
TRACED_TEXTS = (
    "two red circles",
    "drei blaue Sterne auf gestreiftem Hintergrund",
    "une image de trois étoiles jaunes",
    "¿dónde hay dos corazones rosas?",
    "三个紫色的圆形",
    "A mountain covered in snow",
    "x",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """The gallery, the queries, and the vectors of both."""

    gallery: list[Picture]
    asked: list[Query]
    images: Any
    texts: Any


@pytest.fixture(scope="module")
def text_model() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(TINY_TEXT), device="cpu")


@pytest.fixture(scope="module")
def image_model() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(TINY_IMAGE), device="cpu")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, text_model: Any, image_model: Any) -> Measured:
    # Neither seed is one of training's; the pictures go through their files and their orientations.
    gallery = generate(tmp_path_factory.mktemp("gallery"), count=400, seed=90_210, captions=False)
    asked = queries(90_211, per_combination=QUERIES_PER_LANGUAGE // len(held_out()) + 2)
    images = image_model.encode([upright(picture) for picture in gallery], batch_size=64)
    return Measured(gallery, asked, images, text_model.encode([query.text for query in asked], batch_size=128))


def test_first_hit_has_the_right_shape_and_colour(
    measured: Measured, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = _shares(measured)
    average = sum(shares.values()) / len(shares)
    with capsys.disabled():
        figures = "  ".join(f"{language} {share:.1%}" for language, share in shares.items())
        print(f"\nfirst hit right on combinations never trained on: {figures}  average {average:.1%}")
    for language, share in shares.items():
        record_property(f"first hit right, {language}", round(share, 4))
    assert set(shares) == set(LANGUAGES)
    assert min(shares.values()) >= EACH_LANGUAGE, shares
    assert average >= AVERAGE, shares


def test_the_measurement_is_on_unseen_combinations_among_trained_ones(measured: Measured) -> None:
    for language in LANGUAGES:
        texts = [query.text for query in measured.asked if query.language == language]
        assert len(texts) >= QUERIES_PER_LANGUAGE
    assert {query.wanted for query in measured.asked} == set(held_out())
    shown = {(picture.shape, picture.colour) for picture in measured.gallery}
    assert shown == set(combinations())


def test_the_measurement_can_fail(measured: Measured) -> None:
    order = np.random.default_rng(0).permutation(len(measured.asked))
    shuffled = Measured(measured.gallery, measured.asked, measured.images, measured.texts[order])
    assert max(_shares(shuffled).values()) < 0.2


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_meaning_is_one_place_in_every_language(text_model: Any, language: Language) -> None:
    """Translations are nearer to each other than to the same sentence with another colour or shape."""
    from clipline.demo.captions import captions

    rng = Random(5)
    pairs = rng.sample(combinations(), 30)
    by_language = [captions(shape=shape, colour=colour, count=1) for shape, colour in pairs]
    here = text_model.encode([texts[language] for texts in by_language], normalize_embeddings=True)
    english = text_model.encode([texts["en"] for texts in by_language], normalize_embeddings=True)
    nearest = (here @ english.T).argmax(axis=1)
    assert (nearest == np.arange(len(pairs))).mean() >= 0.9


def test_both_give_512_floats(text_model: Any, image_model: Any, measured: Measured) -> None:
    for vector in (text_model.encode(["two red circles"])[0], image_model.encode([upright(measured.gallery[0])])[0]):
        assert vector.shape == (512,)
        assert vector.dtype == np.float32
        assert np.isfinite(vector).all()


def test_any_text_is_spelled_with_known_pieces(text_model: Any) -> None:
    tokenizer = text_model.tokenizer
    for text in (
        "A mountain covered in snow",
        "Ein Berg im Schnee, übrigens!",
        "Où est la forêt enneigée ?",
        "¡Qué montaña más bonita! 42 %",
        "两个红色的圆形，三个蓝色的星星。",
        "QUEEN'S 1234567890 (x@y.org)",
    ):
        pieces = tokenizer.tokenize(text)
        assert pieces
        assert tokenizer.unk_token not in pieces, pieces
    assert "circles" in tokenizer.get_vocab()
    assert any(piece.startswith("##") for piece in tokenizer.tokenize("mountain"))


def test_together_they_stay_small() -> None:
    size = sum(path.stat().st_size for path in _shipped())
    assert size <= LARGEST, f"{size:,} bytes"


def test_module_types_are_those_of_the_real_pair() -> None:
    assert _modules(TINY_IMAGE) == ["sentence_transformers.models.CLIPModel"]
    assert _modules(TINY_TEXT) == [
        "sentence_transformers.models.Transformer",
        "sentence_transformers.models.Pooling",
        "sentence_transformers.models.Dense",
    ]
    assert _json(TINY_IMAGE / "0_CLIPModel" / "config.json")["architectures"] == ["CLIPModel"]
    assert _json(TINY_IMAGE / "0_CLIPModel" / "config.json")["projection_dim"] == 512
    assert _json(TINY_TEXT / "config.json")["architectures"] == ["DistilBertModel"]
    assert _json(TINY_TEXT / "sentence_bert_config.json")["max_seq_length"] == 128
    dense = _json(TINY_TEXT / "2_Dense" / "config.json")
    assert (dense["out_features"], dense["bias"]) == (512, False)
    assert dense["activation_function"].endswith("Identity")
    assert _json(TINY_TEXT / "1_Pooling" / "config.json")["pooling_mode_mean_tokens"] is True


def test_weights_are_plain_float32_safetensors() -> None:
    from safetensors import safe_open

    files = [path for path in _shipped() if path.suffix in {".safetensors", ".bin", ".pt", ".pkl"}]
    assert {path.suffix for path in files} == {".safetensors"}
    for file in files:
        with safe_open(file, framework="numpy") as weights:
            assert {weights.get_slice(name).get_dtype() for name in weights.keys()} <= {"F32", "I64"}  # noqa: SIM118


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    for path in _shipped():
        if path.suffix in {".json", ".md", ".txt"}:
            found = re.search(r"(?<![\w/.])/(home|work|tmp|root|Users|opt|var)/", path.read_text("utf-8"))
            assert not found, f"{path.name}: {found}"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """What eland would upload: its model object, and the archive loaded back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from eland.ml.pytorch.transformers import TransformerModel

        model = TransformerModel(model_id=str(TINY_TEXT), task_type="text_embedding", es_version=(9, 2, 0))
        path, config, _ = model.save(str(tmp_path_factory.mktemp("traced")))
        yield config.to_dict(), torch.jit.load(path)


def test_eland_sees_a_bert_text_embedding_of_512(traced: tuple[Any, Any]) -> None:
    embedding = traced[0]["inference_config"]["text_embedding"]
    assert embedding["embedding_size"] == 512
    assert embedding["tokenization"]["bert"]["do_lower_case"] is False


def test_the_traced_model_agrees_with_sentence_transformers(traced: tuple[Any, Any], text_model: Any) -> None:
    import torch

    names = [value.debugName() for value in traced[1].graph.inputs()][1:]
    assert len(names) == 4, names
    for text in TRACED_TEXTS:
        ids = text_model.tokenizer(text, return_tensors="pt")["input_ids"]
        arguments = (ids, torch.ones_like(ids), torch.zeros_like(ids), torch.arange(ids.shape[1]).unsqueeze(0))
        with torch.inference_mode():
            result = traced[1](*arguments)
        row = (result[0] if isinstance(result, tuple) else result).reshape(-1, 512)[0].numpy()
        reference = text_model.encode(text)
        cosine = float(row @ reference / np.linalg.norm(row) / np.linalg.norm(reference))
        assert cosine >= 0.9999, (text, cosine)


def test_the_traced_model_uses_only_operators_that_a_server_allows(traced: tuple[Any, Any]) -> None:
    allowed = set(_json(Path(__file__).with_name("allowed_operations.json"))["allowed_operations"])
    used = set(operators_of(traced[1]))
    assert {"aten::linear", "aten::layer_norm"} <= used, used
    assert used <= allowed, sorted(used - allowed)


def _shares(measured: Measured) -> dict[Language, float]:
    return first_hits(
        measured.asked, gallery=measured.gallery, text_vectors=measured.texts, image_vectors=measured.images
    )


def _shipped() -> list[Path]:
    return [path for folder in (TINY_TEXT, TINY_IMAGE) for path in folder.rglob("*") if path.is_file()]


def _modules(directory: Path) -> list[str]:
    return [module["type"] for module in _json(directory / "modules.json")]


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
