"""What could not be loaded, one line of JSON each.

::

    {"path": "phone/IMG_1.jpeg", "source": "Pictures", "stage": "decode", "reason": "the file is empty",
     "retriable": false}

``stage`` is one of ``STAGES``. ``caption`` means that the picture itself was loaded, without its caption or without the
vector of it; ``retriable`` that nothing about the picture is wrong and the same load may well succeed later.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal

from clipline.core.errors import CliplineError

Stage = Literal["discover", "decode", "caption", "embed", "bulk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One picture (or folder) that could not be loaded, and whether trying again may help."""

    path: str
    source: str
    stage: Stage
    reason: str
    retriable: bool


class DeadLetters:
    """The file of one run's dead letters; made with the first of them, complete after each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[str] | None = None

    @property
    def file(self) -> Path | None:
        """The file; ``None`` while there is nothing in it."""
        return self._path if self._stream is not None else None

    def add(self, letter: DeadLetter) -> None:
        """Write one dead letter.

        Raises:
            CliplineError: the file cannot be written.
        """
        try:
            if self._stream is None:
                self._stream = self._path.open("w", encoding="utf-8")
            self._stream.write(json.dumps(asdict(letter), ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise CliplineError(
                f"the dead letters cannot be written: {error.strerror}",
                where=str(self._path),
                hint="name another file with --dead-letters",
            ) from error

    def close(self) -> None:
        """Close the file; ``file`` still names it."""
        if self._stream is not None:
            self._stream.close()
