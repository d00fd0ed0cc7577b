"""How good the pair is: does the first hit show the right shape in the right colour?

The whole real path, on combinations that training never saw: picture files → upright PIL images → the image
model; queries in five languages → the text model; cosine; first hit among pictures of every combination.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

from clipline.demo.captions import LANGUAGES, Language, Said, phrasing
from clipline.demo.pictures import Picture, generate
from clipline.demo.pictures_scene import BACKGROUNDS, COUNTS, SIZES, Combination, held_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Query:
    """A text, and the shape and colour that the first hit must have."""

    text: str
    language: Language
    wanted: Combination


def measure(
    text: Path, *, image: Path, seed: int = 2024, pictures: int = 400, per_combination: int = 12
) -> dict[Language, float]:
    """The share of queries per language whose first hit is right, with the models in these directories."""
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as folder:
        gallery = generate(Path(folder), count=pictures, seed=seed, captions=False)
        image_vectors = SentenceTransformer(str(image), device="cpu").encode([upright(p) for p in gallery])
    asked = queries(seed, per_combination=per_combination)
    text_vectors = SentenceTransformer(str(text), device="cpu").encode([query.text for query in asked])
    return first_hits(asked, gallery=gallery, text_vectors=text_vectors, image_vectors=image_vectors)


def queries(seed: int, *, per_combination: int) -> list[Query]:
    """Different texts for every held-out combination in every language."""
    rng = Random(seed)
    asked: list[Query] = []
    for language in LANGUAGES:
        for wanted in held_out():
            texts: set[str] = set()
            while len(texts) < per_combination:
                texts.add(phrasing(_said(wanted, rng), language=language, choose=rng.choice))
            asked.extend(Query(text, language, wanted) for text in sorted(texts))
    return asked


def upright(picture: Picture) -> Image.Image:
    """The picture as it is meant to be seen."""
    with Image.open(picture.path) as stored:
        return ImageOps.exif_transpose(stored).convert("RGB")


def first_hits(
    asked: list[Query], *, gallery: list[Picture], text_vectors: NDArray[Any], image_vectors: NDArray[Any]
) -> dict[Language, float]:
    """The share per language of queries whose nearest picture is right."""
    nearest = (_unit(text_vectors) @ _unit(image_vectors).T).argmax(axis=1)
    right: dict[Language, list[bool]] = {language: [] for language in LANGUAGES}
    for query, hit in zip(asked, nearest, strict=True):
        right[query.language].append((gallery[hit].shape, gallery[hit].colour) == query.wanted)
    return {language: sum(hits) / len(hits) for language, hits in right.items()}


def _said(wanted: Combination, rng: Random) -> Said:
    shape, colour = wanted
    return Said(
        shape=shape,
        colour=colour,
        count=rng.choice((None, *COUNTS)),
        size=rng.choice((None, None, None, *SIZES)),
        background=rng.choice((*[None] * 12, *BACKGROUNDS)),
    )


def _unit(vectors: NDArray[Any]) -> NDArray[np.floating[Any]]:
    import numpy as np

    unit: NDArray[np.floating[Any]] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
