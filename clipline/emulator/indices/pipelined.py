"""From what a request asks to what an index is told: aliases, ingest pipelines, and indices made on the way.

As in ``TransportBulkAction``: first all documents of a request go through their pipelines, then what is missing is made,
then each index gets its part of the request at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from clipline.emulator.cluster_settings import check_auto_create
from clipline.emulator.errors import ApiError, validation_failed
from clipline.emulator.indices.alias_rules import agreed_routing
from clipline.emulator.indices.composition import composed
from clipline.emulator.indices.creation import template_allows
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.index_names import index_not_found
from clipline.emulator.indices.optimistic import INTERNAL, UNCONDITIONAL
from clipline.emulator.indices.write import UNNAMED, Step, Write, Written, carry_out, store
from clipline.emulator.ingest.document import IngestDocument

if TYPE_CHECKING:
    from clipline.emulator.node import Node

NONE = "_none"
"""The name that stands for no pipeline."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """A write that went through its pipelines; without source when one of them dropped it."""

    write: Write
    pipelines: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Pipelines:
    """The concrete name that a name stands for, its default and its final pipeline."""

    name: str
    default: str
    final: str


@dataclass(slots=True)
class Outcome:
    """What became of one item of a request; ``id`` is that of its document, if it has got one."""

    result: Written | ApiError
    id: str | None
    pipelines: tuple[str, ...] = ()
    ingest_seconds: float | None = None


Prepare = Callable[["Request", Write], tuple[Ingested, Step]]
"""Sends what there is to send through pipelines, and says what to do with it on the index."""


_ACTIONS = {
    "create": "indices:data/write/index:op_type/create",
    "delete": "indices:data/write/delete",
    "index": "indices:data/write/index:op_type/index",
    "update": "indices:data/write/update",
}
"""What each operation needs on its index where security is on."""


@dataclass(slots=True)
class Request:
    """The writes of one request; names are resolved once for all of them."""

    node: Node
    _resolved: dict[str, _Pipelines] = field(default_factory=dict)
    _routings: dict[str, str | None] = field(default_factory=dict)
    _targets: dict[tuple[str, bool, bool], Index | None] = field(default_factory=dict)
    _granted: set[tuple[str, str]] = field(default_factory=set)

    def run(self, writes: Sequence[tuple[Write, Prepare | None] | ApiError]) -> list[Outcome]:
        """Carry out writes, index by index, each as itself or as it is prepared; an error stays as it is."""
        outcomes: list[Outcome] = []
        parts: dict[int, tuple[Index, list[tuple[int, Step]]]] = {}
        for wanted in writes:
            if isinstance(wanted, ApiError):
                outcomes.append(Outcome(wanted, None))
                continue
            write, prepare = wanted
            outcome, index, step = self._begun(write, prepare)
            if index is not None and step is not None:
                parts.setdefault(id(index), (index, []))[1].append((len(outcomes), step))
            outcomes.append(outcome)
        for index, steps in parts.values():
            ids = {outcomes[place].id or "" for place, _ in steps}
            results = carry_out(index, [step for _, step in steps], ids)
            for (place, _), result in zip(steps, results, strict=True):
                outcomes[place].result = result
        return outcomes

    def _begun(self, write: Write, prepare: Prepare | None) -> tuple[Outcome, Index | None, Step | None]:
        """What is so far; with an index and a step where there is something left to do."""
        shown = write.id
        try:
            write = self.routed(write)
            self.target(write, final=False)
            shown = write.id or UNNAMED
            done, step = prepare(self, write) if prepare else self._plain(write)
            if done.write.source is None and write.op != "delete":
                return _dropped(write, done), None, None
            shown = write.id
            self.target(done.write)
            shown = done.write.id
            index = self._made(done.write)
            self._allowed("update" if prepare else done.write.op, done.write.index)
        except ApiError as error:
            return Outcome(error, shown), None, None
        pending = index_not_found(index.name)
        return Outcome(pending, done.write.id, done.pipelines, done.seconds if done.pipelines else None), index, step

    def routed(self, write: Write) -> Write:
        """A write under the name that date math stands for, with the routing that an alias brings.

        Raises:
            ApiError: 400 where the request brings another.
        """
        if write.index.startswith("<"):
            write = replace(write, index=resolve_name(write.index))
        if write.index not in self._routings:
            self._routings[write.index] = self.node.indices.alias_routing(write.index, write=True)
        own = self._routings[write.index]
        return write if own is None else replace(write, routing=agreed_routing(write.index, own, write.routing))

    def _plain(self, write: Write) -> tuple[Ingested, Step]:
        done = Ingested(write) if write.op == "delete" else self.ingested(write)
        if done.write.id is None:
            done = replace(done, write=done.write.with_id())
        ready, node = done.write, self.node
        return done, lambda index: store(node, index, ready)

    def ingested(self, write: Write) -> Ingested:
        """A write after its pipelines.

        Raises:
            ApiError: one of them failed, or is missing.
        """
        found = self._pipelines(write.index)
        asked = write.pipeline if write.pipeline is not None else found.default
        if asked == NONE and found.final == NONE:
            return Ingested(write)
        return self._through(write, found, asked)

    def target(self, write: Write, *, final: bool = True) -> Index | None:
        """The index that a write goes to; ``None`` when there is nothing of that name.

        What the name has to be is asked of the ``final`` one only, which the pipelines leave.

        Raises:
            ApiError: 404 for what has to be an alias and is none, 400 for an alias without write index.
        """
        name, alias, stream = write.index, final and write.require_alias, final and write.require_data_stream
        if (name, alias, stream) not in self._targets:
            if stream:
                reason = f"[require_data_stream] request flag is [true] and [{name}] is not a data stream"
                raise ApiError(
                    404, "index_not_found_exception", f"no such index [{name}] and {reason}",
                    meta={"index_uuid": "_na_", "index": name},
                )  # fmt: skip
            self._targets[name, alias, stream] = self.node.indices.write_index(name, require_alias=alias)
        return self._targets[name, alias, stream]

    def _allowed(self, op: str, name: str) -> None:
        """First the part of the request that goes to an index, then the operation (``authorizeBulkItems``)."""
        if (op, name) not in self._granted:
            self.node.security.require("indices:data/write/bulk[s]", name)
            self.node.security.require(_ACTIONS[op], name)
            self._granted.add((op, name))

    def _made(self, write: Write) -> Index:
        index = self.target(write)
        if index is None and write.op == "delete" and write.condition.kind == INTERNAL:
            raise index_not_found(write.index)
        if index is None:
            index = auto_created(self.node, write.index, "indices:admin/auto_create")
            self._targets.clear()
        return index

    def _through(self, write: Write, found: _Pipelines, asked: str) -> Ingested:
        original = found.name
        document = IngestDocument(index=original, id=write.id, source=write.source or {}, routing=write.routing)
        ran: list[str] = []
        started = time.perf_counter()

        def run(name: str, document: IngestDocument) -> IngestDocument | None:
            ran.append(name)
            return self.pipeline(name, document, first=len(ran) == 1)

        def dropped() -> Ingested:
            gone = replace(write, index=found.name, source=None)
            return Ingested(gone, tuple(ran), time.perf_counter() - started)

        seen = {original}
        while asked != NONE:
            result = run(asked, document)
            if result is None:
                return dropped()
            document = result
            if document.index == found.name:
                break
            # Sent to another index: that one's pipelines take over.
            if document.index in seen:
                reason = f"index cycle detected while processing pipeline [{asked}]"
                raise ApiError(500, "illegal_state_exception", reason)
            found = self._pipelines(document.index)
            asked = found.default
            seen.add(found.name)
        if found.final != NONE:
            result = run(found.final, document)
            if result is None:
                return dropped()
            document = result
            if document.index != found.name:
                reason = (
                    f"final pipeline [{found.final}] can't change the target index (from [{found.name}] to "
                    f"[{document.index}]) for document [{write.id}]"
                )
                raise ApiError(500, "illegal_state_exception", reason)
        # The name as it was asked for stays, so that a write through an alias is resolved once more when it is stored.
        index = write.index if found.name == original else document.index
        # What a pipeline changed stands elsewhere than in the source as it was sent.
        stored = replace(write, index=index, id=document.id, routing=document.routing, source=document.source, raw=b"")
        return Ingested(stored, tuple(ran), time.perf_counter() - started)

    def pipeline(self, name: str, document: IngestDocument, *, first: bool) -> IngestDocument | None:
        """Run one pipeline, the first of the document or a later one; ``None`` when it drops the document."""
        return self.node.pipelines.run(name, document, first=first)

    def settings(self, name: str) -> tuple[str, Mapping[str, str | None]]:
        """The concrete name of an index and its settings; of one that is yet to be made, its template's."""
        index = self.node.indices.write_index(name)
        return (index.name, index.settings) if index else (name, composed(self.node.indices, name).settings)

    def _pipelines(self, name: str) -> _Pipelines:
        """Those of an index; of one that is yet to be made, its template's."""
        if name not in self._resolved:
            concrete, settings = self.settings(name)
            default, final = (settings.get(key) or NONE for key in ("default_pipeline", "final_pipeline"))
            self._resolved[name] = _Pipelines(concrete, default, final)
        return self._resolved[name]


def perform(node: Node, write: Write) -> Written:
    """Carry one write out; it is committed when this returns.

    Raises:
        ApiError: it was refused.
    """
    result = Request(node).run([(write, None)])[0].result
    if isinstance(result, ApiError):
        raise result
    return result


def auto_created(node: Node, name: str, action: str) -> Index:
    """The index of a name that a write made necessary, by the action that its API makes it with.

    Raises:
        ApiError: the name cannot be one of an index, or 403.
    """
    node.security.require(action, name)
    if not template_allows(node.indices, name):
        check_auto_create(node.settings.value("action.auto_create_index"), name)
    try:
        return node.indices.create(name)
    except ApiError as error:
        # Another request was first.
        if error.type != "resource_already_exists_exception":
            raise
        return node.indices.get(name)


def _dropped(write: Write, done: Ingested) -> Outcome:
    result = Written(index=done.write.index, id=write.id or UNNAMED, version=-3, seq_no=None, result="noop", status=200)
    return Outcome(result, result.id, done.pipelines, done.seconds)


def checked(write: Write) -> Write:
    """A write that is valid in itself.

    Raises:
        ApiError: 400 ``action_request_validation_exception``.
    """
    if write.condition is UNCONDITIONAL and write.id is None and write.pipeline is None:
        return write
    if errors := write.errors():
        raise validation_failed(*errors)
    return write
