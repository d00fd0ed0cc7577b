"""The text of a field as JSON (JsonProcessor.apply, strict)."""

from __future__ import annotations

import json
from typing import Any

import orjson

from clipline.emulator.errors import illegal_argument, unsupported
from clipline.emulator.painless.values import text


def parsed(value: Any, *, duplicates: bool) -> Any:
    """What the JSON in a value says.

    Raises:
        ApiError: 400 for what is no JSON, or has a key twice and may not.
    """
    written = "null" if value is None else text(value)
    if not written.strip():
        return None
    try:
        found = orjson.loads(written)
        if not duplicates:
            json.loads(written, object_pairs_hook=_once)
        return found
    except orjson.JSONDecodeError as error:
        reason = f"The input {written} is not valid JSON and the strict_json_parsing parameter is true"
        raise illegal_argument(reason) from error
    except RecursionError as error:
        raise unsupported("JSON of this depth in the json processor") from error
    except ValueError as error:
        raise illegal_argument(str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Duplicate field '{twice}'")
    return found
