"""How far the upload of a model has come, so that one that was cut off goes on from there, from any machine.

The document ``upload:<model id>``; all parts with a number below ``parts`` are acknowledged::

    {"kind": "upload", "stack": "clipline", "body": {"model_pt_sha256": "9c…", "parts": 412}}

It is an aid and no proof: where it cannot be read or written, every part is offered again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipline.core.errors import ClusterError
from provisioning.state.store import ensure_index, read, remove, write

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

EVERY = 64
"""Parts between two writes: each costs a request."""


class UploadMark:
    """The mark of one model's upload; ``sha256`` is that of the ``model.pt`` which is sent.

    What the cluster says to a write, or that it does not, is let go: then more parts are offered again than need be.
    """

    def __init__(self, client: Elasticsearch, *, stack: str, model_id: str, sha256: str) -> None:
        self._client = client
        self._once = client.options(max_retries=0)  # an upload does not wait for an aid
        self._stack = stack
        self._id = f"upload:{model_id}"
        self._sha256 = sha256
        self._written = 0
        self._may_write = True
        self._is_there = False

    def read(self) -> int:
        """The number of acknowledged parts; 0 where that is not known, or known of another ``model.pt``."""
        from elasticsearch import ApiError

        try:
            stored = read(self._client, self._id)
        except ApiError:
            return 0
        if stored is None or stored.body.get("model_pt_sha256") != self._sha256:
            return 0
        parts = stored.body.get("parts")
        self._written = parts if isinstance(parts, int) and parts > 0 else 0
        return self._written

    def note(self, parts: int, *, now: bool = False) -> None:
        """Write it down when enough parts are new, or when there are any and it should be ``now``."""
        if parts - self._written >= (1 if now else EVERY):
            self._write(parts)

    def forget(self) -> None:
        """Take it away: the model is whole, or there is none yet."""
        from elasticsearch import ApiError

        try:
            remove(self._client, self._id)
        except ApiError:
            self._write(0)
        self._written = 0

    def _write(self, parts: int) -> None:
        from elasticsearch import ApiError, TransportError

        self._written = parts
        if not self._may_write:
            return
        body = {"model_pt_sha256": self._sha256, "parts": parts}
        try:
            if not self._is_there:
                ensure_index(self._once)
                self._is_there = True
            write(self._once, self._id, {"kind": "upload", "stack": self._stack, "body": body})
        except (ApiError, ClusterError):
            self._may_write = False
        except TransportError:
            return  # the next write makes up for it
