"""What a new index is to be: the request, over the template that matches its name, over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clipline.emulator.errors import ApiError, illegal_argument
from clipline.emulator.indices import mapping as mappings_of
from clipline.emulator.indices import settings as settings_of
from clipline.emulator.indices.alias_rules import check_alias, check_together
from clipline.emulator.indices.composition import composed, merge_for_template, winner
from clipline.emulator.indices.date_math import resolve_name
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

    def check_copies(self, least: int) -> None:
        """Refuse to wait for more copies than there are to be.

        Raises:
            ApiError: 400.
        """
        copies = 1 + int(self.settings["number_of_replicas"] or 0)
        if least > copies:
            raise illegal_argument(
                f"invalid wait_for_active_shards[{least}]: cannot be greater than number of shard copies [{copies}]"
            )


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
    version = indices.node.version
    own = settings_of.flatten(settings, version)
    _check_name(indices, name)
    template = composed(indices, name, hidden=own.get("hidden") == "true")
    flat = settings_of.completed({**template.settings, **own})
    settings_of.check_new(name, flat)
    flat["version.created"] = str(index_version(version))
    # In the aliases of a template ``{index}`` stands for the index that is made.
    own_aliases = {resolve_name(alias.replace("{index}", name)): body for alias, body in template.aliases.items()}
    joined = {**own_aliases, **(aliases or {})}
    check_shards(indices, int(flat["number_of_shards"] or 1) * (1 + int(flat["number_of_replicas"] or 0)))
    merged = merge_for_template(template.mappings, mappings_of.normalise(mappings, traits_of(indices.node)))
    mappings_of.check_limits(merged, flat)
    known = indices.aliases()
    for alias, body in joined.items():
        check_alias(indices, alias, body, new_index=name)
        check_together(alias, {**known.get(alias, {}), name: body})
    return NewIndex(flat, merged, joined)


def check_creatable(indices: Indices, name: str, *, hidden: bool) -> None:
    """Refuse to make an index where the matching template makes data streams.

    Raises:
        ApiError: 400 in Elasticsearch's words, for a wrong name too.
    """
    _check_name(indices, name)
    found = winner(indices, name, hidden=hidden)
    if found is not None and found.data_stream:
        raise illegal_argument(
            f"cannot create index with name [{name}], because it matches with template [{found.name}] that creates data "
            "streams only, use create data stream api instead"
        )


def template_allows(indices: Indices, name: str) -> bool:
    """Whether the template of a name allows that a write makes the index; without its word the cluster decides.

    Raises:
        ApiError: 404 in Elasticsearch's words.
    """
    found = winner(indices, name)
    allowed = None if found is None else found.body.get("allow_auto_create")
    if found is not None and allowed is False:
        patterns = ", ".join(found.body["index_patterns"])
        text = f"no such index [{name}] and composable template [{patterns}] forbids index auto creation"
        raise ApiError(404, "index_not_found_exception", text, meta={"index_uuid": "_na_", "index": name})
    return allowed is True


def _check_name(indices: Indices, name: str) -> None:
    if indices.exists(name):
        raise index_exists(name, indices.get(name).uuid)
    wrong = wrong_name(name) or ("already exists as alias" if name in indices.aliases() else None)
    if wrong:
        raise invalid_name(name, wrong)


def check_shards(indices: Indices, added: int) -> None:
    """``cluster.max_shards_per_node`` counts replicas too, whether or not they have a place (ShardLimitValidator).

    Raises:
        ApiError: 400 where so many more were too many.
    """
    limit = indices.node.settings.integer("cluster.max_shards_per_node")
    there = sum(indices.shards(name) * (1 + indices.replicas(name)) for name in indices.names())
    if added > 0 and there + added > limit:
        reason = f"this action would add [{added}] shards, but this cluster currently has [{there}]/[{limit}]"
        sentence = f"Validation Failed: 1: {reason} maximum normal shards open;"
        raise ApiError(400, "validation_exception", sentence)
