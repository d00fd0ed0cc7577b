"""A search over shards: the phases ``dfs`` and ``query``, one page of what was found, and its hits.

``dfs`` finds the nearest vectors of the ``knn`` option over all shards, ``query`` matches everything else. A shard that
fails drops out; the search answers for the others, as long as there are some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.errors import ApiError
from clipline.emulator.search.context import Context, Result, ShardError, all_failed
from clipline.emulator.search.fetch import Named, hit, shown_score
from clipline.emulator.search.field_values import check_count
from clipline.emulator.search.order import Matched, page, top
from clipline.emulator.search.request import Request
from clipline.emulator.search.targets import Share, Target
from clipline.emulator.search.vectors import Knn

if TYPE_CHECKING:
    from clipline.emulator.node import Node

Work = Callable[[Target, Context], Any]


@dataclass(slots=True)
class Shares:
    """The shards of a search that still take part, and what became of the others."""

    node_id: str
    open: list[Share]
    failures: list[dict[str, Any]] = field(default_factory=list)
    partial: bool = True

    def each(self, phase: str, work: Work) -> list[tuple[Context, Any]]:
        """Do one phase's work on every shard; one that fails drops out.

        Raises:
            ApiError: none is left, or all are needed.
        """
        done, left = [], []
        for share in self.open:
            try:
                done.append((share.context, work(share.target, share.context)))
                left.append(share)
            except ShardError as error:
                self._failed(share.context, error)
        self.open = left
        if self.failures and not left:
            raise all_failed(phase, self.failures)
        if self.failures and not self.partial:
            raise all_failed(phase, self.failures, reason="Partial shards failure")
        return done

    def whole(self, error: ShardError) -> ApiError:
        """An error of the page: which of several shards could still answer is not worked out, the search fails."""
        self.failures.clear()
        self._failed(self.open[0].context, error)
        return all_failed("query", self.failures)

    def shown(self, total: int) -> dict[str, Any]:
        """The ``_shards`` of an answer."""
        shown: dict[str, Any] = {"total": total, "successful": total - len(self.failures), "skipped": 0}
        shown["failed"] = len(self.failures)
        if self.failures:
            shown["failures"] = self.failures
        return shown

    def _failed(self, context: Context, error: ShardError) -> None:
        entry = {"shard": context.shard, "index": context.index.name, "node": self.node_id, "reason": error.entry}
        self.failures.append(entry)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found: the number of matches and ``hits`` as they are shown."""

    total: int
    best: float | None
    hits: list[dict[str, Any]]
    terminated: bool
    shards: dict[str, Any]


def run(
    node: Node,
    request: Request,
    shares: list[Share],
    *,
    partial: bool = True,
    boosts: Mapping[str, float] | None = None,
) -> Outcome:
    """Search the shards; ``boosts`` are those of indices, by name.

    Raises:
        ApiError: all of them failed, or the request cannot be answered on any.
    """
    taking_part = Shares(node.node_id, list(shares), partial=partial)
    nearest = [_nearest(taking_part, knn, knn.k or request.size) for knn in request.knn]
    terminated = False

    def match(target: Target, context: Context) -> Matched:
        nonlocal terminated
        context, result = _matched(target, context, request, nearest, boosts or {})
        places = np.flatnonzero(result.hits)
        if request.terminate_after and len(places) > request.terminate_after:
            terminated, places = True, places[: request.terminate_after]
        scores = result.scores[places]
        if request.post_filter is not None:
            kept = request.post_filter.run(context).hits[places]
            places, scores = places[kept], scores[kept]
        return Matched(context, places, scores.astype(np.float32))

    parts: list[Matched] = [part for _, part in taking_part.each("query", match)]
    scored = [float(part.scores.max()) for part in parts if len(part.scores)]
    return Outcome(
        total=sum(len(part.places) for part in parts),
        best=max(scored, default=None),
        hits=_hits(taking_part, parts, request, nearest),
        terminated=terminated,
        shards=taking_part.shown(len(shares)),
    )


def matcher(query: Any, *, min_score: float | None = None) -> Work:
    """Match a query alone, as ``_count`` does: gives a ``Result`` for each shard."""

    def match(target: Target, context: Context) -> Result:
        result = context.everything(1.0) if query is None else query.run(context)
        hits = result.hits
        if (allowed := target.allowed(context)) is not None:
            hits = hits & allowed
        if min_score is not None:
            hits = hits & (result.scores >= min_score)
        return Result(hits, result.scores)

    return match


def _matched(
    target: Target,
    context: Context,
    request: Request,
    nearest: list[dict[Any, Result]],
    boosts: Mapping[str, float],
) -> tuple[Context, Result]:
    """The shard as its alias lets it be seen, and what the request matches there."""
    window = int(context.index.settings.get("max_result_window") or 10_000)
    if request.start + request.size > window:
        raise ShardError.illegal(_too_large(request, window))
    check_count(context, request.docvalue_fields)
    for key in request.sort:
        key.check(context)
    if request.search_after is not None and len(request.search_after) != len(request.sort):
        raise ShardError.illegal(
            f"search_after has {len(request.search_after)} value(s) but sort has {len(request.sort)}."
            if request.sort
            else "Sort must contain at least one field."
        )
    allowed = target.allowed(context)
    # The knn query takes the filters of the alias into its own, so that it finds k of what may be seen.
    narrowed = context if allowed is None else replace(context, allowed=allowed)
    if request.query is not None:
        result = request.query.run(narrowed)
    else:
        result = context.none() if request.knn else context.everything(1.0)
    for parts in nearest:
        if part := parts.get((context.index.name, context.shard)):
            result = Result(result.hits | part.hits, result.scores + part.scores)
    hits, scores = result.hits, result.scores * boosts.get(context.index.name, 1.0)
    if allowed is not None:
        hits = hits & allowed
    if request.min_score is not None:
        hits = hits & (scores.astype(np.float32) >= np.float32(request.min_score))
    return narrowed, Result(hits, scores)


def _nearest(shares: Shares, knn: Knn, k: int) -> dict[Any, Result]:
    """Each shard finds its own k nearest; the k of all are kept."""
    local = shares.each("dfs", lambda target, context: knn.nearest(context, k, allowed=target.allowed(context)))
    places = [np.flatnonzero(result.hits) for _, result in local]
    scores = [result.scores[found] for (_, result), found in zip(local, places, strict=True)]
    best = np.zeros(sum(map(len, scores)), dtype=bool)
    if len(best):
        best[top(np.concatenate(scores), k)] = True
    kept: dict[Any, Result] = {}
    start = 0
    for (context, result), found in zip(local, places, strict=True):
        chosen = found[best[start : start + len(found)]]
        kept[context.index.name, context.shard] = context.at(chosen, result.scores[chosen])
        start += len(found)
    return kept


def _hits(
    shares: Shares, parts: list[Matched], request: Request, nearest: list[dict[Any, Result]]
) -> list[dict[str, Any]]:
    named = Named(request, nearest)
    try:
        found = page(parts, request.sort, start=request.start, size=request.size, after=request.search_after)
        return [hit(one, request, named) for one in found]
    except ShardError as error:
        raise shares.whole(error) from error


def total(found: int, track: bool | int, *, as_int: bool) -> Any:
    """``hits.total``; ``None`` when it is not tracked."""
    if track is False:
        return -1 if as_int else None
    if as_int:
        return found
    limit = found if track is True else track
    return {"value": min(found, limit), "relation": "eq" if found <= limit else "gte"}


def max_score(outcome: Outcome, request: Request) -> float | None:
    """``hits.max_score``: only where hits are shown and scores count."""
    first = request.sort[0] if request.sort else None
    counts = first is None or request.track_scores or (first.name == "_score" and first.descending)
    if not outcome.shards["total"]:
        # What Elasticsearch answers with when there was nothing to search.
        return 0.0
    return shown_score(outcome.best) if counts and request.size and outcome.best is not None else None


def _too_large(request: Request, window: int) -> str:
    return (
        f"Result window is too large, from + size must be less than or equal to: [{window}] but was "
        f"[{request.start + request.size}]. See the scroll api for a more efficient way to request large data sets. This "
        "limit can be set by changing the [index.max_result_window] index level setting."
    )
