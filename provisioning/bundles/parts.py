"""The definition of a model → the cluster, several parts at a time.

The server takes parts in any order and from several connections at once; only the last one must come last, because it makes
the others visible (TransportPutTrainedModelDefinitionPartAction refreshes with it).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from clipline.core.cluster import ensure
from provisioning.bundles.bundle import Bundle

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PART_BYTES = 1024 * 1024
"""eland's part size; 4 MB put pressure on the server's memory."""

IN_FLIGHT = 4
"""Parts on the way at once: each is held in memory some three times over (bytes, Base64, JSON)."""


def count_parts(bundle: Bundle) -> int:
    """How many parts the definition has."""
    return -(-bundle.model_bytes // PART_BYTES)


def send_parts(
    client: Elasticsearch, bundle: Bundle, *, model_id: str, first: int, acknowledged: Callable[[int], None]
) -> None:
    """Send the parts from ``first`` on; one that is there already counts as sent.

    Args:
        client: the cluster.
        bundle: whose ``model.pt``.
        model_id: a model that was made for this very ``model.pt``.
        first: the number of the first part to send.
        acknowledged: told, whenever it grows, the number below which all parts are acknowledged; also before a failure
            is raised.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: a part was refused, or got lost for good.
        BundleError: the bundle cannot be read.
    """
    total, parts = bundle.model_bytes, count_parts(bundle)
    way = _UnderWay(first, acknowledged)

    def send(number: int, part: bytes) -> None:
        _send(client, model_id, number, part, total_parts=parts, total_bytes=total)

    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="part") as pool:
        try:
            for number, part in enumerate(bundle.model_parts(PART_BYTES, first=first), first):
                way.wait_until_fewer_than(1 if number == parts - 1 else IN_FLIGHT)
                way.add(number, pool.submit(send, number, part))
            way.wait_until_fewer_than(1)
        except BaseException:
            way.settle()
            raise


class _UnderWay:
    """The parts that are being sent, and the number below which all are acknowledged."""

    def __init__(self, first: int, acknowledged: Callable[[int], None]) -> None:
        self._below = first
        self._beyond: set[int] = set()
        self._acknowledged = acknowledged
        self._sent: dict[Future[None], int] = {}

    def add(self, number: int, future: Future[None]) -> None:
        self._sent[future] = number

    def wait_until_fewer_than(self, most: int) -> None:
        """Wait until fewer parts than that are on the way; raises what became of one that failed."""
        while len(self._sent) >= most:
            done, _ = wait(self._sent, return_when=FIRST_COMPLETED)
            for future in done:
                number = self._sent.pop(future)
                future.result()
                self._note(number)

    def settle(self) -> None:
        """After a failure: what is on the way comes to its end, and counts where it got there."""
        for future, number in sorted(self._sent.items(), key=lambda item: item[1]):
            with suppress(Exception):
                future.result()
                self._note(number)

    def _note(self, number: int) -> None:
        self._beyond.add(number)
        if number != self._below:
            return
        while self._below in self._beyond:
            self._beyond.remove(self._below)
            self._below += 1
        self._acknowledged(self._below)


def _send(
    client: Elasticsearch, model_id: str, number: int, part: bytes, *, total_parts: int, total_bytes: int
) -> None:
    # Base64 needs no escaping, so the body is put together as bytes: to make JSON of it takes twice as long as to encode it.
    body = b'{"total_definition_length":%d,"total_parts":%d,"definition":"%b"}' % (
        total_bytes,
        total_parts,
        base64.b64encode(part),
    )
    ensure(
        lambda: client.perform_request(
            "PUT",
            f"/_ml/trained_models/{model_id}/definition/{number}",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=body,
        )
    )
