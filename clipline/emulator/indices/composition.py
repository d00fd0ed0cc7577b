"""What the templates that match a name come to: component templates in order, then the template itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import unsupported
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.patterns import matches_any

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices

BUILT_IN = {name: {"index_patterns": [f"{name}-*-*"], "priority": 100, "data_stream": {}}
            for name in ("logs", "metrics", "synthetics", "traces")}  # fmt: skip
"""The templates that every cluster has and that make data streams; a stored one of the same name replaces it."""


@dataclass(frozen=True, slots=True)
class Winner:
    """The index template that a name gets."""

    name: str
    body: Mapping[str, Any]

    @property
    def data_stream(self) -> bool:
        """Whether it makes data streams only."""
        return self.body.get("data_stream") is not None


@dataclass(frozen=True, slots=True)
class Composed:
    """What the templates that match a name come to."""

    settings: dict[str, str | None] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, Any] = field(default_factory=dict)


def winner(
    indices: Indices, name: str, templates: Mapping[str, Mapping[str, Any]] | None = None, *, hidden: bool = False
) -> Winner | None:
    """The single matching template of the highest priority; one of the pattern ``*`` passes hidden indices by."""
    known: dict[str, Mapping[str, Any]] = {
        **BUILT_IN,
        **(indices.templates("index") if templates is None else templates),
    }
    matching = [
        Winner(key, body)
        for key, body in known.items()
        if not (hidden and "*" in body["index_patterns"]) and matches_any(body["index_patterns"], name)
    ]
    return max(matching, key=lambda found: found.body.get("priority", 0), default=None)


def composed(indices: Indices, name: str, *, hidden: bool = False) -> Composed:
    """What an index of this name gets from its template.

    Raises:
        ApiError: 501 where the template makes data streams, or warns in words that are not known here.
    """
    found = winner(indices, name, hidden=hidden)
    if found is None:
        return Composed()
    if found.data_stream:
        raise unsupported(f"data streams: [{name}] matches the index template [{found.name}], which makes them")
    if found.body.get("deprecated"):
        raise unsupported(f"an index from the deprecated index template [{found.name}]")
    return compose(indices, found.body)


def compose(
    indices: Indices, body: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]] | None = None
) -> Composed:
    """What one index template comes to with its components.

    Raises:
        ApiError: 400 when together they are no settings or mapping.
    """
    if components is None:
        components = indices.templates("component")
    parts = [components[name]["template"] for name in body.get("composed_of", []) if name in components]
    settings: dict[str, str | None] = {}
    mappings: dict[str, Any] = {}
    aliases: dict[str, Any] = {}
    for part in (*parts, body.get("template") or {}):
        settings |= settings_of.flatten(part.get("settings"), indices.node.version)
        mappings = merge_for_template(mappings, mappings_of.normalise(part.get("mappings"), traits_of(indices.node)))
        aliases |= part.get("aliases") or {}
    return Composed(settings, mappings, aliases)


def merge_for_template(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings as templates compose: objects deeply, a field's definition replaced, lists joined; the later wins.

    Source: MapperService.RawFieldMappingMerge, XContentHelper.merge.
    """
    merged = dict(low)
    for key, value in high.items():
        if key == "properties":
            merged[key] = _fields(merged.get(key) or {}, value or {})
        else:
            merged[key] = _deep(merged[key], value) if key in merged else value
    return merged


def _fields(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by name; of an object its fields are kept, and what else was said of it only if it is said again.

    After MapperService.RawFieldMappingMerge.
    """
    merged = dict(low)
    for name, field_ in high.items():
        before = merged.get(name)
        if before is not None and _is_object(before) and _is_object(field_):
            kept = {key: before[key] for key in ("properties", "subobjects") if key in before}
            merged[name] = merge_for_template(kept, field_)
        else:
            merged[name] = field_
    return merged


def _is_object(definition: Mapping[str, Any]) -> bool:
    return bool(definition.get("type", "object") == "object")


def _deep(low: Any, high: Any) -> Any:
    """Objects by their keys; lists of named things by name; other lists joined, the later one first."""
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return {**low, **{key: _deep(low[key], value) if key in low else value for key, value in high.items()}}
    if isinstance(low, list) and isinstance(high, list):
        if all(isinstance(item, Mapping) and len(item) == 1 for item in (*low, *high)):
            return _named(low, high)
        return [*high, *(item for item in low if item not in high)]
    return high


def _named(low: list[Any], high: list[Any]) -> list[Any]:
    merged = {next(iter(item)): item for item in low}
    for item in high:
        name = next(iter(item))
        merged[name] = _deep(merged.get(name, {}), item)
    return list(merged.values())
