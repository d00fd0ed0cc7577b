"""A second pair of models: the tiny pair's kind, with weights of chance."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tests.tiny import TINY_TEXT


def random_text_model(directory: Path, *, seed: int, kept: bool = True) -> Path:
    """The tiny text model with other weights: another digest, the same tokenizer, vectors of the same length.

    With ``kept`` the weights are disturbed so that its vectors stay near the model's, else nothing is left of them.
    """
    shutil.copytree(TINY_TEXT, directory)
    chance = np.random.default_rng(seed)
    for file in sorted(directory.rglob("model.safetensors")):
        _disturb(file, chance, kept=kept)
    return directory


def _disturb(file: Path, chance: np.random.Generator, *, kept: bool) -> None:
    """Add noise to every tensor, or put noise in its place. A safetensors file: 8 bytes of length,
    a JSON header of that length, the numbers.

    https://huggingface.co/docs/safetensors#format; read by hand, because the package comes with transformers only.
    """
    content = bytearray(file.read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    for name, tensor in json.loads(content[8:begin]).items():
        if name == "__metadata__":
            continue
        assert tensor["dtype"] == "F32"
        first, end = (begin + offset for offset in tensor["data_offsets"])
        values = np.frombuffer(content, dtype="<f4", count=(end - first) // 4, offset=first)
        noise = values.std() * chance.standard_normal(values.shape)
        content[first:end] = (values + 0.5 * noise if kept else noise).astype("<f4").tobytes()
    file.write_bytes(content)
