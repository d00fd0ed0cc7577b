"""The whole load, one line per stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, ImageError
from clipline.core.records import EncoderIdentity
from loader.bulk import Action, send
from loader.decode import DecodedImage, decode
from loader.discover import ImageRef, Root, check_roots, discover
from loader.document import document
from loader.embed import Embedding, embed
from loader.outcome import DeadLetters, Outcome, Rejection
from loader.target import Target, open_target

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_LOOK_UP = 500  # files whose documents are asked for in one request


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is: pictures done of those found."""

    done: int
    total: int


def load(
    roots: Sequence[Root],
    *,
    client: Elasticsearch,
    alias: str,
    load_encoder: Callable[[EncoderIdentity], ImageEncoder],
    batch_size: int,
    dead_letters: Path,
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Load the pictures below some roots into the index behind an alias.

    The encoder is loaded only when there is something to encode.

    Raises:
        CliplineError: no picture was found, the index is not there, or the encoder is not the index's.
        elasticsearch.ApiError, elasticsearch.TransportError: the cluster refused a request or went away.
    """
    started = time.monotonic()
    check_roots(roots)
    target = open_target(client, alias)
    refs = _found(roots)
    run = _Run(target, load_encoder, batch_size, DeadLetters(dead_letters, outcome := Outcome()), outcome)
    try:
        new = run.new(refs)
        images = run.decoded(new)
        embeddings = run.embedded(images)
        actions = run.documents(embeddings)
        for _ in run.sent(actions):
            if progress is not None:
                progress(Progress(outcome.indexed + outcome.skipped + outcome.rejected, len(refs)))
    finally:
        run.letters.close()
    if outcome.indexed:
        target.refresh()
        outcome.caption_errors = target.without_caption_vector()
    outcome.seconds = time.monotonic() - started
    return outcome


def _found(roots: Sequence[Root]) -> list[ImageRef]:
    refs = [ref for root in roots for ref in discover(root)]
    if not refs:
        places = ", ".join(str(root.directory) for root in roots)
        raise CliplineError("no picture was found there", where=places, hint="name a folder that holds pictures")
    return refs


@dataclass(slots=True)
class _Run:
    """The stages with what they share; each turns what it cannot use into a rejection."""

    target: Target
    load_encoder: Callable[[EncoderIdentity], ImageEncoder]
    batch_size: int
    letters: DeadLetters
    outcome: Outcome
    encoder: ImageEncoder | None = None

    def new(self, refs: Iterable[ImageRef]) -> Iterator[ImageRef]:
        waiting = iter(refs)
        while some := list(islice(waiting, _LOOK_UP)):
            unchanged = self.target.unchanged(some)
            self.outcome.skipped += len(unchanged)
            yield from (ref for ref in some if ref.id not in unchanged)

    def decoded(self, refs: Iterable[ImageRef]) -> Iterator[DecodedImage]:
        for ref in refs:
            try:
                yield decode(ref)
            except ImageError as error:
                self._reject(ref, "decode", error.what, retriable=False)

    def embedded(self, images: Iterable[DecodedImage]) -> Iterator[Embedding]:
        waiting = iter(images)
        first = next(waiting, None)
        if first is None:
            return
        self.encoder = self.load_encoder(self.target.marks.encoder)
        self.target.write_encoder_digest(self.encoder.digest)
        for item in embed(_chain(first, waiting), encoder=self.encoder, batch_size=self.batch_size):
            if isinstance(item, Embedding):
                yield item
            else:
                self._reject(item[0].ref, "embed", item[1].what, retriable=False)

    def documents(self, embeddings: Iterable[Embedding]) -> Iterator[Action]:
        for embedding in embeddings:
            assert self.encoder is not None  # the stage before loaded it
            yield Action(embedding.image.ref, document(embedding, encoder_digest=self.encoder.digest))

    def sent(self, actions: Iterable[Action]) -> Iterator[None]:
        for result in send(actions, client=self.target.client, alias=self.target.alias):
            if result.error is None:
                self.outcome.indexed += 1
            else:
                self._reject(result.ref, "bulk", result.error, retriable=result.retriable)
            yield

    def _reject(self, ref: ImageRef, stage: str, reason: str, *, retriable: bool) -> None:
        self.letters.add(
            Rejection(path=ref.relative_path, source=ref.source, stage=stage, reason=reason, retriable=retriable)
        )


def _chain(first: DecodedImage, rest: Iterator[DecodedImage]) -> Iterator[DecodedImage]:
    yield first
    yield from rest
