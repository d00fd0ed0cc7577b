"""kNN: every vector is compared, so the result is exact; ``index_options`` change nothing here.

Scores by the documented formulas: cosine ``(1 + cos) / 2``, dot_product ``(1 + dot) / 2``, l2_norm ``1 / (1 + d²)``,
max_inner_product ``1 / (1 - m)`` below zero, else ``m + 1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, illegal_argument, unsupported
from clipline.emulator.indices.vectors import check_magnitude
from clipline.emulator.search.context import Context

MAX_CANDIDATES = 10_000
_OPTIONS = {"field", "query_vector", "query_vector_builder", "k", "num_candidates", "filter", "similarity", "boost",
            "rescore_vector", "_name"}  # fmt: skip


def knn_query(
    context: Context, body: Mapping[str, Any], *, allowed: set[str] | None, size: int = 10
) -> dict[str, float]:
    """The nearest documents by the ``knn`` query or option.

    Raises:
        ApiError: 400 for wrong options or a vector that the field refuses.
    """
    k, candidates = check_knn(body, size=size)
    name = body["field"]
    definition = context.definition(name)
    if definition is None:
        return {}
    if definition["type"] != "dense_vector":
        raise context.shard_error("[knn] queries are only supported on [dense_vector] fields")
    if not definition.get("index"):
        raise context.shard_error(
            f"to perform knn search on field [{name}], its mapping must have [index] set to [true]"
        )
    query = np.asarray(query_vector(context, body), dtype=np.float32)
    dims = definition.get("dims")
    if dims is None:
        return {}
    if len(query) != dims:
        raise context.shard_error(
            f"The query vector has a different number of dimensions [{len(query)}] than the document vectors [{dims}]."
        )
    similarity = str(definition["similarity"])
    try:
        check_magnitude(query, similarity)
    except ValueError as error:
        raise context.shard_error(str(error)) from error
    ids, rows = _rows(context, name, allowed)
    if not ids:
        return {}
    raw = _raw(rows, query, similarity)
    scores = to_score(raw, similarity)
    if body.get("similarity") is not None:
        limit = float(body["similarity"])
        keep = raw <= limit if similarity == "l2_norm" else raw >= limit
    else:
        keep = np.ones(len(ids), dtype=bool)
    order = [number for number in np.argsort(-scores, kind="stable") if keep[number]][: min(k, candidates)]
    boost = float(body.get("boost", 1.0))
    return {ids[number]: float(scores[number]) * boost for number in order}


def check_knn(body: Mapping[str, Any], *, size: int) -> tuple[int, int]:
    """``k`` and ``num_candidates`` of a knn clause, checked.

    Raises:
        ApiError: 400.
    """
    for key in body:
        if key not in _OPTIONS:
            if key in ("inner_hits", "visit_percentage"):
                raise unsupported(f"the knn option [{key}]")
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [knn] unknown field [{key}]")
    if "field" not in body:
        raise illegal_argument("Required [field]")
    k = int(body.get("k", size))
    candidates = int(body.get("num_candidates", round(min(1.5 * k, MAX_CANDIDATES))))
    if k < 1:
        raise illegal_argument("[k] must be greater than 0")
    if candidates < k:
        raise illegal_argument("[num_candidates] cannot be less than [k]")
    if candidates > MAX_CANDIDATES:
        raise illegal_argument(f"[num_candidates] cannot exceed [{MAX_CANDIDATES}]")
    given = [key for key in ("query_vector", "query_vector_builder") if body.get(key) is not None]
    if not given:
        raise illegal_argument("either [query_vector_builder] or [query_vector] must be provided")
    if len(given) == 2:
        raise illegal_argument("cannot provide both [query_vector_builder] and [query_vector]")
    return k, candidates


def query_vector(context: Context, body: Mapping[str, Any]) -> list[float]:
    """The vector of a knn clause, from the text model when it has a builder."""
    if body.get("query_vector") is not None:
        vector = body["query_vector"]
        if not isinstance(vector, list) or any(isinstance(v, bool) or not isinstance(v, int | float) for v in vector):
            raise ApiError(400, "parsing_exception", "[knn] failed to parse field [query_vector]")
        return vector
    ((kind, options),) = body["query_vector_builder"].items()
    if kind != "text_embedding":
        raise unsupported(f"the query_vector_builder [{kind}]")
    if not options.get("model_id"):
        raise illegal_argument("[model_id] must not be null.")
    if options.get("model_text") is None:
        raise ApiError(400, "x_content_parse_exception", "Required [model_text]")
    return context.node.models.embed_query(options["model_id"], options["model_text"])


def to_score(raw: NDArray[np.float32], similarity: str) -> NDArray[np.float32]:
    """The raw measure as Elasticsearch's score."""
    if similarity in ("cosine", "dot_product"):
        return np.asarray(np.maximum((1.0 + raw) / 2.0, 0.0))
    if similarity == "l2_norm":
        return np.asarray(1.0 / (1.0 + raw * raw))
    below = raw < 0
    return np.asarray(np.where(below, 1.0 / (1.0 - np.where(below, raw, 0.0)), raw + 1.0))


def _rows(context: Context, name: str, allowed: set[str] | None) -> tuple[list[str], NDArray[np.float32]]:
    with context.index.lock:
        ids, rows = context.index.shard.matrix(name, context.index.mappings)
    if allowed is None:
        return ids, rows
    chosen = [number for number, doc_id in enumerate(ids) if doc_id in allowed]
    return [ids[number] for number in chosen], rows[chosen]


def _raw(rows: NDArray[np.float32], query: NDArray[np.float32], similarity: str) -> NDArray[np.float32]:
    if similarity == "l2_norm":
        return np.asarray(np.linalg.norm(rows - query, axis=1))
    dots = rows @ query
    if similarity == "cosine":
        return np.asarray(dots / (np.linalg.norm(rows, axis=1) * np.linalg.norm(query)))
    return np.asarray(dots)
