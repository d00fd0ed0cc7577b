"""A document as it was sent → its fields, or the error of one that is no document."""

from __future__ import annotations

from typing import Any

import orjson

from clipline.emulator.errors import ApiError
from clipline.emulator.json_body import malformed, read_value


def read_document(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line or a body.

    Raises:
        ApiError: 400 ``document_parsing_exception``.
    """
    try:
        value = orjson.loads(raw)
        # Every name is followed by a colon: where there are no more of them than names, none is there twice.
        if isinstance(value, dict) and raw.count(b":") != len(value):
            read_value(raw)
    except orjson.JSONDecodeError as error:
        raise _unread(malformed(raw, error)) from error
    except ApiError as error:
        raise _unread(error) from error
    if not isinstance(value, dict):
        raise ApiError(400, "document_parsing_exception", "[1:1] Malformed content, must start with an object")
    return value


def _unread(cause: ApiError) -> ApiError:
    place = cause.reason.partition("]")[0]
    return ApiError(400, "document_parsing_exception", f"{place}] failed to parse", caused_by=cause.cause())
