"""``_search`` and ``_count`` over HTTP, and deleting by query."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.documents import refresh_wanted
from clipline.emulator.indices.shard import Searchable
from clipline.emulator.indices.write import Write, perform
from clipline.emulator.search.context import Context
from clipline.emulator.search.fetch import hit
from clipline.emulator.search.queries import evaluate, matching
from clipline.emulator.search.vectors import knn_query
from clipline.emulator.wire import Call, Reply, Route

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_BODY = {"query", "knn", "size", "from", "sort", "_source", "fields", "docvalue_fields", "stored_fields", "min_score",
         "track_total_hits", "version", "seq_no_primary_term", "timeout", "track_scores", "post_filter"}  # fmt: skip
_KNOWN = frozenset(
    [
        "aggs",
        "aggregations",
        "highlight",
        "collapse",
        "retriever",
        "suggest",
        "rescore",
        "pit",
        "search_after",
        "script_fields",
        "runtime_mappings",
        "explain",
        "profile",
        "indices_boost",
        "slice",
        "stats",
        "terminate_after",
        "rank",
        "ext",
    ]
)
_WINDOW = 10_000


def search(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_search``."""
    started = time.perf_counter()
    body = _body(call)
    size, start = int(body.get("size", 10)), int(body.get("from", 0))
    if size < 0 or start < 0:
        raise illegal_argument(f"[{'size' if size < 0 else 'from'}] parameter cannot be negative")
    if start + size > _WINDOW:
        raise illegal_argument(
            "Result window is too large, from + size must be less than or equal to: "
            f"[{_WINDOW}] but was [{start + size}]. See the scroll api for a more efficient way to request large data "
            "sets. This limit can be set by changing the [index.max_result_window] index level setting."
        )
    contexts = _contexts(node, call)
    scored = [item for context in contexts for item in _scored(context, body, size)]
    if "knn" in body:
        scored = _nearest(body, scored, size)
    if body.get("min_score") is not None:
        scored = [item for item in scored if item[2] >= float(body["min_score"])]
    ordered, sort_values = _ordered(scored, body.get("sort"))
    page = ordered[start : start + size]
    hits = []
    for number, (context, document, score) in enumerate(page, start):
        entry = hit(context, document, None if sort_values else score, body)
        if sort_values:
            entry["sort"] = sort_values[number]
        hits.append(entry)
    best = max((score for _, _, score in scored), default=None) if not sort_values else None
    shown: dict[str, Any] = {}
    total = _total(len(scored), body.get("track_total_hits", 10_000))
    if total is not None:
        shown["total"] = total["value"] if call.flag("rest_total_hits_as_int") else total
    shown |= {"max_score": best, "hits": hits}
    shards = max(1, sum(node.indices.shards(context.index.name) for context in contexts)) if contexts else 0
    return Reply(
        body={
            "took": int((time.perf_counter() - started) * 1000),
            "timed_out": False,
            "_shards": {"total": shards, "successful": shards, "skipped": 0, "failed": 0},
            "hits": shown,
        }
    )


def count(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_count``."""
    body = call.body
    for key in body:
        if key != "query":
            raise ApiError(400, "parsing_exception", f"request does not support [{key}]")
    contexts = _contexts(node, call)
    number = sum(len(_with_alias(context, call, _query(context, body.get("query")))) for context in contexts)
    shards = sum(node.indices.shards(context.index.name) for context in contexts)
    return Reply(body={"count": number, "_shards": {"total": shards, "successful": shards, "skipped": 0, "failed": 0}})


def delete_by_query(node: Node, call: Call) -> Reply:
    """``POST /{index}/_delete_by_query``."""
    started = time.perf_counter()
    body = call.required_body()
    if "query" not in body:
        raise ApiError(400, "action_request_validation_exception", "Validation Failed: 1: query is missing;")
    for key in body:
        if key != "query":
            raise unsupported(f"the option [{key}] of _delete_by_query")
    deleted = 0
    for context in _contexts(node, call):
        for doc_id in _with_alias(context, call, evaluate(context, body["query"])):
            written = perform(node, Write(op="delete", index=context.index.name, id=doc_id))
            deleted += written.result == "deleted"
        if refresh_wanted(call):
            node.indices.refresh(context.index.name)
    return Reply(
        body={
            "took": int((time.perf_counter() - started) * 1000),
            "timed_out": False,
            "total": deleted,
            "deleted": deleted,
            "batches": 1 if deleted else 0,
            "version_conflicts": 0,
            "noops": 0,
            "retries": {"bulk": 0, "search": 0},
            "throttled_millis": 0,
            "requests_per_second": -1.0,
            "throttled_until_millis": 0,
            "failures": [],
        }
    )


Scored = tuple[Context, Searchable, float]


def _scored(context: Context, body: Mapping[str, Any], size: int) -> list[Scored]:
    allowed = _alias_filter(context, body["__expression__"])
    scores: dict[str, float] = {}
    if "knn" not in body or "query" in body:
        scores = _query(context, body.get("query"))
    for clause in _knn_clauses(body):
        filters = matching(context, clause.get("filter"))
        if allowed is not None:
            filters = allowed if filters is None else filters & allowed
        for doc_id, score in knn_query(context, clause, allowed=filters, size=size).items():
            scores[doc_id] = scores.get(doc_id, 0.0) + score
    if body.get("post_filter"):
        kept = matching(context, body["post_filter"]) or set()
        scores = {doc_id: score for doc_id, score in scores.items() if doc_id in kept}
    return [
        (context, context.documents[doc_id], score)
        for doc_id, score in scores.items()
        if doc_id in context.documents and (allowed is None or doc_id in allowed)
    ]


def _nearest(body: Mapping[str, Any], scored: list[Scored], size: int) -> list[Scored]:
    """Over several indices the knn option keeps its k best of all, not of each."""
    clauses = _knn_clauses(body)
    if "query" in body or len(clauses) != 1:
        return scored
    return sorted(scored, key=lambda item: -item[2])[: int(clauses[0].get("k", size))]


def _ordered(scored: list[Scored], sort: Any) -> tuple[list[Scored], list[list[Any]]]:
    if not sort:
        return sorted(scored, key=lambda item: (-item[2], item[1].seq_no)), []
    keys = [_sort_key(entry) for entry in (sort if isinstance(sort, list) else [sort])]
    if [name for name, _ in keys] == ["_score"]:
        return sorted(scored, key=lambda item: item[2], reverse=keys[0][1]), []
    ordered = sorted(scored, key=lambda item: item[1].seq_no)
    for name, descending in reversed(keys):
        present = [item for item in ordered if _sort_value(item, name, descending) is not None]
        absent = [item for item in ordered if _sort_value(item, name, descending) is None]
        present.sort(key=lambda item: _sort_value(item, name, descending), reverse=descending)
        ordered = present + absent
    return ordered, [[_sort_value(item, name, descending) for name, descending in keys] for item in ordered]


def _sort_key(entry: Any) -> tuple[str, bool]:
    if isinstance(entry, str):
        return entry, entry == "_score"
    ((name, options),) = entry.items()
    order = options if isinstance(options, str) else options.get("order", "desc" if name == "_score" else "asc")
    if isinstance(options, Mapping) and set(options) - {"order"}:
        raise unsupported(f"the sort options [{', '.join(set(options) - {'order'})}]")
    return name, order == "desc"


def _sort_value(item: Scored, name: str, descending: bool) -> Any:
    context, document, score = item
    if name == "_score":
        return score
    if name in ("_doc", "_shard_doc"):
        return document.seq_no
    definition = context.definition(name)
    if definition is None:
        raise context.shard_error(f"No mapping found for [{name}] in order to sort on")
    if definition["type"] in ("text", "dense_vector", "geo_point", "flattened"):
        raise unsupported(f"sorting by a field of the type [{definition['type']}]")
    values = context.values(document, name)
    return (max(values) if descending else min(values)) if values else None


def _query(context: Context, query: Any) -> dict[str, float]:
    return dict.fromkeys(context.documents, 1.0) if query is None else evaluate(context, query)


def _knn_clauses(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    knn = body.get("knn", [])
    return list(knn) if isinstance(knn, list) else [knn]


def _contexts(node: Node, call: Call) -> list[Context]:
    names = node.indices.resolve(
        call.args.get("index", "_all"),
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", default=True),
    )
    return [Context.of(node, node.indices.get(name)) for name in names]


def _alias_filter(context: Context, expression: str) -> set[str] | None:
    """The ids that the filters of the aliases named in a request let through."""
    names = expression.split(",")
    if context.index.name in names:
        return None
    bodies = context.node.indices.aliases_of(context.index.name)
    filters = [bodies[name].get("filter") for name in names if name in bodies]
    if not filters or None in filters:
        return None
    return set().union(*(evaluate(context, item) for item in filters if item is not None))


def _with_alias(context: Context, call: Call, scores: dict[str, float]) -> dict[str, float]:
    allowed = _alias_filter(context, call.args.get("index", "_all"))
    return scores if allowed is None else {i: s for i, s in scores.items() if i in allowed}


def _total(number: int, track: Any) -> dict[str, Any] | None:
    if track is False or track == "false":
        return None
    limit = number if track is True or track == "true" else int(track)
    return {"value": min(number, limit), "relation": "eq" if number <= limit else "gte"}


def _body(call: Call) -> dict[str, Any]:
    body = dict(call.body)
    for key in body:
        if key in _KNOWN:
            raise unsupported(f"the search option [{key}]")
        if key not in _BODY:
            raise ApiError(400, "parsing_exception", f"unknown key for a START_OBJECT in [{key}].")
    for name in ("size", "from", "track_total_hits", "_source"):
        if name in call.params:
            body[name] = call.params[name]
    if body.get("_source") in ("true", "false"):
        body["_source"] = body["_source"] == "true"
    if isinstance(body.get("_source"), str) and "," in body["_source"]:
        body["_source"] = body["_source"].split(",")
    if "_source_exclude_vectors" in call.params:
        body["_source"] = {"exclude_vectors": call.flag("_source_exclude_vectors")}
    if "search_type" in call.params and "knn" in body:
        raise illegal_argument(
            "cannot set [search_type] when using [knn] search, since the search type is determined automatically"
        )
    body["__expression__"] = call.args.get("index", "_all")
    return body


_INDICES = {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled", "preference", "routing"}
_SEARCH = _INDICES | {"size", "from", "track_total_hits", "_source", "_source_exclude_vectors", "rest_total_hits_as_int",
                      "request_cache", "timeout", "typed_keys", "ccs_minimize_roundtrips", "allow_partial_search_results",
                      "search_type"}  # fmt: skip
_REFUSED = {"q", "scroll", "sort", "explain", "stored_fields", "docvalue_fields", "_source_includes", "_source_excludes",
            "df", "analyzer", "default_operator", "lenient", "suggest_field", "terminate_after", "version"}  # fmt: skip
_COUNT_REFUSED = {"q", "df", "analyzer", "default_operator", "lenient", "min_score", "terminate_after"}

ROUTES = [
    *(
        Route(method, path, search, _SEARCH, _REFUSED)
        for method in ("GET", "POST")
        for path in ("/_search", "/{index}/_search")
    ),
    *(
        Route(method, path, count, _INDICES, _COUNT_REFUSED)
        for method in ("GET", "POST")
        for path in ("/_count", "/{index}/_count")
    ),
    Route("POST", "/{index}/_delete_by_query", delete_by_query,
          _INDICES | {"refresh", "conflicts", "timeout", "wait_for_completion", "wait_for_active_shards"},
          {"scroll", "slices", "max_docs", "requests_per_second", "q"}),
]  # fmt: skip
