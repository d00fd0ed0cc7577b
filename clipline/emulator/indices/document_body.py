"""A document as it was sent → its fields, or the error of one that is no document."""

from __future__ import annotations

from typing import Any

import orjson

from clipline.emulator.errors import ApiError, unsupported
from clipline.emulator.http.json_body import malformed, read_value, without_comments


def read_document(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line or a body.

    Raises:
        ApiError: 400 ``document_parsing_exception``; 501 for one with comments.
    """
    try:
        value = orjson.loads(raw)
        # Every name is followed by a colon: where there are no more of them than names, none is there twice.
        if isinstance(value, dict) and raw.count(b":") != len(value):
            read_value(raw)
    except orjson.JSONDecodeError as error:
        if without_comments(raw) != raw:
            # The real one keeps them in the source, which then is no JSON for anybody else.
            raise unsupported("comments in a document") from error
        raise _unread(malformed(raw, error)) from error
    except ApiError as error:
        raise _unread(error) from error
    if not isinstance(value, dict):
        raise ApiError(400, "document_parsing_exception", "[1:1] Malformed content, must start with an object")
    return value


def _unread(cause: ApiError) -> ApiError:
    place = cause.reason.partition("]")[0]
    return ApiError(400, "document_parsing_exception", f"{place}] failed to parse", caused_by=cause.cause())
