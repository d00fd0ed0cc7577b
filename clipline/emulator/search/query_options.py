"""The forms that queries share: one field with options, the short form, ``_name``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import unsupported
from clipline.emulator.search.reading import malformed

_ONE_FIELD = frozenset(
    {
        "term",
        "range",
        "prefix",
        "wildcard",
        "match",
        "match_phrase",
        "match_phrase_prefix",
        "match_bool_prefix",
        "fuzzy",
    }
)


def options_of(kind: str, body: Mapping[str, Any], known: set[str], lacking: str = "") -> None:
    """Refuse the options that a query does not have.

    Raises:
        ApiError: 501 for one that Elasticsearch has, 400 for one that it does not.
    """
    for key in body:
        if key in lacking.split():
            raise unsupported(f"the option [{key}] of the query [{kind}]")
        if key not in known and key != "_name":
            raise malformed(kind, f"query does not support [{key}]")


def single(kind: str, body: Mapping[str, Any], inner: str) -> tuple[str, Mapping[str, Any]]:
    """The one field of a query, its options with the short form opened up.

    Raises:
        ApiError: 400.
    """
    fields = {key: value for key, value in body.items() if key not in ("boost", "_name")}
    if len(body) > 1 and len(fields) == 1:
        # The short form has no room for a boost of its own.
        options_of(kind, body, set(fields))
    if len(fields) != 1:
        names = list(fields)
        if not names:
            raise malformed(kind, "query requires a field name") if body else malformed(kind, "No field name specified")
        raise malformed(kind, f"query doesn't support multiple fields, found [{names[0]}] and [{names[1]}]")
    ((name, options),) = fields.items()
    if isinstance(options, list):
        raise malformed(kind, "query does not support array of values")
    return name, options if isinstance(options, Mapping) else {inner: options}


def named_in(kind: str, body: Mapping[str, Any]) -> str | None:
    """The name that a request gives a query."""
    name = body.get("_name")
    if name is None and kind in _ONE_FIELD:
        options = next(iter(body.values()), None)
        name = options.get("_name") if isinstance(options, Mapping) else None
    return None if name is None else str(name)
