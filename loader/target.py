"""The index that is loaded into: is it there, which encoder does it want, what does it hold?

Read-only, but for ``write_encoder_digest`` and ``write_text_digest``: the first load makes an encoder binding that was known
by name only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.core.encoders import ImageEncoder
from clipline.core.errors import EncoderMismatchError, NotProvisionedError, UsageError
from clipline.core.records import CAPTION_VECTOR_FIELD, MARK, VECTOR_FIELD, EncoderIdentity, IndexMarks
from clipline.core.text_encoders import TextEncoder, check_text_model
from clipline.core.text_models import TextEncoderIdentity
from loader.discover import ImageRef

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_OUT_OF_STEP = "run `clipline plan` to see what is out of step"
_OTHER_ENCODER = "name the right encoder's files with --image-model, or load into an index of its own"


@dataclass(frozen=True, slots=True)
class Target:
    """The index behind an alias, as it was when the load began; ``caption_vectors``: whether it has a field for them."""

    client: Elasticsearch
    alias: str
    index: str
    marks: IndexMarks
    caption_vectors: bool = False

    @property
    def text_encoder(self) -> TextEncoderIdentity | None:
        """The text model that captions are to be encoded with here; ``None`` where the ingest pipeline does it."""
        return self.marks.text_encoder if self.caption_vectors else None

    def unchanged(self, refs: Sequence[ImageRef]) -> set[str]:
        """The ids among these refs whose document has the file's size and time of modification. One request."""
        if not refs:
            return set()
        answer = self.client.mget(index=self.index, ids=[ref.id for ref in refs], source_includes=["size", "mtime"])
        known = {doc["_id"]: doc["_source"] for doc in answer["docs"] if doc.get("found")}
        return {
            ref.id
            for ref in refs
            if ref.id in known and (known[ref.id].get("size"), known[ref.id].get("mtime")) == (ref.size, ref.mtime)
        }

    def check_encoder(self, encoder: ImageEncoder) -> None:
        """Refuse an encoder that the index was not made for. Makes no request.

        Raises:
            EncoderMismatchError: its digest or the length of its vectors is another.
        """
        wanted = self.marks.encoder
        if encoder.dims != wanted.dims:
            raise EncoderMismatchError(
                f"the index holds vectors of {wanted.dims} dims, and the encoder gives {encoder.dims}",
                where=self.index,
                hint=_OTHER_ENCODER,
            )
        self._check_digest(wanted, encoder.digest)

    def write_encoder_digest(self, digest: str) -> None:
        """Write the encoder's digest into an index that does not name it yet; the mapping's ``_meta`` is written whole.

        Raises:
            EncoderMismatchError: another load was faster, with another encoder.
        """
        if self.marks.encoder.digest is not None:
            return
        # Read again: what another load or an apply wrote since must not be lost.
        mapping = _mapping(self.client, self.index)
        marks = _marks(mapping, self.index)
        if marks.encoder.digest is not None:
            self._check_digest(marks.encoder, digest)
            return
        self._write_mark(mapping, "encoder", marks.encoder.with_digest(digest).to_json())

    def check_text_encoder(self, encoder: TextEncoder) -> None:
        """Refuse a text model that is not the one that the index's texts are encoded with. Makes no request.

        Raises:
            EncoderMismatchError: its digest or the length of its vectors is another.
        """
        wanted = self.marks.text_encoder
        assert wanted is not None  # nobody encodes texts here otherwise
        check_text_model(wanted, digest=encoder.digest, dims=encoder.dims, where=self.index)

    def write_text_digest(self, digest: str) -> None:
        """Write the text model's digest into an index that does not name it yet; the mapping's ``_meta`` is written whole.

        Raises:
            EncoderMismatchError: another load was faster, with another text model.
        """
        if self.marks.text_encoder is None or self.marks.text_encoder.digest is not None:
            return
        mapping = _mapping(self.client, self.index)
        wanted = _marks(mapping, self.index).text_encoder
        if wanted is None:
            return  # an apply has given the texts to the cluster since
        if wanted.digest is not None:
            check_text_model(wanted, digest=digest, dims=wanted.dims, where=self.index)
            return
        self._write_mark(mapping, "text_encoder", wanted.with_digest(digest).to_json())

    def refresh(self) -> None:
        """Make what was loaded searchable."""
        self.client.indices.refresh(index=self.index)

    def without_vector(self) -> int:
        """How many documents no search by vector can find."""
        missing = {"bool": {"must_not": [{"exists": {"field": VECTOR_FIELD}}]}}
        return int(self.client.count(index=self.index, query=missing)["count"])

    def ingest_errors(self) -> int:
        """How many documents say in ``ingest_error`` what the ingest pipeline could not do."""
        return int(self.client.count(index=self.index, query={"exists": {"field": "ingest_error"}})["count"])

    def _write_mark(self, mapping: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> None:
        meta = dict(mapping["_meta"])
        self.client.indices.put_mapping(index=self.index, meta={**meta, MARK: {**meta[MARK], name: value}})

    def _check_digest(self, wanted: EncoderIdentity, digest: str) -> None:
        if wanted.digest is not None and digest != wanted.digest:
            raise EncoderMismatchError(
                f"the index was filled with {wanted}, and this is another encoder ({digest[:15]}…)",
                where=self.index,
                hint=_OTHER_ENCODER,
            )


def open_target(client: Elasticsearch, alias: str) -> Target:
    """Look the index up and check that pictures can be loaded into it. Read-only.

    Raises:
        UsageError: the alias is a pattern.
        NotProvisionedError: there is no such alias, or what it points to was not made by ``clipline apply``.
    """
    if not alias or alias.startswith(("_", "-")) or any(sign in alias for sign in "*?, "):
        raise UsageError(f"{alias!r} is not the name of one index alias", where="--index")
    index = _write_index(client, alias)
    mapping = _mapping(client, index)
    marks = _marks(mapping, index)
    field = (mapping.get("properties") or {}).get(VECTOR_FIELD) or {}
    if field.get("type") != "dense_vector" or field.get("dims") != marks.encoder.dims:
        raise NotProvisionedError(
            f"{VECTOR_FIELD} is not a dense_vector of {marks.encoder.dims} dims, which the index's encoder gives",
            where=index,
            hint=_OUT_OF_STEP,
        )
    captions = (mapping.get("properties") or {}).get(CAPTION_VECTOR_FIELD) or {}
    return Target(client, alias, index, marks, caption_vectors=captions.get("type") == "dense_vector")


def _write_index(client: Elasticsearch, alias: str) -> str:
    found = client.options(ignore_status=404).indices.get_alias(name=alias)
    aliases = {name: value["aliases"][alias] for name, value in found.body.items() if _holds(value, alias)}
    if not aliases and client.indices.exists(index=alias):
        raise NotProvisionedError(
            f"{alias} is a concrete index, not an alias that `clipline apply` made",
            hint="provision a stack with another alias (--var index_alias=…) and load into that",
        )
    if not aliases:
        raise NotProvisionedError(f"there is no index alias {alias}", hint="run `clipline apply` first")
    writable = [name for name, value in aliases.items() if value.get("is_write_index", len(aliases) == 1)]
    if len(writable) != 1:
        raise NotProvisionedError(
            f"the alias points to {', '.join(sorted(aliases))}, and none of them is its write index",
            where=alias,
            hint=_OUT_OF_STEP,
        )
    return str(writable[0])


def _holds(value: Any, alias: str) -> bool:
    # An answer for an alias that does not exist has "error" and "status" where index names would be.
    return isinstance(value, dict) and alias in value.get("aliases", {})


def _mapping(client: Elasticsearch, index: str) -> Mapping[str, Any]:
    mapping: Mapping[str, Any] = client.indices.get_mapping(index=index)[index]["mappings"]
    return mapping


def _marks(mapping: Mapping[str, Any], index: str) -> IndexMarks:
    marks = IndexMarks.from_mapping(mapping)
    if marks is None:
        raise NotProvisionedError(
            "the index does not say which encoder its vectors are of: it was not made by `clipline apply`",
            where=index,
            hint="run `clipline apply` with another alias (--var index_alias=…)",
        )
    return marks
