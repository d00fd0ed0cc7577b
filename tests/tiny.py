"""The tiny pair of the package, and the pictures that tests load."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent
TINY_TEXT = ROOT / "clipline" / "demo" / "text"
TINY_IMAGE = ROOT / "clipline" / "demo" / "image"
TINY = (f"text_model={TINY_TEXT}", f"image_model={TINY_IMAGE}", "replicas=0")
"""The variables that put the tiny pair into the default stack."""


class Album(TypedDict):
    """What ``clipline.demo.pictures.generate`` is told."""

    count: int
    seed: int


ALBUM = Album(count=40, seed=3)
"""The pictures of tests/e2e."""
