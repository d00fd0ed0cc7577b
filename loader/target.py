"""The index that is loaded into: is it there, which encoder does it want, what does it hold already?

Read-only, but for one thing: the first load writes the encoder's digest into an index that does not have it yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.errors import NotProvisionedError
from clipline.core.records import MARK, VECTOR_FIELD, IndexMarks
from loader.discover import ImageRef

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@dataclass(frozen=True, slots=True)
class Target:
    """The index behind an alias, as it was when the load began."""

    client: Elasticsearch
    alias: str
    index: str
    marks: IndexMarks
    mapping: Mapping[str, Any]

    def unchanged(self, refs: Sequence[ImageRef]) -> set[str]:
        """The ids among these refs whose document has the file's size and time of modification; one request."""
        if not refs:
            return set()
        answer = self.client.mget(
            index=self.index, ids=[ref.id for ref in refs], source_includes=["size", "mtime"], realtime=True
        )
        known = {doc["_id"]: doc["_source"] for doc in answer["docs"] if doc.get("found")}
        return {
            ref.id
            for ref in refs
            if ref.id in known and (known[ref.id].get("size"), known[ref.id].get("mtime")) == (ref.size, ref.mtime)
        }

    def write_encoder_digest(self, digest: str) -> None:
        """Make an encoder binding for an index that knew only its name; the mapping's ``_meta`` is written whole."""
        if self.marks.encoder.digest is not None:
            return
        meta = dict(self.mapping.get("_meta") or {})
        ours = dict(meta[MARK])
        ours["encoder"] = self.marks.encoder.with_digest(digest).to_json()
        self.client.indices.put_mapping(index=self.index, meta={**meta, MARK: ours})

    def refresh(self) -> None:
        """Make what was loaded searchable."""
        self.client.indices.refresh(index=self.index)

    def without_caption_vector(self) -> int:
        """How many searchable documents the pipeline stored with an error instead of their caption's vector."""
        return int(self.client.count(index=self.index, query={"exists": {"field": "ingest_error"}})["count"])


def open_target(client: Elasticsearch, alias: str) -> Target:
    """Look the index up and check that pictures can be loaded into it.

    Raises:
        NotProvisionedError: there is no such alias, or what it points to was not made by ``clipline apply``.
    """
    found = client.options(ignore_status=404).indices.get_alias(name=alias)
    names = sorted(name for name, value in found.body.items() if isinstance(value, dict) and "aliases" in value)
    if not names:
        if client.indices.exists(index=alias):
            raise NotProvisionedError(
                "is a concrete index, not an alias that `clipline apply` made",
                where=alias,
                hint="provision a stack with another alias (--var index_alias=…) and load into that",
            )
        raise NotProvisionedError("there is no such alias", where=alias, hint="run `clipline apply` first")
    writable = [name for name in names if found.body[name]["aliases"][alias].get("is_write_index", len(names) == 1)]
    if len(writable) != 1:
        raise NotProvisionedError(
            f"the alias points to {', '.join(names)} and none is its write index",
            where=alias,
            hint="run `clipline plan` to see what is out of step",
        )
    mapping = client.indices.get_mapping(index=writable[0])[writable[0]]["mappings"]
    marks = IndexMarks.from_mapping(mapping)
    if marks is None:
        raise NotProvisionedError(
            "the index does not say which encoder its vectors are of: it was not made by `clipline apply`",
            where=writable[0],
            hint="run `clipline apply` with another alias (--var index_alias=…)",
        )
    field = (mapping.get("properties") or {}).get(VECTOR_FIELD) or {}
    if field.get("type") != "dense_vector" or field.get("dims") != marks.encoder.dims:
        raise NotProvisionedError(
            f"{VECTOR_FIELD} is not a dense_vector of {marks.encoder.dims} dims",
            where=writable[0],
            hint="run `clipline plan` to see what is out of step",
        )
    return Target(client, alias, writable[0], marks, mapping)
