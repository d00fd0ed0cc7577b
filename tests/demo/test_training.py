"""The training itself, in small: what it may see, what it may count as wrong, and that it ends in a usable pair."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from clipline.demo.pictures_scene import COLOURS, SHAPES, combinations, compose, held_out
from clipline.demo.train import Course, fit
from clipline.demo.train_texts import ANYTHING, full_text, partial_text, scene_code

SMALL = Course(pictures=80, steps=3, batch=16, warmup=1)


@pytest.fixture(scope="module")
def album() -> Any:
    from clipline.demo.train_batches import draw_album

    return draw_album(SMALL.pictures, seed=SMALL.seed)


def test_no_held_out_combination_is_drawn(album: Any) -> None:
    assert {(scene.shape, scene.colour) for scene in album.scenes} == set(combinations()) - set(held_out())


def test_no_text_names_a_held_out_combination() -> None:
    rng = Random(3)
    for shape, colour in set(combinations()) - set(held_out()):
        scene = compose(rng, shape=shape, colour=colour)
        for text in (full_text(scene, rng), partial_text(scene, rng)):
            assert text.code[0] in (ANYTHING, SHAPES.index(shape))
            assert text.code[1] in (ANYTHING, COLOURS.index(colour))


def test_a_denied_pair_is_exactly_one_that_is_held_out_together() -> None:
    import torch

    from clipline.demo.train_heads import Denials

    rng = Random(1)
    pictures = [
        compose(rng, shape=shape, colour=colour)
        for shape, colour in combinations()
        if (shape, colour) not in held_out()
    ]
    texts = [partial_text(scene, rng) for scene in pictures]
    codes = torch.tensor([scene_code(scene) for scene in pictures])
    denied = Denials().between(torch.tensor([text.code for text in texts]), pictures=codes)
    assert denied.any()
    for row, text in zip(denied, texts, strict=True):
        for cell, scene in zip(row, pictures, strict=True):
            said_shape = SHAPES[text.code[0]] if text.code[0] != ANYTHING else None
            said_colour = COLOURS[text.code[1]] if text.code[1] != ANYTHING else None
            together = {(said_shape, scene.colour), (scene.shape, said_colour)} & set(held_out())
            assert bool(cell) == bool(together)


def test_a_picture_that_fits_is_never_denied(album: Any) -> None:
    from clipline.demo.train_batches import batches
    from clipline.demo.train_vocabulary import vocabulary

    for batch in batches(album, pieces=vocabulary(seed=1), course=SMALL):
        assert batch.fits.diagonal().all()
        assert (batch.shows >= batch.fits).all()
        assert not (batch.shows & batch.denied).any()


def test_patch_labels_stand_where_the_shapes_are(album: Any) -> None:
    for scene, labels in zip(album.scenes, album.patches, strict=True):
        assert set(labels.flatten().tolist()) == {SHAPES.index(scene.shape), len(SHAPES)}
        place = scene.placements[0]
        assert labels[int(place.y * 8), int(place.x * 8)] == SHAPES.index(scene.shape)


def test_a_few_steps_change_the_weights_and_end_in_directories(album: Any, tmp_path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    from clipline.demo.train_towers import ImageTower, TextTower
    from clipline.demo.train_vocabulary import vocabulary

    torch.manual_seed(1)
    text, image = TextTower(vocabulary(seed=1)), ImageTower()
    before = image.clip.vision_model.embeddings.patch_embedding.weight.detach().clone()
    fit(text, image=image, album=album, course=SMALL, say=lambda _: None)
    assert not torch.equal(before, image.clip.vision_model.embeddings.patch_embedding.weight)
    text.save(tmp_path / "text")
    image.save(tmp_path / "image")
    loaded = SentenceTransformer(str(tmp_path / "text"), device="cpu")
    tokens = loaded.tokenizer(["two red circles"], return_tensors="pt")
    with torch.inference_mode():
        mine = text(tokens["input_ids"], tokens["attention_mask"])[0]
    torch.testing.assert_close(torch.tensor(loaded.encode("two red circles")), mine, rtol=1e-4, atol=1e-5)
