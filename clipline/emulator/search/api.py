"""``_search`` and ``_count`` over HTTP.

A search has two phases, as the errors of the real one show: ``dfs`` finds the nearest vectors of the ``knn`` option over
all indices, ``query`` matches everything else; then one page is ordered and fetched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from clipline.emulator.errors import ApiError
from clipline.emulator.search.compound import Query
from clipline.emulator.search.context import Context, Result, ShardError, all_failed
from clipline.emulator.search.fetch import hit, shown_score
from clipline.emulator.search.queries import read_query
from clipline.emulator.search.request import Request, read_request
from clipline.emulator.search.sort import Found, after, ordered
from clipline.emulator.search.targets import Target, opened, targets
from clipline.emulator.search.vectors import top
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node


@dataclass(slots=True)
class _Shares:
    """The indices of a search that still take part, and what became of the others."""

    node_id: str
    open: list[tuple[Target, Context]]
    failures: list[dict[str, Any]] = field(default_factory=list)

    def each(self, phase: str, work: Callable[[Target, Context], Result]) -> list[tuple[Context, Result]]:
        """Do one phase's work on every index; one that fails drops out.

        Raises:
            ApiError: none is left.
        """
        done, left = [], []
        for target, context in self.open:
            try:
                done.append((context, work(target, context)))
                left.append((target, context))
            except ShardError as error:
                entry = {"shard": 0, "index": context.index.name, "node": self.node_id, "reason": error.entry}
                self.failures.append(entry)
        self.open = left
        if self.failures and not left:
            raise all_failed(phase, self.failures)
        return done


def search(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_search``."""
    started = time.perf_counter()
    request = read_request(call, node.models.embed_query)
    reached = targets(node, call)
    with opened(reached, size=request.size) as contexts:
        shares = _Shares(node.node_id, list(zip(reached, contexts, strict=True)))
        found = _found(shares, request)
        total = len(found)
        best = max((one.score for one in found), default=None)
        page = _page(shares, found, request)
        shown = _hits(shares, page, request)
    hits: dict[str, Any] = {}
    if (counted := _total(total, request.track_total)) is not None:
        hits["total"] = counted["value"] if call.flag("rest_total_hits_as_int") else counted
    by_score = not request.sort or request.track_scores
    hits["max_score"] = shown_score(best) if best is not None and by_score and request.size else None
    hits["hits"] = shown
    took = int((time.perf_counter() - started) * 1000)
    shards = _shards(node, reached, shares.failures)
    return Reply(body={"took": took, "timed_out": False, "_shards": shards, "hits": hits})


def count(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_count``."""
    for key in call.body:
        if key != "query":
            reason = f"request does not support [{key}]"
            raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})
    query = _query(node, call)
    reached = targets(node, call)
    with opened(reached) as contexts:
        shares = _Shares(node.node_id, list(zip(reached, contexts, strict=True)))
        number = sum(int(result.hits.sum()) for _, result in shares.each("query", _matcher(query)))
    return Reply(body={"count": number, "_shards": _shards(node, reached, shares.failures)})


def _found(shares: _Shares, request: Request) -> list[Found]:
    nearest: list[dict[str, Result]] = []
    for knn in request.knn:
        local = shares.each(
            "dfs",
            lambda target, context, knn=knn: knn.nearest(  # type: ignore[misc]
                context, knn.k or request.size, allowed=target.allowed(context)
            ),
        )
        nearest.append(_reduced(local, knn.k or request.size))

    def match(target: Target, context: Context) -> Result:
        if request.start + request.size > (window := int(context.index.settings.get("max_result_window") or 10_000)):
            raise ShardError({"type": "illegal_argument_exception", "reason": _too_large(request, window)})
        if request.query is not None:
            result = request.query.run(context)
        else:
            result = context.none() if request.knn else context.everything(1.0)
        for parts in nearest:
            if part := parts.get(context.index.name):
                result = Result(result.hits | part.hits, result.scores + part.scores)
        hits = result.hits
        if (allowed := target.allowed(context)) is not None:
            hits = hits & allowed
        if request.post_filter is not None:
            hits = hits & request.post_filter.run(context).hits
        if request.min_score is not None:
            hits = hits & (result.scores >= request.min_score)
        return Result(hits, result.scores)

    return [
        Found(context, context.snapshot.documents[place], float(result.scores[place]))
        for context, result in shares.each("query", match)
        for place in np.flatnonzero(result.hits)
    ]


def _reduced(local: list[tuple[Context, Result]], k: int) -> dict[str, Result]:
    """Each index found its own k nearest; the k of all are kept."""
    places = [np.flatnonzero(result.hits) for _, result in local]
    scores = [result.scores[found] for (_, result), found in zip(local, places, strict=True)]
    if not local:
        return {}
    best = np.zeros(sum(map(len, scores)), dtype=bool)
    best[top(np.concatenate(scores), k)] = True
    kept: dict[str, Result] = {}
    start = 0
    for (context, result), found in zip(local, places, strict=True):
        chosen = found[best[start : start + len(found)]]
        kept[context.index.name] = context.at(chosen, result.scores[chosen])
        start += len(found)
    return kept


def _page(shares: _Shares, found: list[Found], request: Request) -> list[Found]:
    try:
        in_order = ordered(found, request.sort)
        if request.search_after is not None:
            in_order = after(in_order, request.sort, request.search_after)
    except ShardError as error:
        raise _one_failed(shares, error) from error
    return in_order[request.start : request.start + request.size]


def _hits(shares: _Shares, page: list[Found], request: Request) -> list[dict[str, Any]]:
    shown = []
    by_score = not request.sort or request.track_scores or any(key.name == "_score" for key in request.sort)
    for one in page:
        try:
            entry = hit(one.context, one.document, one.score if by_score else None, request)
        except ShardError as error:
            raise _one_failed(shares, error) from error
        if request.sort:
            entry["sort"] = [key.shown(one) for key in request.sort]
        shown.append(entry)
    return shown


def _one_failed(shares: _Shares, error: ShardError) -> ApiError:
    # Which of several indices could still answer is not worked out here: the search fails as a whole.
    name = shares.open[0][1].index.name
    return all_failed("query", [{"shard": 0, "index": name, "node": shares.node_id, "reason": error.entry}])


def _query(node: Node, call: Call) -> Query | None:
    body = call.body.get("query")
    return None if body is None else read_query(body, node.models.embed_query)


def _matcher(query: Query | None) -> Callable[[Target, Context], Result]:
    def match(target: Target, context: Context) -> Result:
        result = context.everything(1.0) if query is None else query.run(context)
        allowed = target.allowed(context)
        return result if allowed is None else Result(result.hits & allowed, result.scores)

    return match


def _total(number: int, track: bool | int) -> dict[str, Any] | None:
    if track is False:
        return None
    limit = number if track is True else track
    return {"value": min(number, limit), "relation": "eq" if number <= limit else "gte"}


def _shards(node: Node, reached: list[Target], failures: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(node.indices.shards(target.index.name) for target in reached)
    failed = sum(node.indices.shards(entry["index"]) for entry in failures)
    shown: dict[str, Any] = {"total": total, "successful": total - failed, "skipped": 0, "failed": failed}
    if failures:
        shown["failures"] = failures
    return shown


def _too_large(request: Request, window: int) -> str:
    return (
        f"Result window is too large, from + size must be less than or equal to: [{window}] but was "
        f"[{request.start + request.size}]. See the scroll api for a more efficient way to request large data sets. This "
        "limit can be set by changing the [index.max_result_window] index level setting."
    )


_INDICES = {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled", "preference"}
_SEARCH = _INDICES | {"size", "from", "track_total_hits", "_source", "_source_includes", "_source_excludes",
                      "_source_exclude_vectors", "rest_total_hits_as_int", "request_cache", "timeout", "typed_keys",
                      "ccs_minimize_roundtrips", "search_type", "batched_reduce_size", "max_concurrent_shard_requests",
                      "pre_filter_shard_size"}  # fmt: skip
_LUCENE = {"q", "df", "analyzer", "analyze_wildcard", "default_operator", "lenient", "routing", "terminate_after"}
_REFUSED = _LUCENE | {"scroll", "sort", "explain", "stored_fields", "docvalue_fields", "suggest_field", "suggest_mode",
                      "suggest_size", "suggest_text", "stats", "version", "seq_no_primary_term", "track_scores",
                      "allow_partial_search_results", "force_synthetic_source", "include_named_queries_score",
                      "min_compatible_shard_node"}  # fmt: skip

ROUTES = [
    *(
        Route(method, path, "indices:data/read/search", search, _SEARCH, _REFUSED)
        for method in ("GET", "POST")
        for path in ("/_search", "/{index}/_search")
    ),
    *(
        Route(method, path, "indices:data/read/search", count, _INDICES, _LUCENE | {"min_score"})
        for method in ("GET", "POST")
        for path in ("/_count", "/{index}/_count")
    ),
]
