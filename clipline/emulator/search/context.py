"""One shard as a query sees it, and the errors of one shard.

An error that depends on an index fails that shard of the search only. When all shards fail::

    {"error": {"root_cause": [...], "type": "search_phase_execution_exception", "reason": "all shards failed",
               "phase": "query", "grouped": true, "failed_shards": [{"shard": 0, "index": "i", "node": "n",
               "reason": {"type": "query_shard_exception", ...}}]}, "status": 400}
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.identity import DEFAULT_VERSION, Version
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mapping import fields
from clipline.emulator.indices.snapshot import Snapshot

_META = frozenset(
    {"_routing", "_seq_no", "_source", "_field_names", "_nested_path", "_version", "_tier",
     "_doc_count", "_primary_term", "_data_stream_timestamp", "_feature"}
)  # fmt: skip
_MISSING = "search_context_missing_exception"
_OWN = frozenset({"query_shard_exception", "script_exception", _MISSING, "parsing_exception"})
"""Exceptions of Elasticsearch's own: they stand in ``failed_shards`` only, another one is repeated as the cause."""


class ShardError(Exception):
    """What one shard answers instead of hits; ``entry`` is its ``reason`` in ``failed_shards``."""

    def __init__(self, entry: dict[str, Any]) -> None:
        super().__init__(entry["reason"])
        self.entry = entry

    @classmethod
    def missing(cls) -> ShardError:
        """``search_context_missing_exception``: a point in time that is over, or whose index is deleted."""
        return cls({"type": _MISSING, "reason": "No search context found for id [1]"})

    @classmethod
    def illegal(cls, reason: str) -> ShardError:
        """``illegal_argument_exception`` on a shard."""
        return cls({"type": "illegal_argument_exception", "reason": reason})


@dataclass(frozen=True, slots=True)
class Result:
    """What a query matches: a flag and a score for each document of the snapshot."""

    hits: NDArray[np.bool_]
    scores: NDArray[np.float64]

    @classmethod
    def constant(cls, hits: NDArray[np.bool_], score: float) -> Result:
        """One score for all that match."""
        return cls(hits, np.where(hits, score, 0.0))


@dataclass(frozen=True, slots=True)
class Context:
    """The searchable documents of a shard at one moment; ``now`` is that moment in milliseconds."""

    index: Index
    snapshot: Snapshot
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    size: int = 10
    shard: int = 0
    version: Version = DEFAULT_VERSION
    now: int = field(default_factory=lambda: int(time.time() * 1000))
    allowed: NDArray[np.bool_] | None = None
    """The documents that the alias lets through, where it has a filter."""

    @classmethod
    def of(cls, index: Index, *, size: int = 10, version: Version = DEFAULT_VERSION) -> Context:
        """Open an index as one shard for one request; the index's lock is held."""
        return cls(index, index.snapshot(), dict(fields(index.mappings.get("properties", {}))), size, version=version)

    def definition(self, name: str) -> dict[str, Any] | None:
        """A field's definition; a key of a flattened field is a keyword.

        Raises:
            ApiError: 501 for a metadata field other than ``_id``, ``_index`` and ``_ignored``.
        """
        if name in _META:
            raise unsupported(f"the metadata field [{name}] in a search")
        if name in ("_id", "_index"):
            return {"type": name}
        if name == "_ignored":
            return {"type": "keyword"}
        if name in self.types:
            return self.types[name]
        root = self.flattened_root(name)
        return {"type": "keyword"} if root else None

    def flattened_root(self, name: str) -> str | None:
        """The flattened field that a name is a key of."""
        parent = name
        while "." in parent:
            parent = parent.rpartition(".")[0]
            if self.types.get(parent, {}).get("type") == "flattened":
                return parent
        return None

    def none(self) -> Result:
        """Nothing matches."""
        return Result.constant(np.zeros(len(self.snapshot.documents), dtype=bool), 0.0)

    def everything(self, score: float) -> Result:
        """All documents match."""
        return Result.constant(np.ones(len(self.snapshot.documents), dtype=bool), score)

    def at(self, places: Any, score: float | NDArray[np.float64]) -> Result:
        """The documents at these places match."""
        count = len(self.snapshot.documents)
        result = Result(np.zeros(count, dtype=bool), np.zeros(count))
        chosen = np.asarray(places, dtype=np.int64)
        result.hits[chosen] = True
        result.scores[chosen] = score
        return result

    def refusal(self, reason: str, *, cause: str = "illegal_argument_exception") -> ShardError:
        """``query_shard_exception``: the query cannot be made for this index."""
        caused_by = {"type": cause, "reason": reason}
        return self.query_error(f"failed to create query: {reason}", caused_by=caused_by)

    def query_error(self, reason: str, *, caused_by: dict[str, Any] | None = None) -> ShardError:
        """``query_shard_exception`` with its own words."""
        entry: dict[str, Any] = {"type": "query_shard_exception", "reason": reason}
        entry |= {"index_uuid": self.index.uuid, "index": self.index.name}
        return ShardError(entry | ({"caused_by": caused_by} if caused_by else {}))


def all_failed(phase: str, failures: list[dict[str, Any]], *, reason: str = "all shards failed") -> ApiError:
    """The error of a search of which no share is left: 400, or 404 if it is over."""
    roots: list[dict[str, Any]] = []
    grouped: list[dict[str, Any]] = []
    for failure in failures:
        root = {key: value for key, value in failure["reason"].items() if key != "caused_by"}
        if root not in roots:
            roots.append(root)
            grouped.append(failure)
    first = failures[0]["reason"]
    return ApiError(
        404 if all(failure["reason"]["type"] == _MISSING for failure in failures) else 400,
        "search_phase_execution_exception",
        reason,
        meta={"phase": phase, "grouped": True, "failed_shards": grouped},
        # What Elasticsearch makes of a foreign exception is caused by that exception once more.
        caused_by=None if first["type"] in _OWN else {**first, "caused_by": first.get("caused_by", first)},
        root_cause=roots,
    )
