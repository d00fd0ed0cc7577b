"""The whole load, one line per stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import CliplineError, ImageError
from clipline.core.records import EncoderIdentity
from clipline.core.text_encoders import TextEncoder, load_text_encoder
from clipline.core.text_models import TextEncoderIdentity
from loader.bulk import Action, Result, send
from loader.dead_letters import DeadLetter, DeadLetters, Stage
from loader.decode import DecodedImage, decode
from loader.discover import ImageRef, PassedOver, Root, Why, check_roots, discover
from loader.document import document
from loader.embed import Embedding, embed
from loader.outcome import Outcome
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
    load_text: Callable[[TextEncoderIdentity], TextEncoder] = load_text_encoder,
    batch_size: int = 32,
    dead_letters: Path,
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Load the pictures below some roots into the index behind an alias.

    The target is checked before a picture is opened, and an encoder loaded only when there is something for it to encode;
    that of texts only where the index says that they are encoded on the client.

    Raises:
        CliplineError: no picture was found, the index is not there, or the encoder is not the index's.
        elasticsearch.ApiError, elasticsearch.TransportError: the cluster refused a request or went away.
    """
    started = time.monotonic()
    check_roots(roots)
    target = open_target(client, alias)
    # Counted by a walk of its own: a list of all files would grow with the archive.
    total = sum(1 for root in roots for _ in discover(root)) if progress else 0
    letters = DeadLetters(dead_letters)
    tell = (lambda done: progress(Progress(done, total))) if progress else (lambda _: None)
    run = _Run(target, load_encoder, load_text, batch_size, letters, tell)
    try:
        found = run.found(roots)
        new = run.new(found)
        images = run.decoded(new)
        embeddings = run.embedded(images)
        actions = run.documents(embeddings)
        results = send(actions, client=client, alias=alias)
        run.count(results)
    finally:
        letters.close()
    outcome = run.outcome
    if outcome.indexed:
        target.refresh()
    outcome.without_vector, outcome.ingest_errors = target.without_vector(), target.ingest_errors()
    outcome.dead_letters_file = str(letters.file) if letters.file else None
    outcome.seconds = time.monotonic() - started
    return outcome


@dataclass(slots=True)
class _Run:
    """The stages with what they share; each turns what it cannot use into a dead letter."""

    target: Target
    load_encoder: Callable[[EncoderIdentity], ImageEncoder]
    load_text: Callable[[TextEncoderIdentity], TextEncoder]
    batch_size: int
    letters: DeadLetters
    tell: Callable[[int], None]
    outcome: Outcome = field(default_factory=Outcome)
    encoder: ImageEncoder | None = None
    text_encoder: TextEncoder | None = None

    def found(self, roots: Sequence[Root]) -> Iterator[ImageRef]:
        some = False
        for root in roots:
            for ref in discover(root, passed_over=self._passed_over):
                some = True
                yield ref
        if not some:
            places = ", ".join(str(root.directory) for root in roots)
            raise CliplineError("no picture was found there", where=places, hint="name a folder that holds pictures")

    def new(self, refs: Iterable[ImageRef]) -> Iterator[ImageRef]:
        waiting = iter(refs)
        while some := list(islice(waiting, _LOOK_UP)):
            unchanged = self.target.unchanged(some)
            self.outcome.skipped += len(unchanged)
            self.tell(self.outcome.done)
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
        encoder = self.encoder = self.load_encoder(self.target.marks.encoder)
        self.target.check_encoder(encoder)
        self.target.write_encoder_digest(encoder.digest)
        texts = self._text_encoder if self.target.text_encoder else None
        images = chain([first], waiting)
        for item in embed(images, encoder=encoder, batch_size=self.batch_size, text_encoder=texts):
            if not isinstance(item, Embedding):
                self._reject(item.image.ref, "embed", item.error.what, retriable=False)
                continue
            if item.caption_error is not None:
                self.outcome.captions_without_vector += 1
                self._write(item.image.ref, "caption", item.caption_error, retriable=False)
            yield item

    def documents(self, embeddings: Iterable[Embedding]) -> Iterator[Action]:
        for embedding in embeddings:
            assert self.encoder is not None  # the stage before loaded it
            yield Action(embedding.image.ref, document(embedding, encoder_digest=self.encoder.digest))

    def count(self, results: Iterable[Result]) -> None:
        for result in results:
            if result.error is None:
                self.outcome.indexed += 1
            else:
                self._reject(result.ref, "bulk", result.error, retriable=result.retriable)
            self.tell(self.outcome.done)

    def _text_encoder(self) -> TextEncoder:
        wanted = self.target.text_encoder
        assert wanted is not None  # else nobody asks
        if self.text_encoder is None:
            encoder = self.load_text(wanted)
            self.target.check_text_encoder(encoder)
            self.target.write_text_digest(encoder.digest)
            self.text_encoder = encoder
        return self.text_encoder

    def _passed_over(self, item: PassedOver) -> None:
        match item.why:
            case Why.OTHER:
                self.outcome.other_files += 1
            case Why.UNREADABLE:
                self._reject(item, "discover", item.reason, retriable=True)
            case Why.CAPTION:
                self.outcome.unread_captions += 1
                self._write(item, "caption", item.reason, retriable=False)

    def _reject(self, item: ImageRef | PassedOver, stage: Stage, reason: str, *, retriable: bool) -> None:
        self.outcome.rejected_by_stage[stage] += 1
        self._write(item, stage, reason, retriable=retriable)

    def _write(self, item: ImageRef | PassedOver, stage: Stage, reason: str, *, retriable: bool) -> None:
        source, path = item.root.source, item.relative_path
        self.letters.add(DeadLetter(path=path, source=source, stage=stage, reason=reason, retriable=retriable))
