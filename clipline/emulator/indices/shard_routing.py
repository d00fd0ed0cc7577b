"""Which primary shard a document is in: the hash of its routing, or of its id without one.

``IndexRouting``: ``floorMod(murmur3_32(UTF-16 code units, little-endian), routing shards) / (routing shards / shards)``,
where an index has as many routing shards as fit under 1,024 by doubling the number of its shards, and at least twice as
many (``IndexMetadata``, ``MetadataCreateIndexService.calculateNumRoutingShards``).
"""

from __future__ import annotations

import mmh3

_LOG2_MOST = 10


def shard_of(doc_id: str, routing: str | None, shards: int, total: int | None = None) -> int:
    """The number of the primary shard, from 0; ``total`` is how many routing shards the index asked for."""
    if shards == 1:
        return 0
    total = total or routing_shards(shards)
    hashed = mmh3.hash((routing if routing is not None else doc_id).encode("utf-16-le", "surrogatepass"), 0)
    return (hashed % total) // (total // shards)


def routing_shards(shards: int) -> int:
    """``index.number_of_routing_shards`` of an index that does not say."""
    return shards << max(1, _LOG2_MOST - (shards - 1).bit_length())
