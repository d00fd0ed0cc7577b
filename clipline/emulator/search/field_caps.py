"""``_field_caps``: which fields the indices have, and what can be done with them.

::

    {"indices": ["i"], "fields": {"tag": {"keyword": {"type": "keyword", "metadata_field": false, "searchable": true,
                                                       "aggregatable": true}}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import unsupported, validation_failed, wrong_kind
from clipline.emulator.http.wire import Call, Reply, Route
from clipline.emulator.indices.expressions import FORBID_CLOSED, PARAMS, named
from clipline.emulator.patterns import matches_any
from clipline.emulator.spelling import unknown_field

if TYPE_CHECKING:
    from clipline.emulator.node import Node

_OPTIONS = ("fields", "index_filter", "runtime_mappings")
_NEVER_AGGREGATED = ("text", "dense_vector", "object")
Caps = dict[str, dict[str, tuple[bool, bool]]]
"""type → index → (searchable, aggregatable)."""


def field_caps(node: Node, call: Call) -> Reply:
    """``GET|POST [/{index}]/_field_caps``."""
    patterns = _patterns(call)
    if call.params.get("filters", "-metadata") != "-metadata":
        raise unsupported(f"[filters={call.params['filters']}] of _field_caps")
    if "filters" not in call.params and (meta := next((one for one in patterns if _meets_metadata(one)), None)):
        raise unsupported(
            f"metadata fields in _field_caps, which [{meta}] matches; exclude them by [filters=-metadata]"
        )
    names = named(node, call, base=FORBID_CLOSED)
    found: dict[str, Caps] = {}
    for name in names:
        for field, definition in _all(node.indices.get(name).mappings.get("properties", {}), ""):
            if matches_any(patterns, field):
                kind = definition.get("type", "object")
                found.setdefault(field, {}).setdefault(kind, {})[name] = _able(kind, definition)
    unmapped = call.flag("include_unmapped")
    shown = {field: _shown(caps, names, unmapped=unmapped) for field, caps in sorted(found.items())}
    return Reply(body={"indices": sorted(names), "fields": shown})


def _shown(caps: Caps, names: list[str], *, unmapped: bool) -> dict[str, Any]:
    lacking = sorted(set(names) - {name for able in caps.values() for name in able})
    if unmapped and lacking:
        caps = {**caps, "unmapped": dict.fromkeys(lacking, (False, False))}
    shown: dict[str, Any] = {}
    for kind, able in sorted(caps.items()):
        entry: dict[str, Any] = {"type": kind, "metadata_field": False}
        for place, word in enumerate(("searchable", "aggregatable")):
            entry[word] = all(flags[place] for flags in able.values())
        if len(caps) > 1:
            entry["indices"] = sorted(able)
        for place, word in enumerate(("searchable", "aggregatable")):
            without = sorted(name for name, flags in able.items() if not flags[place])
            if without and len(without) < len(able):
                entry[f"non_{word}_indices"] = without
        shown[kind] = entry
    return shown


def _able(kind: str, definition: Mapping[str, Any]) -> tuple[bool, bool]:
    if kind == "object":
        return False, False
    indexed, columns = (definition.get(key) is not False for key in ("index", "doc_values"))
    searchable = indexed if kind in ("text", "dense_vector", "flattened") else indexed or columns
    return searchable, columns and kind not in _NEVER_AGGREGATED


def _all(properties: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field, objects and multi-fields included."""
    for name, field in properties.items():
        yield f"{prefix}{name}", field
        for inside in ("properties", "fields"):
            yield from _all(field.get(inside, {}), f"{prefix}{name}.")


def _patterns(call: Call) -> list[str]:
    for key in call.body:
        if key not in _OPTIONS:
            raise unknown_field("field_caps_request", key, _OPTIONS)
        if key != "fields" and call.body[key]:
            raise unsupported(f"the option [{key}] of _field_caps")
    value = call.params["fields"].split(",") if "fields" in call.params else call.body.get("fields")
    patterns = value if isinstance(value, list) else [] if value is None else [value]
    if not patterns:
        raise validation_failed("no fields specified")
    if wrong := next((one for one in patterns if not isinstance(one, str)), None):
        raise wrong_kind("field_caps_request", "fields", wrong)
    return [str(one) for one in patterns]


def _meets_metadata(pattern: str) -> bool:
    return pattern.startswith(("_", "*", "?"))


ROUTES = [
    Route(method, path, "indices:data/read/field_caps", field_caps,
          PARAMS | {"fields", "include_unmapped", "filters"}, {"types", "include_empty_fields", "project_routing"})
    for method in ("GET", "POST")
    for path in ("/_field_caps", "/{index}/_field_caps")
]  # fmt: skip
