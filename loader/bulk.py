"""Documents → the index, through its ingest pipeline, chunk by chunk.

Every write carries ``require_alias=true``: without it, a load before ``apply`` would make a concrete index of that name
with a guessed mapping. Documents that the cluster has no room for now (429, 503) are sent again, with growing pauses; a
request that it refuses as a whole has been sent again by the client already, as long as its patience lasts.

::

    POST /my-image-embeddings/_bulk?require_alias=true
    {"index": {"_id": "0a1b…"}}
    {"image_id": "IMG_4032", …}
    → {"errors": true, "items": [{"index": {"_id": "0a1b…", "status": 429, "error": {"type": …, "reason": …}}}]}
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loader.discover import ImageRef

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CHUNK_DOCUMENTS = 500
"""Below the default queue of a deployment (1024), so that a chunk of captions alone cannot fill it."""

CHUNK_BYTES = 8 * 1024 * 1024
BUSY = (429, 503)
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each repetition."""


@dataclass(frozen=True, slots=True)
class Action:
    """One document on its way."""

    ref: ImageRef
    source: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document: ``error`` is ``None`` when it was stored; ``retriable`` when only room was short."""

    ref: ImageRef
    error: str | None
    retriable: bool = False


def send(
    actions: Iterable[Action], *, client: Elasticsearch, alias: str, pause: Callable[[float], None] = time.sleep
) -> Iterator[Result]:
    """Index documents; one result for each, those that had to wait after the others of their chunk.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: a whole request was refused for another reason than load,
            or the cluster went away.
    """
    for chunk in _chunks(actions):
        yield from _send_chunk(chunk, client, alias, pause)


def _chunks(actions: Iterable[Action]) -> Iterator[list[Action]]:
    chunk: list[Action] = []
    size = 0
    for action in actions:
        length = len(json.dumps(action.source))
        if chunk and (len(chunk) >= CHUNK_DOCUMENTS or size + length > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(action)
        size += length
    if chunk:
        yield chunk


def _send_chunk(
    chunk: Sequence[Action], client: Elasticsearch, alias: str, pause: Callable[[float], None]
) -> Iterator[Result]:
    for wait in (*PAUSES, None):
        busy: list[Action] = []
        answered, whole = _request(chunk, client, alias)
        for action, status, error in answered:
            if status < 300:
                yield Result(action.ref, None)
            elif status in BUSY and wait is not None and not whole:
                busy.append(action)
            else:
                yield Result(action.ref, error, retriable=status in BUSY)
        if not busy or wait is None:
            return
        pause(wait)
        chunk = busy


def _request(chunk: Sequence[Action], client: Elasticsearch, alias: str) -> tuple[list[tuple[Action, int, str]], bool]:
    """Status and error of each document, and whether it was the request that was refused."""
    from elasticsearch import ApiError

    operations: list[Mapping[str, Any]] = []
    for action in chunk:
        operations += [{"index": {"_id": action.ref.id}}, action.source]
    try:
        answer = client.bulk(index=alias, operations=operations, require_alias=True)
    except ApiError as error:
        if error.meta.status not in BUSY:
            raise
        # Indexing pressure refuses a request whole.
        return [(action, error.meta.status, f"the cluster is overloaded: {error.message}") for action in chunk], True
    items = [item["index"] for item in answer["items"]]
    return [
        (action, int(item["status"]), _reason(item.get("error") or {}))
        for action, item in zip(chunk, items, strict=True)
    ], False


def _reason(error: Mapping[str, Any]) -> str:
    cause = (error.get("caused_by") or {}).get("reason")
    text = f"{error.get('type')}: {error.get('reason')}"
    return f"{text} ({cause})" if cause and cause not in text else text
