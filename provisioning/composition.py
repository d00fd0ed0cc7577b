"""What component templates, in their order, and then the index template itself come to. Pure.

Elasticsearch merges the mappings as they were written, before it reads them. Objects are merged by their fields, and of
what else was said of an object only ``subobjects`` is kept; a field is replaced as a whole. Outside of fields (``_meta``,
``_source``) objects are merged deeply, and lists are joined, the later one first; lists of named things, as
``dynamic_templates`` are, by name. Source: ``MapperService.RawFieldMappingMerge``, ``XContentHelper.merge``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_OBJECTS = ("object", "nested")


def composed_mappings(parts: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Several mappings as one; a later one wins."""
    merged: dict[str, Any] = {}
    for part in parts:
        merged = _merged(merged, part or {}, parent="")
    return merged


def _merged(low: Mapping[str, Any], high: Mapping[str, Any], *, parent: str) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        merged[key] = _value(merged[key], value, parent=parent, key=key) if key in merged else value
    return merged


def _value(low: Any, high: Any, *, parent: str, key: str) -> Any:
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return _field(low, high) if parent == "properties" else _merged(low, high, parent=key)
    if isinstance(low, list) and isinstance(high, list):
        if all(isinstance(item, Mapping) and len(item) == 1 for item in (*low, *high)):
            return _by_name(low, high, key)
        return [*high, *(item for item in low if item not in high)]
    return high


def _field(low: Mapping[str, Any], high: Mapping[str, Any]) -> Mapping[str, Any]:
    """``high``, with the fields of ``low`` where both are objects."""
    if not (_is_object(low) and _is_object(high)):
        return high
    kept = {key: low[key] for key in ("properties", "subobjects") if key in low}
    return _merged(kept, high, parent="")


def _is_object(field: Mapping[str, Any]) -> bool:
    kind = field.get("type") or ("object" if field.get("properties") is not None else None)
    return kind in _OBJECTS


def _by_name(low: list[Any], high: list[Any], key: str) -> list[Any]:
    named = {next(iter(item)): item for item in low}
    for item in high:
        name = next(iter(item))
        named[name] = _merged(named.get(name, {}), item, parent=key)
    return list(named.values())
