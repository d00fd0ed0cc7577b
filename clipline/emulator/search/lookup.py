"""Values out of another document: ``terms`` with ``index``, ``id`` and ``path``, and the query vector builder ``lookup``.

Source: TermsLookup, TermsQueryBuilder, LookupQueryVectorBuilder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.http.wire import Call
from clipline.emulator.indices.get import Get, found
from clipline.emulator.indices.mappings.java import class_name
from clipline.emulator.indices.snapshot import Searchable
from clipline.emulator.search.context import Context, ShardError, all_failed
from clipline.emulator.search.field_request import Wanted
from clipline.emulator.search.field_values import docvalues
from clipline.emulator.search.terms import Terms
from clipline.emulator.spelling import unknown_field

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_KEYS = ("index", "id", "path", "routing")
_GET, _SEARCH = "indices:data/read/get", "indices:data/read/search"


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where the values are."""

    index: str
    id: str
    path: str
    routing: str | None = None


def read_lookup(parser: str, given: Mapping[str, Any]) -> Lookup:
    """The place that a request names.

    Raises:
        ApiError: 400.
    """
    if unknown := next((key for key in given if key not in _KEYS), None):
        raise unknown_field(parser, unknown, _KEYS)
    for key, value in given.items():
        if isinstance(value, bool | Mapping | list) or (value is None and key != "routing"):
            raise wrong_kind(parser, key, value)
    if lacking := [key for key in ("index", "id", "path") if key not in given]:
        raise illegal_argument(f"Required [{', '.join(lacking)}]")
    routing = None if given.get("routing") is None else str(given["routing"])
    return Lookup(str(given["index"]), str(given["id"]), str(given["path"]), routing)


def looked_up(node: Node, wanted: Lookup) -> list[Any]:
    """The values at a path of a document as it is now, refreshed or not; none where there is no such document.

    Raises:
        ApiError: 404 for an index that lacks, 403 for one that may not be read.
    """
    node.security.require(_GET, wanted.index)
    routing = node.indices.index_routing(wanted.index, wanted.routing)
    stored = found(node.indices.single(wanted.index), Get(id=wanted.id, routing=routing))
    return [] if stored is None else list(_values(stored.document(), wanted.path.split(".")))


def vector_at(node: Node, wanted: Lookup) -> list[float]:
    """The vector of a document that a search finds.

    Raises:
        ApiError: 404 for an index, a document or a field that lacks, 400 for what is no vector.
    """
    from clipline.emulator.search.targets import opened, routed, targets

    node.security.require(_SEARCH, wanted.index)
    call = Call(method="GET", path="", args={"index": wanted.index}, params={})
    with opened(targets(node, call)) as shares:
        for share in routed(shares, wanted.routing):
            hits = Terms("_id", (wanted.id,)).run(share.context).hits
            if (allowed := share.target.allowed(share.context)) is not None:
                hits = hits & allowed
            for place in np.flatnonzero(hits):
                return _vector(share.context, share.context.snapshot.documents[place], wanted, node.node_id)
    raise _missing(f"Document with id [{wanted.id}] not found in index [{wanted.index}]")


def _vector(context: Context, document: Searchable, wanted: Lookup, node_id: str) -> list[float]:
    try:
        values = docvalues(context, document, (Wanted(wanted.path),)).get(wanted.path)
    except ShardError as error:
        where = {"shard": context.shard, "index": context.index.name, "node": node_id, "reason": error.entry}
        raise all_failed("fetch", [where]) from error
    if not values:
        raise _missing(f"Field [{wanted.path}] not found in document with id [{wanted.id}]")
    if not isinstance(values[0], list):
        kind = "java.lang.Long" if type(values[0]) is int else class_name(values[0])
        raise illegal_argument(
            f"Field [{wanted.path}] in document with id [{wanted.id}] is of unsupported type [{kind}] for lookup query "
            "vector builder."
        )
    return [float(one) for one in values[0]]


def _missing(what: str) -> ApiError:
    return ApiError(404, "status_exception", f"{what} for lookup query vector builder.")


def _values(place: Any, steps: list[str]) -> Iterator[Any]:
    """What a path leads to, through lists and over dots in names (``XContentMapValues.extractRawValues``)."""
    if isinstance(place, list):
        for item in place:
            yield from _values(item, steps)
    elif not steps:
        if isinstance(place, Mapping):
            raise unsupported("a lookup of terms that finds an object")
        if place is not None:
            yield place
    elif isinstance(place, Mapping):
        for count in range(1, len(steps) + 1):
            name = ".".join(steps[:count])
            if name in place:
                yield from _values(place[name], steps[count:])
