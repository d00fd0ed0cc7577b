"""Documents → the index, through its ingest pipeline, chunk by chunk.

Every write carries ``require_alias=true``: without it, a load before ``apply`` would make a concrete index of that name
with a guessed mapping. A document that the cluster has no room for now (429, 503) is sent again, with growing pauses.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loader.discover import ImageRef

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CHUNK_DOCUMENTS = 256
"""Below the default queue of a deployment (1024), so that a chunk of captions alone cannot fill it."""

CHUNK_BYTES = 8 * 1024 * 1024
_BUSY = (429, 503)
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each repetition."""


@dataclass(frozen=True, slots=True)
class Action:
    """One document on its way."""

    ref: ImageRef
    source: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document: ``error`` is ``None`` when it was stored."""

    ref: ImageRef
    error: str | None
    retriable: bool = False


def send(
    actions: Iterable[Action], *, client: Elasticsearch, alias: str, pause: Callable[[float], None] = time.sleep
) -> Iterator[Result]:
    """Index documents; one result for each, in no particular order."""
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
    chunk: list[Action], client: Elasticsearch, alias: str, pause: Callable[[float], None]
) -> Iterator[Result]:
    for wait in (*_PAUSES, None):
        busy: list[Action] = []
        for action, status, error in _request(chunk, client, alias):
            if status < 300:
                yield Result(action.ref, None)
            elif status in _BUSY and wait is not None:
                busy.append(action)
            else:
                yield Result(action.ref, error, retriable=status in _BUSY)
        if not busy or wait is None:
            return
        pause(wait)
        chunk = busy


def _request(chunk: list[Action], client: Elasticsearch, alias: str) -> Iterator[tuple[Action, int, str]]:
    operations: list[Mapping[str, Any]] = []
    for action in chunk:
        operations += [{"index": {"_id": action.ref.id}}, action.source]
    answer = client.bulk(index=alias, operations=operations, require_alias=True)
    for action, item in zip(chunk, answer["items"], strict=True):
        outcome = item["index"]
        yield action, int(outcome["status"]), _reason(outcome.get("error") or {})


def _reason(error: Mapping[str, Any]) -> str:
    cause = (error.get("caused_by") or {}).get("reason")
    text = f"{error.get('type')}: {error.get('reason')}"
    return f"{text} ({cause})" if cause and cause not in text else text
