"""Versions and sequence numbers as conditions of a write: what a request may ask, and when it conflicts.

The texts and their order are those of ``IndexRequest.validate``, ``DocWriteRequest``, ``VersionType`` and of the plans
that ``InternalEngine`` makes for a primary.
"""

from __future__ import annotations

from dataclasses import dataclass

from clipline.emulator.errors import illegal_argument

INTERNAL = "internal"
EXTERNAL = "external"
EXTERNAL_GTE = "external_gte"
_TYPES = {"internal": INTERNAL, "external": EXTERNAL, "external_gt": EXTERNAL, "external_gte": EXTERNAL_GTE}
_ANY = -3
"""The version that stands for no condition."""
_UNASSIGNED = -2
"""The sequence number that does (``SequenceNumbers.UNASSIGNED_SEQ_NO``)."""


def version_type(text: str | None) -> str:
    """The kind of version that a request names.

    Raises:
        ApiError: 400 for another.
    """
    if text is None:
        return INTERNAL
    if text not in _TYPES:
        raise illegal_argument(f"No version type match [{text}]")
    return _TYPES[text]


def wanted_number(key: str, value: int) -> int | None:
    """``if_seq_no`` or ``if_primary_term`` of a request; ``None`` for the sequence number -2, which stands for none.

    Raises:
        ApiError: 400 for another negative one.
    """
    if key == "if_seq_no" and value == _UNASSIGNED:
        return None
    if value < 0:
        subject, stop = ("sequence numbers", ".") if key == "if_seq_no" else ("primary term", "")
        raise illegal_argument(f"{subject} must be non negative. got [{value}]{stop}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What has to be so for a write to happen; nothing by default."""

    version: int | None = None
    kind: str = INTERNAL
    if_seq_no: int | None = None
    if_primary_term: int | None = None

    def refusal(self, current: int | None, *, create: bool, found: bool) -> str | None:
        """Why a document whose version is ``current`` conflicts; that of a remembered deletion counts, not ``found``."""
        if create:
            return f"document already exists (current version [{current}])" if found else None
        if self.kind == INTERNAL or current is None or self.version is None:
            return None
        if self.kind == EXTERNAL and current >= self.version:
            return f"current version [{current}] is higher or equal to the one provided [{self.version}]"
        if self.kind == EXTERNAL_GTE and current > self.version:
            return f"current version [{current}] is higher than the one provided [{self.version}]"
        return None

    def sequence_refusal(self, current: tuple[int, int] | None) -> str | None:
        """Why a document with this sequence number and primary term conflicts."""
        if self.if_seq_no is None:
            return None
        term = self.if_primary_term or (current[1] if current else 1)
        wanted = f"required seqNo [{self.if_seq_no}], primary term [{term}]"
        if current is None:
            return f"{wanted}. but no document was found"
        if current != (self.if_seq_no, term):
            return f"{wanted}. current document has seqNo [{current[0]}] and primary term [{current[1]}]"
        return None

    def next_version(self, current: int | None) -> int:
        """The version that a write gets which did not conflict."""
        if self.kind != INTERNAL and self.version is not None:
            return self.version
        return 1 if current is None else current + 1

    def errors(self, *, create: bool = False, without_id: bool = False) -> list[str]:
        """What is wrong with the conditions of a request in themselves."""
        term = self.if_primary_term or None
        if create:
            if self.kind != INTERNAL:
                return ["create operations only support internal versioning. use index instead"]
            if self.version is not None:
                return ["create operations do not support explicit versions. use index instead"]
            if self.if_seq_no is not None or term is not None:
                return ["create operations do not support compare and set. use index instead"]
        found = []
        versioned = self.kind != INTERNAL or self.version is not None
        if without_id and versioned:
            found.append("an id must be provided if version type or value are set")
        if not self._legal():
            shown = _ANY if self.version is None else self.version
            found.append(f"illegal version value [{shown}] for version type [{self.kind.upper()}]")
        if self.kind == INTERNAL and self.version is not None:
            found.append(
                "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and "
                "`if_primary_term` instead"
            )
        if self.if_seq_no is not None and versioned:
            found.append("compare and write operations can not use versioning")
        if self.if_seq_no is not None and term is None:
            found.append("ifSeqNo is set, but primary term is [0]")
        if self.if_seq_no is None and term is not None:
            found.append(f"ifSeqNo is unassigned, but primary term is [{term}]")
        return found

    def _legal(self) -> bool:
        if self.kind == INTERNAL:
            return self.version is None or self.version > 0
        return self.version is not None and self.version >= 0


UNCONDITIONAL = Condition()
