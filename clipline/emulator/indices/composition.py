"""What the templates that match a name come to: component templates in order, then the template itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.patterns import matches_any

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices


@dataclass(frozen=True, slots=True)
class Composed:
    """What the templates that match a name come to."""

    settings: dict[str, str | None] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, Any] = field(default_factory=dict)
    auto_create: bool | None = None


def composed(indices: Indices, name: str) -> Composed:
    """The single matching index template of the highest priority, with its components in order."""
    matching = [body for body in indices.templates("index").values() if matches_any(body["index_patterns"], name)]
    if not matching:
        return Composed()
    return compose(indices, max(matching, key=lambda body: body.get("priority", 0)))


def compose(indices: Indices, body: dict[str, Any], components: dict[str, dict[str, Any]] | None = None) -> Composed:
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
        settings |= settings_of.flatten(part.get("settings"))
        mappings = merge_for_template(mappings, mappings_of.normalise(part.get("mappings"), traits_of(indices.node)))
        aliases |= part.get("aliases") or {}
    return Composed(settings, mappings, aliases, body.get("allow_auto_create"))


def merge_for_template(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings as templates compose: objects and ``_meta`` deeply, a field's definition replaced, the later wins."""
    merged = dict(low)
    for key, value in high.items():
        before = merged.get(key)
        deep = (
            isinstance(before, Mapping) and isinstance(value, Mapping) and "type" not in before and "type" not in value
        )
        merged[key] = merge_for_template(before, value) if deep and before is not None else value
    return merged
