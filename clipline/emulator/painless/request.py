"""Scripts as requests give them (Script.parse): an object with ``source``, ``lang`` and ``params``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, json_token, unsupported

_KEYS = ("source", "inline", "lang", "params", "options")


def read_script(given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The source of a script and its parameters.

    Raises:
        ApiError: 400 for what is no script, 501 for stored ones and other languages.
    """
    if given.get("id") is not None:
        raise unsupported("stored scripts")
    if unknown := next((key for key in given if key not in (*_KEYS, "id")), None):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [script] unknown field [{unknown}]")
    source = given.get("source", given.get("inline"))
    if source is None:
        raise illegal_argument("must specify either [source] for an inline script or [id] for a stored script")
    language = given.get("lang") or "painless"
    if language in ("expression", "mustache"):
        raise unsupported(f"scripts in [{language}]")
    if language != "painless":
        raise illegal_argument(f"script_lang not supported [{language}]")
    params = given.get("params")
    if not isinstance(source, str) or not isinstance(params, dict | None):
        name, value = ("source", source) if not isinstance(source, str) else ("params", params)
        raise ApiError(
            400,
            "x_content_parse_exception",
            f"[1:1] [script] {name} doesn't support values of type: {json_token(value)}",
        )
    if given.get("options"):
        raise unsupported("the options of a script")
    return source, params or {}
