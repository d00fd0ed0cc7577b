"""What a load came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a load did, counted while it runs.

    - ``indexed``, ``skipped`` (unchanged) and ``rejected`` pictures; ``rejected_by_stage`` says where
    - ``other_files``: files that are no pictures and do not pretend to be
    - ``unread_captions``: pictures that were loaded without the caption beside them, because it cannot be read
    - ``captions_without_vector``: captions that were loaded without the vector that the client should have made of them
    - ``without_vector``, ``ingest_errors``: documents of the whole index, after the load, that search cannot find or
      that the ingest pipeline could not finish
    - ``dead_letters_file``: ``None`` when there are none
    """

    indexed: int = 0
    skipped: int = 0
    rejected_by_stage: Counter[str] = field(default_factory=Counter)
    other_files: int = 0
    unread_captions: int = 0
    captions_without_vector: int = 0
    without_vector: int = 0
    ingest_errors: int = 0
    seconds: float = 0.0
    dead_letters_file: str | None = None

    @property
    def rejected(self) -> int:
        """Pictures, and folders, that could not be loaded."""
        return sum(self.rejected_by_stage.values())

    @property
    def done(self) -> int:
        """Pictures that need no more attention in this run."""
        return self.indexed + self.skipped + self.rejected

    @property
    def pictures_per_second(self) -> float:
        """Pictures looked at for each second of the whole load."""
        return self.done / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "indexed": self.indexed,
            "skipped": self.skipped,
            "rejected": self.rejected,
            "rejected_by_stage": dict(self.rejected_by_stage),
            "other_files": self.other_files,
            "unread_captions": self.unread_captions,
            "captions_without_vector": self.captions_without_vector,
            "without_vector": self.without_vector,
            "ingest_errors": self.ingest_errors,
            "seconds": round(self.seconds, 3),
            "pictures_per_second": round(self.pictures_per_second, 1),
            "dead_letters_file": self.dead_letters_file,
        }
