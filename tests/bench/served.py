"""What the benchmarks of the emulator share: a server process of its own, raw requests, the documents that are sent.

The bodies are made before the clock starts, so that the figures are the server's and not those of making JSON.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

DIMS = 512
INDEX = "pictures"
MAPPINGS = {
    "properties": {
        "image_id": {"type": "keyword"},
        "tag": {"type": "keyword"},
        "image_embedding": {"type": "dense_vector", "dims": DIMS, "similarity": "cosine", "index": True},
    }
}


class Server:
    """One connection to an emulator."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=120)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that answers; bytes are sent as NDJSON."""
        raw = isinstance(body, bytes)
        sent = body if raw else json.dumps(body).encode() if body is not None else None
        kind = "application/x-ndjson" if raw else "application/json"
        self._connection.request(method, path, sent, {"Content-Type": kind} if sent else {})
        answer = json.loads(self._connection.getresponse().read())
        assert "error" not in answer, answer
        return answer

    def fill(self, bodies: list[bytes]) -> None:
        """Send bulk requests; every item must be taken."""
        for body in bodies:
            assert not self("POST", f"/{INDEX}/_bulk", body)["errors"]


def bulks(count: int, *, encoded: bool, size: int = 1000, seed: int = 1) -> list[bytes]:
    """Bulk requests for ``count`` documents with random unit vectors, in base64 or as lists of numbers."""
    lines = list(_lines(count, encoded, np.random.default_rng(seed)))
    return [b"".join(lines[start : start + size]) for start in range(0, count, size)]


def _lines(count: int, encoded: bool, random: np.random.Generator) -> Iterator[bytes]:
    for number in range(count):
        vector = random.standard_normal(DIMS).astype(np.float32)
        vector /= np.linalg.norm(vector)
        shown = base64.b64encode(vector.astype(">f4").tobytes()).decode() if encoded else vector.tolist()
        source = {"image_id": f"IMG_{number:06}", "tag": f"t{number % 10}", "image_embedding": shown}
        yield b"%b\n%b\n" % (
            json.dumps({"index": {"_id": str(number)}}).encode(),
            json.dumps(source, separators=(",", ":")).encode(),
        )
