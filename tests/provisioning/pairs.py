"""A second pair of models: the tiny pair's kind, with weights of chance."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import TINY_TEXT


def random_text_model(directory: Path, *, seed: int) -> Path:
    """The tiny text model with other weights: another digest, the same tokenizer, vectors of the same length."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(TINY_TEXT, directory)
    generator = torch.Generator().manual_seed(seed)
    for file in directory.rglob("model.safetensors"):
        weights = {
            name: value + 0.5 * value.std(correction=0) * torch.randn(value.shape, generator=generator)
            for name, value in load_file(file).items()
        }
        save_file(weights, file, metadata={"format": "pt"})
    return directory
