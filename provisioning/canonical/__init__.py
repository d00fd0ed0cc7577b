"""Canonical bodies: the only form in which desired and observed state are compared.

Elasticsearch does not return what it was sent: dotted or nested settings, with or without ``index.``, numbers and
booleans as text, defaults filled in, dates of its own. Each kind has its function here, applied to both sides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clipline.core.records import MARK
from provisioning.canonical.mappings import aligned, canonical_mappings
from provisioning.canonical.settings import canonical_settings

__all__ = ["CANONICAL", "aligned", "canonical", "canonical_mappings", "canonical_settings"]

_MARKS = ("stack", "digest", "since")
_SYSTEM_FIELDS = ("created_date", "created_date_millis", "modified_date", "modified_date_millis")


def canonical(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of a body of one kind."""
    return CANONICAL[kind](body)


def _pipeline(body: Mapping[str, Any]) -> dict[str, Any]:
    return _present(_without_marks(body))


def _component_template(body: Mapping[str, Any]) -> dict[str, Any]:
    value = _without_marks(body)
    value["template"] = _template(value.get("template"))
    return _present(value)


def _index_template(body: Mapping[str, Any]) -> dict[str, Any]:
    value = _component_template(body)
    patterns = value.get("index_patterns", [])
    value["index_patterns"] = [patterns] if isinstance(patterns, str) else sorted(patterns)
    if value.get("priority") == 0:
        del value["priority"]  # the default
    return _present(value)


def _template(template: Mapping[str, Any] | None) -> dict[str, Any]:
    value = dict(template or {})
    value["settings"] = canonical_settings(value.get("settings"))
    value["mappings"] = canonical_mappings(value.get("mappings"))
    return _present(value)


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return dict(body)


def _without_marks(body: Mapping[str, Any]) -> dict[str, Any]:
    value = {key: child for key, child in body.items() if key not in _SYSTEM_FIELDS}
    meta = dict(value.get("_meta") or {})
    ours = {key: child for key, child in (meta.get(MARK) or {}).items() if key not in _MARKS}
    meta.pop(MARK, None)
    if ours:
        meta[MARK] = ours
    value["_meta"] = meta
    return value


def _present(value: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: null, and empty objects and lists."""
    return {key: child for key, child in value.items() if child is not None and child not in ({}, [])}


CANONICAL: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "ingest_pipeline": _pipeline,
    "component_template": _component_template,
    "index_template": _index_template,
    "alias": _plain,
    "trained_model": _plain,
    "model_alias": _plain,
    "deployment": _plain,
}
