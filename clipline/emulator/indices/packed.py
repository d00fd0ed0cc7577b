"""What is indexed of a document as two blobs: JSON for the values, raw float32 for the vectors.

::

    {"values": {"image_id": ["IMG_1"], "exif.location": [[48.1, 11.6]]}, "vectors": {"image_embedding": 512}}

The second blob is the vectors in that order, little-endian, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from clipline.emulator.indices.parse import Parsed

_FLOAT = np.dtype("<f4")


def pack(parsed: Parsed) -> tuple[bytes, bytes]:
    """The two blobs of a document; what dynamic mapping added is not part of them."""
    lengths = {name: len(vector) for name, vector in parsed.vectors.items()}
    raw = b"".join(vector.astype(_FLOAT, copy=False).tobytes() for vector in parsed.vectors.values())
    return orjson.dumps({"values": parsed.values, "vectors": lengths}), raw


def unpack(head: bytes) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """The values of a document, and how long each of its vectors is."""
    described: dict[str, Any] = orjson.loads(head)
    values: dict[str, list[Any]] = described["values"]
    for name, held in values.items():
        # Only a point is more than one JSON scalar, and queries compare it as a pair.
        if type(held[0]) is list:
            values[name] = [tuple(value) if isinstance(value, list) else value for value in held]
    return values, described["vectors"]


def unpack_vectors(lengths: dict[str, int], raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes of each vector."""
    start = 0
    for name, length in lengths.items():
        end = start + length * _FLOAT.itemsize
        yield name, raw[start:end]
        start = end


def matrix(vectors: list[bytes]) -> NDArray[np.float32]:
    """Vectors of the same length as ``(n, dims)``."""
    flat = np.frombuffer(b"".join(vectors), _FLOAT)
    return flat.reshape(len(vectors), -1).astype(np.float32, copy=False)
