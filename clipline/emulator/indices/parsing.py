"""Refusals of Elasticsearch's object parsers: errors inside of errors.

Places are always said to be ``[1:1]``: where a value stands in the text of a request is not known here.
"""

from __future__ import annotations

from clipline.emulator.errors import ApiError


def inside(reason: str, cause: ApiError) -> ApiError:
    """The error of an outer parser; the innermost one that is a parser's too is its root cause."""
    roots = None
    if cause.type == "x_content_parse_exception":
        roots = cause.root_cause or [{"type": cause.type, "reason": cause.reason}]
    return ApiError(400, "x_content_parse_exception", reason, caused_by=cause.cause(), root_cause=roots)


def field_failed(parser: str, field: str, cause: ApiError) -> ApiError:
    """400 for a field whose value cannot be read."""
    return inside(f"[1:1] [{parser}] failed to parse field [{field}]", cause)
