"""The options of an alias: as a request spells them, and as Elasticsearch shows them.

Shown: ``{"filter": …, "index_routing": "1", "search_routing": "1", "is_write_index": true, "is_hidden": true}``, each
only when set; ``routing`` stands for both routings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipline.emulator.errors import ApiError, json_token

_SPELLINGS = {
    "filter": "filter", "routing": "routing", "is_write_index": "is_write_index", "is_hidden": "is_hidden",
    "index_routing": "index_routing", "indexRouting": "index_routing", "index-routing": "index_routing",
    "search_routing": "search_routing", "searchRouting": "search_routing", "search-routing": "search_routing",
}  # fmt: skip
OPTIONS = frozenset(_SPELLINGS)


def read_options(alias: str, body: Mapping[str, Any], *, strict: bool = True) -> dict[str, Any]:
    """The options as they are kept; without ``strict`` unknown ones are passed over, as ``PUT …/_alias`` does.

    Raises:
        ApiError: 400 for an option that aliases have not, or a value of the wrong kind.
    """
    given: dict[str, Any] = {}
    for key, value in body.items():
        if key not in _SPELLINGS:
            if not strict:
                continue
            raise ApiError(400, "illegal_argument_exception", f"Unknown field [{key}] in alias [{alias}]")
        if value is not None:
            given[_SPELLINGS[key]] = value
    shown: dict[str, Any] = {}
    if "filter" in given:
        if not isinstance(given["filter"], Mapping):
            raise _wrong(alias, "filter", given["filter"])
        if given["filter"]:
            shown["filter"] = given["filter"]
    both = given.get("routing")
    for key in ("index_routing", "search_routing"):
        value = given.get(key, both)
        if value is None:
            continue
        if isinstance(value, Mapping | list):
            raise _wrong(alias, key, value)
        shown[key] = str(value).lower() if isinstance(value, bool) else str(value)
    for key in ("is_write_index", "is_hidden"):
        if key in given:
            shown[key] = _flag(alias, key, given[key])
    return shown


def _flag(alias: str, key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    if isinstance(value, str):
        reason = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
        raise ApiError(400, "illegal_argument_exception", reason)
    raise _wrong(alias, key, value)


def _wrong(alias: str, key: str, value: Any) -> ApiError:
    reason = f"Unknown token [{json_token(value)}] for [{key}] in alias [{alias}]"
    return ApiError(400, "illegal_argument_exception", reason)
