"""One index as a query sees it: its searchable documents and their fields."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.mapping import fields
from clipline.emulator.indices.shard import Searchable
from clipline.emulator.indices.store import Index

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[一-鿿぀-ヿ]", re.UNICODE)
_CJK = re.compile(r"([一-鿿぀-ヿ])")
K1, B = 1.2, 0.75


@dataclass(slots=True)
class Context:
    """The searchable documents of an index at one moment."""

    node: Node
    index: Index
    documents: dict[str, Searchable]
    types: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Node, index: Index) -> Context:
        """Open an index for one request."""
        with index.lock:
            documents = dict(index.shard.searchable(index.mappings, interval=index.refresh_interval))
        return cls(node, index, documents, dict(fields(index.mappings.get("properties", {}))))

    def definition(self, name: str) -> dict[str, Any] | None:
        """A field's definition; a key of a flattened field is a keyword."""
        if name in self.types:
            return self.types[name]
        parent = name
        while "." in parent:
            parent = parent.rpartition(".")[0]
            if self.types.get(parent, {}).get("type") == "flattened":
                return {"type": "keyword"}
        return None

    def values(self, document: Searchable, name: str) -> list[Any]:
        """A document's indexed values of a field."""
        if name == "_id":
            return [document.id]
        return document.parsed.values.get(name, [])

    def tokens(self, name: str) -> dict[str, list[list[str]]]:
        """Every document's values of a text field as tokens, made once between refreshes."""
        cache = self.index.shard.tokens(self.index.mappings)
        if name not in cache:
            cache[name] = {
                doc_id: [analyse(text) for text in document.parsed.values[name]]
                for doc_id, document in self.documents.items()
                if name in document.parsed.values
            }
        return cache[name]

    def shard_error(self, reason: str, *, cause: str | None = None) -> ApiError:
        """An error of the query phase: all shards failed."""
        entry: dict[str, Any] = {
            "type": "query_shard_exception",
            "reason": f"failed to create query: {reason}",
            "index_uuid": self.index.uuid,
            "index": self.index.name,
        }
        whole = {**entry, "caused_by": {"type": "illegal_argument_exception", "reason": cause or reason}}
        failed = {"shard": 0, "index": self.index.name, "node": self.node.node_id, "reason": whole}
        return ApiError(
            400,
            "search_phase_execution_exception",
            "all shards failed",
            meta={"phase": "query", "grouped": True, "failed_shards": [failed]},
            root_cause=[entry],
        )


def analyse(text: str) -> list[str]:
    """The standard analyzer: words in lower case, Han and kana one by one."""
    spaced = _CJK.sub(r" \1 ", text)
    return [match[0].lower() for match in _WORD.finditer(spaced)]


def bm25(context: Context, name: str, wanted: list[str], *, every: bool) -> dict[str, float]:
    """BM25 scores (k1 1.2, b 0.75) of the documents that hold one, or every, wanted token."""
    held = context.tokens(name)
    if not held:
        return {}
    flat = {doc_id: [token for value in values for token in value] for doc_id, values in held.items()}
    average = sum(map(len, flat.values())) / len(flat)
    idf = {}
    for token in set(wanted):
        n = sum(token in tokens for tokens in flat.values())
        idf[token] = math.log(1 + (len(flat) - n + 0.5) / (n + 0.5))
    scores: dict[str, float] = {}
    for doc_id, tokens in flat.items():
        present = [token for token in wanted if token in tokens]
        if not present or (every and len(present) < len(wanted)):
            continue
        norm = K1 * (1 - B + B * len(tokens) / average)
        scores[doc_id] = sum(idf[t] * tokens.count(t) / (tokens.count(t) + norm) for t in present) * 1.0
    return scores
