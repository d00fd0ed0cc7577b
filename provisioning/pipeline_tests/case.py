"""A case of a pipeline's tests, and what came of it. Inert values.

Example of a file::

    cases:
      - name: a caption becomes a vector
        document: &captioned {image_id: IMG_0001, caption: two red circles}
        expected: {<<: *captioned, caption_embedding: {$vector: 512}, ingested_at: {$is: date}}
      - name: a caption whose model is absent is kept, and says so
        model: absent
        document: *captioned
        expected: {<<: *captioned, ingest_error: {$contains: deployed}, ingested_at: {$is: date}}

A document is written flat, as the processors see it in ``ctx``: ``_index``, ``_id`` and ``_routing`` are its metadata, the
rest is its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

METADATA = ("_index", "_id", "_routing")
"""The keys of a document that are not its source."""


class Fault(StrEnum):
    """What is wrong with the model while a case runs; the words of the files."""

    ABSENT = "absent"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document and what the pipeline should make of it: exactly one of ``expected``, ``error`` and ``dropped``.

    ``expected`` and ``error`` may hold ``Matcher``s. ``expected`` holds after every one of the ``passes``.
    """

    pipeline: str
    name: str
    where: str
    document: Mapping[str, Any]
    expected: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    dropped: bool = False
    passes: int = 1
    fault: Fault | None = None
    skip: str | None = None


class Kind(StrEnum):
    """How a field differs."""

    DIFFERS = "differs"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that is not as expected; ``wanted`` says what was, in words; ``found`` is the value itself."""

    path: str
    kind: Kind
    wanted: str | None = None
    found: Any = None

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON; a side that there is not is left out."""
        shown: dict[str, Any] = {"path": self.path, "kind": self.kind}
        if self.kind is not Kind.UNEXPECTED:
            shown["expected"] = self.wanted
        if self.kind is not Kind.MISSING:
            shown["found"] = self.found
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a case: a ``reason`` in words where it did not pass, and the differing fields where it has any."""

    case: Case
    outcome: Outcome
    reason: str | None = None
    differences: tuple[Difference, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The result as ``clipline test --json`` shows it."""
        return {
            "pipeline": self.case.pipeline,
            "name": self.case.name,
            "where": self.case.where,
            "outcome": self.outcome,
            "reason": self.reason,
            "differences": [difference.to_json() for difference in self.differences],
            "seconds": round(self.seconds, 4),
        }
