"""What a hit shows: its name and score, ``_source``, ``fields``, the queries that it matched, its place in the sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.indices.source import shown_source
from clipline.emulator.search.field_values import docvalues, fetched, stored
from clipline.emulator.search.ignored_values import ignored_values

if TYPE_CHECKING:
    from clipline.emulator.search.compound import Query
    from clipline.emulator.search.context import Context, Result
    from clipline.emulator.search.order import Found
    from clipline.emulator.search.request import Request


class Named:
    """What the queries match that a request gave a name; each is asked once for a shard, not for each of its hits."""

    def __init__(self, request: Request, nearest: list[dict[Any, Result]]) -> None:
        self._request = request
        # A clause of the knn option matches what is among the nearest of all shards.
        self._nearest = {id(knn): found for knn, found in zip(request.knn, nearest, strict=True)}
        self._results: dict[Any, dict[str, Result]] = {}

    def matched(self, found: Found) -> Any:
        """The names of the queries that match a hit, or name → score if those are asked for."""
        key = (found.context.index.name, found.context.shard)
        if key not in self._results:
            self._results[key] = {
                name: self._result(query, found.context, key) for name, query in self._request.named.items()
            }
        results = self._results[key]
        scores = {
            name: shown_score(results[name].scores[found.place])
            for name in sorted(results, key=_bucket)
            if results[name].hits[found.place]
        }
        return scores if self._request.named_scores else list(scores)

    def _result(self, query: Query, context: Context, key: Any) -> Result:
        nearest = self._nearest.get(id(query))
        return query.run(context) if nearest is None else nearest.get(key, context.none())


def hit(found: Found, request: Request, named: Named) -> dict[str, Any]:
    """One entry of ``hits.hits``.

    Raises:
        ShardError: a field cannot be shown.
    """
    context, document = found.context, found.document
    nothing = request.stored_fields == ("_none_",)
    shown: dict[str, Any] = {"_index": context.index.name}
    if not nothing:
        shown["_id"] = document.id
    if request.version:
        shown["_version"] = document.version
    if request.seq_no:
        shown |= {"_seq_no": document.seq_no, "_primary_term": document.term}
    scored = not request.sort or request.track_scores or any(key.name == "_score" for key in request.sort)
    shown["_score"] = shown_score(found.score) if scored else None
    if document.routing is not None and not nothing:
        shown["_routing"] = document.routing
    if names := document.parsed.values.get("_ignored"):
        shown["_ignored"] = list(names)
    with context.index.lock:
        source = context.index.shard.source(document)
    if _shows_source(request):
        shown["_source"] = shown_source(source, context.index, request.source)
    fields = {
        **docvalues(context, document, request.docvalue_fields),
        **stored(context, document, request.stored_fields or ()),
        **fetched(context, document, source, request.fields),
    }
    if fields:
        shown["fields"] = fields
    if ignored := ignored_values(context, document, source, request.fields):
        shown["ignored_field_values"] = ignored
    if matched := named.matched(found):
        shown["matched_queries"] = matched
    if request.sort:
        shown["sort"] = found.sort
    return shown


def shown_score(score: float) -> float:
    """A score as the 32-bit number that it is: ``0.2876821`` and not ``0.28768208622932434``."""
    return float(str(np.float32(score)))


def _shows_source(request: Request) -> bool:
    if request.source is False:
        return False
    if request.stored_fields is None or request.source is not None:
        return True
    return "_source" in request.stored_fields


def _bucket(name: str) -> int:
    """Where a small HashMap of Java keeps a text: names are listed in that order."""
    value = 0
    for unit in memoryview(name.encode("utf-16-le", "surrogatepass")).cast("H"):
        value = (31 * value + unit) & 0xFFFFFFFF
    return (value ^ (value >> 16)) & 15
