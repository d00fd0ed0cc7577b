"""The certificates of a node with TLS: an authority made at the first start, and the node's own, issued by it.

Both stay in the data folder, so that a client goes on trusting the node after it was started again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files: the authority's certificate, and the node's with its key."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, data: Path) -> Certificates:
        """The certificates of a data folder, made where there are none."""
        found = cls(data / "ca.crt", data / "node.crt", data / "node.key")
        if not all(path.exists() for path in (found.ca, found.certificate, found.key)):
            found._make()
        return found

    def _make(self) -> None:
        # Only where --secure is asked for: it takes a moment.
        import trustme

        authority = trustme.CA()
        issued = authority.issue_cert(*_NAMES)
        _write(self.key, issued.private_key_pem.bytes())
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        _write(self.certificate, chain)
        # Last, and whole: whoever sees it may trust that the others are there.
        _write(self.ca, authority.cert_pem.bytes())


def _write(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    beside.replace(path)
