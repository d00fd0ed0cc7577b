"""Errors as Elasticsearch renders them.

Wire format::

    {"error": {"root_cause": [{"type": T, "reason": R, **meta}], "type": T, "reason": R, **meta,
               "caused_by": {"type": ..., "reason": ...}}, "status": 400}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An error that a handler answers with.

    ``meta`` are the extra keys beside ``type`` and ``reason`` (``index``, ``processor_type``, ``resource.id`` …).
    ``root_cause`` defaults to the error itself; a wrapping error passes the entries of the inner one.
    """

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - the name on the wire
        reason: str,
        *,
        meta: dict[str, Any] | None = None,
        caused_by: dict[str, Any] | None = None,
        root_cause: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str | tuple[str, ...]] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.warnings = warnings
        self.status = status
        self.type = type
        self.reason = reason
        self.meta = meta or {}
        self.caused_by = caused_by
        self.root_cause = root_cause
        self.headers = headers or {}

    def cause(self) -> dict[str, Any]:
        """The error as an entry of ``root_cause``, of a bulk item or of a simulated document."""
        entry: dict[str, Any] = {"type": self.type, "reason": self.reason, **self.meta}
        if self.caused_by is not None:
            entry["caused_by"] = self.caused_by
        return entry

    def body(self) -> dict[str, Any]:
        """The whole error body, ``status`` included."""
        entry = self.cause()
        roots = self.root_cause or [{key: value for key, value in entry.items() if key != "caused_by"}]
        return {"error": {"root_cause": roots, **entry}, "status": self.status}


class TextError(Exception):
    """An error whose ``error`` is a plain string (405, 406, a missing alias, …)."""

    def __init__(
        self, status: int, text: str, *, headers: dict[str, str] | None = None, show_status: bool = True
    ) -> None:
        super().__init__(text)
        self.warnings = ()
        self.status = status
        self.text = text
        self.headers = headers or {}
        self.show_status = show_status

    def body(self) -> dict[str, Any]:
        """The whole error body."""
        return {"error": self.text, "status": self.status} if self.show_status else {"error": self.text}


def json_token(value: Any) -> str:
    """What the real parser calls the beginning of a JSON value."""
    if isinstance(value, dict | list):
        return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
    if value is None or isinstance(value, bool):
        return "VALUE_NULL" if value is None else "VALUE_BOOLEAN"
    return "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"


def wrong_kind(parser: str, field: str, value: Any) -> ApiError:
    """400 ``x_content_parse_exception``: a field of a request has a value of another kind."""
    reason = f"[1:1] [{parser}] {field} doesn't support values of type: {json_token(value)}"
    return ApiError(400, "x_content_parse_exception", reason)


def illegal_argument(reason: str, **meta: Any) -> ApiError:
    """400 ``illegal_argument_exception``."""
    return ApiError(400, "illegal_argument_exception", reason, meta=meta)


def bad_parameter(reason: str) -> ApiError:
    """400: the query string cannot be decoded (RestRequest.BadParameterException)."""
    outer = f"java.lang.IllegalArgumentException: {reason}"
    return ApiError(
        400, "bad_parameter_exception", outer, caused_by={"type": "illegal_argument_exception", "reason": reason}
    )


def validation_failed(*messages: str) -> ApiError:
    """400 ``action_request_validation_exception`` with its numbered messages."""
    numbered = "".join(f"{number}: {message};" for number, message in enumerate(messages, 1))
    return ApiError(400, "action_request_validation_exception", f"Validation Failed: {numbered}")


def not_found(reason: str, **meta: Any) -> ApiError:
    """404 ``resource_not_found_exception``."""
    return ApiError(404, "resource_not_found_exception", reason, meta=meta)


def status_error(status: int, reason: str, **meta: Any) -> ApiError:
    """An ``ElasticsearchStatusException``: the status varies, the type is always ``status_exception``."""
    return ApiError(status, "status_exception", reason, meta=meta)


def unsupported(what: str) -> ApiError:
    """501: Elasticsearch knows this, the emulator does not, and says so rather than guess."""
    return ApiError(501, "emulator_unsupported_exception", f"the clipline emulator does not support {what}")
