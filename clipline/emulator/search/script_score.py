"""``script_score`` on vectors: one vector function with arithmetic constants around it; other scripts are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.search.context import Context

_NUMBER = r"\d+(?:\.\d+)?"
_SCRIPT = re.compile(
    rf"\s*(?:(?P<over>{_NUMBER})\s*/\s*\(\s*(?P<one>{_NUMBER})\s*\+\s*)?"
    r"(?P<function>cosineSimilarity|dotProduct|l1norm|l2norm)\s*\(\s*params\.(?P<param>\w+)\s*,\s*"
    r"(?:'(?P<field>[\w.]+)'|\"(?P<field2>[\w.]+)\")\s*\)"
    rf"(?P<close>\s*\))?(?:\s*\+\s*(?P<plus>{_NUMBER}))?(?:\s*/\s*(?P<by>{_NUMBER}))?\s*;?\s*"
)


def score_script(context: Context, inner: Mapping[str, float], script: Any) -> dict[str, float]:
    """The script's value for each matching document.

    Raises:
        ApiError: 501 for another script, 400 for a wrong vector, a missing one or a negative score.
    """
    options: dict[str, Any] = {"source": script} if isinstance(script, str) else dict(script)
    source = str(options.get("source", ""))
    match = _SCRIPT.fullmatch(source)
    if (
        match is None
        or bool(match["over"]) != bool(match["close"])
        or (match["over"] and (match["plus"] or match["by"]))
    ):
        raise unsupported(f"the script [{source}]")
    name = match["field"] or match["field2"]
    definition = context.definition(name)
    if definition is None or definition["type"] != "dense_vector":
        raise _failed(context, source, f"No field found for [{name}] in mapping")
    query = np.asarray((options.get("params") or {}).get(match["param"]), dtype=np.float32)
    dims = definition.get("dims")
    if query.ndim != 1 or len(query) != dims:
        length = len(query) if query.ndim else 0
        raise _failed(
            context,
            source,
            f"The query vector has a different number of dimensions [{length}] than the document vectors [{dims}].",
        )
    if not inner:
        return {}
    with context.index.lock:
        ids, rows = context.index.shard.matrix(name, context.index.mappings)
    places = {doc_id: number for number, doc_id in enumerate(ids)}
    if any(doc_id not in places for doc_id in inner):
        raise _failed(context, source, "A document doesn't have a value for a vector field!")
    chosen = rows[[places[doc_id] for doc_id in inner]]
    values = _measure(match["function"], chosen, query)
    if match["over"]:
        values = float(match["over"]) / (float(match["one"]) + values)
    values = (values + float(match["plus"] or 0.0)) / float(match["by"] or 1.0)
    for doc_id, value in zip(inner, values, strict=True):
        if value < 0 or np.isnan(value):
            raise _failed(
                context,
                source,
                f"script_score script returned an invalid score [{value}] for doc [{places[doc_id]}]. "
                "Must be a non-negative score!",
            )
    return {doc_id: float(value) for doc_id, value in zip(inner, values, strict=True)}


def _measure(function: str, rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    if function == "l1norm":
        return np.asarray(np.abs(rows - query).sum(axis=1))
    if function == "l2norm":
        return np.asarray(np.linalg.norm(rows - query, axis=1))
    dots = rows @ query
    if function == "dotProduct":
        return np.asarray(dots)
    return np.asarray(dots / (np.linalg.norm(rows, axis=1) * np.linalg.norm(query)))


def _failed(context: Context, source: str, reason: str) -> ApiError:
    cause = {"type": "illegal_argument_exception", "reason": reason}
    entry = {"type": "script_exception", "reason": "runtime error", "script": source, "lang": "painless"}
    shard = {
        "shard": 0,
        "index": context.index.name,
        "node": context.node.node_id,
        "reason": {**entry, "caused_by": cause},
    }
    return ApiError(
        400,
        "search_phase_execution_exception",
        "all shards failed",
        meta={"phase": "query", "grouped": True, "failed_shards": [shard]},
        caused_by={**entry, "caused_by": cause},
        root_cause=[entry],
    )
