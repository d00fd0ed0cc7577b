"""What is indexed of a document as two blobs: JSON for the values, raw float32 for the vectors.

::

    {"values": {"image_id": ["IMG_1"], "exif.location": [[48.1, 11.6]]}, "vectors": {"image_embedding": 512}}

The second blob is the vectors in that order, little-endian, one after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from clipline.emulator.indices.parse import Parsed

_FLOAT = np.dtype("<f4")


def pack(parsed: Parsed) -> tuple[bytes, bytes]:
    """The two blobs of a document; what dynamic mapping added is not part of them."""
    lengths = {name: len(vector) for name, vector in parsed.vectors.items()}
    raw = b"".join(vector.astype(_FLOAT, copy=False).tobytes() for vector in parsed.vectors.values())
    return orjson.dumps({"values": parsed.values, "vectors": lengths}), raw


def unpack(head: bytes, raw: bytes) -> Parsed:
    """The document that two blobs were made of."""
    described: dict[str, Any] = orjson.loads(head)
    # Only a point is more than one JSON scalar, and queries compare it as a pair.
    values = {
        name: [tuple(value) if isinstance(value, list) else value for value in held]
        for name, held in described["values"].items()
    }
    parsed = Parsed(values)
    start = 0
    for name, length in described["vectors"].items():
        parsed.vectors[name] = np.frombuffer(raw, _FLOAT, count=length, offset=start).astype(np.float32, copy=False)
        start += length * _FLOAT.itemsize
    return parsed
