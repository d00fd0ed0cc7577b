"""The fields of a template in a request, and their kinds."""

from __future__ import annotations

from typing import Any

from clipline.emulator.errors import ApiError, unsupported, wrong_kind

OBJECTS = ("settings", "mappings", "aliases")
"""The parts of a template that are objects."""


def check_keys(body: dict[str, Any], known: set[str], label: str) -> None:
    """Refuse a field that a template has not.

    Raises:
        ApiError: 400.
    """
    for key in body:
        if key not in known:
            raise ApiError(400, "x_content_parse_exception", f"[1:2] [{label}] unknown field [{key}]")


def check_common(body: dict[str, Any]) -> None:
    """Check the fields that index and component templates share.

    Raises:
        ApiError: 400 for a value of the wrong kind, 501 for a deprecated template.
    """
    if body.get("deprecated"):
        raise unsupported("deprecated templates")
    for key, kinds in (("version", int), ("_meta", dict), ("template", dict)):
        if body.get(key) is not None and not isinstance(body[key], kinds):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [index_template] failed to parse field [{key}]")
    for part in OBJECTS:
        value = (body.get("template") or {}).get(part)
        if value is not None and not isinstance(value, dict):
            cause = wrong_kind("template", part, value).cause()
            reason = "[1:1] [index_template] failed to parse field [template]"
            raise ApiError(400, "x_content_parse_exception", reason, caused_by=cause)


def texts(key: str, value: Any) -> list[str]:
    """A list of names; one name may stand for a list of one.

    Raises:
        ApiError: 400.
    """
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or any(item is None or isinstance(item, list | dict) for item in values):
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [index_template] failed to parse field [{key}]")
    return [str(item) for item in values]
