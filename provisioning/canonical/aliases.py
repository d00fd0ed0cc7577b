"""Aliases: ``{"filter", "index_routing", "search_routing", "is_write_index", "is_hidden"}``, each only when it says something.

Source: ``AliasMetadata``, ``Alias.fromXContent``. ``routing`` stands for both routings. ``is_hidden: false`` is the
default; ``is_write_index: false`` is not: it forbids writing through an alias that points to one index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.canonical.common import flag, present

_SPELLINGS = {
    "indexRouting": "index_routing", "index-routing": "index_routing",
    "searchRouting": "search_routing", "search-routing": "search_routing",
}  # fmt: skip


def canonical_alias(body: Mapping[str, Any] | None) -> dict[str, Any]:
    """The canonical form of what an alias says on one index; ``null`` and ``{}`` say nothing."""
    value = {_SPELLINGS.get(key, key): child for key, child in (body or {}).items()}
    both = value.pop("routing", None)
    for key in ("index_routing", "search_routing"):
        routing = value.get(key) if value.get(key) is not None else both
        value[key] = None if routing is None else _text(routing)
    for key in ("is_write_index", "is_hidden"):
        value[key] = flag(value.get(key))
    if value["is_hidden"] is False:
        del value["is_hidden"]
    return dict(sorted(present(value).items()))


def canonical_aliases(aliases: Mapping[str, Any] | None) -> dict[str, Any]:
    """The aliases of a template, by name; one that says nothing is an alias all the same."""
    return {name: canonical_alias(body) for name, body in sorted((aliases or {}).items())}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
