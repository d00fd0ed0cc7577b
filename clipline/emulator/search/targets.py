"""Which indices a search reaches, and what the aliases it named let through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.indices.alias_rules import no_embedding
from clipline.emulator.indices.expressions import named
from clipline.emulator.indices.index import Index
from clipline.emulator.search.compound import Query
from clipline.emulator.search.context import Context
from clipline.emulator.search.queries import read_query
from clipline.emulator.wire import Call

if TYPE_CHECKING:
    from clipline.emulator.node import Node


@dataclass(frozen=True, slots=True)
class Target:
    """One index of a search; ``filters`` are those of the aliases that lead to it, any of which may match."""

    index: Index
    filters: tuple[Query, ...]

    def allowed(self, context: Context) -> NDArray[np.bool_] | None:
        """The documents that the aliases let through; ``None`` for all."""
        if not self.filters:
            return None
        return np.asarray(np.logical_or.reduce([query.run(context).hits for query in self.filters]))


def targets(node: Node, call: Call) -> list[Target]:
    """The indices that a call names.

    Raises:
        ApiError: 404 for a missing one.
    """
    expression = call.args.get("index", "_all")
    return [Target(node.indices.get(name), _filters(node, name, expression)) for name in named(node, call)]


@contextmanager
def opened(reached: list[Target], *, size: int = 10) -> Iterator[list[Context]]:
    """The indices as they are at one moment; nothing is written to them until the block ends."""
    with ExitStack() as stack:
        for target in sorted(reached, key=lambda target: target.index.name):
            stack.enter_context(target.index.lock)
        yield [Context.of(target.index, size=size) for target in reached]


def _filters(node: Node, name: str, expression: str) -> tuple[Query, ...]:
    parts = [part for part in expression.split(",") if not part.startswith("-")]
    if any(part in ("_all", "") or fnmatchcase(name, part) for part in parts):
        return ()
    bodies = node.indices.aliases_of(name)
    named = [body for alias, body in bodies.items() if any(fnmatchcase(alias, part) for part in parts)]
    if not all(body.get("filter") for body in named):
        return ()
    return tuple(read_query(body["filter"], no_embedding) for body in named)
