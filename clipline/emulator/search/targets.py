"""Which indices a search reaches, what the aliases it named let through, and their shards at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.http.wire import Call
from clipline.emulator.identity import DEFAULT_VERSION, Version
from clipline.emulator.indices.blocks import check_block
from clipline.emulator.indices.date_math import resolve_name
from clipline.emulator.indices.expressions import FORBID_CLOSED, named
from clipline.emulator.indices.index import Index
from clipline.emulator.patterns import matches_any, simple_match
from clipline.emulator.search.compound import Query
from clipline.emulator.search.context import Context, ShardError
from clipline.emulator.search.queries import read_query
from clipline.emulator.search.reading import Reading

if TYPE_CHECKING:
    from clipline.emulator.node import Node


@dataclass(frozen=True, slots=True)
class Target:
    """One index of a search; ``filters`` are those of the aliases that lead to it, any of which may match.

    ``gone`` says that it was deleted since a point in time was opened.
    """

    index: Index
    filters: tuple[Query, ...]
    version: Version = DEFAULT_VERSION
    routing: str | None = None
    """The search routing of those aliases, where each has one."""
    gone: bool = False

    def allowed(self, context: Context) -> NDArray[np.bool_] | None:
        """The documents that the aliases let through; ``None`` for all.

        Raises:
            ShardError: the index is gone, and a point in time with it.
        """
        if self.gone:
            raise ShardError.missing()
        if not self.filters:
            return None
        return np.asarray(np.logical_or.reduce([query.run(context).hits for query in self.filters]))


@dataclass(frozen=True, slots=True)
class Share:
    """One shard of a search: the index it belongs to, and its documents at one moment."""

    target: Target
    context: Context


def targets(node: Node, call: Call) -> list[Target]:
    """The indices that a call names.

    Raises:
        ApiError: 404 for a missing one.
    """
    expression = call.args.get("index", "_all")
    parts = [resolve_name(part) for part in expression.split(",") if not part.startswith("-")]
    return [_target(node, index, parts) for index in node.indices.present(named(node, call, base=FORBID_CLOSED))]


@contextmanager
def opened(reached: list[Target], *, size: int = 10) -> Iterator[list[Share]]:
    """The shards of the indices as they are at one moment; the sources of their documents stay until the block ends."""
    shares = retained(reached, size=size)
    try:
        yield shares
    finally:
        released(shares)


def retained(reached: list[Target], *, size: int = 10) -> list[Share]:
    """Like ``opened``, until ``released`` is called with the result."""
    shares: list[Share] = []
    for target in sorted(reached, key=lambda target: target.index.name):
        with target.index.lock:
            whole = Context.of(target.index, size=size, version=target.version)
            target.index.shard.retain()
        parts = whole.snapshot.parts(target.index.shards)
        target.index.counts.queries += len(parts)
        every = [
            Share(target, replace(whole, snapshot=snapshot, shard=number)) for number, snapshot in enumerate(parts)
        ]
        shares += routed(every, target.routing)
    return shares


def held(shares: list[Share]) -> None:
    """Hold shards once more, that are held already; ``released`` lets go of them."""
    for index in _indices(shares):
        with index.lock:
            index.shard.retain()


def released(shares: list[Share]) -> None:
    """Let the sources of older documents go."""
    for index in _indices(shares):
        with index.lock:
            index.shard.release()


def _indices(shares: list[Share]) -> list[Index]:
    """The indices that shards belong to, each once."""
    return list({share.target.index.name: share.target.index for share in shares}.values())


def routed(shares: list[Share], routing: str | None) -> list[Share]:
    """The shards that routing values lead to; all without one."""
    if routing is None:
        return shares
    wanted = routing.split(",")
    return [
        share
        for share in shares
        if any(share.context.shard == share.context.index.key("", value)[0] for value in wanted)
    ]


def _target(node: Node, index: Index, parts: list[str]) -> Target:
    check_block(index, "read")
    bodies = node.indices.aliases_of(index.name)
    through = [body for alias, body in bodies.items() if matches_any(parts, alias)]
    if not through or any(part in ("_all", "") or simple_match(part, index.name) for part in parts):
        return Target(index, (), node.version)
    filters = [body.get("filter") for body in through]
    read = tuple(read_query(body, Reading(version=node.version)) for body in filters) if all(filters) else ()
    routings = [body.get("search_routing") for body in through]
    routing = ",".join(map(str, routings)) if all(routings) else None
    return Target(index, read, node.version, routing)
