"""A refused value of a document: why, and the way to it, from which its place in the text is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clipline.emulator.errors import ApiError
from clipline.emulator.indices.positions import locate

AT, TOKEN = "\ue000", "\ue001"
"""In a text: the place of the value (``1:8``), and what stands there. No text of a user is likely to hold them."""


class Unfit(ValueError):
    """A value that a field does not take; ``type`` is the exception that Elasticsearch gives as the cause."""

    def __init__(self, reason: str, kind: str = "illegal_argument_exception") -> None:
        super().__init__(reason)
        self.reason = reason
        self.type = kind

    def __str__(self) -> str:
        """The text where no place is known."""
        return _filled(self.reason, 1, 1, "")


@dataclass(frozen=True, slots=True)
class Cause:
    """What ``caused_by`` shows; ``located`` adds line and column beside the reason."""

    type: str
    reason: str
    located: bool = False

    @classmethod
    def of(cls, error: ValueError) -> Cause:
        """The cause that a refused value gives."""
        return (
            cls(error.type, error.reason) if isinstance(error, Unfit) else cls("illegal_argument_exception", str(error))
        )

    def shown(self, line: int, column: int, token: str) -> dict[str, Any]:
        """As an entry of an error."""
        place = {"line": line, "col": column} if self.located else {}
        return {"type": self.type, "reason": _filled(self.reason, line, column, token), **place}


class Refused(Exception):
    """Raised where a value is refused; whoever is above adds its step to ``steps`` while the error rises.

    ``at`` is the token that the real parser stands on: the ``start`` of the value, its ``end`` bracket, the one
    ``inside`` its bracket, or the ``next``.
    """

    def __init__(
        self, reason: str, cause: Cause | None = None, *, at: str = "start", kind: str = "document_parsing_exception"
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.at = at
        self.kind = kind
        self.steps: list[str | int] = []

    def error(self, raw: bytes) -> ApiError:
        """The answer, with the place in the document as it was sent."""
        path = list(reversed(self.steps))
        line, column, token = locate(raw, path, self.at)
        # A text is asked for where an object begins; by the time that the error is made its end has been read.
        first = locate(raw, path) if self.at == "end" and self.cause and AT in self.cause.reason else None
        cause = self.cause.shown(*(first or (line, column, token))) if self.cause else None
        reason = _filled(self.reason, line, column, token)
        return ApiError(400, self.kind, f"[{line}:{column}] {reason}", caused_by=cause)


def failed(cause: Cause, *, at: str = "start") -> Refused:
    """What becomes of an error that no field wraps: ``failed to parse: …``."""
    return Refused(f"failed to parse: {cause.reason}", cause, at=at)


def _filled(reason: str, line: int, column: int, token: str) -> str:
    return reason.replace(AT, f"{line}:{column}").replace(TOKEN, token)
