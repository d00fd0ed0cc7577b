"""One index as a query sees it, and the errors of one index.

An error that depends on an index fails that index's share of the search only. When all shares fail::

    {"error": {"root_cause": [...], "type": "search_phase_execution_exception", "reason": "all shards failed",
               "phase": "query", "grouped": true, "failed_shards": [{"shard": 0, "index": "i", "node": "n",
               "reason": {"type": "query_shard_exception", ...}}]}, "status": 400}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.indices.index import Index
from clipline.emulator.indices.mapping import fields
from clipline.emulator.indices.snapshot import Snapshot

_META = frozenset(
    {"_index", "_ignored", "_routing", "_seq_no", "_source", "_field_names", "_nested_path", "_version", "_tier",
     "_doc_count", "_primary_term", "_data_stream_timestamp", "_feature"}
)  # fmt: skip


class ShardError(Exception):
    """What one index answers instead of hits; ``entry`` is its ``reason`` in ``failed_shards``."""

    def __init__(self, entry: dict[str, Any]) -> None:
        super().__init__(entry["reason"])
        self.entry = entry


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
    """The searchable documents of an index at one moment."""

    index: Index
    snapshot: Snapshot
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    size: int = 10

    @classmethod
    def of(cls, index: Index, *, size: int = 10) -> Context:
        """Open an index for one request; the index's lock is held."""
        return cls(index, index.snapshot(), dict(fields(index.mappings.get("properties", {}))), size)

    def definition(self, name: str) -> dict[str, Any] | None:
        """A field's definition; a key of a flattened field is a keyword.

        Raises:
            ApiError: 501 for a metadata field other than ``_id``.
        """
        if name in _META:
            raise unsupported(f"the metadata field [{name}] in a search")
        if name == "_id":
            return {"type": "_id"}
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
        result = self.none()
        chosen = np.asarray(places, dtype=np.int64)
        result.hits[chosen] = True
        result.scores[chosen] = score
        return result

    def postings(self, name: str) -> dict[Any, list[int]]:
        """value → places of the documents that hold it, for a field that is not analysed."""

        def make() -> dict[Any, list[int]]:
            found: dict[Any, list[int]] = {}
            for place, document in enumerate(self.snapshot.documents):
                for value in dict.fromkeys(document.parsed.values.get(name, ())):
                    found.setdefault(value, []).append(place)
            return found

        postings: dict[Any, list[int]] = self.snapshot.derived(("postings", name), make)
        return postings

    def present(self, pattern: str) -> NDArray[np.bool_]:
        """Which documents have a value of a field, of a field below an object, or of one that fits a pattern."""
        inside = f"{pattern}."

        def fits(name: str) -> bool:
            return name == pattern or name.startswith(inside) or ("*" in pattern and fnmatchcase(name, pattern))

        def make() -> NDArray[np.bool_]:
            flags = np.zeros(len(self.snapshot.documents), dtype=bool)
            for place, document in enumerate(self.snapshot.documents):
                flags[place] = any(map(fits, document.parsed.values)) or any(map(fits, document.parsed.vectors))
            return flags

        flags: NDArray[np.bool_] = self.snapshot.derived(("present", pattern), make)
        return flags

    def refusal(self, reason: str, *, cause: str = "illegal_argument_exception") -> ShardError:
        """``query_shard_exception``: the query cannot be made for this index."""
        return ShardError(
            {
                "type": "query_shard_exception",
                "reason": f"failed to create query: {reason}",
                "index_uuid": self.index.uuid,
                "index": self.index.name,
                "caused_by": {"type": cause, "reason": reason},
            }
        )


def all_failed(phase: str, failures: list[dict[str, Any]]) -> ApiError:
    """The error of a search of which no share is left."""
    roots: list[dict[str, Any]] = []
    grouped: list[dict[str, Any]] = []
    for failure in failures:
        root = {key: value for key, value in failure["reason"].items() if key != "caused_by"}
        if root not in roots:
            roots.append(root)
            grouped.append(failure)
    first = failures[0]["reason"]
    # An exception of Elasticsearch's own stands in failed_shards; another one is repeated as the cause.
    cause = None if first["type"] == "query_shard_exception" else first
    return ApiError(
        400,
        "search_phase_execution_exception",
        "all shards failed",
        meta={"phase": phase, "grouped": True, "failed_shards": grouped},
        caused_by=cause,
        root_cause=roots,
    )
