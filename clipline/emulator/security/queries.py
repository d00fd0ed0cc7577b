"""What ``_query`` of users, roles and API keys chooses: a small query language over plain dictionaries.

``match_all``, ``ids``, ``term``, ``terms``, ``prefix``, ``wildcard``, ``exists`` and ``bool``; whatever else
Elasticsearch takes there is 501.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from clipline.emulator.errors import ApiError, illegal_argument, unsupported, validation_failed, wrong_kind
from clipline.emulator.patterns import simple_match

Thing = Mapping[str, Any]
"""The fields by which one user, role or key is found; ``_id`` is its name or id."""
Test = Callable[[Thing], bool]

_PARTS = {"query", "from", "size", "sort"}
_REFUSED = {"search_after", "aggs", "aggregations"}
_WINDOW = 10_000
_VALUES = {"value", "wildcard"}
_IDLE = {"boost", "_name"}
"""Options that choose nobody: hits have no scores here."""


def chosen(things: Sequence[Thing], body: Mapping[str, Any], fields: Sequence[str]) -> tuple[int, list[Thing]]:
    """How many fit a request, and the page of them that it asks for, each with ``_sort`` where it is sorted.

    Raises:
        ApiError: 400 for what is wrong, 501 for what is not emulated.
    """
    for part in body:
        if part in _REFUSED:
            raise unsupported(f"[{part}] of queries for users, roles and API keys")
        if part not in _PARTS:
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [query_request] unknown field [{part}]")
    start, size = _number(body, "from", 0), _number(body, "size", 10)
    if start + size > _WINDOW:
        raise illegal_argument(
            f"Result window is too large, from + size must be less than or equal to: [{_WINDOW}] but was [{start + size}]"
        )
    query = body.get("query")
    test = _test({"match_all": {}} if query is None else query, fields)
    found = [thing for thing in things if test(thing)]
    keys = [_sort(entry, fields) for entry in _listed(body.get("sort"))]
    for field, reverse in reversed(keys):
        found.sort(key=partial(_place, field), reverse=reverse)
    page = found[start : start + size]
    if keys:
        page = [{**thing, "_sort": [_value(thing, field) for field, _ in keys]} for thing in page]
    return len(found), page


def _test(query: Any, fields: Sequence[str]) -> Test:
    if not isinstance(query, Mapping) or len(query) != 1:
        raise ApiError(400, "parsing_exception", "query malformed, empty clause found")
    ((kind, body),) = query.items()
    if kind == "match_all":
        return lambda _: True
    if not isinstance(body, Mapping) or not body:
        raise ApiError(400, "parsing_exception", f"[{kind}] query malformed, no start_object after query name")
    if kind == "ids":
        values = body.get("values", [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ApiError(400, "parsing_exception", "[ids] query: [values] is no list of texts")
        return lambda thing: thing["_id"] in values
    if kind == "bool":
        return _bool(body, fields)
    if kind == "exists":
        name = _field(body.get("field"), fields)
        return lambda thing: bool(_values(thing, name))
    if kind not in ("term", "terms", "prefix", "wildcard") or len(body) != 1:
        raise unsupported(f"the query [{kind}] for users, roles and API keys")
    ((given, wanted),) = body.items()
    name = _field(given, fields)
    if isinstance(wanted, Mapping):
        if other := sorted(wanted.keys() - _VALUES - _IDLE):
            raise unsupported(f"[{other[0]}] of the query [{kind}] for users, roles and API keys")
        wanted = wanted.get("value", wanted.get("wildcard"))
    if kind == "terms":
        return lambda thing: any(_same(value, one) for value in _values(thing, name) for one in _listed(wanted))
    if kind == "term":
        return lambda thing: any(_same(value, wanted) for value in _values(thing, name))
    if kind == "wildcard" and "?" in str(wanted):
        raise unsupported("[?] in the query [wildcard] for users, roles and API keys")
    pattern = f"{wanted}*" if kind == "prefix" else str(wanted)
    return lambda thing: any(simple_match(pattern, str(value)) for value in _values(thing, name))


def _bool(body: Mapping[str, Any], fields: Sequence[str]) -> Test:
    for part in body:
        if part not in ("must", "filter", "should", "must_not"):
            raise unsupported(f"[{part}] of a bool query for users, roles and API keys")
    every = [_test(one, fields) for part in ("must", "filter") for one in _listed(body.get(part))]
    none = [_test(one, fields) for one in _listed(body.get("must_not"))]
    some = [_test(one, fields) for one in _listed(body.get("should"))]
    needed = bool(some) and not every

    def test(thing: Thing) -> bool:
        if any(one(thing) for one in none) or not all(one(thing) for one in every):
            return False
        return not needed or any(one(thing) for one in some)

    return test


def _field(name: Any, fields: Sequence[str]) -> str:
    if not isinstance(name, str) or not (name in fields or name.startswith("metadata.")):
        raise illegal_argument(f"Field [{name}] is not allowed for querying or aggregation")
    return name


def _sort(entry: Any, fields: Sequence[str]) -> tuple[str, bool]:
    if isinstance(entry, str):
        return _field(entry, fields), False
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise illegal_argument(
            "malformed sort format, within the sort array, an object, or an actual string are allowed"
        )
    ((name, options),) = entry.items()
    if isinstance(options, Mapping) and (other := sorted(options.keys() - {"order"})):
        raise unsupported(f"[{other[0]}] of a sort of users, roles and API keys")
    order = options.get("order", "asc") if isinstance(options, Mapping) else options
    if not isinstance(order, str) or order.lower() not in ("asc", "desc"):
        raise illegal_argument(f"No enum constant org.elasticsearch.search.sort.SortOrder.{str(order).upper()}")
    return _field(name, fields), order.lower() == "desc"


def _number(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_kind("query_request", name, value)
    if value < 0:
        raise validation_failed(f"[{name}] parameter cannot be negative but was [{value}]")
    return value


def _values(thing: Thing, name: str) -> list[Any]:
    return [value for value in _listed(_value(thing, name)) if value is not None]


def _value(thing: Thing, name: str) -> Any:
    found: Any = thing
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _place(field: str, thing: Thing) -> tuple[bool, bool, Any]:
    value = _value(thing, field)
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, bool | int | float):
        return False, False, float(value)
    return value is None or value == [], True, str(value)


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == str(wanted).lower()
    return value == wanted or str(value) == str(wanted)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
