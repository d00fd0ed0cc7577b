"""What a load came to, and the dead letters it leaves.

A dead letter is one line of JSON::

    {"path": "phone/IMG_1.jpeg", "source": "phone", "stage": "decode", "reason": "the file is empty", "retriable": false}
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from clipline.core.errors import CliplineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One picture that could not be loaded, and whether trying again may help."""

    path: str
    source: str
    stage: str
    reason: str
    retriable: bool


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a load did; ``seconds`` in all, ``dead_letters_file`` is ``None`` when there are none."""

    indexed: int = 0
    skipped: int = 0
    rejected: int = 0
    caption_errors: int = 0
    seconds: float = 0.0
    dead_letters_file: str | None = None
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def pictures_per_second(self) -> float:
        """Pictures looked at for each second of the whole load."""
        return (self.indexed + self.skipped + self.rejected) / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "indexed": self.indexed,
            "skipped": self.skipped,
            "rejected": self.rejected,
            "caption_errors": self.caption_errors,
            "seconds": round(self.seconds, 3),
            "pictures_per_second": round(self.pictures_per_second, 1),
            "dead_letters_file": self.dead_letters_file,
            "reasons": dict(self.reasons),
        }


class DeadLetters:
    """Writes rejections as they come; the file is made with the first one."""

    def __init__(self, path: Path, outcome: Outcome) -> None:
        self._path = path
        self._outcome = outcome
        self._stream: IO[str] | None = None

    def add(self, rejection: Rejection) -> None:
        """Write one rejection and count it.

        Raises:
            CliplineError: the file cannot be written.
        """
        try:
            if self._stream is None:
                self._stream = self._path.open("w", encoding="utf-8")
                self._outcome.dead_letters_file = str(self._path)
            self._stream.write(json.dumps(asdict(rejection), ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise CliplineError(
                f"the dead letters cannot be written: {error.strerror}",
                where=str(self._path),
                hint="name another file with --dead-letters",
            ) from error
        self._outcome.rejected += 1
        self._outcome.reasons[f"{rejection.stage}: {rejection.reason}"] += 1

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
