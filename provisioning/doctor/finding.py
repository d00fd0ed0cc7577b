"""One thing that the doctor found, good or bad."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters. ``blocks``: what the stack is for will not work until it is changed."""

    BLOCKS = "blocks"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"

    @property
    def rank(self) -> int:
        """0 for what matters most."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``subject`` is what it is about: a resource as ``kind/name``, a node, or the cluster.

    ``cause`` and ``next_step`` are empty only where all is well.
    """

    check: str
    level: Level
    subject: str
    what: str
    cause: str = ""
    next_step: str = ""

    def to_json(self) -> dict[str, str]:
        """The finding as ``doctor --json`` shows it."""
        return {
            "check": self.check,
            "level": str(self.level),
            "subject": self.subject,
            "what": self.what,
            "cause": self.cause,
            "next_step": self.next_step,
        }
