"""Ratios of one run of the loader; nothing here is an assertion on time.

Prints how long each stage of a load takes against the whole, on the demo's pictures with the shipped image encoder.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from clipline.core.encoders import SentenceTransformerEncoder, image_encoder_digest
from clipline.demo.pictures import generate
from loader.decode import decode
from loader.discover import Root, discover
from loader.embed import embed

IMAGE_MODEL = Path(__file__).resolve().parents[2] / "clipline" / "demo" / "image"
COUNT = 400


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), count=COUNT, seed=1)
        encoder = SentenceTransformerEncoder(IMAGE_MODEL, digest=image_encoder_digest(IMAGE_MODEL))
        started = time.perf_counter()
        refs = list(discover(Root(Path(folder), "bench")))
        found = time.perf_counter()
        images = [decode(ref) for ref in refs]
        decoded = time.perf_counter()
        for _ in embed(images, encoder=encoder, batch_size=32):
            pass
        done = time.perf_counter()
    whole = done - started
    for name, seconds in (("discover", found - started), ("decode", decoded - found), ("embed", done - decoded)):
        print(f"{name:<9} {seconds / whole:6.1%} of {whole:.2f} s, {COUNT / seconds:8.0f} pictures/s alone")


if __name__ == "__main__":
    main()
