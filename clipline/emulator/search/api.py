"""``_search``, ``_msearch``, ``_count`` and ``_validate/query`` over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.resolution import Options
from clipline.emulator.search import pit, url_query
from clipline.emulator.search.execute import Shares, matcher, max_score, run, total
from clipline.emulator.search.msearch import msearch_of
from clipline.emulator.search.queries import read_query
from clipline.emulator.search.reading import Reading
from clipline.emulator.search.request import Request, read_request
from clipline.emulator.search.targets import Share, opened, routed, targets
from clipline.emulator.search.url_query import url_query as read_url_query

if TYPE_CHECKING:
    from clipline.emulator.node import Node


def search(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_search``."""
    started = time.perf_counter()
    request = read_request(call, Reading.of(node))
    if request.pit is not None:
        with pit.found(node, call, request.pit, size=request.size) as shares:
            body = _searched(node, call, request.with_tiebreaker(), shares, started)
        return Reply(body={"pit_id": request.pit[0], **body})
    reached = targets(node, call)
    with opened(reached, size=request.size) as shares:
        return Reply(body=_searched(node, call, request, routed(shares, call.params.get("routing")), started))


def check_search(node: Node, call: Call) -> None:
    """Refuse what is wrong with a search before any index is looked at and any text model asked.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    request = read_request(call, Reading.only(node.version))
    if request.pit is not None:
        pit.check_alone(call)


def count(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_count``."""
    most = call.integer("terminate_after", default=0)
    if most < 0:
        raise illegal_argument("terminateAfter must be > 0")
    query = _query(node, call)
    least = _least(call)
    with opened(targets(node, call)) as opened_shares:
        shares = routed(opened_shares, call.params.get("routing"))
        taking_part = Shares(node.node_id, list(shares))
        counted = taking_part.each("query", matcher(query, min_score=least))
        numbers = [int(result.hits.sum()) for _, result in counted]
        body: dict[str, Any] = {"count": sum(min(number, most or number) for number in numbers)}
        if most:
            body["terminated_early"] = any(number > most for number in numbers)
        return Reply(body={**body, "_shards": taking_part.shown(len(shares))})


def validate_query(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_validate/query``: whether a query could be run."""
    for name in ("explain", "rewrite", "all_shards"):
        if call.flag(name):
            raise unsupported(f"the parameter [{name}] of _validate/query")
    reached = targets(node, call)
    shards = {"total": 1, "successful": 1, "failed": 0}
    try:
        query = _query(node, call)
        with opened(reached) as shares:
            Shares(node.node_id, list(shares), partial=False).each("query", matcher(query))
    except ApiError as error:
        if error.status != 400:
            raise
        return Reply(body={"valid": False} if error.type != "search_phase_execution_exception" else _invalid(shards))
    return Reply(body={"_shards": shards, "valid": True})


def _searched(node: Node, call: Call, request: Request, shares: list[Share], started: float) -> dict[str, Any]:
    if call.params.get("search_type") == "dfs_query_then_fetch" and len(shares) > 1:
        raise unsupported("[search_type=dfs_query_then_fetch] over several shards")
    partial = call.flag("allow_partial_search_results", default=True)
    outcome = run(node, request, shares, partial=partial, boosts=_boosts(node, call, request))
    hits: dict[str, Any] = {}
    counted = total(outcome.total, request.track_total, as_int=call.flag("rest_total_hits_as_int"))
    if counted is not None:
        hits["total"] = counted
    hits |= {"max_score": max_score(outcome, request), "hits": outcome.hits}
    body: dict[str, Any] = {"took": int((time.perf_counter() - started) * 1000), "timed_out": False}
    if request.terminate_after:
        body["terminated_early"] = outcome.terminated
    return {**body, "_shards": outcome.shards, "hits": hits}


def _boosts(node: Node, call: Call, request: Request) -> dict[str, float]:
    """The boost of each index: the first of ``indices_boost`` that names it, by itself, an alias or a wildcard."""
    boosts: dict[str, float] = {}
    options = Options(ignore_unavailable=call.flag("ignore_unavailable"))
    for expression, boost in request.boosts:
        for name in node.indices.resolve(expression, options):
            boosts.setdefault(name, boost)
    return boosts


def _query(node: Node, call: Call) -> Any:
    """The query of an API that takes nothing else (RestActions.getQueryContent)."""
    for key in call.body:
        if key != "query":
            reason = f"request does not support [{key}]"
            raise ApiError(400, "parsing_exception", reason, meta={"line": 1, "col": 1})
    found = read_url_query(call)
    if found is not None or "query" not in call.body:
        return found
    return read_query(call.body["query"], Reading.of(node))


def _least(call: Call) -> float | None:
    text = call.params.get("min_score")
    try:
        return None if text is None else float(text)
    except ValueError:
        reason = f"Failed to parse float parameter [min_score] with value [{text}]"
        raise ApiError(400, "illegal_argument_exception", reason) from None


def _invalid(shards: dict[str, int]) -> dict[str, Any]:
    return {"_shards": shards, "valid": False}


_INDICES = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled", "preference"})
_SEARCH = _INDICES | url_query.PARAMS | {
    "size", "from", "sort", "track_total_hits", "track_scores", "_source", "_source_includes", "_source_excludes",
    "_source_exclude_vectors", "rest_total_hits_as_int", "request_cache", "timeout", "typed_keys", "routing",
    "ccs_minimize_roundtrips", "search_type", "batched_reduce_size", "max_concurrent_shard_requests",
    "pre_filter_shard_size", "stored_fields", "docvalue_fields", "version", "seq_no_primary_term", "terminate_after",
    "allow_partial_search_results", "include_named_queries_score",
}  # fmt: skip
_REFUSED = url_query.REFUSED | {
    "scroll", "explain", "suggest_field", "suggest_mode", "suggest_size", "suggest_text", "stats",
    "force_synthetic_source", "min_compatible_shard_node", "wait_for_checkpoints", "project_routing",
}  # fmt: skip
_COUNT = _INDICES | url_query.PARAMS | {"min_score", "routing", "terminate_after"}
_READ = "indices:data/read/search"
_VALIDATE = _INDICES | url_query.PARAMS | {"explain", "rewrite", "all_shards"}
_MSEARCH = _INDICES | {"rest_total_hits_as_int", "typed_keys", "max_concurrent_searches", "search_type",
                       "max_concurrent_shard_requests", "pre_filter_shard_size", "ccs_minimize_roundtrips",
                       "include_named_queries_score", "routing"}  # fmt: skip
_BOTH = ("GET", "POST")

ROUTES = [
    *(Route(m, path, _READ, search, _SEARCH, _REFUSED) for m in _BOTH for path in ("/_search", "/{index}/_search")),
    *(
        Route(m, path, _READ, count, _COUNT, url_query.REFUSED)
        for m in _BOTH
        for path in ("/_count", "/{index}/_count")
    ),
    *(
        Route(m, path, "indices:data/read/msearch", msearch_of(search, check_search), _MSEARCH)
        for m in _BOTH
        for path in ("/_msearch", "/{index}/_msearch")
    ),
    *(
        Route(m, path, "indices:admin/validate/query", validate_query, _VALIDATE, url_query.REFUSED)
        for m in _BOTH
        for path in ("/_validate/query", "/{index}/_validate/query")
    ),
    *pit.ROUTES,
]
