"""What a new index is to be: the request, over the template that matches its name, over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_rules import check_alias
from clipline.emulator.indices.composition import composed, merge_for_template
from clipline.emulator.indices.index_names import index_exists, invalid_name, wrong_name
from clipline.emulator.indices.mappings.traits import traits_of
from clipline.emulator.versions import index_version

if TYPE_CHECKING:
    from clipline.emulator.indices.store import Indices


@dataclass(frozen=True, slots=True)
class NewIndex:
    """Settings flat and as text, the mapping in its normal form, alias → options."""

    settings: dict[str, str | None]
    mappings: dict[str, Any]
    aliases: dict[str, dict[str, Any]]


def new_index(
    indices: Indices,
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    mappings: Mapping[str, Any] | None = None,
    aliases: Mapping[str, Any] | None = None,
) -> NewIndex:
    """What an index of this name would be if it were made now.

    Raises:
        ApiError: 400 for a name, setting or mapping that is refused, or an index that exists.
    """
    _check_name(indices, name)
    template = composed(indices, name)
    merged = {**template.settings, **settings_of.flatten(settings)}
    flat: dict[str, str | None] = {key: value for key, value in merged.items() if value is not None}
    flat.setdefault("number_of_shards", "1")
    flat.setdefault("number_of_replicas", "1")
    _check_shards(indices, flat)
    joined = {alias: body or {} for alias, body in {**template.aliases, **(aliases or {})}.items()}
    for alias, body in joined.items():
        check_alias(indices, alias, body, new_index=name)
    flat["version.created"] = str(index_version(indices.node.version))
    given = mappings_of.normalise(mappings, traits_of(indices.node))
    merged_mappings = merge_for_template(template.mappings, given)
    mappings_of.check_limits(merged_mappings, flat)
    return NewIndex(flat, merged_mappings, joined)


def _check_shards(indices: Indices, flat: Mapping[str, str | None]) -> None:
    """``cluster.max_shards_per_node`` counts replicas too, whether or not they have a place (ShardLimitValidator)."""
    added = int(flat["number_of_shards"] or 1) * (1 + int(flat["number_of_replicas"] or 0))
    limit = indices.node.settings.integer("cluster.max_shards_per_node")
    there = sum(indices.shards(name) * (1 + indices.replicas(name)) for name in indices.names())
    if there + added > limit:
        reason = f"this action would add [{added}] shards, but this cluster currently has [{there}]/[{limit}]"
        sentence = f"Validation Failed: 1: {reason} maximum normal shards open;"
        raise ApiError(400, "validation_exception", sentence)


def _check_name(indices: Indices, name: str) -> None:
    if indices.exists(name):
        raise index_exists(name, indices.get(name).uuid)
    wrong = wrong_name(name) or ("already exists as alias" if name in indices.aliases() else None)
    if wrong:
        raise invalid_name(name, wrong)
