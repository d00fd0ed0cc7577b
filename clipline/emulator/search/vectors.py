"""kNN: every vector is compared, so the result is exact; ``index_options`` and ``num_candidates`` change nothing here.

Scores by the documented formulas: cosine ``(1 + cos) / 2``, dot_product ``(1 + dot) / 2``, l2_norm ``1 / (1 + d²)``,
max_inner_product ``1 / (1 - m)`` below zero, else ``m + 1``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, wrong_kind
from clipline.emulator.indices.vectors import check_magnitude
from clipline.emulator.search.context import Context, Result

if TYPE_CHECKING:
    from clipline.emulator.search.compound import Query

Embed = Callable[[str, str], list[float]]
"""Model id and text → vector."""

MAX_CANDIDATES = 10_000
_OPTIONS = {"field", "query_vector", "query_vector_builder", "k", "num_candidates", "filter", "similarity", "boost",
            "rescore_vector"}  # fmt: skip
_LACKING = {"inner_hits", "visit_percentage", "_name"}


@dataclass(frozen=True, slots=True)
class Knn:
    """A knn clause that was read; ``k`` is absent where the request names none."""

    field: str
    vector: tuple[float, ...]
    k: int | None
    candidates: int | None
    filters: tuple[Query, ...]
    similarity: float | None
    boost: float

    def run(self, context: Context) -> Result:
        """The knn query: k of each index, or as many as there are candidates when k is not given."""
        return self.nearest(context, self.k or self.candidates or candidates(context.size), allowed=None)

    def nearest(self, context: Context, k: int, *, allowed: NDArray[np.bool_] | None) -> Result:
        """The k nearest documents of an index that pass the filters.

        Raises:
            ShardError: the field refuses the vector.
        """
        definition = context.definition(self.field)
        if definition is None:
            return context.none()
        if definition["type"] != "dense_vector":
            raise context.refusal("[knn] queries are only supported on [dense_vector] fields")
        if not definition.get("index"):
            raise context.refusal(
                f"to perform knn search on field [{self.field}], its mapping must have [index] set to [true]"
            )
        if (element := definition.get("element_type", "float")) in ("byte", "bit"):
            raise unsupported(f"kNN over vectors with the element_type [{element}]")
        dims = definition.get("dims")
        if dims is None:
            return context.none()
        query = np.asarray(self.vector, dtype=np.float32)
        if len(query) != dims:
            raise context.refusal(
                f"The query vector has a different number of dimensions [{len(query)}] than the document vectors "
                f"[{dims}]."
            )
        metric = str(definition["similarity"])
        try:
            check_magnitude(query, metric)
        except ValueError as error:
            raise context.refusal(str(error)) from error
        return self._compared(context, query, metric, k, allowed)

    def _compared(
        self, context: Context, query: NDArray[np.float32], metric: str, k: int, allowed: NDArray[np.bool_] | None
    ) -> Result:
        vectors = context.snapshot.vectors(self.field)
        if not len(vectors.places):
            return context.none()
        measured = measure(vectors.rows, vectors.norms, query, metric)
        keep = np.ones(len(measured), dtype=bool) if allowed is None else allowed[vectors.places]
        for filtered in self.filters:
            keep = keep & filtered.run(context).hits[vectors.places]
        if self.similarity is not None:
            keep = keep & (measured <= self.similarity if metric == "l2_norm" else measured >= self.similarity)
        chosen = np.flatnonzero(keep)
        scores = to_score(measured[chosen], metric)
        best = top(scores, k)
        return context.at(vectors.places[chosen[best]], scores[best].astype(np.float64) * self.boost)


def read_knn(body: Mapping[str, Any], embed: Embed, *, filters: tuple[Query, ...], size: int | None = None) -> Knn:
    """A knn clause; ``size`` is given for the option of a search, whose ``k`` it stands in for.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    for key in body:
        if key in _LACKING:
            raise unsupported(f"the knn option [{key}]")
        if key not in _OPTIONS:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [knn] unknown field [{key}]")
    if not isinstance(body.get("field"), str):
        raise illegal_argument("Required [field]")
    k, wanted = (_whole(body, key) for key in ("k", "num_candidates"))
    if size is not None:
        k = size if k is None else k
    _check_numbers(k, wanted if wanted is not None or k is None else candidates(k))
    given = [body.get(key) is not None for key in ("query_vector", "query_vector_builder")]
    if not any(given):
        raise illegal_argument(
            "either [query_vector_builder] or [query_vector] must be provided"
            if size is not None
            else "either [query_vector] or [query_vector_builder] must be provided"
        )
    if all(given):
        raise illegal_argument(
            "cannot provide both [query_vector_builder] and [query_vector]"
            if size is not None
            else "only one of [query_vector] and [query_vector_builder] must be provided"
        )
    _check_rescore(body.get("rescore_vector"))
    vector = _numbers(body["query_vector"]) if given[0] else _built(body["query_vector_builder"], embed)
    similarity = None if body.get("similarity") is None else _float(body["similarity"], "similarity")
    return Knn(body["field"], vector, k, wanted, filters, similarity, _float(body.get("boost", 1.0), "boost"))


def candidates(k: int) -> int:
    """``num_candidates`` where a request has none."""
    return min(math.floor(1.5 * k + 0.5), MAX_CANDIDATES)


def measure(
    rows: NDArray[np.float32], norms: NDArray[np.float32], query: NDArray[np.float32], metric: str
) -> NDArray[np.float32]:
    """The metric's raw value for each row: cosine, product or distance."""
    if metric == "l2_norm":
        return np.asarray(np.linalg.norm(rows - query, axis=1))
    products = rows @ query
    if metric == "cosine":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(products / (norms * np.linalg.norm(query)))
    return np.asarray(products)


def to_score(measured: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """The raw value as Elasticsearch's score."""
    if metric in ("cosine", "dot_product"):
        return np.asarray(np.maximum((1.0 + measured) / 2.0, 0.0))
    if metric == "l2_norm":
        return np.asarray(1.0 / (1.0 + measured * measured))
    return np.asarray(np.where(measured < 0, 1.0 / (1.0 - np.minimum(measured, 0.0)), measured + 1.0))


def top(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """The positions of the k highest, the earlier one first among equals."""
    if len(scores) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        chosen = np.flatnonzero(scores >= least)
    else:
        chosen = np.arange(len(scores))
    return np.asarray(chosen[np.argsort(-scores[chosen], kind="stable")][:k])


def _check_numbers(k: int | None, wanted: int | None) -> None:
    if k is not None and k < 1:
        raise illegal_argument("[k] must be greater than 0")
    if wanted is not None and wanted > MAX_CANDIDATES:
        raise illegal_argument(f"[num_candidates] cannot exceed [{MAX_CANDIDATES}]")
    if wanted is not None and wanted < (k or 1):
        raise illegal_argument(
            "[num_candidates] cannot be less than [k]" if k else "[num_candidates] must be greater than 0"
        )


def _check_rescore(rescore: Any) -> None:
    # Rescoring corrects quantisation; there is none here, so a valid one changes nothing.
    if rescore is None:
        return
    if not isinstance(rescore, Mapping) or set(rescore) != {"oversample"}:
        raise ApiError(
            400, "x_content_parse_exception", "[1:1] [rescore_vector] requires [oversample] and nothing else"
        )
    oversample = _float(rescore["oversample"], "oversample")
    if oversample != 0 and not 1.0 <= oversample <= 10.0:
        raise illegal_argument("[oversample] must be in range [1.0, 10.0]")


def _built(builder: Any, embed: Embed) -> tuple[float, ...]:
    if not isinstance(builder, Mapping) or len(builder) != 1:
        raise ApiError(400, "x_content_parse_exception", "[1:1] [knn] failed to parse field [query_vector_builder]")
    ((kind, options),) = builder.items()
    if kind != "text_embedding":
        raise unsupported(f"the query_vector_builder [{kind}]")
    if not isinstance(options, Mapping):
        raise wrong_kind("query_vector_builder", kind, options)
    if unknown := next((key for key in options if key not in ("model_id", "model_text")), None):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [text_embedding] unknown field [{unknown}]")
    if not options.get("model_id"):
        raise illegal_argument("[model_id] must not be null.")
    if options.get("model_text") is None:
        raise ApiError(400, "x_content_parse_exception", "Required [model_text]")
    return tuple(embed(str(options["model_id"]), str(options["model_text"])))


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, str):
        raise unsupported("a [query_vector] as text")
    if not isinstance(value, list) or any(isinstance(v, bool) or not isinstance(v, int | float) for v in value):
        raise ApiError(400, "x_content_parse_exception", "[1:1] [knn] failed to parse field [query_vector]")
    return tuple(value)


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    number = _float(value, name)
    if number != int(number):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [knn] failed to parse field [{name}]")
    return int(number)


def _float(value: Any, name: str) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [knn] failed to parse field [{name}]") from None
